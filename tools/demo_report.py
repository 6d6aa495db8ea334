#!/usr/bin/env python3
"""Say in numbers what the enhancer did to the demo recording.

    demo_report.py FOLDER SECONDS INFO.json

FOLDER holds clean.wav, noisy.wav and enhanced.wav; SECONDS is how long the tool ran; INFO.json
is what `dfnet4 info --json` printed. Pauses are where the clean voice is silent for 100 ms all
around; SI-SDR is that of the whole file against the clean voice.
"""
import array
import json
import math
import pathlib
import sys
import wave

FRAME_MS, GUARD = 20, 5


def read_wav(path):
    with wave.open(str(path), "rb") as file:
        samples = array.array("h", file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        return [s / 32768 for s in samples], file.getframerate()


def power(samples):
    return sum(s * s for s in samples)


def pause_frames(clean, size):
    """For each frame: is the voice silent in it and in its neighbours?"""
    loud = [power(clean[i:i + size]) / size > 1e-7 for i in range(0, len(clean) - size, size)]
    return [not any(loud[max(0, k - GUARD):k + GUARD + 1]) for k in range(len(loud))], loud


def level_db(samples, size, chosen):
    parts = [power(samples[k * size:(k + 1) * size]) for k, yes in enumerate(chosen) if yes]
    return 10 * math.log10(sum(parts) / (len(parts) * size) + 1e-12)


def si_sdr_db(reference, estimate):
    dot = sum(r * e for r, e in zip(reference, estimate))
    scale = dot / power(reference)
    error = sum((e - scale * r) ** 2 for r, e in zip(reference, estimate))
    return 10 * math.log10(scale * scale * power(reference) / max(error, 1e-12))


def main():
    folder, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
    info = json.loads(pathlib.Path(sys.argv[3]).read_text(encoding="utf-8"))
    (clean, rate), (noisy, _), (enhanced, _) = (
        read_wav(folder / f"{name}.wav") for name in ("clean", "noisy", "enhanced"))
    if len(enhanced) != len(noisy):
        sys.exit(f"enhanced.wav has {len(enhanced)} samples, noisy.wav {len(noisy)}")
    size = rate * FRAME_MS // 1000
    pause, speech = pause_frames(clean, size)
    length = len(noisy) / rate
    latency = info["latency_samples"]
    print(f"model: {info.get('file') or info.get('embedded', '?') + ', the one inside the tool'}\n")
    print(f"                     before     after")
    for name, chosen in (("voice", speech), ("pauses", pause)):
        before, after = (level_db(x, size, chosen) for x in (noisy, enhanced))
        print(f"level in {name:<8} {before:8.1f}  {after:8.1f}  dBFS")
    print(f"SI-SDR            {si_sdr_db(clean, noisy):8.1f}  {si_sdr_db(clean, enhanced):8.1f}  dB")
    print(f"\n{length:.1f} s of sound took {seconds:.2f} s: real-time factor {seconds / length:.3f}")
    print(f"a live stream would be {latency} samples ({1000 * latency / 48000:.0f} ms) late; "
          "in files the delay is taken out")


if __name__ == "__main__":
    main()
