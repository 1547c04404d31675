use super::*;
use crate::Kernel;
use dsp::block::Buffer;
use testkit::{measure, signals};

/// No knee, no make-up, instantly readable.
fn plain(threshold_db: f64, ratio: f64) -> Compressor {
    Compressor {
        threshold_db,
        ratio,
        knee_db: 0.0,
        attack_ms: 1.0,
        release_ms: 10.0,
        ..Compressor::default()
    }
}

fn run(settings: &Compressor, planes: &[Vec<f64>], key: Option<&Buffer>) -> Buffer {
    let mut audio = Buffer::from_planes(planes);
    let mut kernel = settings.prepare(Format { channels: planes.len(), ..Format::default() });
    let block = audio.block();
    kernel.process(&mut match key {
        Some(key) => block.with_key(key.view()),
        None => block,
    });
    audio
}

/// Level out, in decibels, of a constant at `level_db` once everything has settled.
fn settled_db(settings: &Compressor, level_db: f64) -> f64 {
    let out = run(settings, &[vec![signals::db(level_db); 24_000]], None);
    measure::to_db(out.channel(0)[23_999])
}

#[test]
fn the_static_curve_is_the_closed_form_for_every_knee_and_ratio() {
    for (threshold, ratio, knee) in
        [(-20.0, 4.0, 0.0), (-30.0, 2.0, 12.0), (-12.0, 100.0, 6.0), (-40.0, 1.5, 24.0)]
    {
        for detector in [Detector::Peak, Detector::Rms] {
            let settings = Compressor { knee_db: knee, detector, ..plain(threshold, ratio) };
            for step in 0..=15 {
                let x = -60.0 + 4.0 * f64::from(step);
                // Giannoulis, Massberg and Reiss, equation 4, worked out here once more.
                let slope = if ratio == 100.0 { -1.0 } else { 1.0 / ratio - 1.0 };
                let over = x - threshold;
                let want = if 2.0 * over < -knee {
                    x
                } else if 2.0 * over.abs() <= knee && knee > 0.0 {
                    x + slope * (over + knee / 2.0) * (over + knee / 2.0) / (2.0 * knee)
                } else {
                    x + slope * over
                };
                let got = settled_db(&settings, x);
                assert!(
                    (got - want).abs() < 0.01,
                    "{threshold} {ratio} {knee} {detector:?} {x}: {got} {want}"
                );
            }
        }
    }
}

#[test]
fn the_range_stops_the_reduction_and_make_up_adds_to_it() {
    let settings = Compressor { range_db: 6.0, makeup_db: 2.0, ..plain(-40.0, 10.0) };
    assert!((settled_db(&settings, -10.0) - (-10.0 - 6.0 + 2.0)).abs() < 0.01);
    // 4:1 at -20 dB takes 15 dB from full scale; half of it comes back.
    let settings = Compressor { auto_makeup: true, ..plain(-20.0, 4.0) };
    assert!((settled_db(&settings, 0.0) - (-15.0 + 7.5)).abs() < 0.01);
}

/// Frames until the gain of a step signal has covered 63 % of its way in decibels.
fn frames_to_63_percent(settings: &Compressor, planes: &[f64], from: usize) -> f64 {
    let out = run(settings, &[planes.to_vec()], None);
    let gain: Vec<f64> = out.channel(0).iter().zip(planes).map(|(y, x)| measure::to_db(y / x)).collect();
    let (start, end) = (gain[from - 1], gain[gain.len() - 1]);
    let goal = start + (end - start) * (1.0 - dsp::math::exp(-1.0));
    let reached = |g: &f64| if end < start { *g <= goal } else { *g >= goal };
    gain[from..].iter().position(reached).unwrap() as f64 + 1.0
}

#[test]
fn attack_and_release_take_the_times_they_are_given() {
    for (attack_ms, release_ms) in [(1.0, 40.0), (10.0, 120.0), (60.0, 300.0)] {
        let settings = Compressor { attack_ms, release_ms, ..plain(-30.0, 4.0) };
        let low = vec![signals::db(-40.0); 2_000];
        let high = vec![signals::db(-6.0); 48_000];
        let rise = [low.clone(), high.clone()].concat();
        let attack = frames_to_63_percent(&settings, &rise, 2_000) / 48.0;
        assert!((attack / attack_ms - 1.0).abs() < 0.03, "{attack_ms}: {attack}");
        let fall = [high, vec![signals::db(-40.0); 200_000]].concat();
        let release = frames_to_63_percent(&settings, &fall, 48_000) / 48.0;
        assert!((release / release_ms - 1.0).abs() < 0.03, "{release_ms}: {release}");
    }
}

#[test]
fn hold_waits_before_the_release() {
    let settings = Compressor { hold_ms: 50.0, ..plain(-30.0, 4.0) };
    let signal = [vec![signals::db(-6.0); 9_600], vec![signals::db(-50.0); 9_600]].concat();
    let out = run(&settings, std::slice::from_ref(&signal), None);
    let gain = |n: usize| measure::to_db(out.channel(0)[n] / signal[n]);
    assert!((gain(9_600 + 2_390) - gain(9_599)).abs() < 0.01);
    assert!(gain(9_600 + 2_400 + 960) - gain(9_599) > 5.0);
}

#[test]
fn look_ahead_is_reported_delays_the_sound_and_catches_the_front() {
    let settings = Compressor { lookahead_ms: 5.0, attack_ms: 1.0, hold_ms: 10.0, ..plain(-20.0, 100.0) };
    let kernel = settings.prepare(Format { channels: 1, ..Format::default() });
    assert_eq!(kernel.latency_frames(), 240);
    let quiet = run(&settings, &[signals::impulse(0.05, 100, 1_000)], None);
    assert_eq!(quiet.channel(0), signals::impulse(0.05, 340, 1_000));
    let step = [vec![0.01; 2_000], vec![0.8; 2_000]].concat();
    let with = run(&settings, std::slice::from_ref(&step), None);
    let without =
        run(&Compressor { lookahead_ms: 0.0, ..settings.clone() }, std::slice::from_ref(&step), None);
    // Five attack times ahead the front passes 0.13 dB above the threshold; without, whole.
    assert!(measure::to_db(measure::peak(with.channel(0))) < -19.8);
    assert!(measure::to_db(measure::peak(without.channel(0))) > -4.0);
    // Mixing half of the dry sound in: both are one impulse, not two.
    let half = Compressor { mix_percent: 50.0, ..settings };
    let out = run(&half, &[signals::impulse(0.9, 100, 1_000)], None);
    assert_eq!(out.channel(0).iter().filter(|x| **x != 0.0).count(), 1);
    assert!(out.channel(0)[340] != 0.0);
}

#[test]
fn retuning_the_look_ahead_leaves_the_latency_alone() {
    let mut settings = Compressor { lookahead_ms: 2.0, ..Compressor::default() };
    let mut kernel = settings.prepare(Format::default());
    settings.lookahead_ms = 10.0;
    kernel.retune(&settings);
    assert_eq!(kernel.latency_frames(), 96);
}

#[test]
fn mixing_dry_and_wet_is_a_weighted_sum() {
    let wet = plain(-30.0, 4.0);
    let half = Compressor { mix_percent: 50.0, ..wet.clone() };
    let want = measure::to_db(0.5 * signals::db(-10.0) + 0.5 * signals::db(settled_db(&wet, -10.0)));
    assert!((settled_db(&half, -10.0) - want).abs() < 1e-6);
}

#[test]
fn link_shares_one_reduction_or_none() {
    let (loud, soft) = (vec![signals::db(-8.0); 24_000], vec![signals::db(-36.0); 24_000]);
    let soft_gain = |link_percent| {
        let settings = Compressor { link_percent, ..plain(-20.0, 4.0) };
        let out = run(&settings, &[loud.clone(), soft.clone()], None);
        (measure::to_db(out.channel(0)[23_999]) + 8.0, measure::to_db(out.channel(1)[23_999]) + 36.0)
    };
    // 12 dB over at 4:1 is 9 dB less.
    for (link, want) in [(100.0, -9.0), (50.0, -4.5), (0.0, 0.0)] {
        let (left, right) = soft_gain(link);
        assert!((left + 9.0).abs() < 0.01 && (right - want).abs() < 0.01, "{link}: {left} {right}");
    }
}

#[test]
fn an_external_key_turns_the_sound_down_and_its_absence_does_nothing() {
    let sound = signals::sine(440.0, 0.1, 0.0, 0.5, 48_000.0);
    let settings = Compressor { external_key: true, hold_ms: 5.0, ..plain(-20.0, 4.0) };
    let key = Buffer::from_planes(&[vec![signals::db(-8.0); 24_000], vec![-signals::db(-8.0); 24_000]]);
    let out = run(&settings, &[sound.clone(), sound.clone()], Some(&key));
    let level = measure::to_db(measure::peak(&out.channel(1)[20_000..]) / 0.1);
    assert!((level + 9.0).abs() < 0.01, "{level}");
    // The channels of this key cancel in mono: nothing to hear.
    let mono = Compressor { key_sum: KeySum::MonoSum, ..settings.clone() };
    assert_eq!(run(&mono, std::slice::from_ref(&sound), Some(&key)).channel(0), sound);
    assert_eq!(run(&settings, std::slice::from_ref(&sound), None).channel(0), sound);
}

#[test]
fn the_key_filter_decides_what_is_heard_and_listen_lets_it_out() {
    let bass = signals::sine(50.0, 0.5, 0.0, 0.5, 48_000.0);
    let settings = Compressor { key_high_pass_hz: 500.0, ..plain(-30.0, 10.0) };
    // 40 dB down at 50 Hz: -46 dB, below the threshold.
    assert_eq!(run(&settings, std::slice::from_ref(&bass), None).channel(0)[12_000..], bass[12_000..]);
    let listen = run(&Compressor { listen: true, ..settings }, std::slice::from_ref(&bass), None);
    let level = measure::to_db(measure::tone(&listen.channel(0)[12_000..], 50.0, 48_000.0).0 / 0.5);
    assert!((level + 40.0).abs() < 0.1, "{level}");
    let low = Compressor { key_low_pass_hz: 500.0, listen: true, ..Compressor::default() };
    let treble = signals::sine(5_000.0, 0.5, 0.0, 0.5, 48_000.0);
    let level = measure::to_db(measure::rms(&run(&low, &[treble], None).channel(0)[12_000..]) / 0.5) + 3.01;
    assert!((level + 40.0).abs() < 0.2, "{level}");
}

#[test]
fn automatic_times_follow_the_crest() {
    // A sine has C² = 2: release 1000 - 80 = 920 ms, whatever is set. Both running means fall alike after it ends.
    let settings = Compressor { auto_time: true, hold_ms: 5.0, ..plain(-30.0, 4.0) };
    let tone = signals::sine(1_000.0, 0.5, 0.0, 2.0, 48_000.0);
    let both = [tone, vec![1e-3; 24_240]].concat();
    let out = run(&settings, std::slice::from_ref(&both), None);
    let reduction = |n: usize| -measure::to_db(out.channel(0)[n] / 1e-3);
    let (start, later) = (reduction(96_240), reduction(96_240 + 24_000 - 1));
    // 24 dB over the threshold at 4:1.
    assert!((start - 18.0).abs() < 0.3, "{start}");
    let want = dsp::math::exp(-500.0 / 920.0);
    assert!((later / start / want - 1.0).abs() < 0.03, "{} {want}", later / start);
}

#[test]
fn one_to_one_passes_every_bit() {
    let noise = signals::noise(1.0, 8, 2_000);
    let settings = Compressor { ratio: 1.0, lookahead_ms: 0.0, ..Compressor::default() };
    let out = run(&settings, &[noise.clone(), noise.clone()], None);
    assert_eq!(out.channel(0), noise);
    assert_eq!(out.channel(1), noise);
}

#[test]
fn retuning_makes_no_step_and_does_not_depend_on_blocks() {
    let sound = vec![0.5; 20_000];
    let run = |block: usize| {
        let mut settings = Compressor { link_percent: 100.0, ..plain(-20.0, 4.0) };
        let mut kernel = settings.prepare(Format::default());
        let mut audio = Buffer::from_planes(&[sound.clone(), signals::noise(0.6, 3, 20_000)]);
        let mut at = 0;
        let changes: [fn(&mut Compressor); 4] = [
            |s| (s.threshold_db, s.attack_ms) = (-40.0, 0.05),
            |s| (s.makeup_db, s.link_percent) = (12.0, 0.0),
            |s| (s.mix_percent, s.link_percent) = (20.0, 100.0),
            |s| (s.ratio, s.key_high_pass_hz) = (1.0, 100.0),
        ];
        for (step, change) in changes.into_iter().enumerate() {
            while at < (step + 1) * 4_000 {
                let frames = block.min((step + 1) * 4_000 - at);
                kernel.process(&mut audio.block().slice(at, frames));
                at += frames;
            }
            change(&mut settings);
            kernel.retune(&settings);
        }
        kernel.process(&mut audio.block().slice(at, 4_000));
        audio
    };
    let whole = run(100_000);
    assert_eq!(whole, run(41));
    let step = whole.channel(0)[2_000..].windows(2).fold(0.0, |m: f64, w| m.max((w[1] - w[0]).abs()));
    assert!(step < 0.01, "{step}");
}

#[test]
fn the_shown_reduction_is_the_reduction() {
    let settings = plain(-20.0, 4.0);
    let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
    let mut audio = Buffer::from_planes(&[vec![signals::db(-8.0); 24_000]]);
    kernel.process(&mut audio.block());
    assert!((kernel.gain_reduction_db().unwrap() - 9.0).abs() < 1e-3);
    audio.clear();
    kernel.process(&mut audio.block());
    kernel.process(&mut audio.block());
    assert_eq!(kernel.gain_reduction_db(), Some(0.0));
}

#[test]
fn upward_compression_is_the_closed_form_with_its_range_and_floor() {
    let settings = |knee_db, detector| Compressor {
        ratio: 1.0,
        up_threshold_db: -30.0,
        up_ratio: 3.0,
        up_range_db: 10.0,
        up_floor_db: -55.0,
        knee_db,
        detector,
        ..plain(-20.0, 1.0)
    };
    for (knee, detector) in [(0.0, Detector::Peak), (8.0, Detector::Rms), (12.0, Detector::Average)] {
        for step in 0..=40 {
            let x = -70.0 + 1.5 * f64::from(step);
            // 3:1 below -30 dB: every decibel under the threshold becomes a third; at most 10 dB; from -55 dB down
            // a decibel less per decibel.
            let held = f64::max(x, -55.0);
            let under = -30.0 - held;
            let line = if knee > 0.0 && 2.0 * under.abs() <= knee {
                (under + knee / 2.0) * (under + knee / 2.0) / (2.0 * knee)
            } else {
                under.max(0.0)
            };
            let want = x + f64::max(f64::min(line * 2.0 / 3.0, 10.0) - (held - x), 0.0);
            let got = settled_db(&settings(knee, detector), x);
            assert!((got - want).abs() < 0.01, "{knee} {detector:?} {x}: {got} {want}");
        }
    }
}

#[test]
fn up_and_down_work_side_by_side_and_rise_by_the_release() {
    let settings = Compressor {
        up_threshold_db: -40.0,
        up_ratio: 2.0,
        attack_ms: 5.0,
        release_ms: 80.0,
        ..plain(-20.0, 4.0)
    };
    assert!((settled_db(&settings, -8.0) + 17.0).abs() < 0.01);
    assert!((settled_db(&settings, -30.0) + 30.0).abs() < 0.01);
    assert!((settled_db(&settings, -50.0) + 45.0).abs() < 0.01);
    let fall = [vec![signals::db(-30.0); 9_600], vec![signals::db(-50.0); 48_000]].concat();
    let rise = frames_to_63_percent(&settings, &fall, 9_600) / 48.0;
    assert!((rise / 80.0 - 1.0).abs() < 0.03, "{rise}");
    let back = [vec![signals::db(-50.0); 48_000], vec![signals::db(-30.0); 9_600]].concat();
    let fall = frames_to_63_percent(&settings, &back, 48_000) / 48.0;
    assert!((fall / 5.0 - 1.0).abs() < 0.03, "{fall}");
}

#[test]
fn a_feedback_loop_settles_where_its_closed_form_says() {
    for (threshold, ratio, knee) in
        [(-20.0, 4.0, 0.0), (-30.0, 2.0, 12.0), (-40.0, 20.0, 6.0), (-24.0, 100.0, 24.0)]
    {
        for (detector, attack_ms) in [(Detector::Peak, 0.05), (Detector::Rms, 1.0)] {
            let settings = Compressor {
                knee_db: knee,
                detector,
                topology: Topology::Feedback,
                ..plain(threshold, ratio)
            };
            let settings = Compressor { attack_ms, ..settings };
            for step in 0..=20 {
                // Giannoulis, Massberg and Reiss 2012, section 2: the loop holds x = y + (R - 1) · (how far y is over).
                let y = threshold - 15.0 + 1.5 * f64::from(step);
                let over = y - threshold;
                let bent = if 2.0 * over.abs() <= knee && knee > 0.0 {
                    (over + knee / 2.0) * (over + knee / 2.0) / (2.0 * knee)
                } else {
                    over.max(0.0)
                };
                let x = y + (ratio - 1.0) * bent;
                if x > 12.0 || x - y > 60.0 {
                    continue;
                }
                let got = settled_db(&settings, x);
                assert!((got - y).abs() < 0.01, "{threshold} {ratio} {knee} {detector:?} {x}: {got} {y}");
            }
        }
    }
    let settings = Compressor { topology: Topology::Feedback, range_db: 6.0, ..plain(-40.0, 10.0) };
    assert!((settled_db(&settings, -10.0) + 16.0).abs() < 0.01);
    let lift = Compressor { topology: Topology::Feedback, up_ratio: 2.0, ..plain(-20.0, 4.0) };
    assert!((settled_db(&lift, -50.0) + 45.0).abs() < 0.01);
}

#[test]
fn a_feedback_loop_attacks_faster_by_its_ratio_and_releases_in_its_time() {
    // Above the threshold dv/dt = ((R - 1)(over - v) - v) / attack: the time constant is attack / R.
    for (attack_ms, release_ms, ratio) in [(20.0, 60.0, 4.0), (50.0, 150.0, 2.0)] {
        let settings =
            Compressor { attack_ms, release_ms, topology: Topology::Feedback, ..plain(-30.0, ratio) };
        let (low, high) = (vec![signals::db(-70.0); 96_000], vec![signals::db(-6.0); 24_000]);
        let rise = [&low[..2_000], &high].concat();
        let attack = frames_to_63_percent(&settings, &rise, 2_000) / 48.0;
        assert!((attack / (attack_ms / ratio) - 1.0).abs() < 0.03, "{attack}");
        let fall = [high, low].concat();
        let release = frames_to_63_percent(&settings, &fall, 24_000) / 48.0;
        assert!((release / release_ms - 1.0).abs() < 0.03, "{release}");
    }
}

#[test]
fn feedback_links_its_channels_and_leaves_an_external_key_alone() {
    let (loud, soft) = (vec![signals::db(-8.0); 24_000], vec![signals::db(-36.0); 24_000]);
    for (link_percent, want) in [(100.0, -9.0), (0.0, 0.0)] {
        let settings = Compressor { link_percent, topology: Topology::Feedback, ..plain(-20.0, 4.0) };
        let out = run(&settings, &[loud.clone(), soft.clone()], None);
        let gain = |c: usize, level: f64| measure::to_db(out.channel(c)[23_999]) - level;
        assert!((gain(0, -8.0) + 9.0).abs() < 0.01 && (gain(1, -36.0) - want).abs() < 0.01, "{link_percent}");
    }
    let key = Buffer::from_planes(std::slice::from_ref(&loud));
    let keyed = Compressor { external_key: true, ..plain(-20.0, 4.0) };
    let looped = Compressor { topology: Topology::Feedback, ..keyed.clone() };
    let planes = std::slice::from_ref(&soft);
    assert_eq!(run(&keyed, planes, Some(&key)), run(&looped, planes, Some(&key)));
}

#[test]
fn the_average_detector_reads_the_mean_magnitude_in_its_window() {
    // A sine's mean magnitude is 2/π of its peak: -3.92 dB. 9 dB of reduction means a reading of -8 dB.
    let settings = Compressor {
        detector: Detector::Average,
        rms_window_ms: 100.0,
        attack_ms: 0.05,
        ..plain(-20.0, 4.0)
    };
    let tone = signals::sine(1_000.0, signals::db(-8.0 + 3.9224), 0.0, 2.0, 48_000.0);
    let out = run(&settings, std::slice::from_ref(&tone), None);
    let gain = measure::to_db(measure::rms(&out.channel(0)[72_000..]) / measure::rms(&tone[72_000..]));
    assert!((gain + 9.0).abs() < 0.05, "{gain}");
    // Nothing but the window moves: -20 dB is crossed on the way up to -8 dB when 1 - (1 + u) e^(-u) = 10^(-12/20), with two poles
    // of half the window and u = 2t/T.
    let hard = Compressor { ratio: 100.0, ..settings };
    let step = vec![signals::db(-8.0); 24_000];
    let out = run(&hard, std::slice::from_ref(&step), None);
    let begins = out.channel(0).iter().position(|y| *y < step[0] * 0.9999).unwrap() as f64 / 4_800.0;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let t = 0.5 * (low + high);
        let there = 1.0 - (1.0 + 2.0 * t) * dsp::math::exp(-2.0 * t);
        if there < signals::db(-12.0) { low = t } else { high = t }
    }
    assert!((begins / low - 1.0).abs() < 0.03, "{begins} {low}");
}

#[test]
fn make_up_raises_the_wet_part_only() {
    let wet = plain(-30.0, 4.0);
    let half = Compressor { mix_percent: 50.0, makeup_db: 6.0, ..wet.clone() };
    let want = 0.5 * signals::db(-10.0) + 0.5 * signals::db(6.0 + settled_db(&wet, -10.0));
    assert!((settled_db(&half, -10.0) - measure::to_db(want)).abs() < 1e-6);
}

#[test]
fn the_link_shares_the_lift_of_a_feedback_compressor_too() {
    let (loud, soft) = (vec![signals::db(-8.0); 48_000], vec![signals::db(-50.0); 48_000]);
    // 2:1 below -40 dB: 5 dB more for the soft side alone, nothing for the loud one.
    for (link_percent, want) in [(0.0, 5.0), (50.0, 2.5), (100.0, 0.0)] {
        let settings = Compressor {
            topology: Topology::Feedback,
            up_threshold_db: -40.0,
            up_ratio: 2.0,
            link_percent,
            ..plain(0.0, 4.0)
        };
        let out = run(&settings, &[loud.clone(), soft.clone()], None);
        let change = [(0, -8.0), (1, -50.0)].map(|(c, x)| measure::to_db(out.channel(c)[47_999]) - x);
        assert!(change[0].abs() < 0.01 && (change[1] - want).abs() < 0.01, "{link_percent}: {change:?}");
    }
}

#[test]
fn linked_automatic_times_are_those_of_the_strongest_channel() {
    // Pulses left, 30 dB below a sine right in power: their crest asks for a release of a few milliseconds.
    let tail = vec![1e-3; 24_240];
    let tone = [signals::sine(1_000.0, 0.5, 0.0, 2.0, 48_000.0), tail.clone()].concat();
    let pulses: Vec<f64> = (0..96_000).map(|n| if n % 4_800 == 0 { 0.4 } else { 0.0 }).collect();
    let pulses = [pulses, tail].concat();
    let release = |link_percent: f64, planes: &[Vec<f64>]| {
        let settings = Compressor { auto_time: true, link_percent, ..plain(-30.0, 4.0) };
        let out = run(&settings, planes, None);
        let channel = planes.len() - 1;
        let reduction = |n: usize| -measure::to_db(out.channel(channel)[n] / 1e-3);
        reduction(120_239) / reduction(96_240)
    };
    // The sine has C² = 2: 920 ms, linked or not, whatever goes on beside it.
    for link_percent in [100.0, 0.0] {
        let found = release(link_percent, &[pulses.clone(), tone.clone()]);
        let want = dsp::math::exp(-500.0 / 920.0);
        assert!((found / want - 1.0).abs() < 0.03, "{link_percent}: {found} {want}");
    }
}

#[test]
fn a_mono_key_is_the_mean_of_its_channels() {
    let settings = Compressor {
        external_key: true,
        key_sum: KeySum::MonoSum,
        listen: true,
        lookahead_ms: 0.0,
        ..plain(-30.0, 4.0)
    };
    let key = Buffer::from_planes(&[vec![0.5; 9_600], vec![0.25; 9_600]]);
    let out = run(&settings, &[vec![0.1; 9_600], vec![0.1; 9_600]], Some(&key));
    for channel in 0..2 {
        assert!((out.channel(channel)[9_599] - 0.375).abs() < 1e-12, "{}", out.channel(channel)[9_599]);
    }
}

#[test]
fn key_filters_are_three_decibels_down_at_their_corners() {
    let tone = signals::sine(1_000.0, 0.5, 0.0, 0.5, 48_000.0);
    let plain = Compressor { listen: true, ..Compressor::default() };
    for settings in [
        Compressor { key_high_pass_hz: 1_000.0, ..plain.clone() },
        Compressor { key_low_pass_hz: 1_000.0, ..plain },
    ] {
        let heard = run(&settings, std::slice::from_ref(&tone), None);
        let level = measure::to_db(measure::tone(&heard.channel(0)[12_000..], 1_000.0, 48_000.0).0 / 0.5);
        assert!((level + 3.01).abs() < 0.05, "{level}");
    }
}
