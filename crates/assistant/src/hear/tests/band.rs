//! A small band by machines, and files for it.

use dsp::math;
use dsp::rng::CounterRng;
use std::path::Path;

/// A track: path and planes.
pub(crate) type Take = (String, Vec<Vec<f64>>);

/// Writes planes as WAV of 32-bit floats, with a time reference if there is one.
pub(crate) fn wav(path: &Path, planes: &[Vec<f64>], rate: u32, time_reference: Option<u64>) {
    let (channels, frames) = (planes.len() as u32, planes[0].len());
    let mut body: Vec<u8> = Vec::new();
    let mut chunk = |id: &[u8], data: &[u8]| {
        body.extend_from_slice(id);
        body.extend_from_slice(&(data.len() as u32).to_le_bytes());
        body.extend_from_slice(data);
    };
    if let Some(frames) = time_reference {
        // EBU Tech 3285: 602 bytes, the time reference at 338.
        let mut bext = vec![0_u8; 602];
        bext[338..346].copy_from_slice(&frames.to_le_bytes());
        chunk(b"bext", &bext);
    }
    let mut format = Vec::new();
    format.extend_from_slice(&3_u16.to_le_bytes());
    format.extend_from_slice(&(channels as u16).to_le_bytes());
    format.extend_from_slice(&rate.to_le_bytes());
    format.extend_from_slice(&(rate * channels * 4).to_le_bytes());
    format.extend_from_slice(&((channels * 4) as u16).to_le_bytes());
    format.extend_from_slice(&32_u16.to_le_bytes());
    chunk(b"fmt ", &format);
    let mut data = Vec::with_capacity(frames * 4 * planes.len());
    for n in 0..frames {
        for plane in planes {
            data.extend_from_slice(&(plane[n] as f32).to_le_bytes());
        }
    }
    chunk(b"data", &data);
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(body.len() as u32 + 4).to_le_bytes());
    file.extend_from_slice(b"WAVE");
    file.extend_from_slice(&body);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(path, file).unwrap();
}

/// Writes a band into a folder.
pub(crate) fn write(folder: &Path, takes: &[Take], rate: u32) {
    for (path, planes) in takes {
        wav(&folder.join(format!("{path}.wav")), planes, rate, None);
    }
}

/// Beats a minute of the band.
pub(crate) const BPM: f64 = 112.0;
/// Seconds before its first beat.
pub(crate) const START: f64 = 0.25;

/// Adds a sound at a moment.
fn add(out: &mut [f64], rate: f64, seconds: f64, length: f64, sound: impl Fn(f64, usize) -> f64) {
    let start = (seconds * rate).round() as usize;
    for n in 0..(length * rate) as usize {
        if let Some(x) = out.get_mut(start + n) {
            *x += sound(n as f64 / rate, n);
        }
    }
}

fn sine(hz: f64, t: f64) -> f64 {
    math::sin(math::TAU * hz * t)
}

/// Chords of the band, a bar each: A minor, F, C, G; and A minor at the end. Roots as MIDI notes.
const CHORDS: [[i32; 4]; 4] = [[45, 57, 60, 64], [41, 57, 60, 65], [48, 55, 60, 64], [43, 55, 59, 62]];

fn hz(note: i32) -> f64 {
    440.0 * math::exp2(f64::from(note - 69) / 12.0)
}

/// Kick, snare, hi-hat, bass, keys and a voice; the voice comes in after four bars. The same music at every rate.
pub(crate) fn band(rate: f64, bars: usize) -> Vec<Take> {
    let beat = 60.0 / BPM;
    let frames = ((START + (4 * bars) as f64 * beat + 1.0) * rate) as usize;
    let mut planes: Vec<Vec<f64>> = vec![vec![0.0; frames]; 6];
    for bar in 0..bars {
        let chord = CHORDS[if bar + 1 == bars { 0 } else { bar % 4 }];
        for quarter in 0..4 {
            let at = START + (4 * bar + quarter) as f64 * beat;
            if quarter % 2 == 0 {
                add(&mut planes[0], rate, at, 0.3, kick);
            } else {
                let noise = CounterRng::new(2, (4 * bar + quarter) as u64);
                add(&mut planes[1], rate, at, 0.2, |t, _| snare(t, &noise));
            }
            for half in 0..2 {
                let noise = CounterRng::new(3, (8 * bar + 2 * quarter + half) as u64);
                add(&mut planes[2], rate, at + 0.5 * half as f64 * beat, 0.06, |t, _| hat(t, &noise));
            }
            let low = hz(if chord[0] > 45 { chord[0] - 12 } else { chord[0] });
            add(&mut planes[3], rate, at, 0.92 * beat, |t, _| bass(low, t, 0.92 * beat));
        }
        for note in &chord[1..] {
            let at = START + (4 * bar) as f64 * beat;
            add(&mut planes[4], rate, at, 4.0 * beat, |t, _| piano(hz(*note), t));
        }
        if bar >= 4 && bar + 1 < bars {
            for note in 0..3 {
                let tone = hz(chord[1 + note % 3] + 12);
                let at = START + (4.0 * bar as f64 + note as f64) * beat;
                add(&mut planes[5], rate, at, 0.85 * beat, |t, _| voice(tone, t, 0.85 * beat));
            }
        }
    }
    let names = ["01_Kick", "02_Snare", "03_HiHat", "04_Bass", "05_Piano", "06_LeadVox"];
    names.iter().zip(planes).map(|(name, plane)| ((*name).to_owned(), vec![plane])).collect()
}

fn kick(t: f64, _: usize) -> f64 {
    // Falls from 160 to 52 Hz: the phase is the integral.
    let turns = 52.0 * t + 108.0 * 0.02 * (1.0 - math::exp(-t / 0.02));
    0.5 * math::exp(-t * 18.0) * math::sin(math::TAU * turns)
}

/// Noise that is the same at every rate: values 16 000 times a second, with lines between them.
fn hiss(noise: &CounterRng, t: f64) -> f64 {
    let place = t * 16_000.0;
    let (n, part) = (place.floor() as u64, place - place.floor());
    noise.bipolar(n) * (1.0 - part) + noise.bipolar(n + 1) * part
}

fn snare(t: f64, noise: &CounterRng) -> f64 {
    0.35 * math::exp(-t * 30.0) * hiss(noise, t) + 0.25 * math::exp(-t * 35.0) * sine(195.0, t)
}

fn hat(t: f64, noise: &CounterRng) -> f64 {
    // The difference of neighbours has the highs.
    0.2 * math::exp(-t * 90.0) * (hiss(noise, t) - hiss(noise, t + 1.0 / 16_000.0))
}

fn bass(tone: f64, t: f64, length: f64) -> f64 {
    let shape = (t * 200.0).min(1.0) * ((length - t) * 40.0).clamp(0.0, 1.0) * math::exp(-t * 1.5);
    shape * (0.3 * sine(tone, t) + 0.12 * sine(2.0 * tone, t) + 0.05 * sine(3.0 * tone, t))
}

fn piano(tone: f64, t: f64) -> f64 {
    let shape = (t * 300.0).min(1.0) * math::exp(-t * 2.2);
    (1..=5).map(|n| 0.12 / f64::from(n * n) * sine(tone * f64::from(n), t)).sum::<f64>() * shape
}

fn voice(tone: f64, t: f64, length: f64) -> f64 {
    let shape = (t * 25.0).min(1.0) * ((length - t) * 20.0).clamp(0.0, 1.0);
    // Slides into the note, then vibrato of 40 cents, 5.5 times a second: the phase is the integral.
    let depth = 0.023 / (math::TAU * 5.5);
    let slide = 0.06 * 0.05 * (math::exp(-t / 0.05) - 1.0);
    let turns = tone * (t + slide - depth * (t * 4.0).min(1.0) * math::cos(math::TAU * 5.5 * t));
    let partials = [1.0, 0.8, 0.6, 0.35, 0.2, 0.12, 0.06];
    let tone: f64 =
        partials.iter().enumerate().map(|(n, a)| a * math::sin(math::TAU * turns * (n + 1) as f64)).sum();
    0.12 * shape * tone
}
