//! What is done to come nearer to a reference, each move with its reason.

use super::amounts::Amounts;
use super::fit::{self, Filter};
use super::grid::{self, Curve, POINTS};
use super::picture::{self, Picture};
use super::portrait::Portrait;
use super::wanted::{Wanted, wanted};
use super::{Matched, Reference, dynamics, width};
use crate::master::chain::{Evidence, Family, Step, make};
use crate::message::{Error, Kind, Result};
use dsp::eq_design::Curve as Shape;
use dsp::math;
use fx::AnyProcessor;

/// Filters that are used at most (mastering.md §5.6: at most eight), and where more than the usual limit is asked for: those of
/// two equalisers. By calibration, 2026-11-21, see docs/decisions/043.
const MOST_FILTERS: usize = 8;
const MOST_WIDE_FILTERS: usize = 24;
/// Bands of one equaliser.
const EQUALISER: usize = 12;
/// A filter that does less is left out, dB. By our own convention, not yet calibrated.
const LEAST_DB: f64 = 0.2;

/// Bands of `multiband`, in words and in settings.
const BANDS: [(&str, &str); 3] = [("low", "low band"), ("mid", "middle band"), ("high", "high band")];

pub(super) fn propose(
    reference: &Reference,
    portrait: &Portrait,
    amounts: &Amounts,
    stereo: bool,
) -> Result<Matched> {
    let mut matched = Matched {
        steps: Vec::new(),
        left_alone: Vec::new(),
        findings: reference.findings.clone(),
        distance_db: None,
    };
    let print = Picture::of(portrait);
    let widths = match stereo {
        true => width::gains_db(&print.side_mid_db, &reference.picture.side_mid_db, amounts.width),
        false => [0.0; width::BANDS],
    };
    equalise(reference, portrait, amounts, &widths, &mut matched)?;
    even_out(reference, portrait, amounts, &mut matched)?;
    widen(reference, &print, amounts, &widths, &mut matched)?;
    Ok(matched)
}

fn set(processor: &mut dyn AnyProcessor, address: &str, value: f64) -> Result<()> {
    let undeclared = || Error::new(Kind::Internal, "undeclared", format!("{address} is not declared"));
    let index = processor.description().index_of(address).ok_or_else(undeclared)?;
    processor.set(index, value);
    Ok(())
}

/// What both channels will play once the widths are changed.
fn widened(portrait: &Portrait, gains_db: &[f64; width::BANDS]) -> Curve {
    std::array::from_fn(|point| {
        let gain_db = gains_db[width::band_of(grid::centre_hz(point))];
        2.0 * (portrait.mid[point] + portrait.side[point] * math::db_to_power(gain_db))
    })
}

fn equalise(
    reference: &Reference,
    portrait: &Portrait,
    amounts: &Amounts,
    widths: &[f64; width::BANDS],
    matched: &mut Matched,
) -> Result<()> {
    let print = Picture::of_power(portrait, &widened(portrait, widths));
    let noise = picture::noise(portrait);
    let found = wanted(&print, &reference.picture, &noise, amounts.limit_db, detailed(amounts));
    let Some(wanted) = found else {
        let why = "print and reference have no common range to compare".to_owned();
        matched.left_alone.push((Family::Tone, why));
        return Ok(());
    };
    let filters = filters(&wanted, amounts);
    let after_db = distance_after(&wanted, &filters);
    matched.distance_db = Some((wanted.distance_db, after_db));
    if filters.is_empty() {
        let why = match amounts.tone > 0.0 {
            true => format!("its spectrum is {:.1} dB from that of {}", wanted.distance_db, reference.name),
            false => "asked to leave it".to_owned(),
        };
        matched.left_alone.push((Family::Tone, why));
        return Ok(());
    }
    for (part, filters) in filters.chunks(EQUALISER).enumerate() {
        let eq = equaliser(filters, amounts.linear)?;
        let id = if part == 0 { "reference-tone" } else { "reference-tone-upper" };
        matched.steps.push(tone_step(id, reference, &wanted, filters, amounts, after_db, eq));
    }
    Ok(())
}

/// Whether every detail is asked for: by a limit beyond the usual one.
fn detailed(amounts: &Amounts) -> bool {
    amounts.limit_db > Amounts::default().limit_db
}

/// Fitted to the whole way, then taken back to the amount: so that more is always more of the same.
fn filters(wanted: &Wanted, amounts: &Amounts) -> Vec<Filter> {
    if amounts.tone <= 0.0 {
        return Vec::new();
    }
    let most = if detailed(amounts) { MOST_WIDE_FILTERS } else { MOST_FILTERS };
    let whole = fit::fit(wanted, most, amounts.limit_db);
    whole
        .into_iter()
        .map(|filter| rounded(filter, amounts.tone))
        .filter(|f| f.gain_db.abs() >= LEAST_DB)
        .collect()
}

/// Written values are round: a twentieth of a decibel, three digits of a frequency, a twentieth of a quality.
fn rounded(filter: Filter, amount: f64) -> Filter {
    let freq_hz = match filter.freq_hz {
        hz if hz < 100.0 => (10.0 * hz).round() / 10.0,
        hz if hz < 1000.0 => hz.round(),
        hz => 10.0 * (hz / 10.0).round(),
    };
    Filter {
        gain_db: (20.0 * amount * filter.gain_db).round() / 20.0,
        freq_hz,
        q: (filter.q * 20.0).round() / 20.0,
        ..filter
    }
}

/// Root mean square of what the filters should leave of the distance.
fn distance_after(wanted: &Wanted, filters: &[Filter]) -> f64 {
    let response = fit::response(filters);
    let counted = || (0..POINTS).filter(|point| wanted.weight[*point] == 1.0);
    let count = counted().count().max(1) as f64;
    let rest = |point: usize| wanted.distance[point] - response[point];
    let mean = counted().map(rest).sum::<f64>() / count;
    let squares: f64 = counted().map(|point| (rest(point) - mean) * (rest(point) - mean)).sum();
    f64::sqrt(squares / count)
}

fn kind_of(shape: Shape) -> f64 {
    use fx::eq::BandKind;
    let kind = match shape {
        Shape::LowShelf => BandKind::LowShelf,
        Shape::HighShelf => BandKind::HighShelf,
        _ => BandKind::Bell,
    };
    fx::Choice::index(kind) as f64
}

fn equaliser(filters: &[Filter], linear: bool) -> Result<Box<dyn AnyProcessor>> {
    let mut eq = make("eq")?;
    for (number, filter) in (1..).zip(filters) {
        set(eq.as_mut(), &format!("band{number}.kind"), kind_of(filter.kind))?;
        set(eq.as_mut(), &format!("band{number}.freq_hz"), filter.freq_hz)?;
        set(eq.as_mut(), &format!("band{number}.gain_db"), filter.gain_db)?;
        set(eq.as_mut(), &format!("band{number}.q"), filter.q)?;
    }
    if linear {
        set(eq.as_mut(), "phase", fx::Choice::index(fx::eq::Phase::Linear) as f64)?;
    }
    Ok(eq)
}

/// Shelves on the side that give each band its gain.
fn side_equaliser(gains_db: &[f64; width::BANDS], linear: bool) -> Result<Box<dyn AnyProcessor>> {
    let shelves: Vec<Filter> = width::shelves(gains_db).into_iter().filter(|f| f.gain_db != 0.0).collect();
    let mut eq = equaliser(&shelves, linear)?;
    for number in 1..=shelves.len() {
        let side = fx::Choice::index(fx::eq::Part::Side) as f64;
        set(eq.as_mut(), &format!("band{number}.part"), side)?;
    }
    Ok(eq)
}

fn tone_step(
    id: &str,
    reference: &Reference,
    wanted: &Wanted,
    filters: &[Filter],
    amounts: &Amounts,
    after_db: f64,
    eq: Box<dyn AnyProcessor>,
) -> Step {
    let (largest_db, at_hz) = wanted.largest;
    let list: Vec<String> = filters
        .iter()
        .map(|filter| format!("{:+.1} dB at {:.0} Hz", filter.gain_db, filter.freq_hz))
        .collect();
    let mut because = format!(
        "its spectrum is {:.1} dB from that of {}; most at {at_hz:.0} Hz, where the reference has {largest_db:+.1} dB",
        wanted.distance_db, reference.name
    );
    if wanted.held > 0 {
        because.push_str("; what is only noise is not lifted");
    }
    let percent = 100.0 * amounts.tone;
    Step::new(id, Family::Tone, eq)
        .because(because)
        .evidence(Evidence::new(
            "distance of the spectra, RMS over the octaves",
            wanted.distance_db,
            "dB",
            None,
        ))
        .evidence(Evidence::new(
            format!("largest difference, at {at_hz:.0} Hz"),
            largest_db,
            "dB",
            amounts.limit_db,
        ))
        .effect(format!("{percent:.0} % of the way: {}; leaves {after_db:.1} dB", list.join(", ")))
        // A reference far away is probably another kind of music.
        .confidence(1.0 / (1.0 + wanted.distance_db / 12.0))
        .or("another reference, or several: their mean is less of one song")
        .or("--match tone=… for more or less of it; phase=linear keeps the phase")
        .sealed()
}

fn even_out(
    reference: &Reference,
    portrait: &Portrait,
    amounts: &Amounts,
    matched: &mut Matched,
) -> Result<()> {
    let squeezes: [Option<dynamics::Squeeze>; 3] = std::array::from_fn(|band| {
        dynamics::squeeze(portrait.spread[band]?, reference.picture.reach_db[band]?, amounts.dynamics)
    });
    if squeezes.iter().all(Option::is_none) {
        let why = match amounts.dynamics > 0.0 {
            true => format!("no band moves notably more than in {}", reference.name),
            false => "asked to leave them".to_owned(),
        };
        matched.left_alone.push((Family::Dynamics, why));
        return Ok(());
    }
    let mut multiband = make("multiband")?;
    let mut words = Vec::new();
    let mut step_evidence = Vec::new();
    for (band, (key, name)) in BANDS.iter().enumerate() {
        let squeeze = squeezes[band];
        set(multiband.as_mut(), &format!("{key}_on"), f64::from(u8::from(squeeze.is_some())))?;
        let (Some(squeeze), Some(spread), Some(wanted_db)) =
            (squeeze, portrait.spread[band], reference.picture.reach_db[band])
        else {
            continue;
        };
        set(multiband.as_mut(), &format!("{key}_threshold_db"), squeeze.threshold_db)?;
        set(multiband.as_mut(), &format!("{key}_ratio"), squeeze.ratio)?;
        // Half of what the loud moments lose, so that the balance of the bands stays.
        let gain_db = (5.0 * squeeze.reduction_db).round() / 10.0;
        set(multiband.as_mut(), &format!("{key}_gain_db"), gain_db)?;
        words.push(format!("{name} {:.1} dB off its loud moments", squeeze.reduction_db));
        let measure = format!("{name}: loudest twentieth over the median, reference {wanted_db:.1}");
        step_evidence.push(Evidence::new(measure, spread.reach_db(), "dB", wanted_db));
    }
    let mut step = Step::new("reference-dynamics", Family::Dynamics, multiband)
        .because(format!("its loud moments stand further out than those of {}", reference.name))
        .effect(words.join(", "))
        .confidence(0.6)
        .or("dynamics=0 leaves them; the limiter evens out what the loudness asks for");
    for evidence in step_evidence {
        step = step.evidence(evidence);
    }
    matched.steps.push(step.sealed());
    Ok(())
}

fn widen(
    reference: &Reference,
    print: &Picture,
    amounts: &Amounts,
    gains_db: &[f64; width::BANDS],
    matched: &mut Matched,
) -> Result<()> {
    if gains_db.iter().all(|gain| *gain == 0.0) {
        let why = match amounts.width > 0.0 {
            true => format!("no band is to be moved towards {} inside the rails", reference.name),
            false => "asked to leave it".to_owned(),
        };
        matched.left_alone.push((Family::Width, why));
        return Ok(());
    }
    let eq = side_equaliser(gains_db, amounts.linear)?;
    let mut words = Vec::new();
    let mut step = Step::new("reference-width", Family::Width, eq);
    for band in (0..width::BANDS).filter(|band| gains_db[*band] != 0.0) {
        let range = format!("{:.0} to {:.0} Hz", width::EDGES_HZ[band], width::EDGES_HZ[band + 1]);
        words.push(format!("side {:+.1} dB from {range}", gains_db[band]));
        if let (Some(is), Some(wanted)) = (print.side_mid_db[band], reference.picture.side_mid_db[band]) {
            let measure = format!("side re mid, {range}; reference {wanted:.1}");
            step = step.evidence(Evidence::new(measure, is, "dB", wanted));
        }
    }
    let step = step
        .because(format!("its bands are not as wide as those of {}", reference.name))
        .effect(words.join(", "))
        .confidence(0.6)
        .or("width=0 leaves it: width is the mix's own decision first");
    matched.steps.push(step.sealed());
    Ok(())
}
