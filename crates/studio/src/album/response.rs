//! What a chain of equalisers does to third octaves, without playing a song through it.

use super::family::BANDS;
use crate::master::chain::Step;
use crate::master::stages::Inserts;
use crate::pipe::Stage;
use dsp::block::Buffer;
use dsp::fft::RealFft;
use dsp::math;
use dsp::spectrum::THIRD_OCTAVES_HZ;

/// Length of the impulse response that is looked at, frames: bins of 2.7 Hz at 44.1 kHz.
const SIZE: usize = 16_384;

/// Gain of every third octave; `None` when anything but equalisers that hold still is in the chain.
pub(super) fn of_equalisers(steps: &[Step], sample_rate_hz: u32) -> Option<Vec<f64>> {
    if steps.is_empty() {
        return Some(vec![0.0; BANDS]);
    }
    if !steps.iter().all(holds_still) {
        return None;
    }
    let mut inserts = Inserts::new(steps, f64::from(sample_rate_hz), 1, 0);
    let mut signal = Vec::with_capacity(SIZE);
    let mut keep = |block: Buffer| {
        signal.extend_from_slice(block.channel(0));
        Ok(())
    };
    let mut impulse = vec![0.0; SIZE];
    impulse[0] = 1.0;
    inserts.push(Buffer::from_planes(&[impulse]), &mut keep).ok()?;
    inserts.finish(&mut keep).ok()?;
    signal.resize(SIZE, 0.0);
    let mut plan = RealFft::new(SIZE);
    let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
    plan.forward(&signal, &mut re, &mut im);
    let bin_hz = f64::from(sample_rate_hz) / SIZE as f64;
    let edge = math::exp2(1.0 / 6.0);
    let gain = |hz: &f64| {
        let first = (hz / edge / bin_hz).round() as usize;
        let last = ((hz * edge / bin_hz).round() as usize).max(first + 1).min(re.len());
        let powers = (first.min(last)..last).map(|bin| re[bin] * re[bin] + im[bin] * im[bin]);
        let (sum, count) = powers.fold((0.0, 0_usize), |(sum, count), power| (sum + power, count + 1));
        if count == 0 { 0.0 } else { math::power_to_db(sum / count as f64).max(-200.0) }
    };
    Some(THIRD_OCTAVES_HZ.iter().map(gain).collect())
}

/// Whether a step is an equaliser that treats all channels alike and never moves.
fn holds_still(step: &Step) -> bool {
    let description = step.settings.description();
    let at_default = |address: &str| {
        description.index_of(address).is_none_or(|index| {
            description.param(index).is_none_or(|param| step.settings.get(index) == param.default_value())
        })
    };
    let bands = description.bands.map_or(0, |bands| bands.count);
    description.key == "eq"
        && at_default("phase")
        && (1..=bands)
            .all(|band| at_default(&format!("band{band}.dynamic")) && at_default(&format!("band{band}.part")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::master::chain::{Family, make};
    use crate::master::propose::set;

    fn bell(address: &str, value: f64) -> Step {
        let mut settings = make("eq").unwrap();
        set(settings.as_mut(), "band1.freq_hz", 1000.0);
        set(settings.as_mut(), "band1.gain_db", 6.0);
        set(settings.as_mut(), "band1.q", 1.0);
        set(settings.as_mut(), address, value);
        Step::new("eq", Family::Tone, settings)
    }

    #[test]
    fn a_bell_is_reckoned_and_one_that_moves_is_not() {
        let gains = of_equalisers(&[bell("band1.gain_db", 6.0)], 44_100).unwrap();
        // The prototype: 6 dB at its centre; (1 + (x - 1/x)² a²) over (1 + (x - 1/x)² / a²) elsewhere, a² = 10^0.3.
        assert!((gains[17] - 6.0).abs() < 0.15, "{gains:?}");
        let side = |x: f64| {
            let skirt = (x - 1.0 / x) * (x - 1.0 / x);
            math::power_to_db((skirt + math::db_to_gain(6.0)) / (skirt + math::db_to_gain(-6.0)))
        };
        assert!((gains[20] - side(2.0)).abs() < 0.15, "{} {}", gains[20], side(2.0));
        assert!(of_equalisers(&[bell("band1.dynamic", 1.0)], 44_100).is_none());
        assert!(of_equalisers(&[bell("band1.part", 1.0)], 44_100).is_none());
        let gain = Step::new("gain", Family::Width, make("gain").unwrap());
        assert!(of_equalisers(&[gain], 44_100).is_none());
    }
}
