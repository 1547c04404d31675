//! What a mix measures: balance of its groups, space, width, masking, and how far it is from another.

pub mod bands;
pub mod features;
pub mod listen;
pub mod room;
pub mod session;
mod sides;

use bands::{Film, masking};
use features::Features;
use listen::{Ear, Heard};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use studio::engine::{Engine, Files, Library, Options};
use studio::job::Job;
use studio::message::Error;
use studio::mix::Group;
use studio::session::Session;

/// Everything that is measured about a mix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Integrated loudness.
    pub lufs: f64,
    /// Loudness range.
    pub lra_lu: Option<f64>,
    /// Peak to loudness.
    pub plr_lu: Option<f64>,
    /// Sample peak of the render, before the gain of a print.
    pub peak_dbfs: f64,
    /// True peak of the same.
    pub true_peak_dbtp: f64,
    /// Peak over RMS.
    pub crest_db: Option<f64>,
    /// Side over mid, as powers.
    pub side_to_mid: f64,
    /// Left over right.
    pub imbalance_db: Option<f64>,
    /// Part of the time in which both sides work against each other: over 3 s, and no more than 20 dB under the whole.
    pub negative_part: Option<f64>,
    /// Loudness that is lost when the mix is played in mono, and the most any group loses.
    pub mono_loss_lu: f64,
    /// See [`mono_loss_lu`](Self::mono_loss_lu).
    pub worst_group_mono_loss_lu: f64,
    /// Each group soloed through its chain against the mix, by id of the group.
    pub groups_lu: BTreeMap<String, f64>,
    /// Reverberation, if there is any.
    pub space: Option<room::Space>,
    /// Weighted audibility of the groups, 0 to 1, and of each.
    pub audibility: f64,
    /// See [`audibility`](Self::audibility).
    pub audibility_of: BTreeMap<String, f64>,
    /// Features a reference is compared by.
    #[serde(skip)]
    pub features: Features,
    /// Loudness over time: 400 ms, every 100 ms.
    #[serde(skip)]
    pub momentary_lufs: Vec<f64>,
}

impl Metrics {
    /// Loudness of a group against the mix.
    #[must_use]
    pub fn group(&self, group: Group) -> Option<f64> {
        self.groups_lu.get(group.id()).copied()
    }
}

/// Renders a session group by group and as a whole, and measures. `group_of` says to which group a track belongs, by its id.
/// Costs three or four renders.
///
/// # Errors
/// Those of the engine.
pub fn measure(
    session: &Session,
    group_of: &dyn Fn(&str) -> Option<Group>,
    job: &Job<'_>,
) -> Result<Metrics, Vec<Error>> {
    let mut heard: BTreeMap<Group, Heard> = BTreeMap::new();
    for group in Group::ALL {
        let inside = |id: &str| group_of(id) == Some(*group);
        if !session.tracks.iter().any(|track| inside(&track.strip.id) && !track.strip.controls.mute) {
            continue;
        }
        let part = session::only(session, &inside);
        heard.insert(*group, listen(&part, &Files::default(), job, false)?);
    }
    let mix = listen(session, &Files::default(), job, true)?;
    let space = match session::without_space(session) {
        Some(dry) => room::space(session, &mix, &listen(&dry, &Files::default(), job, true)?, job)?,
        None => None,
    };
    Ok(collect(&mix, &heard, space))
}

/// What is heard of a session, without its audio.
///
/// # Errors
/// Those of the engine.
pub fn heard_alone(session: &Session) -> Result<Heard, Vec<Error>> {
    listen(session, &Files::default(), &Job::quiet(), false)
}

/// Only the mix: for baselines of which no more is wanted.
///
/// # Errors
/// Those of the engine.
pub fn whole(session: &Session, job: &Job<'_>) -> Result<Metrics, Vec<Error>> {
    Ok(collect(&listen(session, &Files::default(), job, true)?, &BTreeMap::new(), None))
}

/// Renders a session into an ear; `keep` keeps the audio as well, for differences and features.
fn listen(session: &Session, library: &dyn Library, job: &Job<'_>, keep: bool) -> Result<Heard, Vec<Error>> {
    let engine = Engine::new(session, library, Options::default())?;
    let mut ear = Ear::new(session.sample_rate_hz, engine.layout().channels(), keep);
    let rendered = engine.render(job, &mut |view| {
        ear.process(view);
        Ok(())
    });
    let rendered = rendered.map_err(|error| vec![error])?;
    Ok(ear.finish(rendered.sounding_frames))
}

fn collect(mix: &Heard, groups: &BTreeMap<Group, Heard>, space: Option<room::Space>) -> Metrics {
    let measured = &mix.measured;
    let lufs = measured.integrated_lufs.unwrap_or(-120.0);
    let against = |heard: &Heard| heard.measured.integrated_lufs.map(|own| own - lufs);
    let groups_lu =
        groups.iter().filter_map(|(group, heard)| Some((group.id().to_owned(), against(heard)?))).collect();
    let films: BTreeMap<Group, &Film> = groups.iter().map(|(group, heard)| (*group, &heard.film)).collect();
    let (audibility, audibility_of) = masking(&films);
    let loss = |heard: &Heard| heard.mono_loss_lu().unwrap_or(0.0);
    Metrics {
        lufs,
        lra_lu: measured.loudness_range_lu,
        plr_lu: measured.plr_lu,
        peak_dbfs: measured.sample_peak_dbfs,
        true_peak_dbtp: measured.true_peak_dbtp,
        crest_db: measured.crest_db,
        side_to_mid: measured.side_to_mid_db.map_or(0.0, dsp::math::db_to_power),
        imbalance_db: measured.left_to_right_db,
        negative_part: sides::negative_part(&mix.kept, f64::from(measured.sample_rate_hz)),
        mono_loss_lu: loss(mix),
        worst_group_mono_loss_lu: groups.values().map(loss).fold(0.0, f64::max),
        groups_lu,
        space,
        audibility,
        audibility_of: audibility_of.into_iter().map(|(group, a)| (group.id().to_owned(), a)).collect(),
        features: Features::of(&mix.kept, f64::from(measured.sample_rate_hz)),
        momentary_lufs: mix.momentary_lufs(),
    }
}

/// Metrics of audio in memory.
#[must_use]
pub fn of_planes(planes: &[Vec<f64>], sample_rate_hz: u32) -> Metrics {
    let mut ear = Ear::new(sample_rate_hz, planes.len(), true);
    let buffer = dsp::block::Buffer::from_planes(planes);
    ear.process(buffer.view());
    collect(&ear.finish(buffer.frames() as u64), &BTreeMap::new(), None)
}

/// A session of a folder from its text.
///
/// # Errors
/// Everything wrong with it.
pub fn parse(text: &str, folder: &Path) -> Result<Session, Vec<Error>> {
    Session::parse(text, "session.toml", folder, studio::session::Options::default())
}
