//! How loud each group should be against the mix (C5).

use crate::close::{Part, Powers};
use crate::styles::Style;
use dsp::math::{db_to_power, power_to_db};
use studio::mix::Group;

/// Published quartiles of lead vocals, drums and bass against the mix, LU (C5: 180 multitrack mixes), two tenths inside, so that what
/// is rendered and rounded stays in them.
const VOCALS_LU: (f64, f64) = (-3.8, -2.0);
const DRUMS_LU: (f64, f64) = (-9.1, -5.1);
const BASS_LU: (f64, f64) = (-9.9, -6.9);
/// Power that is left for everything else (C5, own arithmetic there).
const REST: f64 = 0.19;
/// Backing vocals never come nearer to the lead than this, LU (C5: 5 LU, the failure of KEAMS 2013; a little more,
/// so that what is rendered keeps it).
const BACKING_UNDER_LU: f64 = 5.2;
/// Farthest that a stack of backing voices or effects follows what is missing, LU. By our own convention: they fill, they do not carry.
const FILL_LU: f64 = -9.0;
/// Percussion never comes nearer to the mix than this, LU (C5: -14 LU, the loud tambourine of Mansbridge 2012).
const PERCUSSION_LU: f64 = -14.3;
/// Share of the missing singer's power that goes to the lead instrument (C5).
const LEAD_SHARE: f64 = 0.6;
/// Share in which the voice follows what is missing in a small band, against 1 for the others. By estimate, 2026-11-21,
/// docs/decisions/047.
const VOCALS_FOLLOW: f64 = 0.5;

/// Share of the rest of the power (C5).
fn weight(group: Group) -> f64 {
    match group {
        Group::Guitars => 1.0,
        Group::Keys => 0.8,
        Group::Synths | Group::Backing => 0.7,
        Group::Winds | Group::Other => 0.6,
        Group::Strings => 0.5,
        Group::Percussion => 0.3,
        Group::Effects => 0.2,
        Group::Vocals | Group::Drums | Group::Bass | Group::Reference => 0.0,
    }
}

/// A group that is to be balanced.
#[derive(Debug, Clone, PartialEq)]
pub struct Sounding {
    /// Which.
    pub group: Group,
    /// Its strip.
    pub strip: String,
    /// What it sounds like at fader 0.
    pub powers: Powers,
}

/// Targets of groups, ready for [`solve`](crate::close::solve). `lead` leads when nobody sings.
#[must_use]
pub fn targets(sounding: &[Sounding], style: &Style, lead: Option<Group>) -> Vec<Part> {
    let vocals = sounding.iter().position(|one| one.group == Group::Vocals);
    let weights: f64 = sounding.iter().map(|one| weight(one.group)).sum();
    // Several strips of one group (in a session of a person, without a bus) share what the group has.
    let count = |group: Group| sounding.iter().filter(|one| one.group == group).count().max(1) as f64;
    let mut powers: Vec<f64> = sounding
        .iter()
        .map(|one| match one.group {
            Group::Vocals => db_to_power(style.vocals_lu.value) / count(one.group),
            Group::Drums => db_to_power(style.drums_lu.value) / count(one.group),
            Group::Bass => db_to_power(style.bass_lu.value) / count(one.group),
            group => REST * weight(group) / weights.max(weight(group)).max(1e-9),
        })
        .collect();
    if let (None, Some(lead)) = (vocals, lead)
        && let Some(at) = sounding.iter().position(|one| one.group == lead)
    {
        powers[at] += LEAD_SHARE * db_to_power(style.vocals_lu.value);
    }
    // Somebody has to fill what the others leave: only then are they held.
    let fills = |one: &Sounding| {
        use Group::{Guitars, Keys, Other, Strings, Synths, Winds};
        matches!(one.group, Guitars | Keys | Synths | Strings | Winds | Other)
    };
    let reach = style.reach_lu.filter(|_| sounding.iter().any(fills)).unwrap_or(f64::INFINITY);
    sounding
        .iter()
        .zip(powers)
        .map(|(one, power)| {
            let target_lu = power_to_db(power.max(1e-6));
            let (range_lu, follows) = range(one.group, count(one.group), style, reach);
            let under = vocals.filter(|_| one.group == Group::Backing).map(|lead| (lead, BACKING_UNDER_LU));
            // Where few groups are all there is and one of them rests, somebody carries what is missing: whoever has no published range,
            // then the drums, then the bass.
            let gives = match one.group {
                _ if fills(one) => 1,
                Group::Drums => 2,
                Group::Bass => 3,
                _ => 0,
            };
            Part {
                id: one.strip.clone(),
                powers: one.powers.clone(),
                target_lu,
                range_lu,
                follows,
                under,
                gives,
            }
        })
        .collect()
}

fn range(group: Group, count: f64, style: &Style, reach: f64) -> ((f64, f64), f64) {
    let less = power_to_db(count);
    // A style of speech asks for more than the quartiles of songs.
    let with = |(low, high): (f64, f64), target: f64| {
        (low.min(target).max(target - reach) - less, high.max(target).min(target + reach) - less)
    };
    match group {
        Group::Vocals => (with(VOCALS_LU, style.vocals_lu.value), VOCALS_FOLLOW),
        Group::Drums => (with(DRUMS_LU, style.drums_lu.value), 1.0),
        Group::Bass => (with(BASS_LU, style.bass_lu.value), 1.0),
        Group::Percussion => ((-60.0, PERCUSSION_LU), 1.0),
        Group::Backing | Group::Effects => ((-60.0, FILL_LU), 1.0),
        _ => ((-60.0, 0.0), 1.0),
    }
}

/// Which group leads when nobody sings.
#[must_use]
pub(super) fn lead_instrument(has: impl Fn(Group) -> bool, lead_guitar: bool) -> Option<Group> {
    if lead_guitar {
        return Some(Group::Guitars);
    }
    let order = [Group::Synths, Group::Keys, Group::Guitars, Group::Winds, Group::Strings, Group::Other];
    order.into_iter().find(|group| has(*group))
}
