//! What does not belong to a recording is taken away: rumble under it, and narrow peaks that stay (C7).

use super::lanes::{Room, response_db, word_for};
use crate::hear::{Facts, RESONANCE_OVER_DB, Resonance};
use crate::moves::{Draft, Family, Place, named};
use dsp::meter::loudness::KWeighting;
use studio::mix::Group;

/// Share of the K-weighted power a high-pass may take (C7).
const MOST_LOSS: f64 = 0.01;
/// Rumble under 40 Hz that asks for a steeper filter, dB under the track (C7).
const RUMBLE_DB: f64 = -30.0;
/// Less than this under the corner is nothing to take away, dB under the track. By our own convention.
const NOTHING_DB: f64 = -60.0;
/// Lowest corner that is worth a filter, Hz.
const LEAST_HZ: f64 = 20.0;
/// Up to here bodies of instruments ring by nature, Hz. By estimate, 2026-11-21, docs/decisions/050.
const BODY_HZ: f64 = 450.0;
/// Narrower than this is a tone that is played, not a body that rings. By estimate on the recordings of the test set,
/// 2026-11-21, docs/decisions/047.
const TONE_Q: f64 = 24.0;
/// What falls more slowly than this between 340 Hz and 2 kHz is held and not struck or plucked, dB a second: organs have 5 at most, overdriven
/// guitars 7 and more. By estimate on corpus and recordings, 2026-11-22, docs/decisions/050.
const HELD_DB_PER_SECOND: f64 = 6.0;
/// From so many notes of an octave at once on they are chords, which have valleys everywhere but where a body rings. A line wavers and slides
/// over its own valleys. By our own convention: lead guitars have 2, guitars and pianos that accompany 3.2 and more.
const CHORD_NOTES: f64 = 3.0;
/// Constant part that is taken away, dBFS (C1, I5).
const DC_DBFS: f64 = -60.0;
/// What is cut of it: half, at most 6 dB, at a quality of at most 8, at three places at most (C7).
const MOST_CUT_DB: f64 = 6.0;
const MOST_Q: f64 = 8.0;
const MOST_CUTS: usize = 3;

/// High-passes and resonances of every lane.
pub(super) fn work(room: &mut Room<'_>) {
    for number in 0..room.lanes.len() {
        let mut band = 1;
        if high_pass(room, number, band) {
            band += 1;
        }
        resonances(room, number, band);
    }
}

/// Highest sensible corner for a lane (C7, the caps).
fn cap_hz(room: &Room<'_>, number: usize) -> f64 {
    let lane = &room.lanes[number];
    let facts = room.facts(lane);
    match lane.role.name {
        // The fundamental of a high voice leaves more room below.
        "lead vocal" | "double" if facts.pitch.p5_hz > 0.0 => (0.8 * facts.pitch.p5_hz).clamp(80.0, 180.0),
        "overheads" if !room.of_role("kick").is_empty() => 120.0,
        "unknown" => 30.0,
        _ => lane.role.high_pass_hz,
    }
}

/// Largest corner at or under `cap_hz` that takes no more than 1 % of the K-weighted power, if there is anything under it.
pub(super) fn corner_hz(spectrum: &[f32], bin_hz: f64, rate_hz: f64, cap_hz: f64) -> Option<f64> {
    let weighting = KWeighting::new(rate_hz);
    let weighted: Vec<(f64, f64)> = spectrum
        .iter()
        .enumerate()
        .skip(1)
        .map(|(bin, power)| {
            let hz = bin as f64 * bin_hz;
            (hz, f64::from(*power) * dsp::math::db_to_power(weighting.response_db(hz, rate_hz)))
        })
        .collect();
    let all: f64 = weighted.iter().map(|(_, power)| power).sum();
    let plain: f64 = spectrum.iter().skip(1).map(|power| f64::from(*power)).sum();
    let below = |corner: f64| -> f64 {
        spectrum
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(bin, _)| *bin as f64 * bin_hz < corner)
            .map(|(_, p)| f64::from(*p))
            .sum()
    };
    let nothing = dsp::math::db_to_power(NOTHING_DB);
    let mut corner = cap_hz;
    while corner >= LEAST_HZ {
        // Second-order Butterworth: it takes 1 / (1 + (f/fc)^4).
        let taken: f64 = weighted
            .iter()
            .map(|(hz, power)| {
                let ratio = hz / corner;
                power / (1.0 + ratio * ratio * ratio * ratio)
            })
            .sum();
        if taken <= MOST_LOSS * all {
            return (below(corner) > nothing * plain).then_some(corner);
        }
        // A sixth of an octave at a time.
        corner *= 0.890_898_718_140_339_3;
    }
    None
}

fn high_pass(room: &mut Room<'_>, number: usize, band: usize) -> bool {
    let lane = room.lanes[number].clone();
    let facts = room.facts(&lane);
    let rate_hz = f64::from(room.track(&lane).sample_rate_hz);
    let cap = cap_hz(room, number);
    let constant = (facts.dc_dbfs > DC_DBFS).then_some(LEAST_HZ);
    let Some(corner) = corner_hz(&facts.spectrum, facts.bin_hz, rate_hz, cap).or(constant) else {
        return false;
    };
    let under = |hz: f64| {
        let power = |to: f64| -> f64 {
            let bins = facts.spectrum.iter().enumerate().skip(1);
            bins.filter(|(bin, _)| *bin as f64 * facts.bin_hz < to).map(|(_, power)| f64::from(*power)).sum()
        };
        dsp::math::power_to_db(power(hz) / power(f64::INFINITY).max(1e-30))
    };
    let rumble = under(40.0);
    let low = ["kick", "bass", "bass amp", "bass direct", "drum kit"].contains(&lane.role.name);
    let slope = if rumble > RUMBLE_DB && !low && corner > 50.0 { "18" } else { "12" };
    let full = named([("kind", "high_pass".into()), ("freq_hz", corner.into()), ("slope", slope.into())]);
    let text = format!("Nothing of the {} lives under {{freq_hz}}: taken away.", lane.role.name);
    let draft = Draft::new(
        "cleanup.high_pass",
        Family::Cleanup,
        Place::band(&lane.id, "clean", band),
        full,
        named([("freq_hz", LEAST_HZ.into())]),
        &text,
    )
    .because("under_corner_db", under(corner))
    .because("under_40_hz_db", rumble)
    .because("cap_hz", cap)
    .effect("takes less than 1 % of what is heard (K-weighted)")
    .share(lane.share)
    .confidence(0.85)
    .evidence("highest corner that takes 1 % of the loudness, under the role's cap (mixing.md C7)");
    let told = room.book.put(&mut room.desk, draft);
    let Some(hz) = told.as_ref().and_then(|told| told.value.number_of("freq_hz")) else { return false };
    add_colour(room, number, ("high_pass", hz, 0.0, std::f64::consts::FRAC_1_SQRT_2));
    true
}

/// Adds a filter to what is known of a lane's colour.
pub(super) fn add_colour(room: &mut Room<'_>, number: usize, filter: (&str, f64, f64, f64)) {
    let own = response_db(&[filter], f64::from(room.song.sample_rate_hz));
    if let Some(lane) = room.lanes.get_mut(number) {
        lane.colour_db.iter_mut().zip(own).for_each(|(sum, db)| *sum += db);
    }
}

/// From here on a narrow peak may be a fault: below, instruments of a group ring by nature.
pub(super) fn lowest_fault_hz(group: Group) -> f64 {
    match group {
        // A drum is tuned, and a bass is its fundamental.
        Group::Drums => 1000.0,
        Group::Bass => 300.0,
        // The air and the plates of a body; open strings.
        Group::Guitars | Group::Keys => BODY_HZ,
        // What is made of tones has no faults that are tones.
        Group::Percussion | Group::Effects | Group::Synths => f64::INFINITY,
        _ => 0.0,
    }
}

/// Whether a peak is a fault and no tone of the instrument.
fn is_fault(room: &Room<'_>, number: usize, one: &Resonance) -> bool {
    let lane = &room.lanes[number];
    let pitch = room.facts(lane).pitch;
    if one.body {
        // Guitars and pianos have strong modes of their own below this; voices and strings are made of such bumps.
        return matches!(lane.role.group, Group::Guitars | Group::Keys)
            && one.freq_hz > lowest_fault_hz(lane.role.group)
            && shows_its_body(room.facts(lane));
    }
    // That it stands out, is narrow and stays is what the ear asks of it already.
    if one.partial || one.q > TONE_Q {
        return false;
    }
    // What holds a steady pitch has partials that stay.
    let near = |harmonic: u32| (one.freq_hz / (pitch.median_hz * f64::from(harmonic)) - 1.0).abs() < 0.03;
    let partial = pitch.share > 0.3 && pitch.median_hz > 0.0 && (1..=12).any(near);
    one.freq_hz > lowest_fault_hz(lane.role.group) && !partial
}

/// Whether what rings between the notes can be the body: of chords that die away. What is held, and lines, fill the valleys by themselves.
pub(super) fn shows_its_body(facts: &Facts) -> bool {
    let character = &facts.character;
    character.fall_middle_db_per_second >= HELD_DB_PER_SECOND && character.notes_at_once >= CHORD_NOTES
}

fn resonances(room: &mut Room<'_>, number: usize, first: usize) {
    let lane = room.lanes[number].clone();
    let facts = room.facts(&lane);
    let mut faults: Vec<Resonance> =
        facts.resonances.iter().copied().filter(|one| is_fault(room, number, one)).take(MOST_CUTS).collect();
    faults.sort_by(|a, b| a.freq_hz.total_cmp(&b.freq_hz));
    for (nth, one) in faults.into_iter().enumerate() {
        let cut = -(0.5 * one.over_db).min(MOST_CUT_DB);
        let q = one.q.min(MOST_Q);
        let full = named([
            ("kind", "bell".into()),
            ("freq_hz", one.freq_hz.into()),
            ("gain_db", cut.into()),
            ("q", q.into()),
        ]);
        let text = format!(
            "It rings at {{freq_hz}} ({}), {:.1} dB over its surroundings, {:.0} % of the time: half of that is taken, {{gain_db}}.",
            word_for(one.freq_hz),
            one.over_db,
            100.0 * one.share
        );
        let place = Place::band(&lane.id, "clean", first + nth);
        let draft = Draft::new(
            "cleanup.resonance",
            Family::Cleanup,
            place,
            full,
            named([("gain_db", 0.0.into())]),
            &text,
        )
        .nth(nth + 1)
        .because("over_db", one.over_db)
        .because("q", one.q)
        .because("share_of_time", one.share)
        .share(lane.share)
        .confidence(0.5 + 0.4 * ((one.over_db - RESONANCE_OVER_DB) / 6.0).min(1.0))
        .or("a dynamic band, if it rings on some notes only")
        .evidence("half the excess of a peak that stays, Q at most 8 (mixing.md C7)");
        if let Some(told) = room.book.put(&mut room.desk, draft) {
            let gain = told.value.number_of("gain_db").unwrap_or(0.0);
            add_colour(room, number, ("bell", one.freq_hz, gain, q));
        }
    }
}
