//! Equalisers in a row become one: the same curve at a fraction of the cost.

use super::chain::{Step, make};
use fx::AnyProcessor;
use fx::eq::Dynamic;

/// The steps that run, with neighbouring static equalisers put into one.
///
/// What is put behind another must not be dynamic, for a dynamic band listens to what enters its equaliser.
pub(super) fn fuse(steps: &[Step]) -> Vec<Step> {
    let mut fused: Vec<Step> = Vec::new();
    for step in steps.iter().filter(|step| step.on) {
        match fused.last_mut().and_then(|last| joined(last, step)) {
            Some(both) => {
                fused.pop();
                fused.push(both);
            }
            None => fused.push(step.clone()),
        }
    }
    fused
}

/// Indices of the first band, of a band's parameters, and number of bands that are not at their defaults.
fn used_bands(settings: &dyn AnyProcessor) -> Option<(usize, usize, usize)> {
    let description = settings.description();
    let bands = description.bands.filter(|_| description.key == "eq")?;
    let (first, width) = (description.params.len(), bands.params.len());
    let at_rest = |band: usize| {
        (first + band * width..first + (band + 1) * width).all(|index| {
            description.param(index).is_none_or(|param| settings.get(index) == param.default_value())
        })
    };
    let used = (0..bands.count).rposition(|band| !at_rest(band)).map_or(0, |last| last + 1);
    Some((first, width, used))
}

/// Whether everything but the bands is at its default.
fn plain(settings: &dyn AnyProcessor, first: usize) -> bool {
    let description = settings.description();
    (0..first).all(|index| {
        description.param(index).is_none_or(|param| settings.get(index) == param.default_value())
    })
}

fn is_static(settings: &dyn AnyProcessor, used: usize) -> bool {
    let off = fx::Choice::index(Dynamic::Off) as f64;
    (1..=used).all(|band| {
        let index = settings.description().index_of(&format!("band{band}.dynamic"));
        index.is_none_or(|index| settings.get(index) == off)
    })
}

fn joined(first: &Step, second: &Step) -> Option<Step> {
    let (a, b) = (first.settings.as_ref(), second.settings.as_ref());
    let (start, width, used_a) = used_bands(a)?;
    let (_, _, used_b) = used_bands(b)?;
    let count = a.description().bands?.count;
    if used_a + used_b > count || !plain(a, start) || !plain(b, start) || !is_static(b, used_b) {
        return None;
    }
    let mut both = make("eq").ok()?;
    for index in 0..used_a * width {
        both.set(start + index, a.get(start + index));
    }
    for index in 0..used_b * width {
        both.set(start + used_a * width + index, b.get(start + index));
    }
    Some(Step::new(first.id.clone(), first.family, both))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::master::chain::Family;

    fn bell(id: &str, freq_hz: f64, dynamic: bool) -> Step {
        let mut eq = make("eq").expect("registered");
        let mut set = |address: &str, value: f64| {
            let index = eq.description().index_of(address).expect("declared");
            eq.set(index, value);
        };
        set("band1.freq_hz", freq_hz);
        set("band1.gain_db", 1.5);
        set("band1.dynamic", f64::from(u8::from(dynamic)));
        Step::new(id, Family::Tone, eq)
    }

    #[test]
    fn only_static_equalisers_join_and_only_behind_an_equaliser() {
        let gain = Step::new("gain", Family::Width, make("gain").expect("registered"));
        let off = Step { on: false, ..bell("off", 300.0, false) };
        let steps = [
            bell("a", 100.0, true),
            bell("b", 200.0, false),
            off,
            bell("c", 400.0, true),
            gain,
            bell("d", 800.0, false),
        ];
        let ids: Vec<String> = fuse(&steps).into_iter().map(|step| step.id).collect();
        // a takes b; the dynamic c stands alone; d has no equaliser before it.
        assert_eq!(ids, ["a", "c", "gain", "d"]);
        let many: Vec<Step> =
            (0..14).map(|n| bell(&n.to_string(), 100.0 * f64::from(n + 1), false)).collect();
        assert_eq!(fuse(&many).len(), 2, "twelve bands are full");
    }

    #[test]
    fn joined_equalisers_sound_as_they_did() {
        use super::super::stages::Inserts;
        use crate::pipe::Stage;
        use dsp::block::Buffer;
        let steps = [bell("a", 100.0, false), bell("b", 1000.0, false), bell("c", 5000.0, false)];
        let play = |steps: &[Step]| {
            let noise = testkit::signals::noise(0.3, 5, 8192);
            let mut inserts = Inserts::new(steps, 48_000.0, 2, 0);
            let mut got = Vec::new();
            let block = Buffer::from_planes(&[noise.clone(), noise]);
            inserts
                .push(block, &mut |block| {
                    got.extend_from_slice(block.channel(0));
                    Ok(())
                })
                .expect("it plays");
            got
        };
        let (apart, together) = (play(&steps), play(&fuse(&steps)));
        assert_eq!(fuse(&steps).len(), 1);
        let most = apart.iter().zip(&together).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(most < 1e-9, "{most}");
        assert!(apart.iter().any(|x| x.abs() > 0.1));
    }
}
