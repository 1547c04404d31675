//! Groups of a bed, folded down to stereo, against the stereo mix it was made from: by rendering both.

use dsp::block::{Buffer, View};
use dsp::downmix::Matrix;
use dsp::meter::loudness::LoudnessMeter;
use std::collections::BTreeMap;
use studio::audio::Layout;
use studio::engine::{self, Engine, Files};
use studio::job::Job;
use studio::message::Error;
use studio::mix::{only_tracks, without_sends};
use studio::session::{MIX, Session};

/// A group, or the whole, in both.
#[derive(Debug, Clone, PartialEq)]
pub struct Fold {
    /// Strip of the stereo session; `mix` is the whole.
    pub strip: String,
    /// Its name.
    pub name: String,
    /// Loudness in the stereo mix, LUFS.
    pub stereo_lufs: f64,
    /// Loudness in the downmix of the bed, LUFS.
    pub folded_lufs: f64,
    /// By how much the whole downmix is louder than the whole stereo mix, LU.
    pub whole_lu: f64,
}

impl Fold {
    /// How far its loudness against the mix is off, LU; of the whole: how far that is off.
    #[must_use]
    pub fn off_lu(&self) -> f64 {
        let own = self.folded_lufs - self.stereo_lufs;
        if self.strip == MIX { own } else { own - self.whole_lu }
    }
}

/// Renders every group of both, and both as a whole.
///
/// # Errors
/// Those of the engine.
pub fn check(stereo: &Session, bed: &Session, job: &Job<'_>) -> Result<Vec<Fold>, Vec<Error>> {
    let whole = (loudness(stereo, job)?, loudness(bed, job)?);
    let whole_lu = whole.0.zip(whole.1).map_or(0.0, |(stereo, folded)| folded - stereo);
    let mut list = Vec::new();
    for (strip, members) in groups(stereo) {
        let heard = |id: &str| members.iter().any(|member| member == id);
        let of = |session: &Session| loudness(&without_sends(&only_tracks(session, &heard)), job);
        let name = stereo.strip(&strip).map_or_else(|| strip.clone(), |strip| strip.name.clone());
        if let (Some(stereo_lufs), Some(folded_lufs)) = (of(stereo)?, of(bed)?) {
            list.push(Fold { strip, name, stereo_lufs, folded_lufs, whole_lu });
        }
    }
    if let (Some(stereo_lufs), Some(folded_lufs)) = whole {
        let name = "the whole mix".to_owned();
        list.push(Fold { strip: MIX.to_owned(), name, stereo_lufs, folded_lufs, whole_lu });
    }
    Ok(list)
}

/// Tracks by the strip that takes them into the mix.
fn groups(session: &Session) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for track in &session.tracks {
        let mut last = &track.strip;
        // A session that was parsed has no circle.
        while let Some(next) = session.strip(&last.output.id).filter(|next| next.id != MIX) {
            last = next;
        }
        groups.entry(last.id.clone()).or_default().push(track.strip.id.clone());
    }
    groups
}

/// Integrated loudness of a session over two loudspeakers.
fn loudness(session: &Session, job: &Job<'_>) -> Result<Option<f64>, Vec<Error>> {
    let files = Files::default();
    let engine = Engine::new(session, &files, engine::Options::default())?;
    let layout = engine.layout();
    let two = Layout::of(2);
    let matrix = Matrix::new(&layout.places(), &two.places(), &session.shape.coefficients());
    let wide = layout.channels() > 2;
    let mut meter = LoudnessMeter::new(f64::from(session.sample_rate_hz), &two.loudness_weights());
    engine
        .render(job, &mut |view: View<'_>| {
            match wide {
                true => meter.process(folded(view, &matrix).view()),
                false => meter.process(view),
            }
            Ok(())
        })
        .map_err(|error| vec![error])?;
    Ok(meter.integrated_lufs())
}

fn folded(view: View<'_>, matrix: &Matrix) -> Buffer {
    let planes: Vec<Vec<f64>> = (0..2)
        .map(|to| {
            let mut plane = vec![0.0; view.frames()];
            for from in 0..view.channels() {
                let gain = matrix.gain(from, to);
                if gain != 0.0 {
                    plane.iter_mut().zip(view.channel(from)).for_each(|(y, x)| *y += gain * x);
                }
            }
            plane
        })
        .collect();
    Buffer::from_planes(&planes)
}
