//! Kick and bass in one place: the bass steps back for the length of a hit, or each gets a slot of its own (C8).

use super::lanes::{Room, response_db};
use crate::hear::{BANDS, band_centre_hz};
use crate::moves::{Draft, Family, Place, named};
use dsp::math::{db_to_power, power_to_db};

/// What both share, Hz (C8: 40 to 120).
const LOW_HZ: f64 = 120.0;
/// Share of the kick's hits in which the bass is there as well, and the most the bass may lie under or over the kick, LU (C8).
const OVERLAP: f64 = 0.5;
const GAP_DB: f64 = 3.0;
/// How far, and how fast (C8: 2 to 3 dB, 5 ms, 120 ms).
const DUCK_DB: f64 = -2.5;
const ATTACK_MS: f64 = 5.0;
const RELEASE_MS: f64 = 120.0;
/// A slot: cut and quality (C8: 2 dB, Q 1.2); where a kick and a bass have their fundamentals, Hz; and how far apart those have to be,
/// so that each is cut where only the other is, octaves. By our own convention, the last two.
const SLOT_DB: f64 = -2.0;
const SLOT_Q: f64 = 1.2;
const KICK_HZ: (f64, f64) = (35.0, 120.0);
const BASS_HZ: (f64, f64) = (30.0, 200.0);
const APART_OCTAVES: f64 = 1.0 / 3.0;
/// Share of the time with a pitch from which on a bass has a fundamental.
const PITCHED: f64 = 0.3;

/// How kick and bass meet under 120 Hz.
struct Meeting {
    /// Share of the hits in which the bass is there as well.
    overlap: f64,
    /// Bass over kick during hits, dB.
    gap_db: f64,
    /// Largest power of the kick.
    most: f64,
}

/// `None` where there are too few hits to tell.
fn meeting(room: &Room<'_>, kick: usize, bass: usize) -> Option<Meeting> {
    let low = |number: usize| -> Vec<f64> {
        let group =
            room.groups.iter().find(|group| group.lanes.contains(&number)).map_or(0.0, |g| g.fader_db);
        let frames = room.film_of(&[number], group, &[0.0; BANDS]);
        let bands: Vec<usize> = (0..BANDS).filter(|band| band_centre_hz(*band) < LOW_HZ).collect();
        frames.iter().map(|frame| bands.iter().map(|band| frame[*band]).sum()).collect()
    };
    let (kicks, basses) = (low(kick), low(bass));
    let most = kicks.iter().copied().fold(0.0, f64::max);
    let hits: Vec<(f64, f64)> = kicks
        .iter()
        .zip(&basses)
        .map(|(k, b)| (*k, *b))
        .filter(|(k, _)| *k > most * db_to_power(-12.0))
        .collect();
    if hits.len() < 8 || most <= 0.0 {
        return None;
    }
    let both = hits.iter().filter(|(k, b)| *b > k * db_to_power(-12.0)).count();
    let overlap = both as f64 / hits.len() as f64;
    let sum = |of: fn(&(f64, f64)) -> f64| hits.iter().map(of).sum::<f64>() / hits.len() as f64;
    let gap_db = power_to_db(sum(|hit| hit.1).max(1e-30) / sum(|hit| hit.0).max(1e-30));
    Some(Meeting { overlap, gap_db, most })
}

impl Meeting {
    /// Whether both are there at once and equally loud.
    fn clashes(&self) -> bool {
        self.overlap > OVERLAP && self.gap_db.abs() < GAP_DB
    }
}

/// Strongest frequency of a spectrum within a range, Hz.
pub(super) fn strongest_hz(spectrum: &[f32], bin_hz: f64, (low, high): (f64, f64)) -> Option<f64> {
    let inside = |bin: &usize| (low..=high).contains(&(*bin as f64 * bin_hz));
    let bins = (1..spectrum.len()).filter(inside);
    let best = bins.max_by(|a, b| spectrum[*a].total_cmp(&spectrum[*b]).then(b.cmp(a)))?;
    (spectrum[best] > 0.0).then_some(best as f64 * bin_hz)
}

/// Where each makes room for the other: the bass at the fundamental of the kick, the kick at that of the bass; `None` where both
/// have it in one place.
pub(super) fn slots_hz(kick_hz: f64, bass_hz: f64) -> Option<(f64, f64)> {
    let apart = (dsp::math::ln(bass_hz / kick_hz) / dsp::math::LN_2).abs();
    (apart >= APART_OCTAVES).then_some((kick_hz, bass_hz))
}

/// Slots, where both meet but need no ducking.
fn slots(room: &mut Room<'_>, kick: usize, bass: usize) {
    let (drum, string) = (room.facts(&room.lanes[kick]), room.facts(&room.lanes[bass]));
    let kick_hz = strongest_hz(&drum.spectrum, drum.bin_hz, KICK_HZ);
    let bass_hz = (string.pitch.share >= PITCHED).then_some(string.pitch.median_hz);
    let bass_hz = bass_hz.filter(|hz| (BASS_HZ.0..=BASS_HZ.1).contains(hz));
    let Some((at_kick, at_bass)) = kick_hz.zip(bass_hz).and_then(|(kick, bass)| slots_hz(kick, bass)) else {
        return;
    };
    for (number, freq_hz, other) in [(bass, at_kick, kick), (kick, at_bass, bass)] {
        let lane = room.lanes[number].clone();
        let other = room.track(&room.lanes[other]).name.clone();
        let taken =
            room.desk.strip(&lane.id).and_then(|s| s.insert("unmask")).map_or(0, |insert| insert.bands.len());
        let full = named([
            ("kind", "bell".into()),
            ("freq_hz", freq_hz.into()),
            ("gain_db", SLOT_DB.into()),
            ("q", SLOT_Q.into()),
        ]);
        let text = format!("A slot for {other}, whose fundamental lies at {{freq_hz}}: {{gain_db}}.");
        let place = Place::band(&lane.id, "unmask", taken + 1);
        let neutral = named([("gain_db", 0.0.into())]);
        let draft = Draft::new("masking.slot", Family::Masking, place, full, neutral, &text)
            .because("kick_hz", at_kick)
            .because("bass_hz", at_bass)
            .share(lane.share)
            .confidence(0.5)
            .or("duck the bass under the kick")
            .evidence("slots for kick and bass, mixing.md C8");
        if let Some(told) = room.book.put(&mut room.desk, draft) {
            let gain = told.value.number_of("gain_db").unwrap_or(0.0);
            let own = response_db(&[("bell", freq_hz, gain, SLOT_Q)], f64::from(room.song.sample_rate_hz));
            room.lanes[number].colour_db.iter_mut().zip(own).for_each(|(sum, db)| *sum += db);
        }
    }
}

/// Ducks the bass under the kick, where they really meet; where they do so less, each gets a slot.
pub(super) fn work(room: &mut Room<'_>) {
    let kick = loudest(room, &["kick"]);
    let bass = loudest(room, &["bass", "bass amp", "bass direct"]);
    let (Some(kick), Some(bass)) = (kick, bass) else { return };
    let Some(met) = meeting(room, kick, bass) else { return };
    if !met.clashes() {
        if met.overlap > 0.0 {
            slots(room, kick, bass);
        }
        return;
    }
    let Meeting { overlap, gap_db, most } = met;
    let (kick, bass) = (room.lanes[kick].clone(), room.lanes[bass].clone());
    // A sine of full scale is 0 there and has a mean square of one half; the key leaves ahead of the fader.
    let group = room
        .groups
        .iter()
        .find(|g| g.lanes.iter().any(|l| room.lanes[*l].id == kick.id))
        .map_or(0.0, |g| g.fader_db);
    let level = power_to_db(2.0 * most) - kick.fader_db - group;
    let full = named([
        ("kind", "low_shelf".into()),
        ("freq_hz", LOW_HZ.into()),
        ("dynamic", "above".into()),
        ("external_key", true.into()),
        ("threshold_db", (level - 14.0).clamp(-80.0, 0.0).into()),
        ("ratio", 10.0.into()),
        ("range_db", DUCK_DB.into()),
        ("attack_ms", ATTACK_MS.into()),
        ("release_ms", RELEASE_MS.into()),
    ]);
    let text = format!(
        "On {:.0} % of the kick's hits the bass is as loud as the kick under 120 Hz: it steps back {{range_db}} there for the length of a hit.",
        100.0 * overlap
    );
    room.desk.set_insert(&bass.id, "duck", vec![("key".to_owned(), kick.id.as_str().into())]);
    let draft = Draft::new(
        "masking.duck",
        Family::Masking,
        Place::band(&bass.id, "duck", 1),
        full,
        named([("range_db", 0.0.into())]),
        &text,
    )
    .because_of("key", &kick.id)
    .because("overlap", overlap)
    .because("bass_over_kick_db", gap_db)
    .share(bass.share.min(kick.share))
    .confidence(0.6)
    .or("equaliser slots: 2 dB out of the bass where the kick is")
    .evidence("kick and bass share 40-120 Hz, mixing.md C8");
    if room.book.put(&mut room.desk, draft).is_none() {
        room.desk.clear(&Place::insert(&bass.id, "duck"));
    }
}

/// The lane with one of these roles that is loudest behind its faders.
fn loudest(room: &Room<'_>, roles: &[&str]) -> Option<usize> {
    let own = (0..room.lanes.len()).filter(|number| roles.contains(&room.lanes[*number].role.name));
    own.max_by(|a, b| {
        let level = |number: usize| room.lanes[number].fader_db + room.lanes[number].role.offset_lu;
        level(*a).total_cmp(&level(*b)).then(room.lanes[*b].id.cmp(&room.lanes[*a].id))
    })
}
