"""dfnet4 info: the numbers belong together, and the table fits a terminal."""

import struct

import support
from support import *


class Info(support.Case):
    def weights(self):
        """Numbers of all tensors of the model file, from its header."""
        data = self.read("tiny.safetensors")
        header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
        self.metadata = header.pop("__metadata__", {})
        count = 0
        for t in header.values():
            n = 1
            for d in t["shape"]:
                n *= d
            count += n
        return count

    def test_json(self):
        info = json.loads(self.dfnet4("info", "--json", self.model).out)
        for key in ("parameters", "macs_per_hop", "state_bytes", "latency_samples"):
            self.assertIsInstance(info[key], int, key)
            self.assertGreater(info[key], 0, key)
        self.assertEqual(info["latency_samples"], 1920)  # a hop, an overlap, two of lookahead
        self.assertEqual(info["latency_ms"], 40)
        self.assertEqual(info["file"], self.model)
        layers = info["layers"]
        for key in ("parameters", "macs_per_hop"):
            self.assertEqual(sum(l[key] for l in layers), info[key], key)
        # the block of states is padded to whole cache lines, for each slot at most
        held = sum(l["state_bytes"] for l in layers)
        slots = sum(l["state_bytes"] > 0 for l in layers)
        self.assertLessEqual(held, info["state_bytes"])
        self.assertLess(info["state_bytes"], held + 64 * (slots + 2))
        self.assertEqual({l["graph"] for l in layers}, {"net", "apply"})
        self.assertEqual(len(layers[0]["shape"]), 3)

    def test_parameters_are_those_of_the_file(self):
        """The tiny model is folded: every number in it is a parameter."""
        count = self.weights()
        info = json.loads(self.dfnet4("info", "--json", self.model).out)
        self.assertEqual(info["parameters"], count)

    def test_text(self):
        info = json.loads(self.dfnet4("info", "--json", self.model).out)
        for options in ([], ["--all"]):
            out = self.dfnet4("info", *options, self.model).out
            for line in out.splitlines():
                if not line.startswith("file"):
                    self.assertLessEqual(len(line), 80, line)
            for key in ("parameters", "macs_per_hop", "state_bytes", "latency_samples"):
                self.assertRegex(out, rf"\b{info[key]}\b", key)
            rows = [l for l in info["layers"] if options or l["parameters"] or l["macs_per_hop"]
                    or l["state_bytes"]]
            table = out.split("STATE B\n")[1].splitlines()
            self.assertEqual(len(table), len(rows) + 3)  # net, apply, total
        self.assertEqual(info["model"], "deepfilternet3")
        self.assertIn("deepfilternet3", out)


if __name__ == "__main__":
    support.main()
