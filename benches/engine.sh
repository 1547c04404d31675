#!/usr/bin/env bash
# Large sessions through the whole program: time, processor time and memory.
#
#   benches/engine.sh [load] [memory] [toolkit]
#
# load:    200 tracks with 10 000 points of automation, a tenth of a second long: how long it takes to be read and checked.
# memory:  64 tracks of ten minutes, an EQ on each: under 1 GiB.
# toolkit: 24 tracks of a minute with EQ of four bands, gate and compressor each, 6 buses, 3 reverbs, 2 delays: at least
#          15 times real time on two cores. Without a `gate` in the build it says so and goes without.
#
# Quote figures only from an idle machine. Needs python3 and GNU time.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
tonmeister=${TONMEISTER:-$here/target/release/tonmeister}
[ -x "$tonmeister" ] || (cd "$here" && cargo build --release --quiet)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
gate=1
"$tonmeister" fx gate >/dev/null 2>&1 || { gate=0; echo "no gate in this build: toolkit goes without"; }

cat > make.py <<'PY'
import array, math, os, random, sys, wave
kind, gate = sys.argv[1], sys.argv[2] == "1"
rate = 44100
tracks, seconds = {"load": (200, 0.1), "memory": (64, 600), "toolkit": (24, 60)}[kind]
noise = random.Random(1)
decay = [math.exp(-n / 9000) for n in range(22050)]
for channels in (1, 2):
    beat = array.array("h", [int(9000 * noise.uniform(-1, 1) * d) for d in decay for _ in range(channels)])
    with wave.open(f"beat{channels}.wav", "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        frames = int(seconds * rate)
        whole = frames // 22050
        for _ in range(whole):
            file.writeframes(beat.tobytes())
        file.writeframes(beat[: (frames - whole * 22050) * channels].tobytes())
bands = ", ".join(f"{{ freq_hz = {hz}, gain_db = {db} }}" for hz, db in ((80, 2), (400, -3), (2500, 2.5), (9000, 1.5)))
eq, compressor = f"{{ eq = {{ band = [{bands}] }} }}", "{ compressor = { threshold_db = -30.0 } }"
lines = ["version = 1", "[session]", f"sample_rate_hz = {rate}", "tempo_bpm = 120"]
for number in range(tracks):
    lines += ["[[track]]", f'id = "t{number}"', f'file = "beat{2 if number % 3 == 0 else 1}.wav"', "fader_db = -24.0"]
    if kind == "toolkit":
        inserts = [eq, compressor] + (["{ gate = {} }"] if gate else [])
        sends = ["plate", "room", "hall", "slap", "echo"]
        lines += [f"insert = [{', '.join(inserts)}]", f'output = "b{number % 6}"',
                  "sends = [" + ", ".join(f'{{ to = "{to}", gain_db = -15.0 }}' for to in sends) + "]"]
    elif kind == "memory":
        lines += [f"insert = [{eq}]"]
    else:
        points = ", ".join(f"[{n / 1000}, {-(n % 9)}]" for n in range(50))
        lines += [f"insert = [{eq}]", 'folder = "band"',
                  f'[[automation]]\ntarget = "t{number}.fader_db"\npoints = [{points}]']
if kind == "load":
    lines += ["[[bus]]", 'id = "band"']
if kind == "toolkit":
    for bus in range(6):
        lines += ["[[bus]]", f'id = "b{bus}"']
    for bus in ("plate", "room", "hall"):
        lines += ["[[bus]]", f'id = "{bus}"', "insert = [{ reverb = { mix_percent = 100.0 } }]"]
    for bus, note in (("slap", "1/16"), ("echo", "1/4")):
        lines += ["[[bus]]", f'id = "{bus}"', f'insert = [{{ delay = {{ note = "{note}", mix_percent = 100.0 }} }}]']
open("session.toml", "w").write("\n".join(lines) + "\n")
PY

for kind in "${@:-load}"; do
  python3 make.py "$kind" "$gate"
  /usr/bin/time -f "%e %U %S %M" -o used "$tonmeister" mix session.toml -o print.wav --force >/dev/null 2>log || {
    cat log
    exit 1
  }
  case $kind in load) audio=0.1 ;; memory) audio=600 ;; *) audio=60 ;; esac
  awk -v kind="$kind" -v audio="$audio" '{
    printf "%s: %.2f s, %.2f s of processor time, %.0f MiB, %.1f x real time\n", kind, $1, $2 + $3, $4 / 1024, audio / $1
  }' used
done
