//! A first balance from loudness alone, in closed form.
//!
//! Every track is trimmed to one working level, tracks of a group stand to each other as their roles do, and groups stand
//! to the mix as they do in published mixes. What sounds together is added as power, 100 ms by 100 ms, so nothing has to
//! be rendered. Numbers: the mixing rules, C0, C4 and C5 (medians of 180 multitrack mixes, AES and DAFx papers named there).

use super::roles::Group;
use dsp::math::{db_to_power, power_to_db};
use std::collections::BTreeMap;

/// Active loudness every track is trimmed to (C4).
pub(super) const WORKING_LUFS: f64 = -23.0;
/// Sample peak a trim never goes above (C4).
pub(super) const WORKING_PEAK_DBFS: f64 = -6.0;
/// Loudness the groups together aim at. By our own convention: faders come out near 0 dB, and the sum stays under full scale.
const MIX_LUFS: f64 = -20.0;

/// Momentary loudness every 100 ms, `-inf` where there is none.
pub(super) type Curve = Vec<f64>;

/// Which values are sound and which are pauses (C0): open at 20 LU under the 95th percentile, close at 25 LU under it,
/// on for 200 ms at least, held for 300 ms.
pub(super) fn activity(curve: &[f64]) -> Vec<bool> {
    let mut loud: Vec<f64> = curve.iter().copied().filter(|lufs| *lufs > -70.0).collect();
    loud.sort_by(f64::total_cmp);
    let Some(reference) = loud.get((loud.len().saturating_sub(1) * 95).div_ceil(100)) else {
        return vec![false; curve.len()];
    };
    let (open, close) = (f64::max(reference - 20.0, -70.0), f64::max(reference - 25.0, -70.0));
    let mut active = vec![false; curve.len()];
    let (mut on, mut hold) = (false, 0);
    for (index, lufs) in curve.iter().enumerate() {
        if *lufs > open {
            (on, hold) = (true, 3);
        } else if *lufs < close {
            hold = if on { hold - 1 } else { 0 };
            on = hold > 0;
        }
        active[index] = on;
    }
    drop_short(&mut active);
    active
}

/// Runs of one value are clicks, not sound.
fn drop_short(active: &mut [bool]) {
    for index in 0..active.len() {
        let alone = |other: Option<usize>| other.and_then(|other| active.get(other)).is_none_or(|on| !on);
        if active[index] && alone(index.checked_sub(1)) && alone(Some(index + 1)) && active.len() > 1 {
            active[index] = false;
        }
    }
}

/// Loudness while active: the mean power of active values. `None` for silence.
pub(super) fn active_lufs(curve: &[f64]) -> Option<f64> {
    let active = activity(curve);
    let powers: Vec<f64> =
        curve.iter().zip(&active).filter(|(_, on)| **on).map(|(lufs, _)| db_to_power(*lufs)).collect();
    (!powers.is_empty()).then(|| power_to_db(powers.iter().sum::<f64>() / powers.len() as f64))
}

/// The curve of several together, each with its gain: powers add.
pub(super) fn sum<'a>(parts: impl IntoIterator<Item = (&'a Curve, f64)>) -> Curve {
    let mut powers: Vec<f64> = Vec::new();
    for (curve, gain_db) in parts {
        powers.resize(powers.len().max(curve.len()), 0.0);
        for (power, lufs) in powers.iter_mut().zip(curve) {
            *power += db_to_power(lufs + gain_db);
        }
    }
    powers.into_iter().map(power_to_db).collect()
}

/// Loudness of each group against the mix, in LU (C5).
pub(super) fn targets(present: &[Group], lead_instrument: Option<Group>) -> BTreeMap<Group, f64> {
    let fixed = |group: Group| match group {
        Group::Vocals => Some(-3.1),
        Group::Drums => Some(-7.5),
        Group::Bass => Some(-8.5),
        _ => None,
    };
    let weights: f64 = present.iter().filter_map(|group| weight(*group)).sum();
    let mut powers: BTreeMap<Group, f64> = BTreeMap::new();
    for group in present {
        // What is not vocals, drums and bass shares 0.19 of the power.
        let power = fixed(*group).map(db_to_power).or(weight(*group).map(|weight| 0.19 * weight / weights));
        powers.extend(power.map(|power| (*group, power)));
    }
    if let (false, Some(lead)) = (present.contains(&Group::Vocals), lead_instrument)
        && let Some(power) = powers.get_mut(&lead)
    {
        // Without a singer, 60 % of the singer's power goes to the lead instrument.
        *power += 0.6 * db_to_power(-3.1);
    }
    let total: f64 = powers.values().sum();
    let mut targets: BTreeMap<Group, f64> =
        powers.into_iter().map(|(group, power)| (group, power_to_db(power / total))).collect();
    let vocals = targets.get(&Group::Vocals).copied();
    if let (Some(backing), Some(vocals)) = (targets.get_mut(&Group::Backing), vocals) {
        // Hard rule: backing vocals never come nearer than 5 LU to the lead.
        *backing = backing.min(vocals - 5.0);
    }
    if let Some(percussion) = targets.get_mut(&Group::Percussion).filter(|_| present.len() > 1) {
        *percussion = percussion.min(-14.0);
    }
    targets
}

/// Share of the rest of the power (C5).
fn weight(group: Group) -> Option<f64> {
    match group {
        Group::Guitars => Some(1.0),
        Group::Keys => Some(0.8),
        Group::Synths | Group::Backing => Some(0.7),
        Group::Winds | Group::Other => Some(0.6),
        Group::Strings => Some(0.5),
        Group::Percussion => Some(0.3),
        Group::Effects => Some(0.2),
        Group::Vocals | Group::Drums | Group::Bass | Group::Reference => None,
    }
}

/// A track in the balance.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    pub(super) group: Group,
    pub(super) offset_lu: f64,
    pub(super) curve: Curve,
    pub(super) peak_dbfs: f64,
    pub(super) trim_db: f64,
    pub(super) fader_db: f64,
}

/// To a tenth: what a person would set.
fn tenth(db: f64) -> f64 {
    // Counted in tenths, so that what is written is what is meant.
    let tenths = (db * 10.0).round() / 10.0;
    if tenths == 0.0 { 0.0 } else { tenths }
}

/// Sets trims and faders of all voices; gives the fader of every group.
pub(super) fn balance(voices: &mut [Voice], lead_instrument: Option<Group>) -> BTreeMap<Group, f64> {
    let mut present: Vec<Group> = Vec::new();
    for voice in voices.iter_mut() {
        let Some(lufs) = active_lufs(&voice.curve) else { continue };
        voice.trim_db =
            tenth((WORKING_LUFS - lufs).min(WORKING_PEAK_DBFS - voice.peak_dbfs).clamp(-60.0, 48.0));
        // What a trim could not reach, because of a peak, the fader does.
        let wanted = WORKING_LUFS + voice.offset_lu;
        voice.fader_db = tenth((wanted - lufs - voice.trim_db).clamp(-60.0, 12.0));
        present.push(voice.group);
    }
    present.sort();
    present.dedup();
    let targets = targets(&present, lead_instrument);
    let mut faders = BTreeMap::new();
    for (group, target) in targets {
        let own = voices.iter().filter(|voice| voice.group == group);
        let curve = sum(own.map(|voice| (&voice.curve, voice.trim_db + voice.fader_db)));
        if let Some(lufs) = active_lufs(&curve) {
            faders.insert(group, tenth((MIX_LUFS + target - lufs).clamp(-60.0, 12.0)));
        }
    }
    faders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_not_active_and_short_dips_are() {
        let mut curve = vec![-20.0; 20];
        curve.extend([-50.0; 20]);
        curve.extend([-20.0; 10]);
        curve[5] = -42.0;
        let active = activity(&curve);
        assert!(active[..20].iter().all(|on| *on));
        assert!(active[20] && active[21] && !active[22], "held for 300 ms from the last loud value");
        assert!(active[23..40].iter().all(|on| !on));
        assert!(active[40..].iter().all(|on| *on));
        assert!((active_lufs(&[-20.0; 30]).unwrap() + 20.0).abs() < 1e-9);
        assert_eq!(active_lufs(&[f64::NEG_INFINITY; 30]), None);
        assert_eq!(active_lufs(&[]), None);
    }

    #[test]
    fn two_equal_curves_are_three_decibels_louder() {
        let curve = vec![-20.0; 4];
        let both = sum([(&curve, 0.0), (&curve, 0.0)]);
        assert!((both[0] + 20.0 - 3.010_299_956_639_812).abs() < 1e-9);
    }

    #[test]
    fn targets_are_the_published_medians_and_their_power_is_one() {
        let all = [Group::Drums, Group::Bass, Group::Guitars, Group::Keys, Group::Vocals];
        let targets = targets(&all, None);
        // 10^-0.31 + 10^-0.75 + 10^-0.85 = 0.8089; with 0.19 the sum is 0.9989: within 0.01 dB of the medians.
        for (group, lu) in [(Group::Vocals, -3.1), (Group::Drums, -7.5), (Group::Bass, -8.5)] {
            assert!((targets[&group] - lu).abs() < 0.01, "{group:?} {}", targets[&group]);
        }
        let power: f64 = targets.values().map(|lu| db_to_power(*lu)).sum();
        assert!((power - 1.0).abs() < 1e-9);
    }

    #[test]
    fn hard_rules_hold() {
        let targets = targets(&[Group::Vocals, Group::Backing, Group::Percussion], None);
        assert!(targets[&Group::Backing] <= targets[&Group::Vocals] - 5.0);
        assert!(targets[&Group::Percussion] <= -14.0);
    }
}
