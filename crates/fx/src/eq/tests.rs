use super::*;
use crate::Kernel;
use dsp::block::Buffer;
use dsp::eq_design::{Analogue, Curve};
use testkit::{measure, signals};

fn band(kind: BandKind, freq_hz: f64, gain_db: f64, q: f64) -> EqBand {
    EqBand { kind, freq_hz, gain_db, q, ..EqBand::default() }
}

fn with(bands: &[EqBand]) -> Eq {
    let mut eq = Eq::default();
    eq.band[..bands.len()].clone_from_slice(bands);
    eq
}

fn run(eq: &Eq, planes: &[Vec<f64>], rate: f64) -> Buffer {
    let mut audio = Buffer::from_planes(planes);
    let format = Format { sample_rate_hz: rate, channels: planes.len(), ..Format::default() };
    eq.prepare(format).process(&mut audio.block());
    audio
}

#[test]
fn an_equaliser_at_its_defaults_passes_every_bit() {
    let noise = signals::noise(0.9, 1, 1000);
    let out = run(&Eq::default(), &[noise.clone(), noise.clone()], 44_100.0);
    assert_eq!(out.channel(1), noise);
    // A band switched off is as good as none.
    let off = EqBand { on: false, ..band(BandKind::HighPass, 100.0, 0.0, 1.0) };
    assert_eq!(run(&with(&[off]), std::slice::from_ref(&noise), 44_100.0).channel(0), noise);
}

#[test]
fn four_bands_measure_as_their_analogue_prototypes() {
    for rate in [44_100.0, 48_000.0, 96_000.0] {
        let eq = with(&[
            band(BandKind::HighPass, 60.0, 0.0, 0.71),
            band(BandKind::LowShelf, 200.0, 3.0, 0.71),
            band(BandKind::Bell, 7_000.0, -5.0, 1.5),
            band(BandKind::HighShelf, 10_000.0, 6.0, 0.71),
        ]);
        let out = run(&eq, &[signals::impulse(1.0, 0, 48_000)], rate);
        let analogue = [
            Analogue::new(Curve::HighPass, 60.0, 0.0, 0.5_f64.sqrt()),
            Analogue::new(Curve::LowShelf, 200.0, 3.0, 0.71),
            Analogue::new(Curve::Bell, 7_000.0, -5.0, 1.5),
            Analogue::new(Curve::HighShelf, 10_000.0, 6.0, 0.71),
        ];
        for f in [40.0, 60.0, 150.0, 1_000.0, 4_000.0, 7_000.0, 10_000.0, 14_000.0, 18_000.0] {
            let want: f64 = analogue.iter().map(|a| a.magnitude_db(f)).sum();
            let got = measure::response_db(out.channel(0), f, rate);
            assert!((got - want).abs() < 0.1, "{rate} {f}: {got} {want}");
            assert!((got - magnitude_db(&eq, f, rate)).abs() < 1e-3, "{rate} {f}");
        }
    }
}

#[test]
fn a_steep_high_pass_falls_by_its_slope() {
    for (slope, per_octave) in [(Slope::Db6, 6.02), (Slope::Db18, 18.06), (Slope::Db48, 48.16)] {
        let eq = with(&[EqBand { slope, ..band(BandKind::HighPass, 1_000.0, 0.0, 0.71) }]);
        let out = run(&eq, &[signals::impulse(1.0, 0, 48_000)], 48_000.0);
        let at = |f| measure::response_db(out.channel(0), f, 48_000.0);
        assert!((at(1_000.0) + 3.01).abs() < 0.03, "{slope:?} {}", at(1_000.0));
        assert!((at(250.0) - at(125.0) - per_octave).abs() < 0.35, "{slope:?} {}", at(250.0) - at(125.0));
    }
}

#[test]
fn mid_and_side_bands_touch_only_their_part() {
    let tone = signals::sine(1_000.0, 0.5, 0.0, 0.2, 48_000.0);
    let opposite: Vec<f64> = tone.iter().map(|x| -x).collect();
    let level = |part, planes: &[Vec<f64>], channel| {
        let eq = with(&[EqBand { part, ..band(BandKind::Bell, 1_000.0, -6.0, 1.0) }]);
        let out = run(&eq, planes, 48_000.0);
        measure::to_db(measure::tone(&out.channel(channel)[4_800..], 1_000.0, 48_000.0).0 / 0.5)
    };
    let (alike, against) = ([tone.clone(), tone.clone()], [tone.clone(), opposite]);
    for (part, on_mid, on_side) in [(Part::Mid, -6.0, 0.0), (Part::Side, 0.0, -6.0)] {
        assert!((level(part, &alike, 1) - on_mid).abs() < 0.1, "{part:?}");
        assert!((level(part, &against, 1) - on_side).abs() < 0.1, "{part:?}");
    }
    assert!((level(Part::Left, &alike, 0) + 6.0).abs() < 0.1);
    assert!(level(Part::Left, &alike, 1).abs() < 1e-9);
    assert!((level(Part::Right, &alike, 1) + 6.0).abs() < 0.1);
    assert!((level(Part::Mid, std::slice::from_ref(&tone), 0) + 6.0).abs() < 0.1);
}

#[test]
fn a_boost_and_its_cut_cancel() {
    let noise = signals::noise(0.5, 9, 4_000);
    let eq = with(&[band(BandKind::Bell, 9_000.0, 12.0, 1.0), band(BandKind::Bell, 9_000.0, -12.0, 1.0)]);
    let out = run(&eq, std::slice::from_ref(&noise), 44_100.0);
    assert!(measure::null_db(out.channel(0), &noise) < -250.0);
}

#[test]
fn retuning_makes_no_click_and_does_not_depend_on_blocks() {
    let tone = signals::sine(200.0, 0.5, 0.0, 0.3, 48_000.0);
    let run = |block: usize| {
        let mut eq = Eq::default();
        let mut kernel = eq.prepare(Format { channels: 1, ..Format::default() });
        let mut audio = Buffer::from_planes(std::slice::from_ref(&tone));
        let mut at = 0;
        // Jumps of gain, frequency, kind, and off.
        for (step, change) in [
            band(BandKind::Bell, 200.0, 24.0, 1.0),
            band(BandKind::Bell, 5_000.0, -24.0, 1.0),
            band(BandKind::LowShelf, 150.0, 12.0, 0.7),
            EqBand { on: false, ..EqBand::default() },
        ]
        .into_iter()
        .enumerate()
        {
            let end = (step + 1) * 3_000;
            while at < end {
                let frames = block.min(end - at);
                kernel.process(&mut audio.block().slice(at, frames));
                at += frames;
            }
            eq.band[0] = change;
            kernel.retune(&eq);
        }
        kernel.process(&mut audio.block().slice(at, tone.len() - at));
        audio
    };
    let whole = run(100_000);
    assert_eq!(whole, run(37));
    // The sine itself, boosted by 24 dB, bends by 0.5 * 15.8 * (2π 200 / 48000)² = 0.0054 per sample²; a click bends by
    // its height, which is several units here.
    let bend = whole.channel(0).windows(3).fold(0.0, |m: f64, w| m.max((w[0] - 2.0 * w[1] + w[2]).abs()));
    assert!(bend < 0.02, "{bend}");
    // Off again: bit for bit, once the glide is over.
    assert_eq!(whole.channel(0)[14_000..], tone[14_000..]);
}
