"""Bad input: one clear line that names file, line and reason; the run survives what it can."""

import resource
import signal

import train_support
from train_support import *

FEW = "--stop-after=2"


def as_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


class Recipes(train_support.Case):
    def test_typos(self):
        lines = RECIPE.splitlines()
        for wrong, right, says in (
                ("leanring_rate = 1", "lr = 0.002", "unknown key 'leanring_rate' in section [optim]"),
                ("lr = fast", "lr = 0.002", "lr"),
                ("lr = -1", "lr = 0.002", "lr"),
                ("seconds = 1e9", "seconds = 0.5", "seconds"),
                ("shard_clips = 2.5", "shard_clips = 2", "shard_clips"),
                ("[otpim]", "[optim]", "otpim"),
                ("p_room = 2", "p_room = 0.2", "p_room"),
                ("just words", "rooms = 2", "")):
            with self.subTest(wrong):
                line = lines.index(right)
                path = self.write("typo.ini", "\n".join(lines[:line] + [wrong] + lines[line + 1:]))
                r = self.fails("run", recipe="typo.ini", says=says)
                # a section is found wrong at its first key
                self.assertRegex(r.err, f"typo.ini:({line + 1}|{line + 2}): ")
        self.assertFalse(os.path.exists(self.path("run")))

    def test_sums(self):
        """What is wrong only with other keys."""
        self.fails("run", "-o", "optim.batch=3", says=["batch", "shard_clips"])
        self.fails("run", "-o", "optim.batch=0/4;1/8", says="batch")
        self.fails("run", "-o", "mix.snr_db_min=40", says="snr_db")

    def test_options(self):
        for option in ("train.secnods=1", "seconds=1", "train.seconds", "train.seconds=x", "", "=",
                       "train.seconds=0.01", "nothing.seconds=1"):
            with self.subTest(option):
                r = self.fails("run", "-o", option, says="-o")
                self.assertIn(option.split("=")[0], r.err)

    def test_usage(self):
        for args in (("--no-such-option", "recipe.ini"), ("recipe.ini", "other.ini"),
                     ("run",), ("--stop-after=0", "recipe.ini"), ("--stop-after=x", "recipe.ini")):
            with self.subTest(args):
                self.finish(self.start(*args), 2)

    def test_files(self):
        self.fails("run", recipe="none.ini", says=["none.ini", "No such file"])
        self.fails("run", recipe=".", says=[".: ", "directory"])
        self.write("empty.ini", "")
        self.fails("run", recipe="empty.ini", says="no recordings")
        self.write("zero.ini", bytes(1000))
        self.fails("run", recipe="zero.ini", says="zero.ini")
        self.fails("run", "-o", "train.model=huge", says=["[train] model", "full, ", "lite", "/huge: No such"])
        self.fails("run", "-o", "train.model=none/net.ini", says=["none/net.ini", "No such file"])
        self.write("net.ini", NETWORK.replace("conv_ch", "conv_chs"))
        self.fails("run", "-o", "train.model=net.ini", says="net.ini:5")
        self.fails("run", "-o", "train.init=none.safetensors", says="none.safetensors")
        self.train("good", FEW)
        self.fails("run", "-o", "train.init=good/last.ckpt", says="good/last.ckpt")
        self.write("net.ini", NETWORK.replace("hidden_dim = 32", "hidden_dim = 16"))
        self.train("good", "-o", "train.hours=0.001")
        self.fails("run", "-o", "train.model=net.ini", "-o", "train.init=good/model.safetensors",
                   says="good/model.safetensors")


class Recordings(train_support.Case):
    def test_manifests(self):
        self.fails("run", "-o", "data.manifest=none.csv", says=["none.csv", "No such file"])
        self.write("empty.csv", "")
        self.fails("run", "-o", "data.manifest=empty.csv", says=["empty.csv", "empty"])
        self.write("head.csv", "path,kind\n")
        self.fails("run", "-o", "data.manifest=head.csv", says=["head.csv", "names no recordings"])
        self.write("words.csv", "these,are\nwords,only\n")
        self.fails("run", "-o", "data.manifest=words.csv", says="words.csv:1")
        self.fails("run", "-o", "data.manifest=voice1.wav", says="voice1.wav")
        self.fails("run", "-o", "data.manifest=", says="no recordings")
        self.fails("run", "-o", "data.manifest=", "-o", "data.speech=nowhere", says="nowhere")
        self.write_manifest([r for r in self.rows if "noise" not in r])
        self.fails("run", says="no noise", lines=None)
        self.write_manifest([r for r in self.rows if "speech" not in r])
        self.fails("run", says="no speech", lines=None)

    def test_one_bad_among_many(self):
        """Less than a tenth: each is told with its line, and the run goes on."""
        head = len(self.rows) + 1
        bad = {"none.wav": "No such file",
               "empty.wav": "empty", "text.wav": "not a sound file", "silent.wav": "silent",
               "nan.wav": "sample 4800 is not a finite number", "short.wav": "short"}
        self.write("empty.wav", b"")
        self.write("text.wav", b"These are words.\n" * 1000)
        write_wav(self.path("silent.wav"), [0.0] * RATE)
        write_float_wav(self.path("nan.wav"), [0.1] * 4800 + [math.nan] + [0.1] * 4800)
        write_wav(self.path("short.wav"), [0.1] * 10)
        for i, name in enumerate(bad):
            self.rows.append(f"{name},noise,train,")
        good = [f"hiss{i % 4}.wav,noise,train," for i in range(10 * len(bad))]
        self.write_manifest(self.rows + good)
        r = self.fails("run", FEW, says=f"6 of {head - 1 + 6 + len(good)} recordings", code=0, lines=None)
        for i, (name, why) in enumerate(bad.items()):
            line = next(l for l in r.err.splitlines() if name in l)
            self.assertIn(f"manifest.csv:{head + 1 + i}: {name}: ", line)
            self.assertIn(why, line)
        self.assertEqual(len(self.losses("run")), 2)

    def test_too_many_bad(self):
        self.write("voice1.wav", b"")
        r = self.fails("run", says=["manifest.csv:4: voice1.wav", "1 of 8 recordings", "more than a tenth"],
                       lines=2)

    def test_cut_off(self):
        """What is there of a recording is used; a header that is cut off is none."""
        whole = self.read("voice1.wav")
        self.write("voice1.wav", whole[:len(whole) // 2])
        self.train("run", FEW)
        self.write("voice1.wav", whole[:30])
        self.fails("other", says="manifest.csv:4: voice1.wav: ", lines=None)

    def test_recordings_of_three_seconds(self):
        """Shorter than a clip: speech is joined, noise is looped."""
        for i in range(4):
            write_wav(self.path(f"voice{i}.wav"), voice(3, 100 + 10 * i))
        self.train("run", FEW, "-o", "train.seconds=4")
        self.assertEqual(len(self.losses("run")), 2)

    def test_changed_in_between(self):
        """A recording that is gone matters if it has to be decoded again, not before."""
        self.train("run", FEW)
        os.remove(self.path("hiss1.wav"))
        r = self.train("run", "--stop-after=1", code=None)
        self.assertIn(r.returncode, (0, 1))
        if r.returncode:
            self.assertIn("hiss1.wav", r.err)

    def test_damaged_cache(self):
        self.train("whole", FEW)
        data = bytearray(self.read("cache"))
        for name, cache in (("short", data[:len(data) // 2]), ("empty", b""), ("zero", bytes(len(data))),
                            ("text", b"no cache\n")):
            with self.subTest(name):
                self.write("cache", bytes(cache))
                self.train(name, FEW)
                self.assertEqual(self.losses(name), self.losses("whole"))


class Runs(train_support.Case):
    def test_second_process(self):
        p = self.start("recipe.ini", "-q", "-r", "run", "-o", "train.hours=1000")
        self.wait_for(p, "run", 2)
        self.fails("run", says=["run: ", "another process"])
        p.send_signal(signal.SIGTERM)
        self.finish(p)
        self.train("run", "--stop-after=1", "-o", "train.hours=1000")

    def test_other_recipe(self):
        self.train("run", FEW)
        before = {n: self.read("run", n) for n in ("last.ckpt", "recipe.ini", "log.jsonl")}
        r = self.fails("run", "-o", "optim.lr=0.1", "-o", "train.seed=3", says=[
            "run/last.ckpt", "another recipe", "2 keys differ", "lr", "seed"])
        self.write("tiny.ini", NETWORK.replace("conv_ch = 8", "conv_ch = 16"))
        self.fails("run", says=["run/last.ckpt", "another network", "conv_ch"])
        self.assertEqual(before, {n: self.read("run", n) for n in before})
        self.write("tiny.ini", NETWORK)
        self.train("run", FEW, "-o", "train.threads=1", "-o", "train.hours=3",
                   "-o", "train.checkpoint_seconds=7")  # these may change

    def test_damaged_checkpoints(self):
        self.train("whole", "--stop-after=8")
        for damage in ("cut", "bit", "empty", "noise"):
            with self.subTest(damage):
                run = damage
                self.train(run, "--stop-after=3", "-o", "train.checkpoint_seconds=0")
                data = bytearray(self.read(run, "last.ckpt"))
                if damage == "bit":
                    data[len(data) * 3 // 4] ^= 4
                self.write(f"{run}/last.ckpt", {"cut": bytes(data[:-100]), "bit": bytes(data), "empty": b"",
                                                "noise": os.urandom(len(data))}[damage])
                r = self.train(run, "--stop-after=4")
                self.assertIn(f"{run}/last.ckpt: ", r.err)
                self.assertEqual(len(r.err.splitlines()), 1, r.err)
                self.assertEqual(self.losses(run), self.losses("whole")[:len(self.losses(run))])
                self.assertIn(len(self.losses(run)), (6, 7))
                for name in ("last.ckpt", "previous.ckpt"):
                    self.write(f"{run}/{name}", b"nonsense")
                self.fails(run, says=f"{run}/last.ckpt")
                self.assertEqual(self.read(run, "last.ckpt"), b"nonsense")

    def test_read_only_folder(self):
        os.chmod(self.dir, 0o777)
        self.folder = self.path("locked")
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o555)
        program = shutil.copy(PROGRAM, self.path("program"))
        r = subprocess.run([program, "recipe.ini", "-r", "locked/run"], cwd=self.dir, env=self.env,
                           capture_output=True, text=True, preexec_fn=as_nobody, timeout=PATIENCE)
        self.assertEqual(r.returncode, 1, r.stderr)
        self.assertEqual(r.stderr, "dfnet4-train: locked/run: Permission denied\n")

    def test_limited_size(self):
        """A disk that is full for files of some size, and has room again: the run goes on with the
        checkpoint before, says so, and nothing is lost."""
        self.train("whole", "--stop-after=8")
        self.train("run", "--stop-after=3")
        before = self.read("run", "last.ckpt")
        size = len(before) // 2
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        r = self.train("run", "--stop-after=3", "-o", "train.checkpoint_seconds=0", code=1, preexec_fn=limit)
        self.assertIn("no checkpoint could be written: ", r.err)
        self.assertIn("File too large", r.err)
        self.assertIn("the last checkpoint is older", r.err)
        self.assertEqual(self.read("run", "last.ckpt"), before)
        self.assertEqual([n for n in os.listdir(self.path("run")) if "next" in n], [])
        self.train("run", "--stop-after=5")
        self.assertEqual(self.log("run"), self.log("whole"))


class FullDisk(train_support.Case):
    def test_full_disk(self):
        os.mkdir(self.path("run"))
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", self.path("run")],
                          stderr=subprocess.DEVNULL).returncode != 0:
            print("cannot mount a file system here; test_limited_size does the same", file=sys.stderr)
            return
        self.addCleanup(subprocess.run, ["umount", self.path("run")], check=True)
        self.train("whole", "--stop-after=6")
        self.train("run", "--stop-after=2")
        before = self.read("run", "last.ckpt")
        with open(self.path("run", "filler"), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass
        r = self.train("run", "--stop-after=2", "-o", "train.checkpoint_seconds=0", code=1)
        self.assertIn("No space left on device", r.err)
        self.assertEqual(self.read("run", "last.ckpt"), before)
        self.assertLessEqual(len(r.err.splitlines()), 5, r.err)
        os.remove(self.path("run", "filler"))
        self.train("run", "--stop-after=4")
        self.assertEqual(self.losses("run"), self.losses("whole"))


if __name__ == "__main__":
    train_support.main()
