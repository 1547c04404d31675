//! How faults are made: plain models beside the code under test.

use crate::kit::{Sound, read, write};
use dsp::fft::{RealFft, fast_len};
use ebur128::{EbuR128, Mode};
use std::process::Command;
use testkit::signals::{db, noise, sine};

pub(crate) fn clip(sound: Sound, drive_db: f64, peak_dbfs: f64) -> Sound {
    let top = sound.peak();
    let drive = db(drive_db);
    sound.each(|x| *x = (*x * drive).clamp(-top, top)).at_peak(peak_dbfs)
}

/// A plain look-ahead limiter: the gain each sample asks for, held over 3 ms, smoothed over 3 ms, 60 ms back.
pub(crate) fn limit(sound: Sound, drive_db: f64, peak_dbfs: f64) -> Sound {
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

/// Each bin of both sides changed by a rule: frequency, then left and right as complex numbers.
pub(crate) fn spectral(
    mut sound: Sound,
    mut rule: impl FnMut(f64, [(f64, f64); 2]) -> [(f64, f64); 2],
) -> Sound {
    let frames = sound.frames();
    let mut plan = RealFft::new(fast_len(frames).next_multiple_of(2));
    let (bins, size) = (plan.bins(), plan.len());
    let mut spectra = [(vec![0.0; bins], vec![0.0; bins]), (vec![0.0; bins], vec![0.0; bins])];
    for (plane, (re, im)) in sound.planes.iter().zip(&mut spectra) {
        let mut padded = plane.clone();
        padded.resize(size, 0.0);
        plan.forward(&padded, re, im);
    }
    for k in 0..bins {
        let hz = k as f64 * f64::from(sound.rate_hz) / size as f64;
        let now = [0, 1].map(|side: usize| (spectra[side].0[k], spectra[side].1[k]));
        for (side, (re, im)) in rule(hz, now).into_iter().enumerate() {
            (spectra[side].0[k], spectra[side].1[k]) = (re, im);
        }
    }
    for (plane, (re, im)) in sound.planes.iter_mut().zip(&spectra) {
        let mut whole = vec![0.0; size];
        plan.inverse(re, im, &mut whole);
        plane.copy_from_slice(&whole[..frames]);
    }
    sound
}

fn scaled(sides: [(f64, f64); 2], gain: f64) -> [(f64, f64); 2] {
    sides.map(|(re, im)| (gain * re, gain * im))
}

/// The middle's 1.5 to 5 kHz so many dB under its 150 to 600 Hz, with a ramp from 800 Hz; nothing else in there is known of the rule.
pub(crate) fn presence_under(sound: Sound, wanted_db: f64) -> Sound {
    let (mut body, mut presence) = (0.0, 0.0);
    let sound = spectral(sound, |hz, sides| {
        let (re, im) = (sides[0].0 + sides[1].0, sides[0].1 + sides[1].1);
        let power = re * re + im * im;
        body += if (150.0..600.0).contains(&hz) { power } else { 0.0 };
        presence += if (1500.0..5000.0).contains(&hz) { power } else { 0.0 };
        sides
    });
    let more_db = -wanted_db - dsp::math::power_to_db(presence / body);
    let sound = spectral(sound, |hz, sides| {
        let share = (dsp::math::log2(hz.max(1.0) / 800.0) / dsp::math::log2(1500.0 / 800.0)).clamp(0.0, 1.0);
        scaled(sides, db(more_db * share))
    });
    sound.at_peak(-6.0)
}

/// Below 150 Hz both sides are the middle, turned against each other: the side is `amount` of the middle, at right angles to it.
pub(crate) fn bass_apart(sound: Sound, amount: f64) -> Sound {
    let sound = spectral(sound, |hz, [l, r]| {
        if hz > 150.0 {
            return [l, r];
        }
        let (re, im) = (0.5 * (l.0 + r.0), 0.5 * (l.1 + r.1));
        [(re - amount * im, im + amount * re), (re + amount * im, im - amount * re)]
    });
    soft_ends(sound).at_peak(-6.0)
}

/// What filters smeared over the silent half seconds at the ends is faded.
fn soft_ends(mut sound: Sound) -> Sound {
    let (frames, ramp) = (sound.frames(), 0.5 * f64::from(sound.rate_hz));
    for plane in &mut sound.planes {
        for (n, x) in plane.iter_mut().enumerate() {
            let share = ((n.min(frames - 1 - n)) as f64 / ramp).min(1.0);
            *x *= share * share * share;
        }
    }
    sound
}

/// Nothing above a frequency, as coders leave it.
pub(crate) fn cut_above(sound: Sound, from_hz: f64) -> Sound {
    spectral(sound, |hz, sides| if hz > from_hz { [(0.0, 0.0); 2] } else { sides })
}

/// White noise up to the top, so many dBFS RMS: a microphone in a room.
pub(crate) fn hiss(mut sound: Sound, dbfs: f64) -> Sound {
    // Uniform noise has an RMS of its peak by the root of three.
    let peak = db(dbfs) * 3.0_f64.sqrt();
    for (seed, plane) in sound.planes.iter_mut().enumerate() {
        let hiss = noise(peak, 70 + seed as u64, plane.len());
        plane.iter_mut().zip(&hiss).for_each(|(x, hiss)| *x += hiss);
    }
    sound
}

/// Noise that falls with frequency (a one-pole low-pass at 500 Hz), so many dBFS RMS.
pub(crate) fn rumble(mut sound: Sound, dbfs: f64) -> Sound {
    let a = dsp::math::exp(-dsp::math::TAU * 500.0 / f64::from(sound.rate_hz));
    for (seed, plane) in sound.planes.iter_mut().enumerate() {
        let mut state = 0.0;
        let dull: Vec<f64> = noise(1.0, 90 + seed as u64, plane.len())
            .iter()
            .map(|x| {
                state = a * state + (1.0 - a) * x;
                state
            })
            .collect();
        let rms = (dull.iter().map(|x| x * x).sum::<f64>() / dull.len() as f64).sqrt();
        plane.iter_mut().zip(&dull).for_each(|(x, dull)| *x += db(dbfs) / rms * dull);
    }
    sound
}

/// Mains and three multiples.
pub(crate) fn hum(mut sound: Sound, mains_hz: f64, gain_db: f64) -> Sound {
    let (rate, seconds) = (f64::from(sound.rate_hz), sound.frames() as f64 / f64::from(sound.rate_hz));
    for (multiple, peak) in [(1.0, 0.004), (2.0, 0.002), (3.0, 0.003), (5.0, 0.001)] {
        let tone = sine(multiple * mains_hz, peak * db(gain_db), multiple, seconds, rate);
        sound
            .planes
            .iter_mut()
            .for_each(|plane| plane.iter_mut().zip(&tone).for_each(|(x, tone)| *x += tone));
    }
    sound
}

/// Clicks of three samples, so high, evenly over the song.
pub(crate) fn clicks(mut sound: Sound, count: usize, height: f64) -> Sound {
    let rate = sound.rate_hz as usize;
    for n in 0..count {
        let at = rate + 777 + n * (sound.frames() - 2 * rate) / count;
        for (k, share) in [1.0, -0.8, 0.4].into_iter().enumerate() {
            sound.planes.iter_mut().for_each(|plane| plane[at + k] += share * height);
        }
    }
    sound.at_peak(-6.0)
}

/// Every moment made as loud as every other within 5 ms, and bent like a root: what a hard bus compressor and saturation do, without a
/// ceiling.
pub(crate) fn squashed(mut sound: Sound) -> Sound {
    let keep = dsp::math::exp(-1.0 / (0.005 * f64::from(sound.rate_hz)));
    let mut power = 0.0;
    for n in 0..sound.frames() {
        let now =
            sound.planes.iter().map(|plane| plane[n] * plane[n]).sum::<f64>() / sound.planes.len() as f64;
        power = keep * power + (1.0 - keep) * now;
        // What is softer than -60 dBFS stays soft.
        let gain = dsp::math::pow(power.sqrt().max(1e-3) / 0.1, -0.85);
        sound.planes.iter_mut().for_each(|plane| plane[n] *= gain);
    }
    // The root of silence is silence; what is under -60 dBFS stays as it is.
    sound.each(|x| *x *= x.abs().max(1e-3).sqrt().recip()).at_peak(-6.0)
}

/// One stroke of 30 ms at 0.6 s, so many dB over everything else.
pub(crate) fn with_a_hit(mut sound: Sound, over_db: f64) -> Sound {
    let (rate, height) = (f64::from(sound.rate_hz), sound.peak() * db(over_db));
    let (start, length) = ((0.6 * rate) as usize, (0.03 * rate) as usize);
    for plane in &mut sound.planes {
        for n in 0..length {
            let share = n as f64 / length as f64;
            let swell = dsp::math::sin(0.5 * dsp::math::TAU * share);
            plane[start + n] += height * swell * swell * dsp::math::sin(dsp::math::TAU * 3.5 * share);
        }
    }
    sound.at_peak(-6.0)
}

/// Driven into a curve that bends and never becomes flat: x over one and its size.
pub(crate) fn rounded(sound: Sound, drive_db: f64) -> Sound {
    let drive = db(drive_db) / sound.peak();
    sound
        .each(|x| {
            let y = *x * drive;
            *x = y / (1.0 + y.abs());
        })
        .at_peak(-6.0)
}

/// Driven into the same curve until so little is left between short-term loudness and peak (median over the song, by a meter of another
/// house), LU; one stray hit of 10 dB stands over it.
pub(crate) fn as_dense(sound: &Sound, psr_lu: f64) -> Sound {
    let driven = |drive_db: f64| with_a_hit(rounded(sound.clone(), drive_db), 10.0);
    let (mut low, mut high) = (0.0, 48.0);
    for _ in 0..12 {
        let drive = 0.5 * (low + high);
        if psr_median_lu(&driven(drive)) > psr_lu { low = drive } else { high = drive }
    }
    driven(0.5 * (low + high))
}

fn psr_median_lu(sound: &Sound) -> f64 {
    let hop = sound.rate_hz as usize / 10;
    let mut meter = EbuR128::new(sound.planes.len() as u32, sound.rate_hz, Mode::S).unwrap();
    let (mut peaks, mut out) = (Vec::new(), Vec::new());
    for start in (0..sound.frames() / hop).map(|n| n * hop) {
        let part: Vec<&[f64]> = sound.planes.iter().map(|plane| &plane[start..start + hop]).collect();
        meter.add_frames_planar_f64(&part).unwrap();
        peaks.push(part.iter().copied().flatten().fold(0.0, |top: f64, x| top.max(x.abs())));
        if peaks.len() >= 30 {
            let top = peaks[peaks.len() - 30..].iter().copied().fold(0.0, f64::max);
            out.push(dsp::math::gain_to_db(top) - meter.loudness_shortterm().unwrap());
        }
    }
    out.sort_by(f64::total_cmp);
    out[out.len() / 2]
}

/// A gentle compressor: 2 to 1 over -20 dBFS, 30 ms up, 200 ms down.
pub(crate) fn gently(mut sound: Sound) -> Sound {
    let rate = f64::from(sound.rate_hz);
    let (up, down) = (dsp::math::exp(-1.0 / (0.03 * rate)), dsp::math::exp(-1.0 / (0.2 * rate)));
    let mut level = 0.0_f64;
    for n in 0..sound.frames() {
        let now = sound.planes.iter().fold(0.0_f64, |most, plane| most.max(plane[n].abs()));
        let keep = if now > level { up } else { down };
        level = keep * level + (1.0 - keep) * now;
        let gain = if level > 0.1 { (0.1 / level).sqrt() } else { 1.0 };
        sound.planes.iter_mut().for_each(|plane| plane[n] *= gain);
    }
    sound.at_peak(-6.0)
}

pub(crate) fn at_rate(sound: Sound, rate_hz: u32) -> Sound {
    let planes =
        dsp::resample::resample(&sound.planes, sound.rate_hz, rate_hz, dsp::resample::Slope::Gentle).unwrap();
    Sound::new(planes, rate_hz).at_peak(-6.0)
}

/// Through a lossy coder and back; `None`, said aloud, without the program.
pub(crate) fn coded(sound: &Sound, coder: &[&str], ending: &str) -> Option<Sound> {
    let folder = tempfile::tempdir().unwrap();
    let (from, there, back) =
        (folder.path().join("a.wav"), folder.path().join(format!("b.{ending}")), folder.path().join("c.wav"));
    write(&from, sound);
    let run = |input: &std::path::Path, options: &[&str], output: &std::path::Path| {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-i"]).arg(input).args(options).arg(output);
        command.status().is_ok_and(|status| status.success())
    };
    if !run(&from, coder, &there) || !run(&there, &["-c:a", "pcm_s24le"], &back) {
        println!("skipped: no ffmpeg that codes {coder:?}");
        return None;
    }
    Some(read(&back).at_peak(-6.0))
}

/// A loud frame near a share of the length.
pub(crate) fn loud_place(sound: &Sound, share: f64) -> usize {
    let from = (share * sound.frames() as f64) as usize;
    let top = 0.3 * sound.peak();
    (from..sound.frames()).find(|n| sound.planes[0][*n].abs() > top).unwrap_or(from)
}

/// How far back from a frame the sound is loud.
pub(crate) fn back_to_loud(sound: &Sound, frame: usize) -> usize {
    let top = 0.2 * sound.peak();
    (0..frame).find(|back| sound.planes[0][frame - back - 1].abs() > top).unwrap_or(0)
}

/// Every top over a share of the peak cut flat.
pub(crate) fn tops_cut(sound: Sound, share: f64) -> Sound {
    let top = share * sound.peak();
    sound.each(|x| *x = x.clamp(-top, top))
}

/// Parts added up in stereo, each at 0.3.
pub(crate) fn summed(parts: &[(String, Sound)]) -> Sound {
    let frames = parts[0].1.frames();
    let mut planes = vec![vec![0.0; frames]; 2];
    for (_, sound) in parts {
        for (channel, plane) in planes.iter_mut().enumerate() {
            let from = &sound.planes[channel.min(sound.planes.len() - 1)];
            plane.iter_mut().zip(from).for_each(|(x, y)| *x += 0.3 * y);
        }
    }
    Sound::new(planes, parts[0].1.rate_hz)
}

/// In a room that dies away by 60 dB in so many seconds: noise that falls exponentially, so much of it against the sound.
pub(crate) fn roomy(mut sound: Sound, seconds: f64, amount: f64) -> Sound {
    let (rate, frames) = (f64::from(sound.rate_hz), sound.frames());
    let length = (1.2 * seconds * rate) as usize;
    let room: Vec<f64> = noise(1.0, 5, length)
        .iter()
        .enumerate()
        .map(|(n, x)| x * dsp::math::exp(-6.908 * n as f64 / (seconds * rate)))
        .collect();
    let mut plan = RealFft::new(fast_len(frames + length).next_multiple_of(2));
    let transform = |plane: &[f64], plan: &mut RealFft| {
        let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
        let mut padded = plane.to_vec();
        padded.resize(plan.len(), 0.0);
        plan.forward(&padded, &mut re, &mut im);
        (re, im)
    };
    let (room_re, room_im) = transform(&room, &mut plan);
    for plane in &mut sound.planes {
        let (re, im) = transform(plane, &mut plan);
        let both = re.iter().zip(&im).zip(room_re.iter().zip(&room_im));
        let (re, im): (Vec<f64>, Vec<f64>) =
            both.map(|((a, b), (c, d))| (a * c - b * d, a * d + b * c)).unzip();
        let mut wet = vec![0.0; plan.len()];
        plan.inverse(&re, &im, &mut wet);
        let power = |plane: &[f64]| plane.iter().map(|x| x * x).sum::<f64>();
        let gain = amount * (power(plane) / power(&wet[..frames]).max(1e-12)).sqrt();
        plane.iter_mut().zip(&wet).for_each(|(x, wet)| *x += gain * wet);
    }
    // The room dies away with the file.
    let fade = 0.75 * rate;
    for plane in &mut sound.planes {
        plane.iter_mut().enumerate().for_each(|(n, x)| {
            let share = ((frames - n) as f64 / fade - 0.33).clamp(0.0, 1.0);
            *x *= share * share * share;
        });
    }
    sound
}
