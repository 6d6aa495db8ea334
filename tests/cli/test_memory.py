"""Memory does not grow with the length of a file."""

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


if __name__ == "__main__":
    support.main()
