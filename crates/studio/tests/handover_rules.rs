//! Every rule of the gate on a planted fault and on its clean twin.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use dsp::block::Buffer;
use dsp::math;
use std::path::Path;
use studio::audio::{Encoding, Info, MemorySource, Source};
use studio::handover::{self, Verdict};
use studio::job::Job;
use studio::message::{Finding, Result, Severity};
use testkit::signals::{db, noise, sine};

const RATE: f64 = 44_100.0;

/// A stream with a chosen description.
struct Posing {
    info: Info,
    inner: MemorySource,
}

impl Source for Posing {
    fn info(&self) -> &Info {
        &self.info
    }
    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.inner.read(buffer)
    }
}

fn judge_as(planes: &[Vec<f64>], rate_hz: u32, encoding: Encoding) -> Verdict {
    let inner = MemorySource::new(Buffer::from_planes(planes), rate_hz);
    let info = Info { encoding, ..inner.info().clone() };
    handover::check_source(Path::new("mix.wav"), Box::new(Posing { info, inner }), &Job::quiet()).unwrap()
}

fn judge(planes: &[Vec<f64>]) -> Verdict {
    judge_as(planes, 44_100, Encoding::Float(32))
}

fn found<'a>(verdict: &'a Verdict, rule: &str) -> Option<&'a Finding> {
    verdict.findings.iter().find(|finding| finding.rule == rule)
}

fn severity(verdict: &Verdict, rule: &str) -> Option<Severity> {
    found(verdict, rule).map(|finding| finding.severity)
}

/// One channel of something like music: struck chords and bursts of noise, each with a level of its own, silence around.
fn part(seed: u64, seconds: f64, rate_hz: f64) -> Vec<f64> {
    let frames = (seconds * rate_hz) as usize;
    let mut out = vec![0.0; frames];
    let beats = ((seconds - 1.0) * 8.0) as usize;
    let dice = noise(1.0, seed, 3 * beats);
    let hiss = noise(0.5, seed + 100, frames);
    for (beat, dice) in dice.chunks(3).enumerate() {
        let start = ((0.2 + 0.125 * beat as f64) * rate_hz) as usize;
        let pitch_hz = 110.0 * math::exp2((12.0 * (dice[1] + 1.0)).floor() / 12.0);
        for k in 1..5 {
            // A decaying partial: x(n) = 2·r·cos(w)·x(n-1) - r²·x(n-2), started as r·sin(w).
            let angle = math::TAU * pitch_hz * f64::from(k) / rate_hz;
            let keep = math::exp(-6.0 / rate_hz);
            let (turn, mut last, mut before) = (2.0 * keep * math::cos(angle), 0.0, 0.0);
            let mut input = math::pow(10.0, 0.6 * dice[0]) / f64::from(k * k) * math::sin(angle);
            for x in out.iter_mut().skip(start).take((1.3 * rate_hz) as usize) {
                let next = turn * last - keep * keep * before + input;
                *x += next;
                (before, last, input) = (last, next, 0.0);
            }
        }
        let (mut level, keep) = (dice[2], math::exp(-40.0 / rate_hz));
        for (x, noise) in out[start..].iter_mut().zip(&hiss[start..]).take((0.2 * rate_hz) as usize) {
            *x += level * noise;
            level *= keep;
        }
    }
    let last = frames - (0.3 * rate_hz) as usize;
    for (n, x) in out.iter_mut().enumerate() {
        *x *= if n < last { ((last - n) as f64 / (0.4 * rate_hz)).min(1.0) } else { 0.0 };
    }
    out
}

fn at_peak(mut planes: Vec<Vec<f64>>, dbfs: f64) -> Vec<Vec<f64>> {
    let peak = planes.iter().map(|plane| testkit::measure::peak(plane)).fold(0.0, f64::max);
    planes.iter_mut().flatten().for_each(|x| *x *= db(dbfs) / peak);
    planes
}

fn stereo(seconds: f64, rate_hz: f64) -> Vec<Vec<f64>> {
    let (centre, left, right) =
        (part(1, seconds, rate_hz), part(2, seconds, rate_hz), part(3, seconds, rate_hz));
    let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x + 0.5 * y).collect::<Vec<f64>>();
    at_peak(vec![add(&centre, &left), add(&centre, &right)], -6.0)
}

fn mix() -> Vec<Vec<f64>> {
    static MIX: std::sync::OnceLock<Vec<Vec<f64>>> = std::sync::OnceLock::new();
    MIX.get_or_init(|| stereo(6.0, RATE)).clone()
}

fn gained(planes: &[Vec<f64>], gain_db: f64) -> Vec<Vec<f64>> {
    planes.iter().map(|plane| plane.iter().map(|x| x * db(gain_db)).collect()).collect()
}

fn each(planes: &[Vec<f64>], f: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    planes.iter().map(|plane| plane.iter().map(|x| f(*x)).collect()).collect()
}

/// A plain look-ahead limiter: the least gain of 3 ms, averaged over 3 ms, for both channels.
fn limit(planes: &[Vec<f64>], drive_db: f64, ceiling: f64) -> Vec<Vec<f64>> {
    let planes = gained(planes, drive_db);
    let (frames, window) = (planes[0].len(), 132);
    let wanted: Vec<f64> = (0..frames)
        .map(|n| {
            let peak = planes.iter().map(|plane| plane[n].abs()).fold(0.0, f64::max);
            (ceiling / peak.max(1e-12)).min(1.0)
        })
        .collect();
    let range = |n: usize| n.saturating_sub(window / 2)..(n + window / 2 + 1).min(frames);
    let least: Vec<f64> = (0..frames).map(|n| wanted[range(n)].iter().copied().fold(1.0, f64::min)).collect();
    let gain: Vec<f64> =
        (0..frames).map(|n| least[range(n)].iter().sum::<f64>() / range(n).len() as f64).collect();
    planes.iter().map(|plane| plane.iter().zip(&gain).map(|(x, g)| x * g).collect()).collect()
}

#[test]
fn a_clean_mix_passes_and_nothing_is_said_about_it() {
    let verdict = judge(&mix());
    assert_eq!(verdict.findings, []);
    let premaster = verdict.into_premaster_despite_findings().unwrap();
    assert!(!premaster.is_despite_findings());
    assert_eq!(premaster.path(), Path::new("mix.wav"));
    assert_eq!(premaster.info().sample_rate_hz, 44_100);
}

#[test]
fn headroom_is_told_in_three_steps() {
    for (peak_dbfs, expected) in [
        (-3.5, None),
        (-2.0, Some(Severity::Warning)),
        (-0.5, Some(Severity::Blocker)),
        (3.0, Some(Severity::Blocker)),
    ] {
        let verdict = judge(&at_peak(mix(), peak_dbfs));
        assert_eq!(severity(&verdict, "headroom"), expected, "{peak_dbfs}");
        assert_eq!(verdict.passed(), expected != Some(Severity::Blocker));
        assert!(found(&verdict, "clipped").is_none(), "a float file above full scale is not clipped");
    }
}

#[test]
fn the_place_of_the_highest_peak_is_told() {
    let mut planes = mix();
    planes[1][132_300] = 0.95;
    let verdict = judge(&planes);
    assert_eq!(found(&verdict, "headroom").and_then(|finding| finding.seconds), Some(3.0));
}

#[test]
fn a_limiter_is_found_at_full_level_and_turned_down_and_in_24_bits() {
    for (drive_db, gain_db) in [(14.0, 0.0), (14.0, -6.0), (18.0, -12.0)] {
        let limited = gained(&limit(&mix(), drive_db, db(-0.3)), gain_db);
        let stored = each(&limited, |x| (x * 8_388_608.0).round() / 8_388_608.0);
        let verdict = judge_as(&stored, 44_100, Encoding::Int(24));
        assert_eq!(
            severity(&verdict, "limited"),
            Some(Severity::Blocker),
            "{drive_db} dB: {:?}",
            verdict.findings
        );
        assert!(found(&verdict, "clipped").is_none(), "{:?}", verdict.findings);
        assert!(!verdict.passed());
    }
}

#[test]
fn a_steady_tone_is_no_limiter_and_no_clipper() {
    for frequency_hz in [50.0, 440.0, 997.0, 6000.0] {
        let tone = sine(frequency_hz, 0.5, 0.0, 3.0, RATE);
        let verdict = judge(&[tone.clone(), tone.iter().map(|x| 0.7 * x).collect()]);
        assert!(
            found(&verdict, "limited").is_none() && found(&verdict, "clipped").is_none(),
            "{:?}",
            verdict.findings
        );
    }
}

#[test]
fn clipping_is_found_also_after_turning_down() {
    let driven = gained(&mix(), 12.0);
    for gain_db in [0.0, -4.0, -6.0, -18.0] {
        let clipped = gained(&each(&driven, |x| x.clamp(-1.0, 1.0)), gain_db);
        let verdict = judge(&clipped);
        assert_eq!(
            severity(&verdict, "clipped"),
            Some(Severity::Blocker),
            "{gain_db}: {:?}",
            verdict.findings
        );
        assert!(found(&verdict, "limited").is_none());
        assert!(found(&verdict, "clipped").is_some_and(|finding| finding.seconds.is_some()));
    }
    assert!(found(&judge(&driven), "clipped").is_none());
}

#[test]
fn clipping_below_the_peak_is_found_when_it_crowds_at_one_level() {
    let mut planes = each(&gained(&mix(), 12.0), |x| x.clamp(-0.5, 0.5));
    planes[0][100_000] = 0.6;
    planes[1][100_000] = 0.6;
    assert_eq!(severity(&judge(&planes), "clipped"), Some(Severity::Blocker));
}

#[test]
fn a_mix_as_dense_as_a_loud_master_is_told() {
    // Soft saturation leaves no ceiling and no flat top, only little room between loudness and peak.
    let dense = at_peak(each(&gained(&mix(), 22.0), |x| x / (1.0 + x.abs())), -6.0);
    let verdict = judge(&dense);
    assert!(
        verdict.measurements.psr_median_lu.is_some_and(|psr| psr < 9.0),
        "{:?}",
        verdict.measurements.psr_median_lu
    );
    assert!(
        found(&verdict, "dense").is_some() || found(&verdict, "limited").is_some(),
        "{:?}",
        verdict.findings
    );
    assert!(found(&judge(&mix()), "dense").is_none());
}

#[test]
fn peaks_between_the_samples_count_as_headroom() {
    // A quarter of the sample rate at 45°: samples at 0.64, the wave at 0.9 (+3.01 dB).
    let tone = sine(RATE / 4.0, 0.9, math::FRAC_PI_4, 1.0, RATE);
    let verdict = judge(&[tone.clone(), tone.iter().map(|x| 0.5 * x).collect()]);
    assert!((verdict.measurements.sample_peak_dbfs + 3.9).abs() < 0.1);
    assert_eq!(severity(&verdict, "headroom"), Some(Severity::Warning), "{:?}", verdict.findings);
}

#[test]
fn one_flat_top_is_a_warning() {
    let mut planes = stereo(20.0, RATE);
    planes[0][300_000..300_004].fill(0.6);
    assert_eq!(severity(&judge(&planes), "clipped"), Some(Severity::Warning));
}

#[test]
fn a_square_wave_at_full_scale_is_clipped() {
    let square: Vec<f64> = sine(997.0, 1.0, 0.1, 1.0, RATE).iter().map(|x| x.signum()).collect();
    assert_eq!(severity(&judge(&[square.clone(), square]), "clipped"), Some(Severity::Blocker));
}

#[test]
fn direct_current_is_told_with_its_sign() {
    let verdict = judge(&each(&mix(), |x| x - 0.02));
    assert_eq!(severity(&verdict, "dc"), Some(Severity::Warning));
    assert!(
        found(&verdict, "dc").is_some_and(|finding| finding.measured.contains("of -")),
        "{:?}",
        verdict.findings
    );
    assert!(found(&judge(&each(&mix(), |x| x + 0.002)), "dc").is_none());
}

#[test]
fn samples_that_are_not_numbers_make_no_premaster_in_any_way() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut planes = mix();
        planes[1][44_100] = bad;
        let verdict = judge(&planes);
        let finding = found(&verdict, "not_finite").unwrap();
        assert_eq!((finding.severity, finding.seconds), (Severity::Blocker, Some(1.0)));
        assert!(verdict.is_fatal());
        let error = verdict.into_premaster_despite_findings().unwrap_err();
        assert_eq!(error.code, "cannot_be_mastered");
        assert_eq!(error.kind.exit_code(), 5);
    }
}

#[test]
fn silence_and_nothing_make_no_premaster() {
    let faint = each(&mix(), |x| x * db(-86.0));
    for planes in [vec![vec![0.0; 88_200]; 2], faint] {
        let verdict = judge(&planes);
        assert_eq!(severity(&verdict, "silent"), Some(Severity::Blocker), "{:?}", verdict.findings);
        assert_eq!(verdict.findings.len(), 1, "nothing else means anything: {:?}", verdict.findings);
        assert!(verdict.is_fatal());
    }
    assert!(judge(&[Vec::new(), Vec::new()]).is_fatal());
}

#[test]
fn less_than_one_loudness_block_is_too_short() {
    for (seconds, short) in [(0.0, true), (0.001, true), (0.399, true), (0.45, false)] {
        let tone = sine(440.0, 0.3, 0.0, seconds, RATE);
        let verdict = judge(&[tone.clone(), tone]);
        assert_eq!(found(&verdict, "too_short").is_some(), short, "{seconds}");
        assert_eq!(verdict.is_fatal(), short);
    }
}

#[test]
fn one_empty_channel_stops_the_file_and_imbalance_does_not() {
    let whole = mix();
    let empty = vec![whole[0].clone(), vec![0.0; whole[0].len()]];
    let verdict = judge(&empty);
    assert_eq!(severity(&verdict, "channel_silent"), Some(Severity::Blocker));
    assert!(found(&verdict, "channel_silent").is_some_and(|finding| finding.measured.contains("right")));
    let uneven = vec![whole[0].iter().map(|x| 0.5 * x).collect(), whole[1].clone()];
    assert!(judge(&uneven).passed());
}

#[test]
fn an_inverted_side_stops_the_file_and_a_wide_one_is_told() {
    let whole = mix();
    let inverted = vec![whole[0].clone(), whole[1].iter().map(|x| -x).collect::<Vec<f64>>()];
    let verdict = judge(&inverted);
    assert_eq!(severity(&verdict, "phase"), Some(Severity::Blocker), "{:?}", verdict.findings);
    // L = a + b, R = a - 1.8·b with unrelated parts of equal power: r = (1 - 1.8) / sqrt(2 · 4.24) = -0.27.
    let (a, b) = (part(5, 6.0, RATE), part(6, 6.0, RATE));
    let power = |x: &[f64]| testkit::measure::rms(x);
    let scale = power(&a) / power(&b);
    let mixed = |sign: f64| a.iter().zip(&b).map(|(x, y)| x + sign * scale * y).collect::<Vec<f64>>();
    let wide = at_peak(vec![mixed(1.0), mixed(-1.8)], -6.0);
    assert_eq!(severity(&judge(&wide), "phase"), Some(Severity::Warning));
}

#[test]
fn mono_is_told_whether_in_one_channel_two_equal_or_two_nearly_equal() {
    let whole = mix();
    assert_eq!(severity(&judge(&whole[..1]), "mono"), Some(Severity::Info));
    assert_eq!(severity(&judge(&[whole[0].clone(), whole[0].clone()]), "mono"), Some(Severity::Warning));
    let nearly: Vec<f64> = whole[0].iter().zip(&whole[1]).map(|(l, r)| l + 0.005 * r).collect();
    let verdict = judge(&[whole[0].clone(), nearly]);
    assert!(
        found(&verdict, "mono").is_some_and(|finding| finding.measured.contains("almost")),
        "{:?}",
        verdict.findings
    );
}

#[test]
fn sound_at_the_first_or_last_sample_is_told() {
    let whole = mix();
    let cut = |from: usize, to: usize| whole.iter().map(|plane| plane[from..to].to_vec()).collect::<Vec<_>>();
    let frames = whole[0].len();
    // The middle of the piece, where it sounds all the time.
    let loud = (60_000..70_000).max_by(|&a, &b| whole[0][a].abs().total_cmp(&whole[0][b].abs())).unwrap();
    let verdict = judge(&cut(loud, frames));
    assert_eq!(
        (severity(&verdict, "abrupt_start"), severity(&verdict, "abrupt_end")),
        (Some(Severity::Warning), None)
    );
    let verdict = judge(&cut(0, loud));
    assert_eq!(
        (severity(&verdict, "abrupt_start"), severity(&verdict, "abrupt_end")),
        (None, Some(Severity::Warning))
    );
    // The same cut, hidden by digital silence behind it.
    let mut padded = cut(0, loud);
    padded.iter_mut().for_each(|plane| plane.resize(loud + 44_100, 0.0));
    let verdict = judge(&padded);
    let at = found(&verdict, "abrupt_end").and_then(|finding| finding.seconds).unwrap();
    assert!((at - loud as f64 / RATE).abs() < 0.006, "{at}");
}

#[test]
fn long_silence_at_either_end_is_noted_with_its_length() {
    let pad = vec![0.0; 4 * 44_100];
    let around = |head: bool| {
        let join = |plane: &Vec<f64>| {
            if head { [pad.clone(), plane.clone()].concat() } else { [plane.clone(), pad.clone()].concat() }
        };
        judge(&mix().iter().map(join).collect::<Vec<_>>())
    };
    let verdict = around(true);
    assert_eq!(
        (severity(&verdict, "silent_head"), severity(&verdict, "silent_tail")),
        (Some(Severity::Info), None)
    );
    assert!(
        found(&verdict, "silent_head").is_some_and(|finding| finding.measured.starts_with("4.2 s")),
        "{:?}",
        verdict.findings
    );
    let verdict = around(false);
    assert_eq!(
        (severity(&verdict, "silent_head"), severity(&verdict, "silent_tail")),
        (None, Some(Severity::Info))
    );
    assert!(verdict.passed());
}

/// Windowed-sinc low-pass with 1001 taps (Blackman): its own transition is 250 Hz wide, its stop band 74 dB down.
fn low_pass(plane: &[f64], cutoff: f64) -> Vec<f64> {
    let half = 500_i64;
    let taps: Vec<f64> = (-half..=half)
        .map(|n| {
            let x = n as f64;
            let sinc = if n == 0 { 2.0 * cutoff } else { math::sin(math::TAU * cutoff * x) / (math::PI * x) };
            let phase = math::PI * x / half as f64;
            sinc * (0.42 + 0.5 * math::cos(phase) + 0.08 * math::cos(2.0 * phase))
        })
        .collect();
    let pad = vec![0.0; half as usize];
    let padded = [&pad, plane, &pad].concat();
    padded.windows(taps.len()).map(|part| part.iter().zip(&taps).map(|(x, tap)| x * tap).sum()).collect()
}

#[test]
fn a_cliff_where_coders_cut_is_told_and_the_whole_band_is_not() {
    let whole = stereo(2.0, RATE);
    for cutoff_hz in [16_000.0, 19_000.0, 20_000.0] {
        let cut: Vec<Vec<f64>> = whole.iter().map(|plane| low_pass(plane, cutoff_hz / RATE)).collect();
        let verdict = judge(&at_peak(cut, -6.0));
        assert_eq!(
            severity(&verdict, "lossy"),
            Some(Severity::Warning),
            "{cutoff_hz}: {:?}",
            verdict.findings
        );
        assert!(verdict.passed());
    }
    assert!(found(&judge(&whole), "lossy").is_none());
    assert_eq!(severity(&judge_as(&whole, 44_100, Encoding::Lossy), "lossy"), Some(Severity::Warning));
}

#[test]
fn a_file_with_the_band_of_a_lower_rate_is_noted() {
    for rate_hz in [48_000_u32, 96_000] {
        let whole = stereo(2.0, f64::from(rate_hz));
        let cut: Vec<Vec<f64>> =
            whole.iter().map(|plane| low_pass(plane, 21_600.0 / f64::from(rate_hz))).collect();
        let verdict = judge_as(&at_peak(cut, -6.0), rate_hz, Encoding::Float(32));
        assert_eq!(
            severity(&verdict, "upsampled"),
            Some(Severity::Info),
            "{rate_hz}: {:?}",
            verdict.findings
        );
        assert!(found(&verdict, "lossy").is_none());
        assert!(found(&judge_as(&whole, rate_hz, Encoding::Float(32)), "upsampled").is_none(), "{rate_hz}");
    }
}

#[test]
fn unusual_rates_are_told() {
    for (rate_hz, expected) in [
        (44_100, false),
        (48_000, false),
        (96_000, false),
        (192_000, false),
        (32_000, true),
        (22_050, true),
        (44_056, true),
    ] {
        let verdict = judge_as(&stereo(2.0, f64::from(rate_hz)), rate_hz, Encoding::Float(32));
        assert_eq!(found(&verdict, "sample_rate").is_some(), expected, "{rate_hz}");
    }
}

#[test]
fn bits_are_counted_where_they_are_used() {
    let bits = |bits: i32| {
        each(&mix(), |x| (x * math::exp2(f64::from(bits - 1))).round() * math::exp2(f64::from(1 - bits)))
    };
    let told =
        |planes: &[Vec<f64>], encoding: Encoding| severity(&judge_as(planes, 44_100, encoding), "bit_depth");
    assert_eq!(told(&bits(24), Encoding::Int(24)), None);
    assert_eq!(told(&bits(24), Encoding::Float(32)), None);
    assert_eq!(told(&bits(20), Encoding::Int(24)), None);
    assert_eq!(told(&bits(16), Encoding::Int(24)), Some(Severity::Info));
    assert_eq!(told(&bits(16), Encoding::Float(32)), Some(Severity::Info));
    assert_eq!(told(&bits(16), Encoding::Int(16)), Some(Severity::Warning));
    assert_eq!(told(&bits(8), Encoding::Int(8)), Some(Severity::Blocker));
}

#[test]
fn a_very_quiet_mix_is_told() {
    assert_eq!(severity(&judge(&at_peak(mix(), -30.0)), "level"), Some(Severity::Warning));
    assert!(found(&judge(&at_peak(mix(), -18.0)), "level").is_none());
}

#[test]
fn the_worst_comes_first_and_a_doubtful_premaster_remembers() {
    let planes = each(&at_peak(mix(), -0.2), |x| x + 0.01);
    let verdict = judge(&planes);
    let severities: Vec<Severity> = verdict.findings.iter().map(|finding| finding.severity).collect();
    assert!(severities.is_sorted_by(|a, b| a >= b) && severities.len() >= 2, "{:?}", verdict.findings);
    assert_eq!(verdict.clone().into_premaster().unwrap_err().code, "not_a_premaster");
    let findings = verdict.findings.clone();
    let premaster = verdict.into_premaster_despite_findings().unwrap();
    assert!(premaster.is_despite_findings());
    assert_eq!(premaster.findings(), findings);
    for finding in &findings {
        assert!(
            !finding.limit.is_empty() && !finding.advice.is_empty() && finding.about == "mix.wav",
            "{finding:?}"
        );
    }
}

#[test]
fn a_file_may_come_in_pieces_of_any_length() {
    /// Gives a few frames at a time.
    struct Dripping(MemorySource, usize);
    impl Source for Dripping {
        fn info(&self) -> &Info {
            self.0.info()
        }
        fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
            let mut small = Buffer::new(buffer.channels(), self.1.min(buffer.capacity()));
            self.0.read(&mut small)?;
            buffer.set_frames(small.frames());
            for channel in 0..buffer.channels() {
                buffer.channel_mut(channel).copy_from_slice(small.channel(channel));
            }
            Ok(())
        }
    }
    let planes = gained(&limit(&stereo(2.0, RATE), 12.0, 0.9), -1.0);
    let judged = |frames: usize| {
        let source = MemorySource::new(Buffer::from_planes(&planes), 44_100);
        handover::check_source(Path::new("mix.wav"), Box::new(Dripping(source, frames)), &Job::quiet())
            .unwrap()
            .findings
    };
    let whole = judged(16_384);
    assert!(!whole.is_empty());
    for frames in [1, 7, 1000] {
        assert_eq!(judged(frames), whole, "{frames}");
    }
}
