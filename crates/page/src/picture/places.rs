//! What a place of listening leaves of the music: its spectrum there against that here, at equal loudness.

use super::{Layer, Plot, Rows};
use crate::heard::Heard;
use advice::translate::Said;
use dsp::math;
use dsp::meter::loudness::KWeighting;
use studio::report::chart::Axis;

/// Range that is shown under the loudest third, dB. By eye.
const RANGE_DB: f64 = 48.0;

/// Thirds here and there, dB, made equally loud by the weighting of ITU-R BS.1770. `None` for silence.
fn thirds(said: &Said, heard: &Heard) -> Option<[Vec<(f64, f64)>; 2]> {
    let place = &said.place;
    let corner = place.mono_below_hz.as_ref().map(|fact| fact.value);
    let here = heard.tone.thirds_through(|_| (1.0, 1.0));
    let there = heard.tone.thirds_through(|hz| {
        let gain = math::db_to_power(place.response.at_db(hz));
        let folded = place.mono || corner.is_some_and(|corner| hz < corner);
        (gain, if folded { 0.0 } else { gain })
    });
    let rate = f64::from(heard.info.sample_rate_hz);
    let weighting = KWeighting::new(rate);
    let loud = |thirds: &[(f64, f64)]| -> f64 {
        let below = thirds.iter().filter(|(hz, _)| *hz < 0.5 * rate);
        below.map(|(hz, power)| power * math::db_to_power(weighting.response_db(*hz, rate))).sum()
    };
    let louder = loud(&there) / loud(&here);
    let levels = |thirds: Vec<(f64, f64)>, over: f64| -> Vec<(f64, f64)> {
        thirds.into_iter().map(|(hz, power)| (hz, math::power_to_db(power / over))).collect()
    };
    (louder.is_finite() && louder > 0.0).then(|| [levels(here, 1.0), levels(there, louder)])
}

/// The picture. `None` for silence, and for places that change the tone by nothing.
#[must_use]
pub fn plot(said: &Said, heard: &Heard) -> Option<Plot> {
    let place = &said.place;
    let flat = place.response.points.iter().all(|(_, db)| db.abs() < 0.05);
    if flat && !place.mono && place.mono_below_hz.is_none() {
        return None;
    }
    let [here, there] = thirds(said, heard)?;
    let top = here.iter().chain(&there).map(|third| third.1).fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return None;
    }
    let floor = (top - RANGE_DB).floor();
    let shown = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|(hz, db)| (*hz, db.max(floor - 12.0))).collect()
    };
    let filled = shown(&here).into_iter().map(|(hz, db)| (hz, floor - 12.0, db)).collect();
    Some(Plot {
        title: place.title.clone(),
        lead: String::new(),
        said: format!(
            "Spectrum of the music in this place ({}) against that here, at equal loudness; the changes stand in the table above",
            place.title
        ),
        x: Axis::log("Hz", 20.0, 20_000.0),
        time: false,
        y: Axis::linear("dB, thirds of an octave", floor, (top + 3.0).ceil()),
        height_px: 130,
        half: true,
        legend: vec![("a", "here".to_owned()), ("b", "there".to_owned())],
        layers: vec![Layer::Area("a", filled), Layer::Line("b", shown(&there))],
        table: Rows::default(),
    })
}
