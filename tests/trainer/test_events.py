#!/usr/bin/env python3
"""Event files for TensorBoard, decoded by code that shares nothing with the writer.

    test_events.py WRITE_EVENTS
"""
import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import wave


def crc32c(data):
    """Bit by bit, with the polynomial itself."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        assert struct.unpack_from("<I", data, at + 8)[0] == masked(data[at:at + 8]), "length"
        body = data[at + 12:at + 12 + size]
        assert len(body) == size
        assert struct.unpack_from("<I", data, at + 12 + size)[0] == masked(body), "data"
        at += 16 + size
        yield body


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def message(data):
    """Field number -> list of values: numbers, or bytes."""
    fields, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size
        else:
            kind, size = {1: ("<d", 8), 5: ("<f", 4)}[wire]
            (value,), at = struct.unpack_from(kind, data, at), at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def read(path):
    """-> version, [(step, restart?)], {tag: {step: value}}, {tag: {step: audio fields}}"""
    version, restarts, scalars, sounds = None, [], {}, {}
    for number, body in enumerate(records(path.read_bytes())):
        event = message(body)
        assert event[1][0] > 1.5e9, "wall time"
        step = event.get(2, [0])[0]
        if number == 0:
            version = event[3][0].decode()
        for session in event.get(7, []):
            assert message(session) == {1: [1]}
            restarts.append(step)
        for summary in event.get(5, []):
            for value in map(message, message(summary)[1]):
                tag = value[1][0].decode()
                if 2 in value:
                    scalars.setdefault(tag, {})[step] = value[2][0]
                if 6 in value:
                    sounds.setdefault(tag, {})[step] = message(value[6][0])
    return version, restarts, scalars, sounds


def check_sound(audio):
    assert audio[1] == [48000.0] and audio[2] == [1] and audio[3] == [7], audio
    assert audio[5] == [b"audio/wav"]
    with wave.open(io.BytesIO(audio[4][0])) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 48000)
        samples = struct.unpack("<7h", sound.readframes(100))
    assert samples == (0, 16384, 32767, -32768, 32767, -32768, 0), samples


def main():
    assert crc32c(b"123456789") == 0xE3069283  # the check value of the catalogue of CRCs
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        subprocess.run([sys.argv[1], str(run)], check=True)
        first, second = sorted(run.glob("*tfevents*"))
        version, restarts, scalars, sounds = read(first)
        assert version == "brain.Event:2" and restarts == []
        assert scalars["train/loss"] == {s: 1.5 * s for s in range(1, 301)}
        assert scalars["train/loss_mask"] == {s: 0.25 * s for s in range(1, 301)}
        assert scalars["valid/si_sdr"][300] == -3.25 and scalars["valid/stoi"][7] == 0.75
        assert "train/loss_spectral" not in scalars, "a term that is switched off"
        check_sound(sounds["example/0"][300])
        version, restarts, scalars, sounds = read(second)
        assert version == "brain.Event:2" and restarts == [201], restarts
        assert sorted(scalars["train/loss"]) == list(range(201, 302))
        check_sound(sounds["example/0"][301])

        lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        steps = [line["step"] for line in lines if line["kind"] == "train"]
        assert steps == list(range(1, 302)), "every step once"
        assert all(line["loss"] == 1.5 * line["step"] for line in lines if line["kind"] == "train")
    return 0


if __name__ == "__main__":
    sys.exit(main())
