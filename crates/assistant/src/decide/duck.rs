//! Kick and bass in one place: the bass steps back for the length of a hit (C8).

use super::lanes::Room;
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

/// Ducks the bass under the kick, where they really meet.
pub(super) fn work(room: &mut Room<'_>) {
    let kick = loudest(room, &["kick"]);
    let bass = loudest(room, &["bass", "bass amp", "bass direct"]);
    let (Some(kick), Some(bass)) = (kick, bass) else { return };
    let low = |room: &Room<'_>, number: usize| -> Vec<f64> {
        let group = room.groups.iter().find(|group| group.lanes.contains(&number)).map_or(0.0, |g| g.fader_db);
        let frames = room.film_of(&[number], group, &[0.0; BANDS]);
        let bands: Vec<usize> = (0..BANDS).filter(|band| band_centre_hz(*band) < LOW_HZ).collect();
        frames.iter().map(|frame| bands.iter().map(|band| frame[*band]).sum()).collect()
    };
    let (kicks, basses) = (low(room, kick), low(room, bass));
    let most = kicks.iter().copied().fold(0.0, f64::max);
    let hits: Vec<(f64, f64)> = kicks
        .iter()
        .zip(&basses)
        .map(|(k, b)| (*k, *b))
        .filter(|(k, _)| *k > most * db_to_power(-12.0))
        .collect();
    if hits.len() < 8 || most <= 0.0 {
        return;
    }
    let both = hits.iter().filter(|(k, b)| *b > k * db_to_power(-12.0)).count();
    let overlap = both as f64 / hits.len() as f64;
    let sum = |of: fn(&(f64, f64)) -> f64| hits.iter().map(of).sum::<f64>() / hits.len() as f64;
    let gap = power_to_db(sum(|hit| hit.1).max(1e-30) / sum(|hit| hit.0).max(1e-30));
    if overlap <= OVERLAP || gap.abs() >= GAP_DB {
        return;
    }
    let (kick, bass) = (room.lanes[kick].clone(), room.lanes[bass].clone());
    // A sine of full scale is 0 there and has a mean square of one half; the key leaves ahead of the fader.
    let group = room.groups.iter().find(|g| g.lanes.iter().any(|l| room.lanes[*l].id == kick.id)).map_or(0.0, |g| g.fader_db);
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
    let draft = Draft::new("masking.duck", Family::Masking, Place::band(&bass.id, "duck", 1), full, named([("range_db", 0.0.into())]), &text)
        .because_of("key", &kick.id)
        .because("overlap", overlap)
        .because("bass_over_kick_db", gap)
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
