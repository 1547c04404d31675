#!/usr/bin/env bash
# Whole commands beside other programs, both sides in one go, best of several runs; prints times and ratios.
#
#   benches/peers.sh SONG.wav [REFERENCE.wav]
#
# Needs ffmpeg for `measure`; for `master`, a python with matchering 2.0.6 as $MATCHERING_PYTHON. What is missing is
# skipped. The mix of 24 tracks makes its own tracks. Quote figures only from an idle machine.
set -euo pipefail
song=$(realpath "$1")
reference=$(realpath "${2:-$1}")
here=$(cd "$(dirname "$0")/.." && pwd)
tonmeister=$here/target/release/tonmeister
[ -x "$tonmeister" ] || (cd "$here" && cargo build --release --quiet)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

best() { # runs "$@" five times, prints the shortest wall time in seconds
  local least=1e9
  for _ in 1 2 3 4 5; do
    local from to
    from=$(date +%s.%N)
    "$@" >/dev/null 2>&1
    to=$(date +%s.%N)
    least=$(echo "$from $to $least" | awk '{t = $2 - $1; print (t < $3) ? t : $3}')
  done
  echo "$least"
}
ratio() { echo "$1 $2" | awk '{printf "%.2f", $1 / $2}'; }
seconds=$("$tonmeister" measure --json "$song" | grep -m1 '"duration_seconds"' | tr -dc '0-9.')

ours=$(best "$tonmeister" measure "$song")
echo "measure: $(printf %.3f "$ours") s, $(ratio "$seconds" "$ours") x real time"
if command -v ffmpeg >/dev/null; then
  theirs=$(best ffmpeg -nostats -i "$song" -af ebur128=peak=true -f null -)
  echo "  ffmpeg ebur128=peak=true: $(printf %.3f "$theirs") s; ours is $(ratio "$theirs" "$ours") times faster"
fi

ours=$(best "$tonmeister" master "$song" --for spotify -o master --force)
echo "master: $(printf %.3f "$ours") s, $(ratio "$seconds" "$ours") x real time"
if [ -n "${MATCHERING_PYTHON:-}" ]; then
  cat > match.py <<'PY'
import sys
import matchering
matchering.process(target=sys.argv[1], reference=sys.argv[2], results=[matchering.pcm24("matched.wav")])
PY
  theirs=$(best "$MATCHERING_PYTHON" match.py "$song" "$reference")
  echo "  matchering: $(printf %.3f "$theirs") s; ours is $(ratio "$theirs" "$ours") times faster"
fi

# 24 tracks of a minute: EQ with four bands and a compressor on each, two reverbs.
python3 - <<'PY'
import array, math, random, wave
rate, seconds = 44100, 60
lines = ["version = 1", "[session]", 'name = "bench"', f"sample_rate_hz = {rate}", "tempo_bpm = 120"]
for number in range(24):
    channels = 2 if number % 3 == 0 else 1
    noise = random.Random(number)
    decay = [math.exp(-n / 9000) for n in range(22050)]
    beat = [int(9000 * noise.uniform(-1, 1) * d) for d in decay for _ in range(channels)]
    with wave.open(f"t{number}.wav", "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(array.array("h", beat * (2 * seconds)).tobytes())
    bands = ", ".join(f'{{ freq_hz = {hz}, gain_db = {db} }}' for hz, db in ((80, 2), (400, -3), (2500, 2.5), (9000, 1.5)))
    lines += ["[[track]]", f'id = "t{number}"', f'file = "t{number}.wav"', "fader_db = -18.0",
              f"insert = [{{ eq = {{ band = [{bands}] }} }}, {{ compressor = {{ threshold_db = -30.0 }} }}]",
              'sends = [{ to = "plate", gain_db = -12.0 }, { to = "hall", gain_db = -15.0 }]']
for bus in ("plate", "hall"):
    lines += ["[[bus]]", f'id = "{bus}"', "insert = [{ reverb = { mix_percent = 100.0 } }]"]
open("session.toml", "w").write("\n".join(lines) + "\n")
PY
ours=$(best "$tonmeister" mix session.toml -o print.wav --force)
echo "mix of 24 tracks, EQ and compressor on each, two reverbs: $(printf %.3f "$ours") s, $(ratio 60 "$ours") x real time"
