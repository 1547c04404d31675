//! A record that was named leans the balance: how much low end it has against its middle moves bass and drums a little.

use crate::decide::Reference;
use crate::hear::{BANDS, Song, band_centre_hz};
use crate::styles::Style;
use dsp::math::{db_to_power, power_to_db};
use std::collections::BTreeMap;
use studio::message::{Finding, Severity};
use studio::mix::Group;
use studio::targets::{Fact, Tier};

/// Share of a difference that is followed, and the most of it, LU. By our own convention: a record is a direction, no template;
/// docs/decisions/052.
const SHARE: f64 = 0.3;
const MOST_LU: f64 = 1.0;
/// A tenth of a LU is not heard.
const LEAST_LU: f64 = 0.2;
// Published quartiles (C5 of the mixing rules), two tenths inside.
const BASS_LU: (f64, f64) = (-9.9, -6.9);
const DRUMS_LU: (f64, f64) = (-9.1, -5.1);
/// Loudness of everything but voice, drums and bass against a mix (C5, own arithmetic there), LU.
const REST_LU: f64 = -7.2;

/// The style with bass and drums moved towards a record, and what is said about it. The mix is guessed from the recordings at the
/// balance of the style: groups by their loudness and their spectra.
#[must_use]
pub fn lean(style: &Style, song: &Song, reference: &Reference) -> (Style, Option<Finding>) {
    let Some(own) = guess(style, song).as_deref().and_then(low_db) else { return (style.clone(), None) };
    let Some(its) = low_db(&reference.bands) else { return (style.clone(), None) };
    let by = (SHARE * (its - own)).clamp(-MOST_LU, MOST_LU);
    if by.abs() < LEAST_LU {
        return (style.clone(), None);
    }
    let moved = |fact: &Fact<f64>, by: f64, (low, high): (f64, f64)| Fact {
        value: (fact.value + by).clamp(low.min(fact.value), high.max(fact.value)),
        source: "the style, leant towards a reference inside the published quartiles, docs/decisions/052"
            .to_owned(),
        date: "2026-11-21".to_owned(),
        tier: Tier::Convention,
    };
    let leant = Style {
        bass_lu: moved(&style.bass_lu, by, BASS_LU),
        // The kick is a part of the kit alone.
        drums_lu: moved(&style.drums_lu, 0.5 * by, DRUMS_LU),
        ..style.clone()
    };
    let what = format!(
        "{its:.1} dB under 120 Hz against its middle, these tracks {own:.1} dB: bass {:.1} to {:.1} LU, drums {:.1} to {:.1} LU",
        style.bass_lu.value, leant.bass_lu.value, style.drums_lu.value, leant.drums_lu.value
    );
    let finding = Finding::new("reference_balance", Severity::Info, what)
        .about(&reference.path)
        .limit(format!("{MOST_LU:.0} LU, inside what published mixes have"))
        .advice("leave --reference away, or set the faders of bass and drums by hand");
    (leant, Some(finding))
}

/// Level under 120 Hz against 300 Hz to 3 kHz, dB; `None` for nothing.
fn low_db(bands: &[f64]) -> Option<f64> {
    let sum = |from: f64, to: f64| -> f64 {
        (0..BANDS)
            .filter(|band| (from..to).contains(&band_centre_hz(*band)))
            .filter_map(|band| bands.get(band))
            .sum()
    };
    let (low, middle) = (sum(40.0, 120.0), sum(300.0, 3000.0));
    (low > 0.0 && middle > 0.0).then(|| power_to_db(low / middle))
}

/// Powers in the bands of the film that these tracks would have at the balance of a style.
fn guess(style: &Style, song: &Song) -> Option<Vec<f64>> {
    let mut groups: BTreeMap<Group, (Vec<f64>, f64)> = BTreeMap::new();
    for (_, track) in song.playing() {
        let Some(lufs) = track.facts.active_lufs else { continue };
        let group = groups.entry(track.role.role.group).or_insert_with(|| (vec![0.0; BANDS], 0.0));
        // Tracks of a group at one loudness, as far as their roles say.
        let gain = db_to_power(track.role.role.offset_lu - lufs);
        group.0.iter_mut().zip(&track.facts.band_power).for_each(|(sum, power)| *sum += gain * power);
        group.1 += db_to_power(track.role.role.offset_lu);
    }
    let rest =
        groups.keys().filter(|group| !matches!(group, Group::Vocals | Group::Drums | Group::Bass)).count();
    let target = |group: Group| match group {
        Group::Vocals => style.vocals_lu.value,
        Group::Drums => style.drums_lu.value,
        Group::Bass => style.bass_lu.value,
        _ => REST_LU - power_to_db(rest.max(1) as f64),
    };
    let mut mix = vec![0.0; BANDS];
    for (group, (bands, loudness)) in &groups {
        let gain = db_to_power(target(*group)) / loudness.max(1e-30);
        mix.iter_mut().zip(bands).for_each(|(sum, power)| *sum += gain * power);
    }
    (!groups.is_empty()).then_some(mix)
}
