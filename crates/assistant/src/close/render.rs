//! One rendering of a session, with an ear on every strip.

use super::apart::{Party, apart};
use super::power::Powers;
use super::tap::{COURSE, ID, PEAK, POWER, SIDES, Tap, USUAL};
use std::collections::BTreeMap;
use studio::engine::{self, Engine, Library};
use studio::job::Job;
use studio::message::Error;
use studio::session::{Insert, MIX, Session};

/// What the ears heard: every strip behind its inserts and ahead of its fader.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// K-weighted powers every 50 ms, by strip; `mix` is the whole.
    pub strips: BTreeMap<String, Powers>,
    /// Largest sample of each strip, dBFS; of the mix its true peak.
    pub peaks_db: BTreeMap<String, f64>,
    /// Largest sample of every 50 ms of each strip.
    pub courses: BTreeMap<String, Vec<f64>>,
    /// Level that 0.01 % of the samples of the mix exceed.
    pub usual: f64,
    /// Energies of the left and the right channel of each strip, unweighted; one channel is all left.
    pub sides: BTreeMap<String, (f64, f64)>,
}

impl Heard {
    /// Powers of a strip.
    #[must_use]
    pub fn of(&self, strip: &str) -> Option<&Powers> {
        self.strips.get(strip)
    }
}

/// Renders a session to nothing, and tells what was heard on the way; of every group also what it is with its own share of `returns`
/// ([`whole_of`](super::whole_of), [`share_of`](super::share_of)). Costs what a print costs, without the writing, and a return once more for every
/// further group that sends to it.
///
/// # Errors
/// Those of the engine.
pub fn render(
    session: &Session,
    (groups, returns): (&[Party], &[String]),
    library: &dyn Library,
    job: &Job<'_>,
) -> Result<Heard, Vec<Error>> {
    let mut session = session.clone();
    apart(&mut session, groups, returns);
    let ear = |peaks: bool| Insert {
        id: ID.to_owned(),
        on: true,
        settings: Box::new(Tap { peaks }),
        key: None,
        impulse: None,
        span: 0..0,
    };
    session.tracks.iter_mut().for_each(|track| track.strip.inserts.push(ear(false)));
    session.buses.iter_mut().for_each(|bus| bus.strip.inserts.push(ear(false)));
    session.mix.inserts.push(ear(true));
    // What a fader of the mix does is not part of the balance.
    session.mix.controls.fader_db = 0.0;
    let engine = Engine::new(&session, library, engine::Options::default())?;
    let rendered = engine.render(job, &mut |_| Ok(())).map_err(|error| vec![error])?;
    let mut heard = Heard::default();
    for read in rendered.readings.into_iter().filter(|read| read.insert == ID) {
        let strip = if read.strip.is_empty() { MIX.to_owned() } else { read.strip };
        let reading = |name: &str| read.readings.iter().find(|reading| reading.name == name).map(|r| r.value);
        let peak = reading(PEAK);
        let sides = SIDES.map(|name| reading(name).unwrap_or(0.0));
        if strip == MIX {
            heard.usual = reading(USUAL).unwrap_or(0.0);
        }
        let mut series = read.series.into_iter();
        let powers = series.by_ref().find(|series| series.name == POWER).map(|series| series.values);
        let course = series.find(|series| series.name == COURSE).map(|series| series.values);
        heard.courses.extend(course.map(|course| (strip.clone(), course)));
        heard.sides.insert(strip.clone(), (sides[0], sides[1]));
        heard.peaks_db.extend(peak.map(|peak| (strip.clone(), peak)));
        heard.strips.extend(powers.map(|powers| (strip, powers)));
    }
    Ok(heard)
}
