//! The song begins where the music does: strokes that count the players in are left out of the print.

use super::lanes::Room;
use crate::moves::{Draft, Family, Place, Value};
use studio::mix::Group;

/// Level of what is left out, dB: at one and a half times the strength still within what a ride may be.
const OUT_DB: f64 = -96.0;
/// It opens within this time, so long ahead of the first note, s. By our own convention: a stroke on the first beat is whole.
const OPENS_SECONDS: f64 = 0.02;
const AHEAD_SECONDS: f64 = 0.03;

/// The curve of a strip that is silent until the music begins.
pub(super) fn opening(begins_seconds: f64) -> Vec<(f64, f64)> {
    let open = begins_seconds - AHEAD_SECONDS;
    vec![(0.0, OUT_DB), (open - OPENS_SECONDS, OUT_DB), (open, 0.0)]
}

/// Shuts the microphones of drums and percussion until the count-in is over. Where only the click counts, they have nothing of it.
pub(super) fn work(room: &mut Room<'_>) {
    let count = room.song.time.count_in.clone();
    let Some(count) = count.filter(|count| count.is_played(room.song)) else { return };
    // All of them, for each hears the strokes: softly, but through a raised fader.
    let before = |number: &usize| {
        let lane = &room.lanes[*number];
        let strikes = matches!(lane.role.group, Group::Drums | Group::Percussion);
        strikes && room.track(lane).start_seconds < count.end_seconds - AHEAD_SECONDS
    };
    for number in (0..room.lanes.len()).filter(before).collect::<Vec<_>>() {
        let id = room.lanes[number].id.clone();
        let text = format!(
            "The players are counted in from {:.1} s on, the music begins at {:.1} s: silent until then.",
            count.start_seconds, count.end_seconds
        );
        let curve = Value::Points(opening(count.end_seconds));
        let place = Place::curve(&id, "ride_db");
        let draft = Draft::new("cleanup.count_in", Family::Cleanup, place, curve, 0.0.into(), &text)
            .because("first_stroke_seconds", count.start_seconds)
            .because("music_begins_seconds", count.end_seconds)
            .confidence(0.8)
            .or("leave it in: undo cleanup.count_in")
            .evidence("evenly spaced strokes ahead of everything else; count-ins are no part of a record");
        room.book.put(&mut room.desk, draft);
    }
}
