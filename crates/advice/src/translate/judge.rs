//! What disappears in a place, and what turns harsh.

use super::{Here, Place};
use crate::compare::Comparison;
use dsp::math;
use dsp::meter::loudness::KWeighting;
use dsp::spectrum::Spectrum;
use serde::Serialize;

/// Bass, its overtones, words, sharpness, and what they are held against, Hz. By convention of the trade.
const BASS_HZ: (f64, f64) = (30.0, 110.0);
const OVERTONES_HZ: (f64, f64) = (110.0, 450.0);
const WORDS_HZ: (f64, f64) = (1000.0, 4000.0);
const SHARP_HZ: (f64, f64) = (2500.0, 6500.0);
const BODY_HZ: (f64, f64) = (250.0, 1500.0);
/// Bass that falls by this much at equal loudness is gone, dB; by half of it, thin. By our own convention.
const GONE_DB: f64 = -12.0;
/// Overtones this far under the bass carry it no longer, dB. By our own convention: a bass of 60 Hz with a second harmonic 12 dB down is
/// still followed on a loudspeaker that begins at 120 Hz.
const CARRIED_DB: f64 = -14.0;
/// What is lost of a range by mono, dB, from which it is told. By our own convention.
const LOST_DB: f64 = -3.0;
/// Sharpness that rises by this much, dB, where the music has it: no more than this under its body. By our own convention.
const SHARPER_DB: f64 = 3.0;
const SHARP_UNDER_DB: f64 = -10.0;
/// Bass that rises by this much booms, dB. By our own convention.
const BOOMS_DB: f64 = 5.0;
/// Share of the time that may be lost in noise before it is told.
const LOST_SHARE: f64 = 0.1;
/// A lossy residual this near under the music is heard, dB. By our own convention.
const CODED_DB: f64 = -20.0;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The bass is gone, and nothing carries it.
    BassGone,
    /// The bass is gone; its overtones still tell the notes.
    BassCarried,
    /// The bass booms.
    BassBooms,
    /// Bass vanishes because its sides work against each other.
    BassCancels,
    /// The voice goes under.
    VoiceLost,
    /// What stands at the sides loses against the middle.
    SidesLost,
    /// It turns sharp.
    Harsh,
    /// Quiet passages are lost.
    QuietLost,
    /// The codec is heard.
    CodecHeard,
    /// The codec makes peaks that clip.
    CodecClips,
    /// Nobody knows: it could not be encoded.
    NotEncoded,
    /// Nothing that matters.
    Holds,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// What.
    pub what: Word,
    /// In plain words.
    pub text: String,
    /// The number behind it.
    pub measured: String,
    /// What to do.
    pub action: String,
}

/// A place and what happens there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The place.
    pub place: Place,
    /// What happens, most important first.
    pub effects: Vec<Effect>,
    /// Change of each range at equal loudness, dB: bass, overtones, body, words, sharpness.
    pub change_db: [f64; 5],
}

/// Powers of the music in a range, here and there.
struct Powers {
    here: f64,
    there: f64,
    /// There, if mono lost nothing.
    kept: f64,
}

fn powers(place: &Place, here: &Here, (low, high): (f64, f64), weight: &dyn Fn(f64) -> f64) -> Powers {
    let corner = place.mono_below_hz.as_ref().map(|fact| fact.value);
    let mut sums = Powers { here: 0.0, there: 0.0, kept: 0.0 };
    let bin_hz = here.middle.bin_hz();
    let (first, last) = ((low / bin_hz).ceil() as usize, (high / bin_hz).floor() as usize);
    let at = |spectrum: &Spectrum, k: usize| spectrum.power(0).get(k).copied().unwrap_or(0.0);
    for k in first.max(1)..=last {
        let hz = k as f64 * bin_hz;
        let weight = weight(hz);
        let (middle, side) = (weight * at(&here.middle, k), weight * at(&here.side, k));
        let gain = math::db_to_power(place.response.at_db(hz));
        let folded = place.mono || corner.is_some_and(|corner| hz < corner);
        sums.here += middle + side;
        sums.there += gain * if folded { middle } else { middle + side };
        sums.kept += gain * (middle + side);
    }
    sums
}

pub(super) fn judge(
    place: &Place,
    here: &Here,
    lossy: Option<&std::result::Result<Comparison, String>>,
) -> Said {
    let rate_hz = here.middle.sample_rate_hz();
    let weighting = KWeighting::new(rate_hz);
    let loud = powers(place, here, (20.0, 20_000.0_f64.min(0.5 * rate_hz)), &|hz| {
        math::db_to_power(weighting.response_db(hz, rate_hz))
    });
    let louder_db = math::power_to_db(loud.there / loud.here);
    let plain = |range| powers(place, here, range, &|_| 1.0);
    let ranges = [BASS_HZ, OVERTONES_HZ, BODY_HZ, WORDS_HZ, SHARP_HZ].map(plain);
    let change_db = ranges.each_ref().map(|range| {
        let db = math::power_to_db(range.there / range.here) - louder_db;
        if db.is_finite() { db.max(-99.0) } else { 0.0 }
    });
    let lost_db = ranges.each_ref().map(|range| math::power_to_db(range.there / range.kept));
    let mut effects = Vec::new();
    effects.extend(bass(&ranges, change_db[0], lost_db[0]));
    effects.extend(voice(change_db[3], lost_db[3]));
    effects.extend(sides(place, here, lost_db[2]));
    effects.extend(harsh(&ranges, change_db[4]));
    effects.extend(quiet(place, here));
    effects.extend(lossy.map(|found| coded(place, found)).unwrap_or_default());
    if effects.is_empty() {
        effects.push(Effect {
            what: Word::Holds,
            text: "Nothing that matters is lost, and nothing turns harsh.".to_owned(),
            measured: format!(
                "largest change {:+.1} dB",
                change_db.iter().fold(0.0, |most: f64, db| if db.abs() > most.abs() { *db } else { most })
            ),
            action: "Go on.".to_owned(),
        });
    }
    Said { place: place.clone(), effects, change_db }
}

fn effect(what: Word, text: &str, measured: String, action: &str) -> Effect {
    Effect { what, text: text.to_owned(), measured, action: action.to_owned() }
}

fn bass(ranges: &[Powers; 5], change_db: f64, lost_db: f64) -> Vec<Effect> {
    let mut out = Vec::new();
    // Bass this far under the body is none that could be missed.
    let has_bass = math::power_to_db(ranges[0].here / ranges[2].here) > -20.0;
    if !has_bass {
        return out;
    }
    if lost_db < LOST_DB {
        let measured = format!("{:.1} dB of the bass cancel", -lost_db);
        out.push(effect(
            Word::BassCancels,
            "The bass of left and right cancels here.",
            measured,
            "Make the bass mono below 120 Hz and look for a flipped polarity on it.",
        ));
    }
    if change_db < GONE_DB {
        let carried_db = math::power_to_db(ranges[1].here / ranges[0].here);
        let measured = format!(
            "bass {change_db:+.0} dB at equal loudness, its overtones {carried_db:+.0} dB against it"
        );
        out.push(if carried_db > CARRIED_DB {
            effect(Word::BassCarried, "The bass itself is gone; its overtones still tell the notes.", measured, "Listen whether you can follow the bass line; if not, give it some saturation.")
        } else {
            effect(Word::BassGone, "The bass is gone: it has hardly any overtones that would tell its notes here.", measured, "Add saturation or a louder range from 120 to 400 Hz to the bass, so that small loudspeakers play it.")
        });
    } else if change_db > BOOMS_DB {
        let measured = format!("bass {change_db:+.0} dB at equal loudness");
        out.push(effect(
            Word::BassBooms,
            "The bass comes up a lot here; if there is too much of it, it booms.",
            measured,
            "Listen to the excerpt; if it booms, take 2 dB off below 100 Hz.",
        ));
    }
    out
}

fn voice(change_db: f64, lost_db: f64) -> Option<Effect> {
    (change_db < LOST_DB && lost_db < LOST_DB).then(|| {
        let measured =
            format!("{change_db:+.1} dB between 1 and 4 kHz, {:.1} dB of it lost in mono", -lost_db);
        effect(
            Word::VoiceLost,
            "Voices and whatever else speaks there sink into the rest.",
            measured,
            "Take wideners off the voice and check its polarity between left and right.",
        )
    })
}

fn sides(place: &Place, here: &Here, lost_db: f64) -> Option<Effect> {
    let wide = here.measured.side_to_mid_db.is_some_and(|db| db > -60.0);
    (place.mono && wide && lost_db < LOST_DB).then(|| {
        let measured = format!("{:.1} dB of the middle range is only at the sides", -lost_db);
        effect(
            Word::SidesLost,
            "What stands at the sides, such as wide guitars and keys, nearly vanishes on one loudspeaker.",
            measured,
            "Bring these parts in a little, or give them something in the middle.",
        )
    })
}

fn harsh(ranges: &[Powers; 5], change_db: f64) -> Option<Effect> {
    let there_db = math::power_to_db(ranges[4].there / ranges[2].there);
    (change_db > SHARPER_DB && there_db > SHARP_UNDER_DB).then(|| {
        let measured = format!(
            "2.5 to 6.5 kHz {change_db:+.1} dB at equal loudness, {there_db:+.0} dB against the body"
        );
        effect(
            Word::Harsh,
            "It turns sharp: consonants, snares and distorted guitars come forward.",
            measured,
            "Listen to the excerpt; if it hurts, tame 3 to 6 kHz by a dB or two, or de-ess the voice.",
        )
    })
}

fn quiet(place: &Place, here: &Here) -> Option<Effect> {
    let under = place.quiet_under_lu.as_ref()?.value;
    let (curves, lufs) =
        (here.measured.curves.as_ref()?, here.measured.integrated_lufs.filter(|lufs| lufs.is_finite())?);
    let heard: Vec<f64> = curves.short_term_lufs.iter().copied().filter(|value| *value > -70.0).collect();
    let lost = heard.iter().filter(|value| **value < lufs - under).count() as f64 / heard.len().max(1) as f64;
    (lost > LOST_SHARE).then(|| {
        let measured = format!("{:.0} % of the time more than {under:.0} LU under the whole", 100.0 * lost);
        effect(
            Word::QuietLost,
            "Quiet passages are lost in the noise of the place.",
            measured,
            "Go on if the music lives from it; else lift the quiet passages by a few dB in the mix.",
        )
    })
}

fn coded(place: &Place, found: &std::result::Result<Comparison, String>) -> Vec<Effect> {
    let mut out = Vec::new();
    let found = match found {
        Ok(found) => found,
        Err(why) => {
            out.push(effect(
                Word::NotEncoded,
                "It could not be encoded here: what a lossy stream does to it is not known.",
                why.clone(),
                "Install ffmpeg and run it again; or make the stream elsewhere and use tonmeister compare.",
            ));
            return out;
        }
    };
    let under = found.null.as_ref().and_then(|null| null.under_db);
    if let Some(under) = under.filter(|under| *under > CODED_DB) {
        let codec = place.codec.as_ref().map_or("the codec", |codec| codec.value.as_str());
        let measured = format!("what {codec} changed is {under:.0} dB against the music");
        out.push(effect(
            Word::CodecHeard,
            "The codec is heard: cymbals and reverberation get grainy.",
            measured,
            "Listen to the excerpt; a softer, less dense top codes better.",
        ));
    }
    let peak = found.after.measured.true_peak_dbtp;
    if peak > 0.0 {
        let measured = format!("{peak:+.2} dBTP after decoding");
        out.push(effect(
            Word::CodecClips,
            "Decoded, it goes over full scale and clips in some players.",
            measured,
            "Master to a lower ceiling: tonmeister master … --check-codecs.",
        ));
    }
    out
}
