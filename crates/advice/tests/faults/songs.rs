//! Faults of single songs.

use crate::kit::{Sound, look, opus_file, rules, write};
use crate::make::{
    as_dense, at_rate, back_to_loud, bass_apart, clicks, clip, coded, cut_above, gently, hiss, hum, limit,
    loud_place, presence_under, rounded, rumble, spectral, squashed,
};
use crate::tally::{Expected, Tally};
use std::path::Path;
use studio::audio::Encoding;
use testkit::signals::{db, noise};

type Rules = &'static [&'static str];

/// A fault: name, what has to be said, what may be said besides because it is so, which rules it lies under the limit of, how it is
/// made.
pub(crate) struct Fault {
    name: &'static str,
    must: Rules,
    may: Rules,
    under: Rules,
    make: fn(Sound) -> Sound,
}

const fn fault(name: &'static str, must: Rules, may: Rules, make: fn(Sound) -> Sound) -> Fault {
    Fault { name, must, may, under: &[], make }
}

/// Something that is no fault yet: these rules have to be silent.
const fn near(name: &'static str, under: Rules, may: Rules, make: fn(Sound) -> Sound) -> Fault {
    Fault { name, must: &[], may, under, make }
}

/// What a mix that was pushed says besides; an uneven wave that is cut has direct current.
const PUSHED: &[&str] =
    &["dc", "headroom", "limited", "dense", "clipped", "previous_master", "ceiling_passed"];

/// Level, peaks, dynamics.
const PEAKS: &[Fault] = &[
    fault("clipped by 8 dB", &["clipped"], PUSHED, |s| clip(s, 8.0, -0.3)),
    fault("clipped by 8 dB and turned down", &["clipped"], PUSHED, |s| clip(s, 8.0, -6.0)),
    fault("clipped by 4 dB and turned down", &["clipped"], PUSHED, |s| clip(s, 4.0, -6.0)),
    fault("limited by 8 dB", &["limited"], PUSHED, |s| limit(s, 8.0, -3.5)),
    fault("limited by 8 dB and turned down", &["limited"], PUSHED, |s| limit(s, 8.0, -9.0)),
    fault("limited by 6 dB and turned down", &["limited"], PUSHED, |s| limit(s, 6.0, -6.0)),
    // Peaks within 1.5 dB of each other are a limiter's, whatever made them so; else it is told as dense.
    fault("squashed without a ceiling", &[], &["dense", "limited"], squashed),
    // One stray hit stands over it, so that its peaks do not stand in one line: nothing but density is left to tell.
    fault("driven into tubes to 8 LU, and one hit", &["dense"], &["dc", "noise_in_pauses"], |s| {
        as_dense(&s, 8.0)
    }),
    fault("driven into tubes to 6.5 LU, and one hit", &["dense"], &["dc", "noise_in_pauses"], |s| {
        as_dense(&s, 6.5)
    }),
    near("driven into tubes to 10 LU, and one hit", &["dense"], &["dc", "noise_in_pauses"], |s| {
        as_dense(&s, 10.0)
    }),
    near("a gentle bus compressor", &["dense", "limited"], &[], gently),
    fault("normalised", &["headroom"], &[], |s| s.at_peak(-0.1)),
    fault("peaks at -2 dBFS", &["headroom"], &[], |s| s.at_peak(-2.0)),
    fault("normalised in float", &["headroom"], &[], |s| {
        let mut s = s.at_peak(2.0);
        s.encoding = Encoding::Float(32);
        s
    }),
    near("as loud as its peaks allow", &["previous_master", "ceiling_passed"], &["headroom"], |s| {
        s.at_peak(-0.1)
    }),
    near("tubes that round the peaks", &["clipped"], &["dc", "limited", "dense"], |s| rounded(s, 3.0)),
    near("peaks at -4.5 dBFS", &["headroom"], &[], |s| s.at_peak(-4.5)),
    fault("very quiet", &["level"], &[], |s| s.gain(-30.0)),
    fault("peaks at -26 dBFS", &["level"], &[], |s| s.at_peak(-26.0)),
    near("peaks at -22 dBFS", &["level"], &[], |s| s.at_peak(-22.0)),
    fault("mastered loud", &["previous_master", "ceiling_passed"], PUSHED, |s| limit(s, 16.0, -0.1)),
    fault("mastered at -1 dBFS", &["previous_master", "ceiling_passed"], PUSHED, |s| limit(s, 14.0, -1.1)),
    Fault {
        under: &["ceiling_passed"],
        ..fault("a master that keeps its ceiling", &["limited"], &["dense", "headroom"], |s| {
            limit(s, 14.0, -2.6)
        })
    },
    fault("direct current of 2 %", &["dc"], &["abrupt_start", "abrupt_end"], |s| s.each(|x| *x += 0.02)),
    fault("direct current of -0.8 % on one side", &["dc"], &["abrupt_start", "abrupt_end"], |mut s| {
        s.planes[1].iter_mut().for_each(|x| *x -= 0.008);
        s
    }),
    near("direct current of 0.25 %", &["dc"], &["abrupt_start", "abrupt_end"], |s| s.each(|x| *x += 0.0025)),
];

/// Left and right, tone.
const PICTURE: &[Fault] = &[
    fault("one side inverted", &["phase"], &["bass_in_sides"], |mut s| {
        for n in 0..s.frames() {
            let (m, side) =
                (0.5 * (s.planes[0][n] + s.planes[1][n]), 0.1 * (s.planes[0][n] - s.planes[1][n]));
            (s.planes[0][n], s.planes[1][n]) = (side + m, side - m);
        }
        s
    }),
    fault("far too wide", &["phase"], &["bass_in_sides"], |s| {
        // The middle turned by a right angle into the sides, 1.6 times as much as is left in it: a correlation of -0.44.
        spectral(s, |_, [l, r]| {
            let (re, im) = (0.5 * (l.0 + r.0), 0.5 * (l.1 + r.1));
            [(re - 1.6 * im, im + 1.6 * re), (re + 1.6 * im, im - 1.6 * re)]
        })
        .at_peak(-6.0)
    }),
    near("wide, correlation 0.2", &["phase"], &[], |s| {
        // 0.8 of the middle turned into the sides: (1 - 0.64) / (1 + 0.64).
        spectral(s, |_, [l, r]| {
            let (re, im) = (0.5 * (l.0 + r.0), 0.5 * (l.1 + r.1));
            [(re - 0.8 * im, im + 0.8 * re), (re + 0.8 * im, im - 0.8 * re)]
        })
        .at_peak(-6.0)
    }),
    fault("a silent side", &["channel_silent"], &[], |mut s| {
        s.planes[1].fill(0.0);
        s
    }),
    fault("a side 70 dB softer", &["channel_silent"], &[], |mut s| {
        s.planes[0].iter_mut().for_each(|x| *x *= db(-70.0));
        s
    }),
    Fault {
        under: &["channel_silent"],
        ..fault("a side 45 dB softer", &["leans"], &[], |mut s| {
            s.planes[0].iter_mut().for_each(|x| *x *= db(-45.0));
            s
        })
    },
    fault("right 6 dB softer", &["leans"], &[], |mut s| {
        s.planes[1].iter_mut().for_each(|x| *x *= 0.5);
        s
    }),
    fault("left 5 dB softer", &["leans"], &[], |mut s| {
        s.planes[0].iter_mut().for_each(|x| *x *= db(-5.0));
        s
    }),
    near("left 1.5 dB softer", &["leans"], &[], |mut s| {
        s.planes[0].iter_mut().for_each(|x| *x *= db(-1.5));
        s
    }),
    fault("mono in stereo", &["mono"], &[], |mut s| {
        s.planes[1] = s.planes[0].clone();
        s
    }),
    near("hardly any stereo, -34 dB", &["mono"], &[], |s| {
        let (mut middle, mut side) = (0.0, 0.0);
        for (l, r) in s.planes[0].iter().zip(&s.planes[1]) {
            middle += (l + r) * (l + r);
            side += (l - r) * (l - r);
        }
        let narrow = db(-34.0) * (middle / f64::max(side, 1e-12)).sqrt();
        widened(s, narrow)
    }),
    fault("one channel", &["mono"], &[], |mut s| {
        s.planes.truncate(1);
        s
    }),
    fault("bass upside down on one side", &["bass_in_sides"], &["phase"], |s| bass_apart(s, 20.0)),
    fault("bass 110 degrees apart", &["bass_in_sides"], &["phase"], |s| bass_apart(s, 1.41)),
    near("bass 80 degrees apart", &["bass_in_sides"], &[], |s| bass_apart(s, 0.84)),
    fault("the middle covered by 29 dB", &["covered"], &[], |s| presence_under(s, 29.0)),
    fault("the middle covered by 33 dB", &["covered"], &[], |s| presence_under(s, 33.0)),
    near("a warm middle, 23 dB", &["covered"], &[], |s| presence_under(s, 23.0)),
];

/// Noise, hum, clicks, ends.
const DIRT: &[Fault] = &[
    fault("eight clicks", &["clicks"], &[], |s| clicks(s, 8, 0.5)),
    fault("four clicks", &["clicks"], &[], |s| clicks(s, 4, 0.7)),
    near("two clicks", &["clicks"], &[], |s| clicks(s, 2, 0.5)),
    fault("white noise at -53 dBFS", &["noise_in_pauses"], &["abrupt_end", "abrupt_start"], |s| {
        hiss(s, -53.0)
    }),
    fault("dull noise at -50 dBFS", &["noise_in_pauses"], &["abrupt_end", "abrupt_start"], |s| {
        rumble(s, -50.0)
    }),
    near("white noise at -80 dBFS", &["noise_in_pauses"], &[], |s| hiss(s, -80.0)),
    fault("mains hum", &["hum"], &["abrupt_end", "abrupt_start"], |s| hum(s, 50.0, 0.0)),
    fault("mains hum of 60 Hz, soft", &["hum"], &["abrupt_end", "abrupt_start"], |s| hum(s, 60.0, -5.0)),
    near("mains hum under hearing", &["hum"], &[], |s| hum(s, 50.0, -42.0)),
    fault("begins in a sound", &["abrupt_start"], &[], |mut s| {
        let from = loud_place(&s, 0.4);
        s.planes.iter_mut().for_each(|plane| drop(plane.drain(..from)));
        s
    }),
    fault("begins in a soft sound", &["abrupt_start"], &[], |mut s| {
        let from = loud_place(&s, 0.4);
        s.planes.iter_mut().for_each(|plane| drop(plane.drain(..from)));
        for plane in &mut s.planes {
            // At least -17 dBFS, 24 dB softer: -41 dBFS.
            plane.iter_mut().take(9600).enumerate().for_each(|(n, x)| *x *= 0.06 + 0.94 * n as f64 / 9600.0);
        }
        s
    }),
    near("begins with a short fade", &["abrupt_start"], &[], |mut s| {
        let from = loud_place(&s, 0.4);
        s.planes.iter_mut().for_each(|plane| drop(plane.drain(..from)));
        for plane in &mut s.planes {
            plane
                .iter_mut()
                .take(960)
                .enumerate()
                .for_each(|(n, x)| *x *= (n as f64 / 960.0) * (n as f64 / 960.0));
        }
        s
    }),
    fault("tail cut off", &["abrupt_end"], &[], |mut s| {
        let to = s.frames() - (1.25 * f64::from(s.rate_hz)) as usize;
        let to = to - back_to_loud(&s, to);
        s.planes.iter_mut().for_each(|plane| plane.truncate(to));
        s
    }),
    fault("fade cut off at a tenth", &["abrupt_end"], &[], |mut s| {
        let to = s.frames() - (1.25 * f64::from(s.rate_hz)) as usize;
        let to = to - back_to_loud(&s, to);
        for plane in &mut s.planes {
            plane.truncate(to);
            let fade = to / 4;
            let from = to - fade;
            plane[from..].iter_mut().enumerate().for_each(|(n, x)| *x *= 1.0 - 0.9 * n as f64 / fade as f64);
        }
        s
    }),
    fault("five seconds of silence before", &["silent_head"], &[], |s| silence(s, 5.0, 0.0)),
    fault("three seconds of silence before", &["silent_head"], &[], |s| silence(s, 3.1, 0.0)),
    near("ends in its own room", &["abrupt_end"], &[], |mut s| {
        // The tail stops 1 s before the file was to end, faded over a second.
        let to = s.frames() - (1.25 * f64::from(s.rate_hz)) as usize;
        let fade = s.rate_hz as usize;
        for plane in &mut s.planes {
            plane.truncate(to);
            let from = to - fade;
            plane[from..].iter_mut().enumerate().for_each(|(n, x)| {
                let share = 1.0 - (n + 1) as f64 / fade as f64;
                *x *= share * share;
            });
        }
        s
    }),
    near("two seconds of silence before", &["silent_head"], &[], |s| silence(s, 1.5, 0.0)),
    fault("five seconds of silence after", &["silent_tail"], &[], |s| silence(s, 0.0, 5.0)),
    fault("three seconds of silence after", &["silent_tail"], &[], |s| silence(s, 0.0, 3.1)),
    near("a second of silence after", &["silent_tail"], &[], |s| silence(s, 0.0, 1.0)),
];

/// What the file is.
const FILE: &[Fault] = &[
    fault("nothing above 16 kHz", &["lossy"], &[], |s| cut_above(hiss(s, -75.0), 16_000.0)),
    fault("nothing above 19 kHz", &["lossy"], &[], |s| cut_above(hiss(s, -75.0), 19_000.0)),
    near("dull above 12 kHz", &["lossy"], &[], |s| {
        spectral(hiss(s, -75.0), |hz, sides| {
            let gain = if hz > 12_000.0 { (12_000.0 / hz) * (12_000.0 / hz) } else { 1.0 };
            sides.map(|(re, im)| (gain * re, gain * im))
        })
    }),
    fault("upsampled to 96 kHz", &["upsampled"], &[], |s| at_rate(s, 96_000)),
    fault("upsampled to 88.2 kHz", &["upsampled"], &[], |s| at_rate(s, 88_200)),
    near("recorded at 96 kHz", &["upsampled"], &[], |mut s| {
        // Played twice as fast it reaches twice as far up.
        s.rate_hz = 96_000;
        hiss(s, -95.0)
    }),
    fault("at 32 kHz", &["sample_rate"], &["lossy"], |s| at_rate(s, 32_000)),
    fault("at 22.05 kHz", &["sample_rate"], &["lossy"], |s| at_rate(s, 22_050)),
    fault("16 bits", &["bit_depth"], &[], |mut s| {
        s.encoding = Encoding::Int(16);
        s
    }),
    fault("16 bits in a file of 24", &["bit_depth"], &[], |s| {
        s.each(|x| *x = (*x * 32_768.0).round() / 32_768.0)
    }),
    fault("14 bits in a file of 24", &["bit_depth"], &[], |s| {
        s.each(|x| *x = (*x * 8192.0).round() / 8192.0)
    }),
    near("20 bits in a file of 24", &["bit_depth"], &[], |s| {
        s.each(|x| *x = (*x * 524_288.0).round() / 524_288.0)
    }),
    fault("samples that are no numbers", &["not_finite"], &["clicks"], |s| bad(s, f64::NAN)),
    fault("samples that are infinite", &["not_finite"], &["clicks"], |s| bad(s, f64::INFINITY)),
    fault("a fifth of a second", &["too_short"], &[], |s| short(s, 5)),
    fault("a tenth of a second", &["too_short"], &[], |s| short(s, 10)),
    near("half a second", &["too_short"], SHORT, |s| short(s, 2)),
    near("as soft as a whisper", &["silent"], &["level", "noise_in_pauses"], |s| s.at_peak(-48.0)),
    fault("silence", &["silent"], &[], |s| s.each(|x| *x = 0.0)),
    fault("nothing but dither", &["silent"], &[], |mut s| {
        s.planes
            .iter_mut()
            .enumerate()
            .for_each(|(seed, plane)| *plane = noise(2e-7, seed as u64, plane.len()));
        s
    }),
    fault("three channels", &["surround"], &[], |mut s| {
        s.planes.push(s.planes[0].clone());
        s
    }),
    fault("six channels", &["surround"], &[], |mut s| {
        s.planes = [0, 1, 0, 0, 1, 1].map(|from: usize| s.planes[from].clone()).to_vec();
        s
    }),
];

/// What half a second that was cut out says besides.
const SHORT: Rules =
    &["abrupt_start", "abrupt_end", "mono", "leans", "covered", "bass_in_sides", "headroom", "phase"];

/// The side so many times as large.
fn widened(mut sound: Sound, times: f64) -> Sound {
    for n in 0..sound.frames() {
        let (m, s) = (
            0.5 * (sound.planes[0][n] + sound.planes[1][n]),
            0.5 * (sound.planes[0][n] - sound.planes[1][n]),
        );
        (sound.planes[0][n], sound.planes[1][n]) = (m + times * s, m - times * s);
    }
    sound.at_peak(-6.0)
}

fn silence(mut sound: Sound, before: f64, after: f64) -> Sound {
    let frames = |seconds: f64| vec![0.0; (seconds * f64::from(sound.rate_hz)) as usize];
    let (head, tail) = (frames(before), frames(after));
    for plane in &mut sound.planes {
        drop(plane.splice(0..0, head.iter().copied()));
        plane.extend(&tail);
    }
    sound
}

fn bad(mut sound: Sound, value: f64) -> Sound {
    let middle = sound.frames() / 2;
    sound.planes[0][middle..middle + 3].fill(value);
    sound.encoding = Encoding::Float(32);
    sound
}

/// One part of so many of a second, from a loud place on.
fn short(mut sound: Sound, parts: usize) -> Sound {
    let from = loud_place(&sound, 0.3);
    let to = from + sound.rate_hz as usize / parts;
    sound.planes.iter_mut().for_each(|plane| *plane = plane[from..to].to_vec());
    sound
}

/// Number of faults.
pub(crate) fn count() -> usize {
    all().count()
}

/// The name of a fault, or of the twin without any.
pub(crate) fn title(number: Option<usize>) -> &'static str {
    number.and_then(|number| all().nth(number)).map_or("clean", |fault| fault.name)
}

fn all() -> impl Iterator<Item = &'static Fault> {
    PEAKS.iter().chain(PICTURE).chain(DIRT).chain(FILE)
}

/// One fault on a base, or the base itself; `may` is what is so of this base whatever is done to it.
pub(crate) fn one(tally: &mut Tally, name: &str, base: &Sound, number: Option<usize>, may: Rules) {
    let fault = number.and_then(|number| all().nth(number));
    let sound = fault.map_or_else(|| base.clone(), |fault| (fault.make)(base.clone()));
    let mut expected = Expected { may: may.to_vec(), ..Expected::default() };
    if let Some(fault) = fault {
        expected.must.extend(fault.must);
        expected.may.extend(fault.may);
        expected.under.extend(fault.under);
    }
    judge(tally, &format!("{name}, {}", title(number)), &sound, &expected);
}

fn judge(tally: &mut Tally, name: &str, sound: &Sound, expected: &Expected) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    write(&path, sound);
    judge_file(tally, name, &path, expected);
}

fn judge_file(tally: &mut Tally, name: &str, path: &Path, expected: &Expected) {
    let found = look(&[path.to_owned()], &["spotify"]);
    tally.case(name, &rules(&found), expected);
    tally.figures(&found, expected);
    assert!(found.advice.iter().all(|advice| !advice.action.is_empty() && !advice.plain.is_empty()));
    assert!(!found.steps.is_empty(), "{name}");
}

/// Coders that cut the top off; those that keep the whole band leave nothing that could be found.
pub(crate) fn coders(tally: &mut Tally, name: &str, base: &Sound) {
    // A record reaches up: what nothing was in cannot be cut off.
    let bright = hiss(base.clone(), -70.0);
    let expected = Expected {
        must: vec!["lossy"],
        may: vec!["noise_in_pauses", "abrupt_end", "abrupt_start", "upsampled"],
        under: Vec::new(),
    };
    for (coder, ending) in [
        (["-c:a", "libmp3lame", "-b:a", "128k"], "mp3"),
        (["-c:a", "libmp3lame", "-b:a", "192k"], "mp3"),
        (["-c:a", "aac", "-b:a", "96k"], "m4a"),
    ] {
        if let Some(sound) = coded(&bright, &coder, ending) {
            judge(tally, &format!("{name}, {}", coder.join(" ")), &sound, &expected);
        }
    }
}

/// Opus files that were made from another rate, and one that was not. The header is what says so (RFC 7845, section 5.1).
pub(crate) fn opus(tally: &mut Tally, name: &str, base: &Sound) {
    let folder = tempfile::tempdir().unwrap();
    let base = if base.rate_hz == 48_000 { base.clone() } else { at_rate(base.clone(), 48_000) };
    for rate_hz in [44_100, 96_000, 48_000] {
        let path = folder.path().join(format!("from {rate_hz}.opus"));
        opus_file(&path, &base, rate_hz);
        let mut expected = Expected { must: vec!["lossy"], ..Expected::default() };
        if rate_hz == 48_000 { &mut expected.under } else { &mut expected.must }.push("opus_rate");
        // A coder moves peaks and noise.
        expected.may.extend(["headroom", "noise_in_pauses"]);
        judge_file(tally, &format!("{name}, opus from {rate_hz}"), &path, &expected);
    }
}
