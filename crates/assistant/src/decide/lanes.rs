//! The tracks on their way through the decisions, group by group.

use super::Ask;
use crate::again::Again;
use crate::close::Powers;
use crate::hear::{BANDS, Facts, Film, Song, Track, band_centre_hz};
use crate::moves::Book;
use crate::write::{Desk, SourcePlan, StripPlan};
use std::collections::BTreeMap;
use studio::message::Finding;
use studio::mix::{Group, ROLES, RoleInfo};

/// Powers in the bands of the film.
pub type Spectrum = [f64; BANDS];

/// Values of a film's loudness a second.
const VALUES_PER_SECOND: f64 = 20.0;
/// Under this a role is not sure, and moves are smaller (mixing rules, f.3).
const SURE: f64 = 0.6;

/// A track that plays.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its number in the song.
    pub track: usize,
    /// Its strip.
    pub id: String,
    /// What it is.
    pub role: &'static RoleInfo,
    /// Share of a move that is made: less than 1 where the role is not sure.
    pub share: f64,
    /// Trim that stands on the desk.
    pub trim_db: f64,
    /// Fader within its group, as far as it is known.
    pub fader_db: f64,
    /// Fader it had when it was last rendered.
    pub then_db: f64,
    /// Where it stands, -1 to 1.
    pub pan: f64,
    /// Where it stood when it was last rendered.
    pub then_pan: f64,
    /// Bells and shelves that stand in its way, for spectra: gain in each band of the film.
    pub colour_db: Spectrum,
}

/// A group of lanes.
#[derive(Debug, Clone)]
pub struct GroupLane {
    /// Which.
    pub group: Group,
    /// Strip its fader is on: its bus, or its only track.
    pub strip: String,
    /// Whether that is a bus.
    pub is_bus: bool,
    /// Its lanes.
    pub lanes: Vec<usize>,
    /// Its fader, as far as it is known.
    pub fader_db: f64,
    /// Fader it had when it was last rendered.
    pub then_db: f64,
    /// Gain in each band of the film that stands in its way.
    pub colour_db: Spectrum,
}

/// Everything the rules work with.
#[derive(Debug)]
pub struct Room<'a> {
    /// What was heard.
    pub song: &'a Song,
    /// What was asked.
    pub ask: &'a Ask,
    /// The session on its way.
    pub desk: Desk,
    /// Moves.
    pub book: Book,
    /// Tracks that play.
    pub lanes: Vec<Lane>,
    /// Groups, in the order of a console.
    pub groups: Vec<GroupLane>,
    /// Whether the last rendering had the rides.
    pub rides_heard: bool,
    /// Where lanes stand, and why.
    pub(super) spots: BTreeMap<usize, super::pan::Spot>,
    /// What is sent to the returns.
    pub(super) sends: Vec<super::space::Sent>,
    /// What should be known.
    pub findings: Vec<Finding>,
}

impl<'a> Room<'a> {
    /// Sets up the desk: tracks by group and role, a bus for each group of two and more.
    #[must_use]
    pub fn new(song: &'a Song, ask: &'a Ask, book: Book, again: Option<&Again>) -> Self {
        let mut order: Vec<usize> = (0..song.tracks.len()).collect();
        let rank = |track: &Track| {
            let role = ROLES.iter().position(|role| role.name == track.role.role.name);
            (track.role.role.group, role.unwrap_or(ROLES.len()), track.id.clone())
        };
        order.sort_by_key(|number| song.tracks.get(*number).map(rank));
        let mut room = Self {
            song,
            ask,
            desk: empty_desk(song, again),
            book,
            lanes: Vec::new(),
            groups: Vec::new(),
            rides_heard: false,
            spots: BTreeMap::new(),
            sends: Vec::new(),
            findings: Vec::new(),
        };
        for number in order {
            if let Some(track) = song.tracks.get(number) {
                room.add(number, track);
            }
        }
        room.make_groups(again);
        room
    }

    fn add(&mut self, number: usize, track: &Track) {
        let role = track.role.role;
        let mut strip = StripPlan::named(&track.id, &track.name);
        role.group.name().clone_into(&mut strip.heading);
        let because =
            track.role.because.first().map_or("nothing says what it is", |reason| reason.text.as_str());
        strip.remark = format!("{}: {because}", role.name);
        strip.muted = track.use_as.why_muted().map(str::to_owned);
        let file = self.ask.way.join(&track.path).to_string_lossy().replace('\\', "/");
        strip.source = Some(SourcePlan {
            file,
            channels: track.picked.iter().flat_map(|picked| picked.channels.iter().map(|c| c + 1)).collect(),
            why: track.picked.as_ref().map_or_else(String::new, |picked| picked.why.to_owned()),
            start_seconds: track.start_seconds,
        });
        if strip.muted.is_none() && track.facts.active_lufs.is_some() {
            let confidence = track.role.confidence;
            self.lanes.push(Lane {
                track: number,
                id: track.id.clone(),
                role,
                share: if confidence < SURE { confidence / SURE } else { 1.0 },
                trim_db: 0.0,
                fader_db: 0.0,
                then_db: 0.0,
                pan: 0.0,
                then_pan: 0.0,
                colour_db: [0.0; BANDS],
            });
        }
        self.desk.tracks.push(strip);
    }

    /// A bus for each group of two lanes and more; in a session that is there, the bus its tracks go to.
    fn make_groups(&mut self, again: Option<&Again>) {
        let mut members: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
        for (number, lane) in self.lanes.iter().enumerate() {
            members.entry(lane.role.group).or_default().push(number);
        }
        for (group, lanes) in members {
            let ids: Vec<String> = lanes.iter().map(|lane| self.lanes[*lane].id.clone()).collect();
            let there = again.map(|again| again.bus_of(&ids));
            let bus = match there {
                Some(bus) => bus,
                None => (lanes.len() >= 2).then(|| group.id().to_owned()),
            };
            if let Some(bus) = &bus {
                let mut strip = StripPlan::named(bus, group.name());
                group.name().clone_into(&mut strip.heading);
                self.desk.buses.push(strip);
                for id in &ids {
                    if let Some(strip) = self.desk.strip_mut(id) {
                        strip.output = Some(bus.clone());
                    }
                }
            }
            let is_bus = bus.is_some();
            // Without a bus, a session of a person may have several tracks of a group straight in the mix: each for itself.
            let parts = if is_bus { vec![lanes] } else { lanes.into_iter().map(|lane| vec![lane]).collect() };
            for lanes in parts {
                let only = lanes.first().map(|lane| self.lanes[*lane].id.clone()).unwrap_or_default();
                let strip = bus.clone().unwrap_or(only);
                self.groups.push(GroupLane {
                    group,
                    strip,
                    is_bus,
                    lanes,
                    fader_db: 0.0,
                    then_db: 0.0,
                    colour_db: [0.0; BANDS],
                });
            }
        }
    }

    /// The track of a lane.
    #[must_use]
    pub fn track(&self, lane: &Lane) -> &'a Track {
        &self.song.tracks[lane.track]
    }

    /// What is true of a lane's recording.
    #[must_use]
    pub fn facts(&self, lane: &Lane) -> &'a Facts {
        &self.track(lane).facts
    }

    /// How a lane's recording goes on.
    #[must_use]
    pub fn film(&self, lane: &Lane) -> &'a Film {
        &self.track(lane).film
    }

    /// Numbers of lanes with a role.
    #[must_use]
    pub fn of_role(&self, name: &str) -> Vec<usize> {
        (0..self.lanes.len()).filter(|number| self.lanes[*number].role.name == name).collect()
    }

    /// Whether a group plays.
    #[must_use]
    pub fn has(&self, group: Group) -> bool {
        self.lanes.iter().any(|lane| lane.role.group == group)
    }

    /// K-weighted powers of a lane behind trim and fader, every 50 ms of the song.
    #[must_use]
    pub fn powers(&self, lane: &Lane) -> Powers {
        let track = self.track(lane);
        let head = (track.start_seconds * VALUES_PER_SECOND).round().max(0.0) as usize;
        let factor = dsp::math::db_to_power(lane.trim_db + lane.fader_db);
        let own = track.film.loudness.iter().map(|power| f64::from(*power) * factor);
        std::iter::repeat_n(0.0, head).chain(own).collect()
    }

    /// Powers in the bands of the film of some lanes together behind trims, faders and colours, frame by frame of the song.
    #[must_use]
    pub fn film_of(&self, lanes: &[usize], group_db: f64, group_colour_db: &Spectrum) -> Vec<Spectrum> {
        let mut frames: Vec<Spectrum> = Vec::new();
        for lane in lanes.iter().filter_map(|lane| self.lanes.get(*lane)) {
            let track = self.track(lane);
            let head = (track.start_seconds * crate::hear::FILM_PER_SECOND).round().max(0.0) as usize;
            let gain_db = lane.trim_db + lane.fader_db + group_db;
            let factors: Vec<f64> = (0..BANDS)
                .map(|band| dsp::math::db_to_power(gain_db + lane.colour_db[band] + group_colour_db[band]))
                .collect();
            let count = track.film.frames();
            frames.resize(frames.len().max(head + count), [0.0; BANDS]);
            for (number, frame) in frames.iter_mut().skip(head).take(count).enumerate() {
                for ((sum, power), factor) in frame.iter_mut().zip(track.film.frame(number)).zip(&factors) {
                    *sum += f64::from(*power) * factor;
                }
            }
        }
        frames
    }
}

fn empty_desk(song: &Song, again: Option<&Again>) -> Desk {
    let sure = song.time.tempo.filter(crate::time::Tempo::is_sure);
    let tempo = match sure {
        Some(tempo) => ((tempo.bpm * 100.0).round() / 100.0, String::new()),
        // Only times in beats use it, and without a sure tempo there are none.
        None => (120.0, "a guess: no steady beat was found".to_owned()),
    };
    Desk {
        name: song.name.clone(),
        sample_rate_hz: song.sample_rate_hz,
        tempo,
        time_signature: if song.time.beats_per_bar == 3 { "3/4" } else { "4/4" }.to_owned(),
        mix: StripPlan::named(studio::session::MIX, "Mix"),
        by_hand: again.map(|again| again.by_hand.clone()).unwrap_or_default(),
        ..Desk::default()
    }
}

/// Gain of an equaliser's bands in the bands of the film, dB. `bands`: kind, frequency, gain, quality.
#[must_use]
pub(super) fn response_db(bands: &[(&str, f64, f64, f64)], rate_hz: f64) -> Spectrum {
    use fx::eq::{BandKind, Eq};
    let mut eq = Eq::default();
    for (own, (kind, freq_hz, gain_db, q)) in eq.band.iter_mut().zip(bands) {
        own.kind = match *kind {
            "high_pass" => BandKind::HighPass,
            "low_shelf" => BandKind::LowShelf,
            "high_shelf" => BandKind::HighShelf,
            _ => BandKind::Bell,
        };
        (own.freq_hz, own.gain_db, own.q) = (*freq_hz, *gain_db, *q);
    }
    std::array::from_fn(|band| fx::eq::magnitude_db(&eq, band_centre_hz(band), rate_hz))
}

/// What engineers call a part of the spectrum (Jarp 2010, after the mixing rules, C7).
#[must_use]
pub(super) fn word_for(freq_hz: f64) -> &'static str {
    match freq_hz {
        f if f < 120.0 => "boom (60-250 Hz)",
        f if f < 350.0 => "mud (200-500 Hz)",
        f if f < 700.0 => "boxiness (300-900 Hz)",
        f if f < 1500.0 => "honk (400-1500 Hz)",
        f if f < 5000.0 => "presence (2-8 kHz)",
        f if f < 10_000.0 => "sibilance (4-12 kHz)",
        _ => "air (10-20 kHz)",
    }
}
