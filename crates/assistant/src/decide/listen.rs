//! What is on the desk, rendered: a short song as a whole, a long one in parts, the rest by what the chains made of those.

use super::faders::ridden;
use super::lanes::{GroupLane, Lane, Room};
use super::{shares, space, text_of};
use crate::again::Again;
use crate::close::{Excerpt, Heard, Party, Powers, render, scaled, share_of, sum, whole_of};
use crate::write::StripPlan;
use std::collections::BTreeMap;
use studio::engine::Files;
use studio::job::Job;
use studio::message::Error;
use studio::session::{MIX, Session};

/// Parts of a song to listen to in place of the whole; `None` for a short song, and for a session that cannot be cut.
pub(super) fn excerpt(room: &Room<'_>, again: Option<&Again>) -> Option<Excerpt> {
    let tracks: Vec<Powers> = room.lanes.iter().map(|lane| recorded(room, lane)).collect();
    let mut peaks: Vec<f64> = Vec::new();
    for lane in &room.lanes {
        let head = (room.track(lane).start_seconds * 20.0).round().max(0.0) as usize;
        let group =
            room.groups.iter().find(|group| group.lanes.iter().any(|own| room.lanes[*own].id == lane.id));
        let gain =
            dsp::math::db_to_gain(lane.trim_db + lane.fader_db + group.map_or(0.0, |group| group.fader_db));
        let own = &room.film(lane).peak;
        peaks.resize(peaks.len().max(head + own.len()), 0.0);
        peaks.iter_mut().skip(head).zip(own).for_each(|(sum, peak)| *sum += gain * f64::from(*peak));
    }
    let excerpt = Excerpt::of(&tracks, &peaks)?;
    let session = session_of(room, again).ok()?;
    excerpt.cut(&session, &|id| seconds_of(room, id)).is_some().then_some(excerpt)
}

fn session_of(room: &Room<'_>, again: Option<&Again>) -> Result<Session, Vec<Error>> {
    let text = text_of(room, again, room.book.moves()).map_err(|error| vec![error])?;
    super::parse(&text, &room.ask.folder)
}

/// Length of the file of a track that plays.
fn seconds_of(room: &Room<'_>, id: &str) -> Option<f64> {
    let lane = room.lanes.iter().find(|lane| lane.id == id)?;
    Some(room.track(lane).duration_seconds())
}

/// Renders what is on the desk, or as much of it as is needed to know the rest.
pub(super) fn listen(
    room: &Room<'_>,
    excerpt: Option<&Excerpt>,
    again: Option<&Again>,
    job: &Job<'_>,
) -> Result<Heard, Vec<Error>> {
    let session = session_of(room, again)?;
    let library = Files { options: room.ask.decode };
    let (groups, returns) = apart(room);
    let apart = (groups.as_slice(), returns.as_slice());
    let seconds = |id: &str| seconds_of(room, id);
    let short = excerpt.and_then(|excerpt| Some((excerpt, excerpt.cut(&session, &seconds)?)));
    match short {
        Some((excerpt, short)) => Ok(whole(room, excerpt, render(&short, apart, &library, job)?)),
        None => render(&session, apart, &library, job),
    }
}

/// The groups and the returns, for ears of their own.
fn apart(room: &Room<'_>) -> (Vec<Party>, Vec<String>) {
    let of = |group: &GroupLane| Party {
        strip: group.strip.clone(),
        tracks: group.lanes.iter().filter_map(|lane| Some(room.lanes.get(*lane)?.id.clone())).collect(),
    };
    let returns = space::returns(room).map(|bus| bus.id.clone()).collect();
    (room.groups.iter().map(of).collect(), returns)
}

/// Powers of a lane as it was recorded, all along the song.
fn recorded(room: &Room<'_>, lane: &Lane) -> Powers {
    room.powers(&Lane { trim_db: 0.0, fader_db: 0.0, ..lane.clone() })
}

/// What would have been heard of the whole song.
fn whole(room: &Room<'_>, excerpt: &Excerpt, parts: Heard) -> Heard {
    let placed = |all: BTreeMap<String, Vec<f64>>| -> BTreeMap<String, Vec<f64>> {
        all.into_iter().map(|(id, values)| (id, excerpt.placed(&values))).collect()
    };
    let heard = placed(parts.strips);
    let mut all = Heard { strips: BTreeMap::new(), courses: placed(parts.courses), ..parts };
    for lane in &room.lanes {
        let own = heard.get(&lane.id).map(|heard| excerpt.spread(&recorded(room, lane), heard));
        all.strips.extend(own.map(|own| (lane.id.clone(), own)));
    }
    // Buses, returns, the mix: by what they are made of, one after the other.
    let mut put = |strip: &str, made: &dyn Fn(&Heard) -> Powers| {
        if let Some(heard) = heard.get(strip) {
            let powers = excerpt.scaled_to(made(&all), heard);
            all.strips.insert(strip.to_owned(), powers);
        }
    };
    for group in room.groups.iter().filter(|group| group.is_bus) {
        put(&group.strip, &|all| tracks_of(room, group, all));
    }
    for (id, trail) in shares::trails(room) {
        put(&id, &|all| sum(&shares::trailing(room, all, &id, trail, false)));
        for (at, group) in room.groups.iter().enumerate() {
            put(&share_of(&id, &group.strip), &|all| {
                shares::trailing(room, all, &id, trail, false).into_iter().nth(at).unwrap_or_default()
            });
        }
    }
    for (at, group) in room.groups.iter().enumerate() {
        put(&whole_of(&group.strip), &|all| sum(&own_of(room, at, all)));
    }
    put(MIX, &|all| sum_of(room, all));
    all
}

/// A group and its shares of the returns, behind their faders as they were rendered.
pub(super) fn own_of(room: &Room<'_>, at: usize, heard: &Heard) -> Vec<Powers> {
    let group = &room.groups[at];
    let dry = match group.is_bus {
        true => heard.of(&group.strip).cloned(),
        false => behind_ride(room, heard, &group.strip),
    };
    let share =
        |bus: &StripPlan| Some(scaled(heard.of(&share_of(&bus.id, &group.strip))?, bus.number("fader_db")));
    let dry = dry.map(|dry| scaled(&dry, group.then_db));
    dry.into_iter().chain(space::returns(room).filter_map(share)).collect()
}

/// A strip behind the ride it was rendered with.
fn behind_ride(room: &Room<'_>, heard: &Heard, strip: &str) -> Option<Powers> {
    let own = heard.of(strip)?;
    Some(if room.rides_heard { ridden(room, strip, own) } else { own.clone() })
}

/// The tracks of a bus behind their faders.
fn tracks_of(room: &Room<'_>, group: &GroupLane, heard: &Heard) -> Powers {
    let lanes = group.lanes.iter().filter_map(|lane| room.lanes.get(*lane));
    let own = lanes.filter_map(|lane| Some(scaled(&behind_ride(room, heard, &lane.id)?, lane.then_db)));
    sum(&own.collect::<Vec<_>>())
}

/// Groups and returns behind their faders.
fn sum_of(room: &Room<'_>, heard: &Heard) -> Powers {
    let groups = (0..room.groups.len()).flat_map(|at| own_of(room, at, heard));
    // A return that was not taken apart.
    let whole = |bus: &StripPlan| Some(scaled(heard.of(&bus.id)?, bus.number("fader_db")));
    sum(&groups.chain(space::returns(room).filter_map(whole)).collect::<Vec<_>>())
}
