"""Memory does not grow with the length of a file, and shrinks with the weights."""

import support
from support import *


class Memory(support.Case):
    def peak(self, minutes, form):
        """Largest memory of a run, in KiB."""
        source = self.make(f"{minutes}.sound", frames=minutes * 60 * 48000, form=form, kind="zeros")
        out = subprocess.check_output([SOUND, "peak", PROGRAM, "enhance", "-q", "-o",
                                       self.path("out"), source], env=self.env)
        os.unlink(self.path("out"))
        return int(out)

    def test_ten_minutes_need_no_more_than_one(self):
        one, ten = self.peak(1, WAV | PCM_16), self.peak(10, WAV | PCM_16)
        print(f"1 minute: {one} KiB, 10 minutes: {ten} KiB")
        self.assertLess(ten, one + 1024)
        self.assertLess(ten, 64 * 1024)

    def test_fewer_bits_need_less(self):
        rows = json.loads(self.dfnet4("bench", "--json", "--mode=hot", "--seconds=0.1",
                                      "--precision=all", "full").out)
        f32, bf16, int8 = (r["rss_kib"] for r in rows)
        print(f"full: {f32:.0f} KiB in f32, {bf16:.0f} in bf16, {int8:.0f} in int8")
        # 2.6 million weights, of which all but a few have 2 bytes less, then 1 less
        self.assertLess(bf16, f32 - 2500)
        self.assertLess(int8, bf16 - 1250)

    @unittest.skipUnless(DEFAULT, "built without a default model")
    def test_file_is_not_held(self):
        """Of a model with batch norms, a stream holds what it runs, not what it was read from."""
        env = self.no_model_env()
        env["DFNET4_MODEL"] = "lite"
        row = lambda model: json.loads(self.dfnet4(
            "bench", "--json", "--mode=hot", "--seconds=0.1", model, env=env).out)[0]["rss_kib"]
        preset, file, embedded = row("lite"), row(DEFAULT), row("default")
        print(f"lite: {preset:.0f} KiB folded, {file:.0f} from a file, {embedded:.0f} embedded")
        # the file, and a copy of its weights, would be 2700 each; runs differ by 200
        self.assertLess(max(file, embedded), preset + 1024)


if __name__ == "__main__":
    support.main()
