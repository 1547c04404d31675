#!/usr/bin/env python3
"""Tonmeister, matchering and ffmpeg loudnorm on the same songs and test tones, in one run; prints tables.

    compare.py --tonmeister PROGRAM PRINT=REFERENCE [PRINT=REFERENCE ...] [--time SONG=REFERENCE] [--json FILE]

A print may be several files joined by `+`: they are added up (stems, tracks) and set to a peak of -6 dBFS. The song to be timed
may be several joined by `,`: they are put one after the other.

Needs numpy, scipy, soundfile and matchering 2.0.6 in this python, and ffmpeg. Songs are turned into 24-bit WAV at 44.1 kHz
first, the only rate matchering works at. Loudness and true peak of everything are ffmpeg's (ebur128), spectra are scipy's:
neither is ours. matchering's time is that of its `process` call, without starting python; loudnorm's that of both its passes;
ours is the whole command.

The distance of two spectra: of both channels Welch's mean power spectrum (Hann, 32768 frames, half overlapped) over the whole
file, in third octaves from 25 Hz to 16 kHz, in dB, less the file's own integrated loudness: both at equal loudness, no level
fitted. The root mean square of the differences, each weighted by where there is a programme: 1 at the loudest band, falling
with the decibels to 0 at 60 dB under it, the lesser of print and reference; where a print has nothing, only noise can be
raised. "plain" is the same without weights over all bands within 70 dB, its mean taken out.

Two rows are ours: as it comes, bounded on purpose (half of the way, +-6 dB, eight broad filters, the loudness a print can bear),
and all the way, since matchering knows no bound: `--match tone=1,width=1,limit_db=24 --force-level`.
"""
import argparse
import json
import math
import re
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


class Heard:
    """What a file is like: third octaves at its level, loudness, true peak."""

    def __init__(self, path):
        self.thirds = thirds(path)
        self.lufs, self.peak = loudness(path)


def there(levels):
    """How much of a programme there is in each band: 1 in the loudest, 0 from 60 dB under it."""
    return np.clip((levels - levels.max() + 60) / 60, 0, 1)


def distance(a, b, song):
    """Weighted and plain distance of a to b, dB; `song` is the print that a was made from."""
    difference = (a.thirds - a.lufs) - (b.thirds - b.lufs)
    weight = np.minimum(there(song.thirds), there(b.thirds))
    weighted = math.sqrt((weight * difference**2).sum() / weight.sum())
    counted = (a.thirds > a.thirds.max() - 70) & (b.thirds > b.thirds.max() - 70)
    plain = difference[counted]
    return weighted, float(np.sqrt(np.mean((plain - plain.mean()) ** 2)))


class Tonmeister:
    def __init__(self, program, name, *flags):
        self.name, self.program, self.flags = name, program, flags

    def master(self, song, reference, folder, lufs=None):
        out = folder / "ours"
        level = [] if lufs is None else ["--loudness", f"{lufs:.1f}"]
        start = time.perf_counter()
        run(self.program, "-q", "master", song, "--for", "club", "--reference", reference, *self.flags, *level,
            "-o", out, "--force")
        return next(out.glob("*.club.*")), time.perf_counter() - start


class Matchering:
    name = "matchering"

    def master(self, song, reference, folder, lufs=None):
        import matchering
        out = folder / "matchering.wav"
        start = time.perf_counter()
        matchering.process(target=str(song), reference=str(reference), results=[matchering.pcm24(str(out))])
        return out, time.perf_counter() - start


class Loudnorm:
    name = "loudnorm"

    def master(self, song, reference, folder, lufs=None):
        out = folder / "loudnorm.wav"
        wanted = min(max(loudness(reference)[0] if lufs is None else lufs, -70.0), -5.0)
        start = time.perf_counter()
        base = f"loudnorm=I={wanted:.2f}:TP=-1:LRA=20"
        text = run("ffmpeg", "-nostats", "-i", song, "-af", base + ":print_format=json", "-f", "null", "-").stderr
        heard = json.loads(text[text.rindex("{"):])
        second = base + ":linear=true" + "".join(
            f":measured_{key}={heard['input_' + name]}"
            for key, name in (("I", "i"), ("TP", "tp"), ("LRA", "lra"), ("thresh", "thresh")))
        run("ffmpeg", "-v", "error", "-y", "-i", song, "-af", second, "-ar", RATE, "-c:a", "pcm_s24le", out)
        return out, time.perf_counter() - start


SECONDS, PERIOD, BURST = 24, 2.0, 0.5


def tones(folder, frequencies, amplitudes, jump):
    """A print of two tones that jumps up by `jump` dB for half a second in every two, faster than any automatic gain follows, and
    a steady reference as loud as its peaks allow: whoever comes near its loudness has to limit the bursts. Without a jump it is the
    steady test of the standards (SMPTE RP 120, CCIF). A little noise, so that spectra have no holes."""
    n = np.arange(SECONDS * RATE)
    wave = sum(a * np.sin(2 * np.pi * f * n / RATE) for f, a in zip(frequencies, amplitudes))
    wave /= np.abs(wave).max()
    noise = np.random.default_rng(1).normal(0, 10 ** (-120 / 20), (len(n), 2))
    loud = n % int(PERIOD * RATE) >= int((PERIOD - BURST) * RATE)
    # Ramps of 20 ms: the jump itself is not what is measured.
    level = np.where(loud, 1.0, 10 ** (-jump / 20))
    level = np.convolve(np.pad(level, 441, mode="edge"), np.ones(882) / 882, mode="same")[441:-441]
    song, reference = folder / "tone.wav", folder / "steady.wav"
    soundfile.write(song, (0.5 * wave * level)[:, None] + noise, RATE, subtype="PCM_24")
    soundfile.write(reference, (10 ** (-1.5 / 20) * wave)[:, None] + noise, RATE, subtype="PCM_24")
    return song, reference


def spectrum(path):
    """Mean power spectrum of the bursts, from 120 ms after each began to 30 ms before its end."""
    audio, rate = soundfile.read(path, always_2d=True)
    length = int((BURST - 0.15) * rate)
    window = np.kaiser(length, 22)
    power = 0
    # From the third on: what has to settle first is not counted.
    for burst in range(2, int(SECONDS / PERIOD)):
        start = int((burst * PERIOD + PERIOD - BURST + 0.12) * rate)
        power = power + np.abs(np.fft.rfft(audio[start:, 0][:length] * window)) ** 2
    return power, rate / length


def jump_db(path):
    """How far the bursts stand over the rest: 12 dB in the print. Less is what an automatic gain or a limiter took."""
    audio, rate = soundfile.read(path, always_2d=True)
    n = np.arange(len(audio)) % int(PERIOD * rate) / rate
    # What lies around each jump counts to neither, nor do the first two bursts.
    started = np.arange(len(audio)) >= 2 * PERIOD * rate
    loud = started & (n > PERIOD - BURST + 0.12) & (n < PERIOD - 0.03)
    soft = started & (n > 0.25) & (n < PERIOD - BURST - 0.25)
    power = (audio**2).sum(axis=1)
    return 10 * math.log10(power[loud].mean() / power[soft].mean())


def line(power, bin_hz, frequency):
    """Power within 24 Hz of a frequency."""
    centre, reach = int(round(frequency / bin_hz)), int(24 / bin_hz)
    return power[max(centre - reach, 0):centre + reach + 1].sum()


def products_db(path, products, tones):
    power, bin_hz = spectrum(path)
    ratio = sum(line(power, bin_hz, f) for f in products) / sum(line(power, bin_hz, f) for f in tones)
    return 10 * math.log10(ratio + 1e-20)


def smpte_db(path):
    """Side bands of 7 kHz at 60 Hz and its multiples, re 7 kHz."""
    return products_db(path, [7000 + sign * 60 * k for k in range(1, 6) for sign in (-1, 1)], [7000])


def two_tone_db(path):
    """Difference tone and third-order products of 19 and 20 kHz, re both."""
    return products_db(path, [1000, 2000, 17000, 18000, 21000], [19000, 20000])


TESTS = {
    "SMPTE 60/7000 4:1, steady": ((60, 7000), (4, 1), 0, smpte_db),
    "SMPTE 60/7000 4:1, jumps of 12 dB": ((60, 7000), (4, 1), 12, smpte_db),
    "two-tone 19/20 kHz, steady": ((19000, 20000), (1, 1), 0, two_tone_db),
    "two-tone 19/20 kHz, jumps of 12 dB": ((19000, 20000), (1, 1), 12, two_tone_db),
}


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()


def sum_of(sources, target):
    """Tracks added up, with a peak of -6 dBFS."""
    total = np.zeros((0, 2))
    for index, source in enumerate(sources):
        part, _ = soundfile.read(to_wav(source, target.with_suffix(f".{index}.wav")), always_2d=True)
        longest = max(len(total), len(part))
        total = np.pad(total, ((0, longest - len(total)), (0, 0))) + np.pad(part, ((0, longest - len(part)), (0, 0)))
    soundfile.write(target, total * (10 ** (-6 / 20) / np.abs(total).max()), RATE, subtype="PCM_24")
    return target


def prepare(source, target):
    """A song, tracks that are added up, or songs that are joined, as WAV; and what it is called."""
    if "+" in source:
        parts = source.split("+")
        return sum_of(parts, target), Path(parts[0]).parent.name + " (sum of its tracks)"
    if "," in source:
        parts = source.split(",")
        joined = [to_wav(part, target.with_suffix(f".{index}.wav")) for index, part in enumerate(parts)]
        soundfile.write(target, np.concatenate([soundfile.read(part)[0] for part in joined]), RATE, subtype="PCM_24")
        return target, f"{len(parts)} songs joined"
    return to_wav(source, target), Path(source).stem


def songs(pairs, tools, folder):
    results = []
    for index, pair in enumerate(pairs):
        place = folder / f"song{index}"
        place.mkdir(exist_ok=True)
        song, reference = pair.split("=", 1)
        (wav, song_name), (wanted_wav, reference_name) = (
            prepare(song, place / "print.wav"), prepare(reference, place / "reference.wav"))
        own, wanted = Heard(wav), Heard(wanted_wav)
        before, before_plain = distance(own, wanted, own)
        for tool in tools:
            out, took = tool.master(wav, wanted_wav, place)
            got = Heard(out)
            after, after_plain = distance(got, wanted, own)
            results.append({
                "song": song_name, "reference": reference_name, "tool": tool.name,
                "reference_lufs": wanted.lufs, "loudness_error_lu": got.lufs - wanted.lufs,
                "true_peak_dbtp": got.peak, "before_db": before, "after_db": after,
                "before_plain_db": before_plain, "after_plain_db": after_plain, "seconds": took,
            })
    return results


def distortion(tools, folder):
    results = []
    for index, (name, (frequencies, amplitudes, jump, measure)) in enumerate(TESTS.items()):
        place = folder / f"tone{index}"
        place.mkdir(exist_ok=True)
        song, reference = tones(place, frequencies, amplitudes, jump)
        # First as near to the reference as each comes, then all at the least of these loudnesses; each is asked again, by what was
        # missing, until it comes within a tenth; matchering by the level of the reference.
        least = min(loudness(tool.master(song, reference, place)[0])[0] for tool in tools)
        steady, _ = soundfile.read(reference)
        own = loudness(reference)[0]
        for tool in tools:
            lufs = least
            for _ in range(8):
                softer = place / "softer.wav"
                soundfile.write(softer, steady * 10 ** (min(lufs - own, 0) / 20), RATE, subtype="PCM_24")
                out, _ = tool.master(song, softer, place, lufs)
                got, peak = loudness(out)
                if abs(got - least) < 0.1:
                    break
                lufs += least - got
            results.append({
                "test": name, "tool": tool.name, "products_db": measure(out), "print_db": measure(song),
                "loudness_lufs": got, "true_peak_dbtp": peak, "jump_db": jump_db(out),
            })
    return results


def speed(pair, tools, folder, repeat):
    place = folder / "timed"
    place.mkdir(exist_ok=True)
    song, reference = pair.split("=", 1)
    (wav, song_name), (wanted, reference_name) = (
        prepare(song, place / "print.wav"), prepare(reference, place / "reference.wav"))
    seconds, results = soundfile.info(wav).duration, []
    # In turns, so that whatever else the machine does meets all alike.
    times = {tool.name: [] for tool in tools}
    for _ in range(repeat):
        for tool in tools:
            times[tool.name].append(tool.master(wav, wanted, place)[1])
    for tool in tools:
        median = float(np.median(times[tool.name]))
        results.append({"song": song_name, "reference": reference_name, "song_seconds": seconds, "tool": tool.name,
                        "seconds": median, "all_seconds": times[tool.name], "times_real_time": seconds / median})
    return results


def verdicts(song, ours):
    """In how many pairs ours is at least as near as matchering, and nearer in loudness than both others."""
    pairs = {}
    for row in song:
        pairs.setdefault((row["song"], row["reference"]), {})[row["tool"]] = row
    spectrum = plain = louder = 0
    for row in pairs.values():
        mine, others = row[ours], [row[name] for name in ("matchering", "loudnorm") if name in row]
        theirs = row.get("matchering", mine)
        spectrum += mine["after_db"] <= theirs["after_db"]
        plain += mine["after_plain_db"] <= theirs["after_plain_db"]
        error = abs(mine["loudness_error_lu"])
        louder += all(error <= abs(other["loudness_error_lu"]) for other in others)
    print(f"{ours}: at least as near in spectrum as matchering in {spectrum} of {len(pairs)} pairs ({plain} by the plain "
          f"distance), at least as near in loudness as both others in {louder}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tonmeister", required=True, type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--time", metavar="SONG=REFERENCE", help="the song whose mastering is timed, in turns")
    parser.add_argument("--repeat", type=int, default=3, help="runs of it; the median counts")
    parser.add_argument("--keep", type=Path, help="folder to keep the masters in")
    parser.add_argument("pairs", nargs="*", metavar="PRINT=REFERENCE")
    args = parser.parse_args()
    whole = Tonmeister(args.tonmeister, "tonmeister, all the way",
                       "--match", "tone=1,width=1,limit_db=24", "--force-level")
    tools = [whole]
    try:
        import matchering  # noqa: F401
        tools.append(Matchering())
    except ImportError:
        print("matchering is not in this python: skipped")
    tools.append(Loudnorm())
    usual = Tonmeister(args.tonmeister, "tonmeister, as it comes")
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        timed = speed(args.time, [*tools, usual], folder, args.repeat) if args.time else []
        tone = distortion([*tools, usual], folder) if args.pairs or not args.time else []
        song = songs(args.pairs, [usual, *tools], folder)
    if tone:
        print("Distortion on loud parts that have to be limited, all at one loudness (less is better)\n")
        table(["test", "tool", "products dB", "in the print dB", "LUFS", "dBTP", "jump of 12 dB"],
              [[r["test"], r["tool"], f"{r['products_db']:.1f}", f"{r['print_db']:.1f}",
                f"{r['loudness_lufs']:.1f}", f"{r['true_peak_dbtp']:.1f}", f"{r['jump_db']:.1f}"] for r in tone])
    if song:
        print("Songs: loudness error to the reference, true peak, distance of the spectra before and after\n")
        table(["print → reference", "tool", "error LU", "dBTP", "before dB", "after dB", "plain dB"],
              [[f"{r['song']} → {r['reference']}", r["tool"], f"{r['loudness_error_lu']:+.1f}",
                f"{r['true_peak_dbtp']:+.1f}", f"{r['before_db']:.2f}", f"{r['after_db']:.2f}",
                f"{r['after_plain_db']:.2f}"] for r in song])
        verdicts(song, whole.name)
    if timed:
        print(f"Time for {timed[0]['song_seconds']:.0f} s of music, median of {args.repeat}\n")
        theirs = next((r["seconds"] for r in timed if r["tool"] == "matchering"), None)
        table(["tool", "s", "x real time", "matchering takes"],
              [[r["tool"], f"{r['seconds']:.2f}", f"{r['times_real_time']:.0f}",
                f"{theirs / r['seconds']:.1f} times as long" if theirs else "–"] for r in timed])
    if args.json:
        args.json.write_text(json.dumps({"distortion": tone, "songs": song, "speed": timed}, indent=1))


if __name__ == "__main__":
    main()
