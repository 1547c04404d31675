#!/usr/bin/env python3
"""Tonmeister, matchering and ffmpeg loudnorm on the same songs and test tones, in one run; prints tables.

    compare.py --tonmeister PROGRAM PRINT=REFERENCE [PRINT=REFERENCE ...] [--json FILE]

Needs numpy, scipy, soundfile and matchering 2.0.6 in this python, and ffmpeg. Songs are turned into 24-bit WAV at 44.1 kHz
first, the only rate matchering works at. Loudness and true peak of everything are ffmpeg's (ebur128), spectra are scipy's:
neither is ours. matchering's time is that of its `process` call, without starting python; ours is the whole command.
"""
import argparse
import json
import math
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import welch

RATE = 44100
# Third octaves from 25 Hz to 16 kHz (IEC 61260-1): what all three can be asked for.
THIRDS = [1000.0 * 10 ** (0.1 * n) for n in range(-16, 13)]


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)


def to_wav(source, target):
    run("ffmpeg", "-v", "error", "-y", "-i", source, "-ar", RATE, "-ac", 2, "-c:a", "pcm_s24le", target)
    return target


def loudness(path):
    """Integrated loudness in LUFS and true peak in dBTP, by ffmpeg."""
    text = run("ffmpeg", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-").stderr
    summary = text[text.rindex("Summary:"):]
    lufs = float(re.search(r"I:\s+(-?[\d.]+|-?inf) LUFS", summary).group(1))
    peak = float(re.search(r"Peak:\s+(-?[\d.]+|-?inf) dBFS", summary).group(1))
    return lufs, peak


def thirds(path):
    audio, rate = soundfile.read(path, always_2d=True)
    frequency, power = welch(audio, rate, nperseg=32768, axis=0)
    power = power.sum(axis=1)
    edge = 10 ** 0.05
    bands = [power[(frequency >= f / edge) & (frequency < f * edge)].sum() for f in THIRDS]
    return 10 * np.log10(np.array(bands) + 1e-20)


def distance(a, b):
    """Root mean square over third octaves, level taken out; bands with nothing in either do not count."""
    counted = (a > a.max() - 70) & (b > b.max() - 70)
    difference = (a - b)[counted]
    return float(np.sqrt(np.mean((difference - difference.mean()) ** 2)))


class Tonmeister:
    def __init__(self, program, amounts, name="tonmeister"):
        self.name, self.program, self.amounts = name, program, amounts

    def master(self, song, reference, folder):
        out = folder / "ours"
        start = time.perf_counter()
        run(self.program, "-q", "master", song, "--for", "cd", "--reference", reference,
            "--match", self.amounts, "-o", out, "--force")
        return next(out.glob("*.cd.*")), time.perf_counter() - start


class Matchering:
    name = "matchering"

    def master(self, song, reference, folder):
        import matchering
        out = folder / "matchering.wav"
        start = time.perf_counter()
        matchering.process(target=str(song), reference=str(reference), results=[matchering.pcm24(str(out))])
        return out, time.perf_counter() - start


class Loudnorm:
    name = "loudnorm"

    def master(self, song, reference, folder):
        out = folder / "loudnorm.wav"
        wanted = min(max(loudness(reference)[0], -70.0), -5.0)
        start = time.perf_counter()
        base = f"loudnorm=I={wanted:.2f}:TP=-1:LRA=20"
        text = run("ffmpeg", "-nostats", "-i", song, "-af", base + ":print_format=json", "-f", "null", "-").stderr
        heard = json.loads(text[text.rindex("{"):])
        second = base + ":linear=true" + "".join(
            f":measured_{key}={heard['input_' + name]}"
            for key, name in (("I", "i"), ("TP", "tp"), ("LRA", "lra"), ("thresh", "thresh")))
        run("ffmpeg", "-v", "error", "-y", "-i", song, "-af", second, "-ar", RATE, "-c:a", "pcm_s24le", out)
        return out, time.perf_counter() - start


def tones(folder, frequencies, amplitudes):
    """A print of two tones that jumps up by 9 dB for two seconds in every four, and a steady reference as loud as its peaks
    allow: whoever follows it has to limit the loud parts. A little noise, so that spectra have no holes."""
    seconds = 24
    n = np.arange(seconds * RATE)
    wave = sum(a * np.sin(2 * np.pi * f * n / RATE) for f, a in zip(frequencies, amplitudes))
    wave /= np.abs(wave).max()
    noise = np.random.default_rng(1).normal(0, 10 ** (-100 / 20), (len(n), 2))
    level = np.where((n // (2 * RATE)) % 2 == 1, 1.0, 10 ** (-9 / 20))
    # Ramps of 20 ms: the jump itself is not what is measured.
    level = np.convolve(np.pad(level, 441, mode="edge"), np.ones(882) / 882, mode="same")[441:-441]
    song, reference = folder / "tone.wav", folder / "steady.wav"
    soundfile.write(song, (0.5 * wave * level)[:, None] + noise, RATE, subtype="PCM_24")
    soundfile.write(reference, (10 ** (-1.5 / 20) * wave)[:, None] + noise, RATE, subtype="PCM_24")
    return song, reference


def spectrum(path):
    """Power spectrum of the loud parts, half a second after they began."""
    audio, rate = soundfile.read(path, always_2d=True)
    length = int(1.2 * rate)
    window = np.blackman(length)
    power = 0
    # From the third on: what a limiter or an automatic gain has to settle first is not counted.
    for start in range(10, 23, 4):
        part = audio[int((start + 0.6) * rate):, 0][:length]
        power = power + np.abs(np.fft.rfft(part * window)) ** 2
    return power, rate / length


def line(power, bin_hz, frequency):
    centre = int(round(frequency / bin_hz))
    return power[max(centre - 6, 0):centre + 7].sum()


def smpte_db(path):
    """Side bands of 7 kHz at 60 Hz and its multiples, re 7 kHz."""
    power, bin_hz = spectrum(path)
    bands = sum(line(power, bin_hz, 7000 + sign * 60 * k) for k in range(1, 6) for sign in (-1, 1))
    return 10 * math.log10(bands / line(power, bin_hz, 7000) + 1e-20)


def two_tone_db(path):
    """Difference tone and third-order products of 19 and 20 kHz, re both."""
    power, bin_hz = spectrum(path)
    products = sum(line(power, bin_hz, f) for f in (1000, 2000, 17000, 18000, 21000))
    both = line(power, bin_hz, 19000) + line(power, bin_hz, 20000)
    return 10 * math.log10(products / both + 1e-20)


TESTS = {
    "SMPTE 60/7000 4:1": ((60, 7000), (4, 1), smpte_db),
    "two-tone 19/20 kHz": ((19000, 20000), (1, 1), two_tone_db),
}


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()


def songs(pairs, tools, folder, repeat):
    results = []
    for index, pair in enumerate(pairs):
        song, reference = (Path(part) for part in pair.split("=", 1))
        place = folder / f"song{index}"
        place.mkdir()
        wav = to_wav(song, place / "print.wav")
        wanted_wav = to_wav(reference, place / "reference.wav")
        wanted_lufs, _ = loudness(wanted_wav)
        wanted = thirds(wanted_wav)
        before = distance(thirds(wav), wanted)
        seconds = soundfile.info(wav).duration
        for tool in tools:
            best = 1e9
            for _ in range(repeat):
                out, took = tool.master(wav, wanted_wav, place)
                best = min(best, took)
            lufs, peak = loudness(out)
            results.append({
                "song": song.stem, "reference": reference.stem, "tool": tool.name,
                "loudness_error_lu": lufs - wanted_lufs, "true_peak_dbtp": peak,
                "before_db": before, "after_db": distance(thirds(out), wanted),
                "seconds": best, "times_real_time": seconds / best, "out": str(out),
            })
    return results


def distortion(tools, folder):
    results = []
    for index, (name, (frequencies, amplitudes, measure)) in enumerate(TESTS.items()):
        place = folder / f"tone{index}"
        place.mkdir()
        song, reference = tones(place, frequencies, amplitudes)
        for tool in tools:
            out, _ = tool.master(song, reference, place)
            lufs, peak = loudness(out)
            results.append({
                "test": name, "tool": tool.name, "added_db": measure(out), "print_db": measure(song),
                "loudness_lufs": lufs, "reference_lufs": loudness(reference)[0], "true_peak_dbtp": peak,
            })
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tonmeister", required=True, type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder to keep the masters in")
    parser.add_argument("pairs", nargs="*", metavar="PRINT=REFERENCE")
    args = parser.parse_args()
    tools = [Tonmeister(args.tonmeister, "tone=1,width=1")]
    try:
        import matchering  # noqa: F401
        tools.append(Matchering())
    except ImportError:
        print("matchering is not in this python: skipped")
    tools.append(Loudnorm())
    wide = Tonmeister(args.tonmeister, "tone=1,width=1,limit_db=24", "tonmeister limit_db=24")
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        tone = distortion(tools, folder)
        song = songs(args.pairs, [*tools, wide], folder, args.repeat)
    print("Added distortion on loud parts that have to be limited (less is better)\n")
    table(["test", "tool", "products dB", "in the print dB", "LUFS", "reference LUFS", "dBTP"],
          [[r["test"], r["tool"], f"{r['added_db']:.1f}", f"{r['print_db']:.1f}", f"{r['loudness_lufs']:.1f}",
            f"{r['reference_lufs']:.1f}", f"{r['true_peak_dbtp']:.1f}"] for r in tone])
    print("Songs: loudness error to the reference, true peak, third-octave RMS distance to the reference, time\n")
    table(["print → reference", "tool", "error LU", "dBTP", "before dB", "after dB", "s", "x real time"],
          [[f"{r['song']} → {r['reference']}", r["tool"], f"{r['loudness_error_lu']:+.2f}",
            f"{r['true_peak_dbtp']:+.2f}", f"{r['before_db']:.2f}", f"{r['after_db']:.2f}", f"{r['seconds']:.2f}",
            f"{r['times_real_time']:.0f}"] for r in song])
    if args.json:
        args.json.write_text(json.dumps({"distortion": tone, "songs": song}, indent=1))


if __name__ == "__main__":
    main()
