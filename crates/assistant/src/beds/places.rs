//! Who stands where, by rule.

use dsp::downmix::{Coefficients, Matrix};
use dsp::math::gain_to_db;
use dsp::vbap::{Direction, Extent, Panner};
use studio::audio::Layout;
use studio::decode;
use studio::mix::{Group, role_of};
use studio::session::{BusLayout, MIX, Session, Strip};

/// Where a strip goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spot {
    /// The centre loudspeaker, alone.
    Centre,
    /// The front pair, as in stereo.
    Front,
    /// Around the listener, left and right at this azimuth and elevation.
    Around {
        /// Degrees from the front, to either side.
        azimuth_degrees: f64,
        /// Degrees over the horizon.
        elevation_degrees: f64,
        /// What the stereo downmix makes of its level there, dB.
        folded_db: f64,
    },
}

/// A strip of the mix and its spot.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Strip.
    pub strip: String,
    /// Its name.
    pub name: String,
    /// What it is, if that is known.
    pub group: Option<Group>,
    /// Whether it is a return of sends.
    pub is_return: bool,
    /// Whether it is a track of one channel that goes straight into the mix.
    pub is_mono: bool,
    /// Where it goes.
    pub spot: Spot,
}

/// Sides that are searched, degrees: behind the front pair, and not behind the ears.
const SIDES: (f64, f64) = (60.0, 125.0);
/// Height of what goes up, degrees: half-way to the tops (30 degrees, BS.2051). By our own convention.
const UP_DEGREES: f64 = 15.0;
/// Steps of the search, degrees.
const STEP_DEGREES: f64 = 0.1;

/// Places every strip that goes into the mix.
#[must_use]
pub fn spots(session: &Session, layout: BusLayout) -> Vec<Placed> {
    let round = neutral(layout, 0.0);
    let has_tops = layout.speakers().directions().iter().flatten().any(|at| at.elevation_degrees > 0.0);
    let up = if has_tops { neutral(layout, UP_DEGREES) } else { round };
    let into_mix = session.strips().filter(|strip| strip.id != MIX && strip.output.id == MIX);
    into_mix
        .map(|strip| {
            let is_return = is_return(session, strip);
            let group = group_of(strip);
            let is_mono = is_mono_track(session, strip);
            let spot = match group {
                _ if is_return => up,
                Some(Group::Vocals) if is_mono && strip.controls.pan == 0.0 => Spot::Centre,
                Some(Group::Strings | Group::Effects) => up,
                Some(Group::Backing) => round,
                _ => Spot::Front,
            };
            Placed { strip: strip.id.clone(), name: strip.name.clone(), group, is_return, is_mono, spot }
        })
        .collect()
}

/// The side at which the stereo downmix gives a sound back at its level: front and surround together are as much as the front alone
/// would be.
fn neutral(layout: BusLayout, elevation_degrees: f64) -> Spot {
    let steps = ((SIDES.1 - SIDES.0) / STEP_DEGREES).round() as usize;
    let of = |step: usize| {
        let azimuth_degrees = SIDES.0 + STEP_DEGREES * step as f64;
        (azimuth_degrees, folded_db(layout, azimuth_degrees, elevation_degrees))
    };
    let best = (0..=steps).map(of).min_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let (azimuth_degrees, folded_db) = best.unwrap_or((SIDES.0, 0.0));
    Spot::Around { azimuth_degrees, elevation_degrees, folded_db }
}

/// What the stereo downmix makes of the level of a sound on the left at a place, dB.
#[must_use]
pub(super) fn folded_db(layout: BusLayout, azimuth_degrees: f64, elevation_degrees: f64) -> f64 {
    let speakers = layout.speakers();
    let panner = Panner::new(&speakers.directions());
    let gains = panner.gains(Direction { azimuth_degrees, elevation_degrees }, Extent::default());
    let matrix = Matrix::new(&speakers.places(), &Layout::of(2).places(), &Coefficients::default());
    let side =
        |to: usize| (0..speakers.channels()).map(|from| gains[from] * matrix.gain(from, to)).sum::<f64>();
    gain_to_db((side(0) * side(0) + side(1) * side(1)).sqrt())
}

/// Whether a bus is fed by sends alone.
fn is_return(session: &Session, strip: &Strip) -> bool {
    let is_bus = session.buses.iter().any(|bus| bus.strip.id == strip.id);
    let sent = session.strips().flat_map(|other| &other.sends).any(|send| send.to.id == strip.id);
    is_bus && sent && session.strips().all(|other| other.id == strip.id || other.output.id != strip.id)
}

pub(super) fn group_of(strip: &Strip) -> Option<Group> {
    let by_id = Group::ALL.iter().copied().find(|group| group.id() == strip.id);
    by_id.or_else(|| role_of(&strip.name).or_else(|| role_of(&strip.id)).map(|role| role.group))
}

/// Whether a strip is a track of one channel.
fn is_mono_track(session: &Session, strip: &Strip) -> bool {
    let Some(track) = session.tracks.iter().find(|track| track.strip.id == strip.id) else { return false };
    track.clips.iter().all(|clip| match clip.channels.len() {
        0 => decode::probe(&session.path_of(clip)).is_ok_and(|info| info.channels() == 1),
        channels => channels == 1,
    })
}
