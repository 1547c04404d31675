//! What was measured.

use super::Setup;
use super::bank::{Levels, Peaks};
use crate::audio::{Encoding, Layout, Speaker};
use dsp::math::{gain_to_db, power_to_db};
use dsp::meter::dynamics::{ChannelDynamics, Dynamics};
use dsp::meter::loudness::{History, LoudnessMeter, integrated_lufs, loudness_range_lu};
use dsp::meter::stereo::Stereo;
use dsp::meter::true_peak::TruePeaks;
use serde::Serialize;

/// Short-term loudness below this does not count for PSR: the absolute gate of BS.1770-5.
const PSR_GATE_LUFS: f64 = -70.0;

/// Everything that was measured about a stream.
///
/// `None` is "cannot be measured" (too short, no such thing in this format). Levels of silence are `-inf`, which JSON
/// has as `null`; `silent` tells both apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurements {
    /// Container, as in [`Info::container`](crate::audio::Info::container).
    pub container: &'static str,
    /// Codec, as in [`Info::codec`](crate::audio::Info::codec).
    pub codec: &'static str,
    /// How samples were stored.
    pub encoding: Encoding,
    /// Sample rate.
    pub sample_rate_hz: u32,
    /// Speakers, in channel order.
    pub layout: Layout,
    /// Number of channels.
    pub channels: usize,
    /// Frames heard.
    pub frames: u64,
    /// Length.
    pub duration_seconds: f64,
    /// Whether every sample is exactly zero (or no number).
    pub silent: bool,
    /// Integrated loudness (BS.1770-5); `None` under 400 ms.
    pub integrated_lufs: Option<f64>,
    /// Loudness range (Tech 3342); `None` under 3 s or when nothing passes the gates. Means little under a minute.
    pub loudness_range_lu: Option<f64>,
    /// Largest loudness of any 400 ms.
    pub max_momentary_lufs: Option<f64>,
    /// Largest loudness of any 3 s.
    pub max_short_term_lufs: Option<f64>,
    /// Largest sample.
    pub sample_peak_dbfs: f64,
    /// Where it is.
    pub sample_peak_seconds: f64,
    /// Largest value of the band-limited signal between the samples (eight times oversampled and refined).
    pub true_peak_dbtp: f64,
    /// Where it is.
    pub true_peak_seconds: f64,
    /// True peak by the filter printed in BS.1770-5, annex 2: what other meters show.
    pub true_peak_itu_dbtp: f64,
    /// Peak to loudness ratio: true peak less integrated loudness.
    pub plr_lu: Option<f64>,
    /// Smallest peak to short-term loudness ratio: largest sample of any 3 s less their loudness.
    pub psr_min_lu: Option<f64>,
    /// Median of the same.
    pub psr_median_lu: Option<f64>,
    /// RMS over all channels; a sine of full scale has -3.01.
    pub rms_dbfs: f64,
    /// Sample peak less RMS; `None` for silence.
    pub crest_db: Option<f64>,
    /// Correlation of left and right, of the whole; `None` unless stereo with sound on both sides.
    pub correlation: Option<f64>,
    /// Smallest correlation of any 3 s.
    pub min_correlation: Option<f64>,
    /// Part of the time, 0 to 1, in which correlation over 400 ms is negative; `None` unless stereo.
    pub negative_correlation_part: Option<f64>,
    /// Level of side over mid; `-inf` for mono in two channels, `None` unless stereo with sound.
    pub side_to_mid_db: Option<f64>,
    /// Level of left over right; `None` unless stereo with sound.
    pub left_to_right_db: Option<f64>,
    /// Largest DC of any channel, as a level: -40 dBFS is an offset of 0.01.
    pub dc_dbfs: f64,
    /// Flat tops: runs of three or more equal samples at the largest level of their channel.
    pub clipped_runs: u64,
    /// Longest of these, in samples.
    pub longest_clipped_run: u64,
    /// Runs of three or more equal samples at full scale.
    pub clipped_runs_at_full_scale: u64,
    /// Samples beyond full scale (floating point only).
    pub over_full_scale: u64,
    /// Bits in use; `None` where bits have no meaning (lossy, or finer than 32 bits), 0 for silence.
    pub bits_used: Option<u32>,
    /// Bits of the integer or floating-point format; `None` for lossy formats.
    pub bits_stored: Option<u16>,
    /// Samples that are NaN, infinite or beyond 1e100; they are measured as silence.
    pub not_finite: u64,
    /// Where the first of these is.
    pub first_not_finite_seconds: Option<f64>,
    /// Digital silence at the start.
    pub silent_head_frames: u64,
    /// Digital silence at the end.
    pub silent_tail_frames: u64,
    /// Channel by channel.
    pub per_channel: Vec<ChannelMeasurements>,
    /// Curves, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curves: Option<Curves>,
    /// Gating blocks, for the loudness of an album.
    #[serde(skip)]
    pub history: History,
}

/// What was measured about a channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelMeasurements {
    /// Its speaker.
    pub speaker: Speaker,
    /// Largest sample.
    pub sample_peak_dbfs: f64,
    /// Accurate true peak.
    pub true_peak_dbtp: f64,
    /// True peak by the ITU filter.
    pub true_peak_itu_dbtp: f64,
    /// RMS; a sine of full scale has -3.01.
    pub rms_dbfs: f64,
    /// Peak less RMS; `None` for silence.
    pub crest_db: Option<f64>,
    /// Mean of the samples, linear, with its sign.
    pub dc: f64,
    /// Flat tops.
    pub clipped_runs: u64,
    /// Bits in use.
    pub bits_used: Option<u32>,
}

/// Loudness over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curves {
    /// Time from one value to the next.
    pub step_seconds: f64,
    /// Momentary loudness; the first value is at 0.4 s, the end of its window.
    pub momentary_lufs: Vec<f64>,
    /// Short-term loudness; the first value is at 3 s.
    pub short_term_lufs: Vec<f64>,
    /// Peak to short-term loudness ratio; the first value is at 3 s.
    pub psr_lu: Vec<f64>,
}

/// Loudness of an album: all gating blocks of all tracks, gated together. `None` if there is none.
#[must_use]
pub fn album_lufs<'a>(tracks: impl IntoIterator<Item = &'a Measurements>) -> Option<f64> {
    integrated_lufs(tracks.into_iter().map(|track| &track.history))
}

/// Loudness range of an album, over all its tracks.
#[must_use]
pub fn album_range_lu<'a>(tracks: impl IntoIterator<Item = &'a Measurements>) -> Option<f64> {
    loudness_range_lu(tracks.into_iter().map(|track| &track.history))
}

impl Measurements {
    /// The larger of both true-peak readings: what a ceiling is held against, so that no meter shows more than it.
    #[must_use]
    pub fn true_peak_worst_dbtp(&self) -> f64 {
        self.true_peak_dbtp.max(self.true_peak_itu_dbtp)
    }

    pub(super) fn new(setup: &Setup, levels: Levels, peaks: Peaks) -> Self {
        let of = Sound::new(setup, levels, peaks);
        let (sample_peak, true_peak) = (of.dynamics.peak(), of.true_peaks.overall());
        let true_peak_dbtp = gain_to_db(true_peak.level);
        let integrated = of.loudness.integrated_lufs();
        Self {
            container: setup.container,
            codec: setup.codec,
            encoding: setup.encoding,
            sample_rate_hz: setup.sample_rate_hz,
            layout: setup.layout.clone(),
            channels: setup.layout.channels(),
            frames: of.dynamics.frames,
            duration_seconds: of.dynamics.frames as f64 / of.rate,
            silent: sample_peak.level == 0.0,
            integrated_lufs: integrated,
            loudness_range_lu: of.loudness.loudness_range_lu(),
            max_momentary_lufs: of.loudness.max_momentary_lufs(),
            max_short_term_lufs: of.loudness.max_short_term_lufs(),
            sample_peak_dbfs: gain_to_db(sample_peak.level),
            sample_peak_seconds: sample_peak.frame as f64 / of.rate,
            true_peak_dbtp,
            true_peak_seconds: true_peak.frame as f64 / of.rate,
            true_peak_itu_dbtp: gain_to_db(of.true_peaks.overall_itu().level),
            plr_lu: integrated.map(|lufs| true_peak_dbtp - lufs).filter(|plr| plr.is_finite()),
            psr_min_lu: of.psr.first().copied(),
            psr_median_lu: median(&of.psr),
            rms_dbfs: power_to_db(of.dynamics.mean_square()),
            crest_db: crest_db(sample_peak.level, of.dynamics.mean_square()),
            correlation: of.stereo.and_then(|s| s.correlation),
            min_correlation: of.stereo.and_then(|s| s.min_correlation),
            negative_correlation_part: of.stereo.map(|s: Stereo| s.negative_part),
            side_to_mid_db: of.stereo.and_then(|s| s.side_to_mid_db),
            left_to_right_db: of.stereo.and_then(|s| s.left_to_right_db),
            dc_dbfs: gain_to_db(
                of.dynamics.channels.iter().fold(0.0, |top, channel| f64::max(top, channel.dc.abs())),
            ),
            clipped_runs: of.sum(|channel| channel.clipped.at_top),
            longest_clipped_run: of.most(|channel| channel.clipped.longest),
            clipped_runs_at_full_scale: of.sum(|channel| channel.clipped.at_full_scale),
            over_full_scale: of.sum(|channel| channel.over_full_scale),
            bits_used: bits_used(setup, of.dynamics.bits_used()),
            bits_stored: match setup.encoding {
                Encoding::Int(bits) | Encoding::Float(bits) => Some(bits),
                Encoding::Lossy => None,
            },
            not_finite: of.sum(|channel| channel.not_finite),
            first_not_finite_seconds: of.first_bad().map(|frame| frame as f64 / of.rate),
            silent_head_frames: of.dynamics.silent_head_frames,
            silent_tail_frames: of.dynamics.silent_tail_frames,
            per_channel: per_channel(setup, &of.dynamics, &of.true_peaks),
            history: of.loudness.history().clone(),
            curves: setup.curves.then(|| Curves {
                step_seconds: 0.1,
                momentary_lufs: of.loudness.history().momentary_curve_lufs(),
                short_term_lufs: of.short_terms,
                psr_lu: of.psr_lu,
            }),
        }
    }
}

/// What all meters have heard.
struct Sound {
    rate: f64,
    loudness: LoudnessMeter,
    dynamics: Dynamics,
    true_peaks: TruePeaks,
    stereo: Option<Stereo>,
    short_terms: Vec<f64>,
    psr_lu: Vec<f64>,
    /// Where the short-term loudness counts, in rising order.
    psr: Vec<f64>,
}

impl Sound {
    fn new(setup: &Setup, levels: Levels, peaks: Peaks) -> Self {
        let (loudness, dynamics) = (levels.loudness, peaks.dynamics.finish());
        let short_terms = loudness.history().short_term_curve_lufs();
        let psr_lu = dynamics.psr_curve_lu(&short_terms);
        Self {
            rate: f64::from(setup.sample_rate_hz),
            true_peaks: peaks.true_peak.finish(),
            stereo: peaks.stereo.map(dsp::meter::stereo::StereoMeter::finish),
            psr: gated_and_sorted(&psr_lu, &short_terms),
            loudness,
            dynamics,
            short_terms,
            psr_lu,
        }
    }

    /// The largest of a count over the channels.
    fn most(&self, of: fn(&ChannelDynamics) -> u64) -> u64 {
        self.dynamics.channels.iter().map(of).max().unwrap_or(0)
    }

    /// A count over all channels.
    fn sum(&self, of: fn(&ChannelDynamics) -> u64) -> u64 {
        self.dynamics.channels.iter().map(of).sum()
    }

    /// First frame with a sample that is no number.
    fn first_bad(&self) -> Option<u64> {
        self.dynamics.channels.iter().filter_map(|channel| channel.first_not_finite).min()
    }
}

fn gated_and_sorted(psr_lu: &[f64], short_terms_lufs: &[f64]) -> Vec<f64> {
    let heard = psr_lu.iter().zip(short_terms_lufs).filter(|(_, lufs)| **lufs > PSR_GATE_LUFS);
    let mut psr: Vec<f64> = heard.map(|(psr, _)| *psr).collect();
    psr.sort_unstable_by(f64::total_cmp);
    psr
}

fn median(sorted: &[f64]) -> Option<f64> {
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(0.5 * (low + high))
}

fn crest_db(peak: f64, mean_square: f64) -> Option<f64> {
    let crest = gain_to_db(peak) - power_to_db(mean_square);
    crest.is_finite().then_some(crest)
}

fn bits_used(setup: &Setup, bits: u32) -> Option<u32> {
    // 33: no integer format of up to 32 bits holds these samples.
    (setup.encoding != Encoding::Lossy && bits <= 32).then_some(bits)
}

fn per_channel(setup: &Setup, dynamics: &Dynamics, peaks: &TruePeaks) -> Vec<ChannelMeasurements> {
    let peaks = peaks.accurate.iter().zip(&peaks.itu);
    let rows = setup.layout.0.iter().zip(&dynamics.channels).zip(peaks);
    rows.map(|((&speaker, channel), (accurate, itu))| ChannelMeasurements {
        speaker,
        sample_peak_dbfs: gain_to_db(channel.peak.level),
        true_peak_dbtp: gain_to_db(accurate.level),
        true_peak_itu_dbtp: gain_to_db(itu.level),
        rms_dbfs: power_to_db(channel.mean_square),
        crest_db: crest_db(channel.peak.level, channel.mean_square),
        dc: channel.dc,
        clipped_runs: channel.clipped.at_top,
        bits_used: bits_used(setup, channel.bits_used),
    })
    .collect()
}
