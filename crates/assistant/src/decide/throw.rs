//! Echo throws (C10): the last word before a pause goes to the echo. Offered, not made: they are a matter of taste.

use super::lanes::Room;
use crate::moves::{Draft, Family, Place, Value};

/// Louder into the echo, dB, and for how long at the end of a phrase, s (C10).
const THROW_DB: f64 = 6.0;
const LAST_SECONDS: f64 = 0.4;
/// A fade of the hand, s.
const GLIDE_SECONDS: f64 = 0.05;
/// Values of a film's activity a second.
const PER_SECOND: f64 = 20.0;

/// Offers throws where the voice rests for a beat and more.
pub(super) fn work(room: &mut Room<'_>) {
    let Some(tempo) = room.song.time.tempo.filter(crate::time::Tempo::is_sure) else { return };
    let beat_seconds = 60.0 / tempo.bpm.clamp(40.0, 240.0);
    for number in room.of_role("lead vocal") {
        let lane = room.lanes[number].clone();
        let sends = room.desk.strip(&lane.id).and_then(|strip| strip.sends.get("echo_return"));
        let Some(usual) = sends.and_then(|send| send.number_of("gain_db")) else { continue };
        let start = room.track(&lane).start_seconds.max(0.0);
        let ends = phrase_ends(&room.film(&lane).active, beat_seconds);
        let points: Vec<(f64, f64)> = ends
            .iter()
            .flat_map(|end| {
                let end = start + end;
                [
                    (end - LAST_SECONDS - GLIDE_SECONDS, usual),
                    (end - LAST_SECONDS, usual + THROW_DB),
                    (end, usual + THROW_DB),
                    (end + GLIDE_SECONDS, usual),
                ]
            })
            .collect();
        if points.is_empty() {
            continue;
        }
        let text = format!(
            "Offered: the last word of {} phrases goes to the echo 6 dB louder, where a beat and more of rest follows.",
            ends.len()
        );
        let place = Place::curve(&lane.id, "send.echo_return.gain_db");
        let draft =
            Draft::new("space.throw", Family::Space, place, Value::Points(points), usual.into(), &text)
                .because("phrases", ends.len() as f64)
                .because("beat_seconds", beat_seconds)
                .confidence(0.4)
                .evidence("echo throws at the ends of phrases, mixing.md C10")
                .offered();
        room.book.put(&mut room.desk, draft);
    }
}

/// Ends of phrases, s, that a rest of a beat and more follows (the last one's rest is the end of the song); of phrases that are long
/// enough to have a last word.
pub(super) fn phrase_ends(active: &[bool], beat_seconds: f64) -> Vec<f64> {
    let (mut ends, mut began): (Vec<f64>, Option<usize>) = (Vec::new(), None);
    let mut at = 0;
    while at < active.len() {
        if active[at] {
            began = began.or(Some(at));
            at += 1;
            continue;
        }
        let next = (at..active.len()).find(|later| active[*later]).unwrap_or(active.len());
        let rest = if next == active.len() { f64::INFINITY } else { (next - at) as f64 / PER_SECOND };
        if let Some(from) = began
            && rest >= beat_seconds
        {
            if (at - from) as f64 / PER_SECOND > 2.0 * LAST_SECONDS {
                ends.push(at as f64 / PER_SECOND);
            }
            began = None;
        }
        at = next;
    }
    ends
}
