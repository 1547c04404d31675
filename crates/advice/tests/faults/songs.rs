//! Faults of single songs.

use crate::kit::{Sound, Tally, look, read, rules, shared, write};
use dsp::biquad::Svf;
use dsp::eq_design::{Curve, design};
use studio::audio::Encoding;
use studio::job::Job;
use testkit::signals::{db, noise, sine};

/// A fault: name, what has to be said, what may be said besides, how it is made.
pub(crate) struct Fault {
    name: &'static str,
    must: &'static [&'static str],
    may: &'static [&'static str],
    pub(crate) fast: bool,
    make: fn(Sound) -> Sound,
}

const fn fault(
    name: &'static str,
    must: &'static [&'static str],
    may: &'static [&'static str],
    fast: bool,
    make: fn(Sound) -> Sound,
) -> Fault {
    Fault { name, must, may, fast, make }
}

/// What a mix that was pushed says besides.
const PUSHED: &[&str] = &["headroom", "limited", "dense", "clipped", "previous_master", "ceiling_passed"];

const FAULTS: &[Fault] = &[
    fault("clipped by 8 dB", &["clipped"], PUSHED, false, |s| clip(s, 8.0, -0.3)),
    fault("clipped by 8 dB and turned down", &["clipped"], PUSHED, false, |s| clip(s, 8.0, -6.0)),
    fault("limited by 8 dB", &["limited"], PUSHED, true, |s| limit(s, 8.0, -3.5)),
    fault("limited by 8 dB and turned down", &["limited"], PUSHED, false, |s| limit(s, 8.0, -9.0)),
    fault("normalised", &["headroom"], &[], true, |s| s.at_peak(-0.1)),
    fault("normalised in float", &["headroom"], &[], false, |s| {
        let mut s = s.at_peak(2.0);
        s.encoding = Encoding::Float(32);
        s
    }),
    fault("one side inverted", &["phase"], &["bass_in_sides", "leans"], false, |mut s| {
        let mono: Vec<f64> = s.planes[0].iter().zip(&s.planes[1]).map(|(l, r)| 0.5 * (l + r)).collect();
        let stay = s.planes.clone();
        for n in 0..mono.len() {
            let side = 0.5 * (stay[0][n] - stay[1][n]);
            s.planes[0][n] = 0.2 * side + mono[n];
            s.planes[1][n] = 0.2 * side - mono[n];
        }
        s
    }),
    fault("a silent side", &["channel_silent"], &[], true, |mut s| {
        s.planes[1].fill(0.0);
        s
    }),
    fault("mono in stereo", &["mono"], &[], false, |mut s| {
        s.planes[1] = s.planes[0].clone();
        s
    }),
    fault("one channel", &["mono"], &[], false, |mut s| {
        s.planes.truncate(1);
        s
    }),
    fault("through MP3 at 128 kbit/s", &["lossy"], &["upsampled"], false, through_mp3),
    fault("upsampled to 96 kHz", &["upsampled"], &[], false, |s| at_rate(s, 96_000)),
    fault("at 32 kHz", &["sample_rate"], &["lossy"], false, |s| at_rate(s, 32_000)),
    fault("16 bits", &["bit_depth"], &[], false, |mut s| {
        s.encoding = Encoding::Int(16);
        s
    }),
    fault("16 bits in a file of 24", &["bit_depth"], &[], false, |s| {
        s.each(|x| *x = (*x * 32_768.0).round() / 32_768.0)
    }),
    fault("direct current of 2 %", &["dc"], &["abrupt_start", "abrupt_end", "noise_in_pauses"], true, |s| {
        s.each(|x| *x += 0.02)
    }),
    fault("very quiet", &["level"], &[], false, |s| s.gain(-30.0)),
    fault("begins in a sound", &["abrupt_start"], &[], true, |mut s| {
        let from = loud_place(&s, 0.7);
        s.planes.iter_mut().for_each(|plane| drop(plane.drain(..from)));
        s
    }),
    fault("tail cut off", &["abrupt_end"], &[], false, |mut s| {
        let to = s.frames() - (0.95 * f64::from(s.rate_hz)) as usize - (0.3 * f64::from(s.rate_hz)) as usize;
        let to = to - back_to_loud(&s, to);
        s.planes.iter_mut().for_each(|plane| plane.truncate(to));
        s
    }),
    fault("five seconds of silence before", &["silent_head"], &[], false, |mut s| {
        let rate = s.rate_hz as usize;
        s.planes.iter_mut().for_each(|plane| drop(plane.splice(0..0, vec![0.0; 5 * rate])));
        s
    }),
    fault("five seconds of silence after", &["silent_tail"], &[], false, |mut s| {
        let rate = s.rate_hz as usize;
        s.planes.iter_mut().for_each(|plane| plane.extend(vec![0.0; 5 * rate]));
        s
    }),
    fault("right 6 dB softer", &["leans"], &[], true, |mut s| {
        s.planes[1].iter_mut().for_each(|x| *x *= 0.5);
        s
    }),
    fault("left 5 dB softer", &["leans"], &[], false, |mut s| {
        s.planes[0].iter_mut().for_each(|x| *x *= db(-5.0));
        s
    }),
    fault("bass out of step", &["bass_in_sides"], &["phase"], true, |mut s| {
        let rate = f64::from(s.rate_hz);
        // All of the right below 150 Hz turned over: what a filter passes forwards and backwards, so in phase, is taken out twice.
        let mut low = s.planes[1].clone();
        for _ in 0..2 {
            Svf::new(design(Curve::LowPass, 150.0, 0.0, 0.707, rate)).process(&mut low);
            low.reverse();
        }
        s.planes[1].iter_mut().zip(&low).for_each(|(x, low)| *x -= 2.0 * low);
        s
    }),
    fault("the middle covered", &["covered"], &[], false, |s| {
        shelved(shelved(s, 1100.0, -14.0), 1600.0, -8.0)
    }),
    fault("clicks", &["clicks"], &[], true, |mut s| {
        let rate = s.rate_hz as usize;
        for n in 0..8 {
            let at = rate + n * (s.frames() - 2 * rate) / 8;
            for (k, height) in [0.5, -0.4, 0.2].into_iter().enumerate() {
                s.planes.iter_mut().for_each(|plane| plane[at + k] += height);
            }
        }
        s.at_peak(-6.0)
    }),
    fault("noise in the pauses", &["noise_in_pauses"], &["abrupt_end", "abrupt_start"], false, |mut s| {
        for (seed, plane) in s.planes.iter_mut().enumerate() {
            let hiss = noise(0.004, 70 + seed as u64, plane.len());
            plane.iter_mut().zip(&hiss).for_each(|(x, hiss)| *x += hiss);
        }
        s
    }),
    fault("mains hum", &["hum"], &["noise_in_pauses", "abrupt_end", "abrupt_start"], true, |s| hum(s, 50.0)),
    fault("mains hum of 60 Hz", &["hum"], &["noise_in_pauses", "abrupt_end", "abrupt_start"], false, |s| {
        hum(s, 60.0)
    }),
    fault("samples that are no numbers", &["not_finite"], &["clicks"], true, |mut s| {
        let middle = s.frames() / 2;
        s.planes[0][middle..middle + 3].fill(f64::NAN);
        s.encoding = Encoding::Float(32);
        s
    }),
    fault("a fifth of a second", &["too_short"], &[], true, |mut s| {
        let from = loud_place(&s, 0.3);
        let to = from + s.rate_hz as usize / 5;
        s.planes.iter_mut().for_each(|plane| *plane = plane[from..to].to_vec());
        s
    }),
    fault("silence", &["silent"], &[], false, |s| s.each(|x| *x = 0.0)),
    fault("three channels", &["surround"], &[], false, |mut s| {
        s.planes.push(s.planes[0].clone());
        s
    }),
    fault("mastered loud", &["previous_master", "ceiling_passed"], PUSHED, true, |s| limit(s, 16.0, -0.1)),
];

fn clip(sound: Sound, drive_db: f64, peak_dbfs: f64) -> Sound {
    let top = sound.peak();
    let drive = db(drive_db);
    sound.each(|x| *x = (*x * drive).clamp(-top, top)).at_peak(peak_dbfs)
}

/// A plain look-ahead limiter: the gain each sample asks for, held over 3 ms, smoothed over 3 ms, 60 ms back.
fn limit(sound: Sound, drive_db: f64, peak_dbfs: f64) -> Sound {
    let (top, drive) = (sound.peak(), db(drive_db));
    let rate = f64::from(sound.rate_hz);
    let hold = (0.003 * rate) as usize;
    let mut sound = sound.each(|x| *x *= drive);
    let frames = sound.frames();
    let asked: Vec<f64> = (0..frames)
        .map(|n| {
            let level = sound.planes.iter().fold(0.0_f64, |most, plane| most.max(plane[n].abs()));
            if level > top { top / level } else { 1.0 }
        })
        .collect();
    let held: Vec<f64> =
        (0..frames).map(|n| asked[n..(n + hold).min(frames)].iter().copied().fold(1.0, f64::min)).collect();
    let back = dsp::math::exp(-1.0 / (0.06 * rate));
    let mut gain = 1.0_f64;
    let mut released: Vec<f64> = Vec::with_capacity(frames);
    for wanted in &held {
        gain = if *wanted < gain { *wanted } else { back * gain + (1.0 - back) * wanted };
        released.push(gain.min(*wanted));
    }
    // Mean of the last `hold` values: the ramp ends where the peak is.
    let mut sum = hold as f64;
    for n in 0..frames {
        sum += released[n] - if n >= hold { released[n - hold] } else { 1.0 };
        let smooth = sum / hold as f64;
        sound.planes.iter_mut().for_each(|plane| plane[n] *= smooth.min(asked[n]));
    }
    sound.at_peak(peak_dbfs)
}

fn shelved(mut sound: Sound, hz: f64, gain_db: f64) -> Sound {
    let rate = f64::from(sound.rate_hz);
    sound
        .planes
        .iter_mut()
        .for_each(|plane| Svf::new(design(Curve::HighShelf, hz, gain_db, 0.7, rate)).process(plane));
    sound
}

fn hum(mut sound: Sound, mains_hz: f64) -> Sound {
    let (rate, seconds) = (f64::from(sound.rate_hz), sound.frames() as f64 / f64::from(sound.rate_hz));
    for (multiple, peak) in [(1.0, 0.004), (2.0, 0.002), (3.0, 0.003), (5.0, 0.001)] {
        let tone = sine(multiple * mains_hz, peak, multiple, seconds, rate);
        sound
            .planes
            .iter_mut()
            .for_each(|plane| plane.iter_mut().zip(&tone).for_each(|(x, tone)| *x += tone));
    }
    sound
}

fn at_rate(sound: Sound, rate_hz: u32) -> Sound {
    let planes =
        dsp::resample::resample(&sound.planes, sound.rate_hz, rate_hz, dsp::resample::Slope::Gentle).unwrap();
    Sound::new(planes, rate_hz).at_peak(-6.0)
}

fn through_mp3(sound: Sound) -> Sound {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    write(&path, &sound);
    let codec = studio::targets::Codec::from_name("mp3-128").unwrap();
    let encoded = studio::codec::stream(&path, codec, &Job::quiet()).unwrap().unwrap();
    let decoded = read(encoded.path());
    Sound::new(decoded.planes, decoded.rate_hz).at_peak(-6.0)
}

/// A loud frame near a share of the length.
fn loud_place(sound: &Sound, share: f64) -> usize {
    let from = (share * sound.frames() as f64) as usize;
    let top = 0.3 * sound.peak();
    (from..sound.frames()).find(|n| sound.planes[0][*n].abs() > top).unwrap_or(from)
}

/// How far back from a frame the sound is loud.
fn back_to_loud(sound: &Sound, frame: usize) -> usize {
    let top = 0.2 * sound.peak();
    (0..frame).find(|back| sound.planes[0][frame - back - 1].abs() > top).unwrap_or(0)
}

/// Every fault that is wanted on one base, and the base itself.
pub(crate) fn run(tally: &mut Tally, name: &str, base: &Sound, wanted: impl Fn(&Fault) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    write(&path, base);
    let found = look(std::slice::from_ref(&path), &["spotify"]);
    tally.case(&format!("{name}, clean"), &rules(&found), &[], &[]);
    tally.figures(&found, &[], &[]);
    for fault in FAULTS.iter().filter(|fault| wanted(fault)) {
        write(&path, &(fault.make)(base.clone()));
        let found = look(std::slice::from_ref(&path), &["spotify"]);
        tally.case(&format!("{name}, {}", fault.name), &rules(&found), fault.must, fault.may);
        tally.figures(&found, fault.must, fault.may);
        assert!(found.advice.iter().all(|advice| !advice.action.is_empty() && !advice.plain.is_empty()));
        assert!(!found.steps.is_empty(), "{}", fault.name);
    }
}

/// Real recordings as they are: what must be said of each, and what may be because it is so.
pub(crate) fn real(tally: &mut Tally) {
    // They are lossy files, cut out of longer ones, with decoded peaks over full scale.
    const CUT: &[&str] = &[
        "abrupt_start",
        "abrupt_end",
        "silent_tail",
        "headroom",
        "ceiling_passed",
        "upsampled",
        "rates_apart",
    ];
    let cases: &[(&str, &[&'static str], &[&'static str])] = &[
        ("mastered/dynamic_cradle_60s.ogg", &["lossy"], &["clipped", "previous_master"]),
        ("mastered/dynamic_harvest_moon.ogg", &["lossy"], &["previous_master"]),
        ("mastered/folk_vocal_fishin_60s.ogg", &["lossy"], &["previous_master"]),
        ("mastered/loud_hacienda.ogg", &["lossy", "previous_master"], &[]),
        ("mastered/loud_win_theme_40s.ogg", &["lossy", "previous_master"], &[]),
        ("mastered/orchestra_hungarian_dance.ogg", &["lossy"], &[]),
        ("mastered/overlimited_skyvibe_40s.ogg", &["lossy", "previous_master"], &["clipped"]),
        ("album/02_Chimes_They_Fade.ogg", &["lossy"], &["previous_master"]),
        ("album/03_March_Thee_to_Dis.ogg", &["lossy"], &["previous_master"]),
        ("intake/francium__clean_peak-6.flac", &[], &[]),
        ("intake/francium__limited_6dB_then_-6.flac", &["limited"], &["dense"]),
        ("intake/francium__limited_10dB.flac", &["limited"], &["dense", "previous_master"]),
        ("intake/francium__clipped_4dB_then_-4.flac", &["clipped"], &["dense"]),
        ("intake/francium__buscomp_4to1_-6.flac", &[], &[]),
        ("intake/rock__clean_peak-6.flac", &[], &[]),
        ("intake/rock__limited_3dB.flac", &["limited"], &["dense"]),
        ("intake/rock__limited_6dB_then_-6.flac", &["limited"], &["dense"]),
        ("intake/rock__clipped_4dB.flac", &["clipped"], &["dense"]),
        ("intake/rock__buscomp_4to1_-6.flac", &[], &[]),
    ];
    for (name, must, may) in cases {
        let Some(path) = shared(name) else { continue };
        let found = look(std::slice::from_ref(&path), &["spotify"]);
        let spoke = rules(&found);
        // A master is told as one: what made it loud is in that line.
        let inside = |rule: &str| rule == "limited" && spoke.contains(&"previous_master");
        let must: Vec<&'static str> = must.iter().copied().filter(|rule| !inside(rule)).collect();
        let may: Vec<&'static str> = may.iter().chain(CUT).copied().collect();
        tally.case(name, &spoke, &must, &may);
        tally.figures(&found, &must, &may);
    }
}
