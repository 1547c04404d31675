//! What neither the gate nor the assistant listens for: clicks, bass that is missing in mono, a covered middle.

use dsp::block::Buffer;
use dsp::math;
use dsp::repair::declick::Declick;
use dsp::spectrum::{Options, Planes, Welch};
use std::path::Path;
use studio::decode;
use studio::job::Job;
use studio::message::Result;

/// How far a click stands out, in standard deviations of what cannot be predicted, and how long one may be: those of the processor
/// `declick`, by decision 030, but further out: what is told here has to be heard.
const CLICK_THRESHOLD: f64 = 12.0;
const CLICK_MS: f64 = 1.0;
/// Bass, body and presence, Hz.
const BASS_HZ: (f64, f64) = (30.0, 120.0);
const BODY_HZ: (f64, f64) = (150.0, 600.0);
const PRESENCE_HZ: (f64, f64) = (1500.0, 5000.0);

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Heard {
    /// Clicks.
    pub(super) clicks: u64,
    /// Where the first is, to a twentieth of a second.
    pub(super) first_click_seconds: Option<f64>,
    /// Side over middle between 30 and 120 Hz, dB; `None` unless stereo with bass.
    pub(super) bass_side_db: Option<f64>,
    /// Level of the bass against everything, dB.
    pub(super) bass_share_db: f64,
    /// Presence over body in the middle, dB.
    pub(super) presence_db: f64,
}

/// Hears a file.
pub(super) fn listen(path: &Path, job: &Job<'_>) -> Result<Heard> {
    let options = decode::Options { repair: true, ..decode::Options::default() };
    let mut source = decode::open(path, options)?;
    let (channels, frames) = (source.info().channels(), source.info().frames.unwrap_or(0));
    let rate_hz = f64::from(source.info().sample_rate_hz);
    let welch = |planes| Welch::new(channels, rate_hz, Options { planes, ..Options::default() });
    let (mut middle, mut side) = (welch(Planes::Mid), welch(Planes::Side));
    let mut declick = Declick::new(CLICK_THRESHOLD, CLICK_MS, rate_hz);
    let mut buffer = Buffer::new(channels, 8192);
    let (mut heard, mut done) = (Heard::default(), 0_u64);
    let mut plane = Vec::new();
    loop {
        job.step("listen", done, frames.max(done))?;
        source.read(&mut buffer)?;
        if buffer.frames() == 0 {
            break;
        }
        middle.push(buffer.view());
        side.push(buffer.view());
        plane.clear();
        plane.extend_from_slice(buffer.channel(0));
        if channels > 1 {
            plane.iter_mut().zip(buffer.channel(1)).for_each(|(x, y)| *x = 0.5 * (*x + y));
        }
        math::sanitise(&mut plane);
        declick.process(&mut plane);
        if declick.mended() > heard.clicks {
            heard.clicks = declick.mended();
            heard.first_click_seconds.get_or_insert(done as f64 / rate_hz);
        }
        done += buffer.frames() as u64;
    }
    let (middle, side) = (middle.finish(), side.finish());
    let level = |(low, high): (f64, f64)| middle.band_power(0, low, high);
    let bass = (level(BASS_HZ), side.band_power(0, BASS_HZ.0, BASS_HZ.1));
    let all = level((20.0, 20_000.0)) + side.band_power(0, 20.0, 20_000.0);
    heard.bass_share_db = math::power_to_db((bass.0 + bass.1) / all);
    heard.bass_side_db = (channels == 2 && bass.0 + bass.1 > 0.0).then(|| math::power_to_db(bass.1 / bass.0));
    heard.presence_db = math::power_to_db(level(PRESENCE_HZ) / level(BODY_HZ));
    Ok(heard)
}
