"""dfnet4 info: the numbers belong together, and the table fits a terminal."""

import re
import shutil
import struct

import support
from support import *

CONFIG = """[train]
model = deepfilternet3
[deepfilternet]
conv_ch = 16
"""


def read_dot(text):
    """Nodes {id: (cluster, label)}, edges [(from, to)] and the title of a picture, read by
    Graphviz's grammar as far as we use it; anything else is an error."""
    tokens = re.findall(r'"(?:\\.|[^"\\])*"|\w+|->|[][{}=,;]|\S', text)
    assert tokens[:2] == ["digraph", "dfnet4"], tokens[:2]
    nodes, edges, title, cluster, at = {}, [], None, None, 2
    depth = 0
    while at < len(tokens):
        end = next((i for i in range(at, len(tokens)) if tokens[i] in "{};"), None)
        statement, mark = tokens[at:end], tokens[end]
        at = end + 1
        if mark == "{":
            depth += 1
            cluster = statement[1] if statement else None
            assert statement[:1] in ([], ["subgraph"]), statement
        elif mark == "}":
            depth -= 1
            cluster = None
            assert not statement, statement
        elif statement[0] == "label":
            title = title or re.sub(r"\\(.)", r"\1", statement[2][1:-1])
        elif statement[1] == "->":
            assert len(statement) in (3, 8), statement
            edges.append((statement[0], statement[2]))
        elif statement[0] != "node":
            assert statement[1:4] == ["[", "label", "="] and statement[-1] == "]", statement
            assert statement[0] not in nodes
            nodes[statement[0]] = cluster, statement[4][1:-1].split(r"\n")
    assert depth == 0
    return nodes, edges, title


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

    def test_dot(self):
        """The picture holds every layer of both graphs, and what each of them reads."""
        nodes, edges, title = read_dot(self.dfnet4("info", "--dot", self.model).out)
        layers = json.loads(self.dfnet4("info", "--json", self.model).out)["layers"]
        self.assertEqual(title, self.model)
        at = {"net": 0, "apply": 0}
        for l in layers:
            node = f"{l['graph']}_{at[l['graph']]}"
            at[l["graph"]] += 1
            cluster, label = nodes.pop(node)
            self.assertEqual(cluster, f"cluster_{l['graph']}")
            want = [l["op"], l["name"], "x".join(map(str, l["shape"]))]
            want += [f"{l['parameters']} parameters"] if l["parameters"] else []
            self.assertEqual(label, [w for w in want if w])
            reads = [a for a, b in edges if b == node]
            self.assertEqual(bool([a for a in reads if a.startswith(l["graph"])]),
                             l["op"] != "input", node)
        self.assertEqual(nodes, {})
        links = [(a, b) for a, b in edges if a.split("_")[0] != b.split("_")[0]]
        self.assertEqual(sorted(b for _, b in links), ["apply_1", "apply_2"])  # mask, coefs

    def test_dot_quotes_names(self):
        """A file name may hold anything, and cannot end the string that it is in."""
        for name in ('a"b', "a\\", "a\\\"];x", "ä ö", "a;b{c}"):
            path = self.path(name)
            shutil.copy(self.model, path)
            nodes, _, title = read_dot(self.dfnet4("info", "-d", path).out)
            self.assertEqual(title, path)
            self.assertGreater(len(nodes), 50)
        path = os.fsencode(self.dir) + b"/\xff\n"
        shutil.copy(self.model, path)
        self.assertIn("�?", read_dot(self.dfnet4("info", "-d", path).out)[2])

    def test_dot_is_drawn(self):
        """By Graphviz itself, where it is installed."""
        dot = shutil.which("dot")
        if not dot:
            print("Graphviz is not installed: only our own reader looked at the picture")
            return
        shutil.copy(self.model, self.path('a"\\'))
        text = self.dfnet4("info", "--dot", self.path('a"\\')).stdout
        r = subprocess.run([dot, "-Tsvg"], input=text, capture_output=True, timeout=60)
        self.assertEqual((r.returncode, r.stderr), (0, b""))
        svg = r.stdout.decode()
        self.assertEqual(svg.count('class="node"'), len(read_dot(text.decode())[0]))
        self.assertIn("enc.erb_conv0.1", svg)
        self.assertIn("a&quot;\\<", svg)

    def test_config(self):
        """A configuration alone: the same network as a model file made with it, no weights."""
        config = self.write("a.ini", CONFIG.encode())
        info = json.loads(self.dfnet4("info", "--json", "--config", config).out)
        self.assertEqual((info["file"], info["model"]), (config, "deepfilternet3"))
        self.assertEqual((info["metadata"], info["latency_samples"]), ({}, 1920))
        wide = json.loads(self.dfnet4("info", "--json", "-c", self.write(
            "b.ini", CONFIG.replace("16", "64").encode())).out)
        self.assertEqual(wide["parameters"], 2134384)  # the official model, norms folded
        self.assertLess(info["parameters"], wide["parameters"])
        self.assertIn(f"{info['parameters']} parameters", self.dfnet4("info", "-c", config).out)
        nodes, _, title = read_dot(self.dfnet4("info", "--dot", "-c", config).out)
        self.assertEqual((len(nodes), title), (len(info["layers"]), config))
        bare = self.write("c.ini", b"[deepfilternet]\nconv_ch = 16\n")  # the section tells
        self.assertEqual(json.loads(self.dfnet4("info", "--json", "-c", bare).out)["parameters"],
                         info["parameters"])

    def test_config_of_the_tiny_model(self):
        data = self.read("tiny.safetensors")
        header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
        text = header["__metadata__"]["config"].encode()
        a = json.loads(self.dfnet4("info", "--json", "-c", self.write("a.ini", text)).out)
        b = json.loads(self.dfnet4("info", "--json", self.model).out)
        for key in a:
            if key not in ("file", "metadata"):
                self.assertEqual(a[key], b[key], key)

    def test_presets(self):
        """A template fed back is the preset, number by number, and stays in its budget."""
        for name, parameters, macs, latency in (("full", 3e6, 3.3e6, 40), ("lite", .9e6, .9e6, 40),
                                                ("full-ll", 3e6, 3.3e6, 20),
                                                ("lite-ll", .9e6, .9e6, 20)):
            text = self.dfnet4("info", "--template", name).stdout
            a = json.loads(self.dfnet4("info", "--json", "--preset", name).out)
            b = json.loads(self.dfnet4("info", "--json", "-c", self.write("a.ini", text)).out)
            self.assertEqual((a.pop("preset"), b.pop("file")), (name, self.path("a.ini")))
            self.assertEqual(a, b)
            self.assertEqual((a["model"], a["latency_ms"]), ("deepfilternet4", latency))
            self.assertLessEqual(a["parameters"], parameters)
            self.assertLessEqual(a["macs_per_hop"], macs)
            nodes, edges, title = read_dot(self.dfnet4("info", "--dot", "-p", name).out)
            self.assertEqual((len(nodes), title), (len(a["layers"]), name))
            links = sum(x.split("_")[0] != y.split("_")[0] for x, y in edges)
            self.assertEqual(links, 2)
            for line in self.dfnet4("info", "--all", "-p", name).out.splitlines():
                self.assertLessEqual(len(line), 80, line)
            with open(os.path.join(os.environ["DFNET4_PRESETS"], name + ".ini"), "rb") as f:
                self.assertEqual(f.read(), text)
            with open(os.path.join(os.environ["DFNET4_PRESETS"], "../docs/ARCHITECTURE.md")) as f:
                self.assertIn(f"| `{name}` | {a['parameters']:,} | {a['macs_per_hop']:,} | "
                              f"{a['state_bytes'] / 1000:.0f} kB | {latency} ms |", f.read())

    def test_preset_names(self):
        files = [f for f in os.listdir(os.environ["DFNET4_PRESETS"]) if f.endswith(".ini")]
        self.assertEqual(sorted(files), ["full-ll.ini", "full.ini", "lite-ll.ini", "lite.ini"])
        self.assertEqual(self.dfnet4("info", "-t", "ll").out,
                         self.dfnet4("info", "--template=full-ll").out)
        for option in ("preset", "template"):
            self.fails("info", f"--{option}=nonsense", code=2, says=["nonsense", "lite-ll"])
        self.fails("info", "-p", "full", self.model, code=2, says="only one of")
        self.fails("info", "-p", "full", "-t", "lite", code=2, says="only one of")

    def test_bad_config(self):
        for text, says in ((b"", "no network"), (b"[df]\nnb_erb = 32\n", "no network"),
                           (b"[train]\nmodel = nonsense\n", "unknown kind of model 'nonsense'"),
                           (CONFIG.encode() + b"x = 1\n", ":5: unknown key 'x'"),
                           (CONFIG.encode() + b"\nlinear_groups = 7\n", "a.ini: "),
                           (b"a" * (1 << 21), "too large"), (b"[df]\0", "not a text file")):
            path = self.write("a.ini", text)
            self.fails("info", "--config", path, says=[path, says])
        self.fails("info", "-c", self.path("gone.ini"), says=["gone.ini", "No such file"])
        self.fails("info", "-c", self.dir, says=[self.dir, "directory"])
        self.fails("info", "-c", self.path("a.ini"), self.model, code=2, says="--config")


if __name__ == "__main__":
    support.main()
