//! What neither the gate nor the assistant listens for: clicks, bass that is missing in mono, a covered middle, a picture that leans.

use super::clicks::Ear;
use dsp::block::Buffer;
use dsp::math;
use dsp::meter::loudness::KWeighting;
use dsp::spectrum::{Options, Planes, Spacing, Spectrum, Welch};
use std::path::Path;
use studio::decode;
use studio::job::Job;
use studio::message::Result;

/// Bass, body and presence, Hz.
const BASS_HZ: (f64, f64) = (30.0, 120.0);
const BODY_HZ: (f64, f64) = (150.0, 600.0);
const PRESENCE_HZ: (f64, f64) = (1500.0, 5000.0);
/// Everything that is heard, Hz.
const ALL_HZ: (f64, f64) = (20.0, 20_000.0);
/// Above this a file of 48 kHz has nothing, Hz.
const NEW_HZ: f64 = 24_500.0;
/// Rates below this have no room above 24 kHz, Hz.
const HIGH_RATE_HZ: f64 = 80_000.0;

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Heard {
    /// Clicks.
    pub(super) clicks: u64,
    /// Where the first is, seconds.
    pub(super) first_click_seconds: Option<f64>,
    /// Side over middle between 30 and 120 Hz, dB; `None` unless stereo with bass.
    pub(super) bass_side_db: Option<f64>,
    /// Level of the bass against everything, dB.
    pub(super) bass_share_db: f64,
    /// Presence over body in the middle, dB.
    pub(super) presence_db: f64,
    /// How much louder the left is, K-weighted, LU; `None` unless stereo with sound on both sides.
    pub(super) lean_lu: Option<f64>,
    /// Level of what is above 24.5 kHz, dBFS; `None` at rates that have no room there.
    pub(super) above_dbfs: Option<f64>,
}

/// Hears a file.
pub(super) fn listen(path: &Path, job: &Job<'_>) -> Result<Heard> {
    let options = decode::Options { repair: true, ..decode::Options::default() };
    let mut source = decode::open(path, options)?;
    let (channels, frames) = (source.info().channels(), source.info().frames.unwrap_or(0));
    let rate_hz = f64::from(source.info().sample_rate_hz);
    let spacing = Spacing::for_length(frames, rate_hz);
    let welch = |planes| Welch::new(channels, rate_hz, Options { planes, spacing, ..Options::default() });
    let (mut middle, mut both) = (welch(Planes::Mid), welch(Planes::Channels));
    let mut ear = Ear::new(rate_hz);
    let mut buffer = Buffer::new(channels, 8192);
    let mut done = 0_u64;
    let mut plane = Vec::new();
    loop {
        job.step("listen", done, frames.max(done))?;
        source.read(&mut buffer)?;
        if buffer.frames() == 0 {
            break;
        }
        middle.push(buffer.view());
        both.push(buffer.view());
        plane.clear();
        plane.extend_from_slice(buffer.channel(0));
        if channels > 1 {
            plane.iter_mut().zip(buffer.channel(1)).for_each(|(x, y)| *x = 0.5 * (*x + y));
        }
        math::sanitise(&mut plane);
        ear.push(&plane);
        done += buffer.frames() as u64;
    }
    let mut heard = spectral(&middle.finish(), &both.finish());
    (heard.clicks, heard.first_click_seconds) = ear.finish();
    Ok(heard)
}

/// What the spectra of the middle and of the channels say.
fn spectral(middle: &Spectrum, both: &Spectrum) -> Heard {
    let power =
        |spectrum: &Spectrum, plane: usize, (low, high): (f64, f64)| spectrum.band_power(plane, low, high);
    let level = |range| power(middle, 0, range);
    let stereo = both.planes() == 2;
    // |M|² + |S|² is the mean of |L|² and |R|².
    let side = |range| {
        let all = 0.5 * (power(both, 0, range) + power(both, 1, range));
        if stereo { f64::max(all - level(range), 0.0) } else { 0.0 }
    };
    let (bass, bass_side) = (level(BASS_HZ), side(BASS_HZ));
    let all = level(ALL_HZ) + side(ALL_HZ);
    let (left, right) = (loud(both, 0), if stereo { loud(both, 1) } else { 0.0 });
    let half_hz = 0.5 * both.sample_rate_hz();
    Heard {
        bass_share_db: math::power_to_db((bass + bass_side) / all),
        bass_side_db: (stereo && bass + bass_side > 0.0).then(|| math::power_to_db(bass_side / bass)),
        presence_db: math::power_to_db(level(PRESENCE_HZ) / level(BODY_HZ)),
        lean_lu: (stereo && left > 0.0 && right > 0.0).then(|| math::power_to_db(left / right)),
        above_dbfs: (2.0 * half_hz > HIGH_RATE_HZ).then(|| both.band_dbfs(0, NEW_HZ, half_hz)),
        ..Heard::default()
    }
}

/// K-weighted power of one channel. ITU-R BS.1770-5: bass counts less and direct current nothing.
fn loud(both: &Spectrum, plane: usize) -> f64 {
    let rate_hz = both.sample_rate_hz();
    let weighting = KWeighting::new(rate_hz);
    let bins = both.power(plane).iter().enumerate().skip(1);
    bins.map(|(k, power)| power * math::db_to_power(weighting.response_db(k as f64 * both.bin_hz(), rate_hz)))
        .sum()
}
