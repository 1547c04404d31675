//! How reverberant a mix is, by the model of its listeners.
//!
//! De Man, McNally and Reiss, "Perceptual evaluation and analysis of reverberation in multitrack music production", JAES
//! 65(1/2), 2017: from the loudness of the reverberation against the rest and its early decay time, the chance that a listener
//! finds it too much.

use super::listen::{Ear, Heard};
use super::{listen, session};
use dsp::block::Buffer;
use dsp::math;
use serde::Serialize;
use std::path::Path;
use studio::audio::{MemorySource, Source};
use studio::decode;
use studio::engine::Library;
use studio::job::Job;
use studio::message::{Error, Result as Outcome};
use studio::session::Session;

/// Space of a mix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Space {
    /// Mean momentary loudness of the reverberation less that of the rest.
    pub rrl_lu: f64,
    /// Early decay time of the returns together.
    pub edt_seconds: f64,
    /// Chance that it is found too reverberant.
    pub too_much: f64,
}

/// Chance of "too reverberant" (the mixing rules, C11).
#[must_use]
pub fn too_much(rrl_lu: f64, edt_seconds: f64) -> f64 {
    let z = 0.4866 * rrl_lu + 2.5619 * math::log10(edt_seconds.max(1e-3)) + 6.7767;
    1.0 / (1.0 + math::exp(-z))
}

/// Space of a session whose mix and dry mix were heard.
///
/// # Errors
/// Those of the engine.
pub fn space(
    session: &Session,
    mix: &Heard,
    dry: &Heard,
    job: &Job<'_>,
) -> std::result::Result<Option<Space>, Vec<Error>> {
    let wet = difference(mix, dry);
    let Some(rrl_lu) = relative(&wet, dry) else { return Ok(None) };
    let Some(edt_seconds) = early_decay(session, job)? else { return Ok(None) };
    Ok(Some(Space { rrl_lu, edt_seconds, too_much: too_much(rrl_lu, edt_seconds) }))
}

fn difference(mix: &Heard, dry: &Heard) -> Heard {
    let planes: Vec<Vec<f64>> = mix
        .kept
        .iter()
        .zip(&dry.kept)
        .map(|(a, b)| {
            let b = b.iter().copied().chain(std::iter::repeat(0.0));
            a.iter().zip(b).map(|(a, b)| f64::from(a - b)).collect()
        })
        .collect();
    let mut ear = Ear::new(mix.measured.sample_rate_hz, planes.len().max(1), false);
    let buffer = Buffer::from_planes(&planes);
    ear.process(buffer.view());
    ear.finish(buffer.frames() as u64)
}

/// Mean difference of momentary loudness, where both sound.
fn relative(wet: &Heard, dry: &Heard) -> Option<f64> {
    // Gate of BS.1770: what is under -70 LUFS is silence.
    let both =
        wet.momentary_lufs().into_iter().zip(dry.momentary_lufs()).filter(|(w, d)| *w > -70.0 && *d > -70.0);
    let gaps: Vec<f64> = both.map(|(wet, dry)| wet - dry).collect();
    (!gaps.is_empty()).then(|| gaps.iter().sum::<f64>() / gaps.len() as f64)
}

/// Every file is an impulse.
struct Impulses;

impl Library for Impulses {
    fn open(&self, path: &Path) -> Outcome<Box<dyn Source>> {
        let info = decode::probe(path)?;
        let (channels, rate) = (info.channels(), info.sample_rate_hz);
        let mut audio = Buffer::new(channels, rate as usize);
        audio.set_frames(rate as usize);
        for channel in 0..channels {
            let plane = audio.channel_mut(channel);
            plane.fill(0.0);
            plane[rate as usize / 10] = 0.1;
        }
        Ok(Box::new(MemorySource::new(audio, rate)))
    }
}

/// Early decay time of everything that is sent, weighted as it is sent: six times the time in which the remaining energy of the
/// difference between the session with and without its spaces falls by 10 dB.
fn early_decay(session: &Session, job: &Job<'_>) -> std::result::Result<Option<f64>, Vec<Error>> {
    let mut short = session.clone();
    for track in &mut short.tracks {
        // One clip from the beginning: where a file is cut and placed does not matter here.
        track.clips.truncate(1);
        for clip in &mut track.clips {
            let file = clip.file.clone();
            clip.controls = studio::session::ClipControls::default();
            (clip.file, clip.looped) = (file, None);
            clip.gain_points.clear();
        }
    }
    short.automation.clear();
    let Some(dry) = session::without_space(&short) else { return Ok(None) };
    let with = listen(&short, &Impulses, job, true)?;
    let without = listen(&dry, &Impulses, job, true)?;
    let rate = f64::from(session.sample_rate_hz);
    let mut energy: Vec<f64> = Vec::new();
    for (a, b) in with.kept.iter().zip(&without.kept) {
        energy.resize(energy.len().max(a.len()), 0.0);
        let b = b.iter().copied().chain(std::iter::repeat(0.0));
        for (sum, (a, b)) in energy.iter_mut().zip(a.iter().zip(b)) {
            *sum += f64::from(a - b) * f64::from(a - b);
        }
    }
    Ok(decay_10_db(&energy).map(|frames| 6.0 * frames as f64 / rate))
}

/// Frames from the loudest moment until a tenth of the energy is left (Schroeder, JASA 37(3), 1965).
fn decay_10_db(energy: &[f64]) -> Option<usize> {
    let total: f64 = energy.iter().sum();
    if total <= 1e-18 {
        return None;
    }
    // Pre-delay is no decay: begin where a thousandth of the energy has come.
    let mut so_far = 0.0;
    let mut start = None;
    for (n, e) in energy.iter().enumerate() {
        so_far += e;
        if start.is_none() && so_far > 1e-3 * total {
            start = Some(n);
        }
        if so_far > 0.9 * total {
            return Some(n - start.unwrap_or(0));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_gives_the_table_of_the_mixing_rules() {
        for (edt, rrl, chance) in
            [(0.4, -16.3, 0.10), (1.0, -16.2, 0.25), (1.5, -14.9, 0.5), (3.0, -14.2, 0.75)]
        {
            assert!((too_much(rrl, edt) - chance).abs() < 0.02, "{edt} {rrl} {}", too_much(rrl, edt));
        }
    }

    #[test]
    fn an_exponential_decay_has_its_own_decay_time() {
        // 60 dB in 48000 frames: 10 dB in 8000.
        let energy: Vec<f64> =
            (0..96_000).map(|n| math::exp(-6.0 * math::LN_10 * f64::from(n) / 48_000.0)).collect();
        let frames = decay_10_db(&energy).unwrap();
        assert!((frames as f64 - 8_000.0).abs() < 40.0, "{frames}");
    }
}
