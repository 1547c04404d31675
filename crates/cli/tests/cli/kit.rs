//! What the tests of the command line share: the program, folders, sounds, other programs as judges.

use assert_cmd::Command;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;
use testkit::signals::{noise, sine};

/// Rate of the sounds made here.
pub(crate) const RATE_HZ: u32 = 44_100;

/// The program; a test that hangs fails.
pub(crate) fn tonmeister() -> Command {
    let mut command = Command::cargo_bin("tonmeister").expect("the program is built");
    command.timeout(Duration::from_secs(120)).env_remove("COLUMNS").env_remove("NO_COLOR");
    command
}

/// Runs the program in `folder`.
pub(crate) fn run<S: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = S>) -> Output {
    tonmeister().current_dir(folder).args(args).output().expect("the program runs")
}

/// Exit code; a killed program has none.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// Standard output as text.
pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

/// Standard error as text.
pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8")
}

/// Standard output as the one JSON document it is.
pub(crate) fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", out(output)))
}

/// Fails with everything the program said unless it ended with `wanted`.
pub(crate) fn expect_code(output: &Output, wanted: i32) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(code(output), wanted, "stdout: {}\nstderr: {said}", String::from_utf8_lossy(&output.stdout));
}

/// An empty folder, gone at the end of the test.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Names in a folder, hidden ones too, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is readable")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Writes channels as integers of 16 or 24 bits.
pub(crate) fn write_wav(path: &Path, planes: &[Vec<f64>], rate_hz: u32, bits: u16) {
    let spec = hound::WavSpec {
        channels: planes.len() as u16,
        sample_rate: rate_hz,
        bits_per_sample: bits,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("a file");
    let full = f64::from(1_i32 << (bits - 1));
    for frame in 0..planes[0].len() {
        for plane in planes {
            writer
                .write_sample((plane[frame] * full).round().clamp(-full, full - 1.0) as i32)
                .expect("a sample");
        }
    }
    writer.finalize().expect("a whole file");
}

/// Falls from 1 to 0 within `seconds` of each beat of `beat` seconds.
fn pluck(n: usize, beat: f64, seconds: f64) -> f64 {
    let t = (n as f64 / f64::from(RATE_HZ)) % beat;
    let left = (1.0 - t / seconds).max(0.0);
    left * left
}

/// Something with beats, notes and air, wide, with a sample peak of about -6 dBFS and room in its dynamics.
pub(crate) fn song(seconds: f64) -> Vec<Vec<f64>> {
    let rate = f64::from(RATE_HZ);
    let tone = |hz: f64, peak: f64| sine(hz, peak, 0.3, seconds, rate);
    let (kick, bass, a, b) = (tone(58.0, 0.26), tone(110.0, 0.08), tone(440.0, 0.06), tone(554.4, 0.06));
    let (left, right) = (noise(0.05, 7, kick.len()), noise(0.05, 8, kick.len()));
    let plane = |own: &[f64], note: &[f64]| -> Vec<f64> {
        (0..kick.len())
            .map(|n| {
                let beat = kick[n] * pluck(n, 0.5, 0.2) + bass[n];
                beat + note[n] * (0.3 + pluck(n, 1.0, 0.9)) + own[n] * pluck(n, 0.25, 0.08)
            })
            .collect()
    };
    vec![plane(&left, &a), plane(&right, &b)]
}

/// A song file called `name`.
pub(crate) fn write_song(folder: &Path, name: &str, seconds: f64) -> PathBuf {
    let path = folder.join(name);
    write_wav(&path, &song(seconds), RATE_HZ, 24);
    path
}

/// A folder of the shared recordings; says so when there is none.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/audio")).join(part);
    if !folder.exists() {
        println!("skipped: no shared audio at {part}");
        return None;
    }
    Some(folder)
}

/// Runs another program; says so when it is not installed.
pub(crate) fn tool<S: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = S>) -> Option<Output> {
    match std::process::Command::new(name).args(args).stdin(std::process::Stdio::null()).output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: {name}: {error}");
            None
        }
    }
}

/// What ffmpeg's `ebur128` says of a file.
pub(crate) struct Heard {
    pub(crate) integrated_lufs: f64,
    pub(crate) true_peak_dbtp: f64,
    pub(crate) sample_peak_dbfs: f64,
}

/// Measures by ffmpeg; says so when it is not installed.
pub(crate) fn by_ffmpeg(path: &Path) -> Option<Heard> {
    let graph = "ebur128=peak=true+sample:framelog=verbose";
    let args = ["-hide_banner", "-nostats", "-i", path.to_str()?, "-af", graph, "-f", "null", "-"];
    Some(of_ffmpeg(&err(&tool("ffmpeg", args)?)))
}

/// The summary of ffmpeg's `ebur128`, as it stands in what it says.
pub(crate) fn of_ffmpeg(text: &str) -> Heard {
    let summary = &text[text.rfind("Summary:").unwrap_or_else(|| panic!("no summary: {text}"))..];
    let number = |after: &str, key: &str| -> f64 {
        let part = &summary[summary.find(after).unwrap_or(0)..];
        let line = part.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap_or("nan");
        line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
    };
    Heard {
        integrated_lufs: number("Integrated loudness", "I:"),
        true_peak_dbtp: number("True peak", "Peak:"),
        sample_peak_dbfs: number("Sample peak", "Peak:"),
    }
}

/// A small band in `folder/name`, each track for itself: kick, snare, bass, guitar and a lead voice that sings, with beats at 120.
pub(crate) fn band(folder: &Path, name: &str, seconds: f64) -> PathBuf {
    let tracks = folder.join(name);
    std::fs::create_dir_all(&tracks).expect("a folder");
    let rate = f64::from(RATE_HZ);
    let frames = (seconds * rate) as usize;
    let wave = |hz: f64, n: usize| libm::sin(std::f64::consts::TAU * hz * n as f64 / rate);
    let hiss = noise(1.0, 5, frames);
    let track = |of: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..frames).map(of).collect() };
    let late = (0.5 * rate) as usize;
    let write = |file: &str, plane: Vec<f64>| write_wav(&tracks.join(file), &[plane], RATE_HZ, 24);
    write("01 Kick.wav", track(&|n| 0.7 * pluck(n, 1.0, 0.25) * wave(58.0, n)));
    write(
        "02 Snare.wav",
        track(&|n| {
            if n < late {
                0.0
            } else {
                0.5 * pluck(n - late, 1.0, 0.15) * (0.6 * hiss[n] + 0.4 * wave(190.0, n))
            }
        }),
    );
    write(
        "03 Bass.wav",
        track(&|n| 0.3 * (0.4 + 0.6 * pluck(n, 0.5, 0.45)) * (wave(82.4, n) + 0.3 * wave(164.8, n))),
    );
    let chord = |n: usize| {
        [220.0, 277.2, 329.6]
            .iter()
            .map(|hz| wave(*hz, n) + 0.4 * wave(2.0 * hz, n) + 0.2 * wave(5.0 * hz, n))
            .sum::<f64>()
    };
    write("04 Electric Guitar.wav", track(&|n| 0.08 * (0.2 + 0.8 * pluck(n, 0.5, 0.5)) * chord(n)));
    let vowel = testkit::voice::vowel(247.0, 0.12, seconds, rate);
    // Phrases of two seconds with a breath between them.
    write(
        "05 Lead Vocal.wav",
        track(&|n| {
            if (n as f64 / rate) % 2.0 > 1.6 {
                0.0
            } else {
                vowel.get(n).copied().unwrap_or(0.0) * (0.6 + 0.4 * wave(3.0, n))
            }
        }),
    );
    tracks
}

/// Samples of a WAV file as integers, and what it is.
pub(crate) fn read_wav(path: &Path) -> (hound::WavSpec, Vec<i32>) {
    let mut reader =
        hound::WavReader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let samples = reader.samples::<i32>().map(|sample| sample.expect("a sample")).collect();
    (reader.spec(), samples)
}

/// Every file below a folder, as paths from there, sorted.
pub(crate) fn below(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
        for name in names(folder) {
            let path = folder.join(&name);
            match path.is_dir() {
                true => walk(&path, &format!("{prefix}{name}/"), found),
                false => found.push(format!("{prefix}{name}")),
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    found.sort();
    found
}
