//! Faders (C5): tracks within their group, groups against the mix, closed on what is rendered.

use super::groups::{Sounding, lead_instrument, targets};
use super::lanes::Room;
use super::listen::own_of;
use super::trim::WORKING_LUFS;
use super::{Balance, pan, shares, space};
use crate::close::{Heard, Powers, active_lufs, gated_lufs, scaled, solve, sum, whole_of};
use crate::moves::{Draft, Family, Place};
use dsp::math::{db_to_power, power_to_db};
use studio::message::{Finding, Severity};
use studio::mix::Group;

/// Loudness the sum is brought to before the print trim. By our own convention: faders come out near 0 dB.
const MIX_LUFS: f64 = -20.0;
/// Reach of a fader.
const FADER_DB: (f64, f64) = (-60.0, 12.0);
/// Whiskers of published lead vocals, LU (C5); outside them it is told.
const VOCAL_WHISKERS_LU: (f64, f64) = (-6.3, -0.5);
/// A print peaks at -3 dBFS and dBTP with a tenth of margin (C12).
const PRINT_PEAK_DB: f64 = -3.0;
const PRINT_MARGIN_DB: f64 = 0.1;
/// Where the balance comes from.
const BALANCE: &str =
    "medians and quartiles of published mixes (De Man 2017, Pestana 2013, Ronan 2018; mixing.md C5)";

/// Loudness a lane should have within its group against the working level, and why.
fn wanted_lu(room: &Room<'_>, number: usize) -> (f64, String) {
    let lane = &room.lanes[number];
    let track = room.track(lane);
    let mut offset = lane.role.offset_lu;
    let mut why = lane.role.name.to_owned();
    let same = room.of_role(lane.role.name).len();
    if let Some(pair) =
        room.song.pairs.iter().find(|pair| pair.left == lane.track || pair.right == lane.track)
    {
        if pair.joined {
            offset -= power_to_db(2.0);
            why.push_str(", one side of a stereo recording");
        }
    } else if same > 1 && ["kick", "snare", "overheads", "room"].contains(&lane.role.name) {
        // Microphones of one drum share what the drum has; the one below it stands behind the one above.
        offset -= power_to_db(same as f64);
        why = format!("{why}, one of {same} microphones");
        let name = track.name.to_lowercase();
        if ["bot", "btm", "under", "unten"].iter().any(|word| name.contains(word)) {
            // By convention: the wires are added to the head until they are heard, not more.
            offset -= 4.0;
            why.push_str(", the lower one");
        }
    }
    if lane.role.group == Group::Backing {
        // Half a decibel less for each line beyond four (C5).
        offset -= 0.5 * room.of_role(lane.role.name).len().saturating_sub(4) as f64;
    }
    (offset, why)
}

/// First faders, from the recordings alone: for everything that has to know levels before anything is rendered.
pub(super) fn seed(room: &mut Room<'_>) {
    for number in 0..room.lanes.len() {
        let lane = room.lanes[number].clone();
        let lufs = room.facts(&lane).active_lufs.unwrap_or(WORKING_LUFS) + lane.trim_db;
        let (offset, _) = wanted_lu(room, number);
        let full = (WORKING_LUFS + offset - lufs).clamp(FADER_DB.0, FADER_DB.1);
        let alone = room.groups.iter().any(|group| !group.is_bus && group.lanes.contains(&number));
        // A track without a bus has one fader, and that is its group's.
        room.lanes[number].fader_db =
            if alone { 0.0 } else { rough_fader(room, number, None).unwrap_or(full) };
    }
    let sounding: Vec<Sounding> = room
        .groups
        .iter()
        .map(|group| {
            let parts: Vec<Powers> = group.lanes.iter().map(|lane| room.powers(&room.lanes[*lane])).collect();
            Sounding { group: group.group, strip: group.strip.clone(), powers: sum(&parts) }
        })
        .collect();
    let solution = solve(&targets(&sounding, &room.ask.style, lead(room)), MIX_LUFS, 0.0);
    let kept = is_kept(room);
    let rough: Vec<Option<f64>> =
        (0..room.lanes.len()).map(|number| rough_fader(room, number, None)).collect();
    for (group, fader) in room.groups.iter_mut().zip(solution.faders_db) {
        let alone = group.lanes.first().copied().filter(|_| !group.is_bus);
        let own = alone.and_then(|number| rough.get(number).copied().flatten()).unwrap_or(0.0);
        group.fader_db = if kept { own } else { fader.unwrap_or(0.0).clamp(FADER_DB.0, FADER_DB.1) };
    }
}

/// Puts the faders on the desk as they are known so far, for a rendering; the moves are made when that was heard.
pub(super) fn set_up(room: &mut Room<'_>) {
    let works = room.book.works("balance.fader", Family::Balance);
    let strength = if works { room.book.strength(Family::Balance) } else { 0.0 };
    for at in 0..room.groups.len() {
        let group = room.groups[at].clone();
        let place = Place::control(&group.strip, "fader_db");
        let fader = room.book.held_number("balance.group", &place).unwrap_or(group.fader_db * strength);
        room.desk.set(&place, &fader.into());
        room.groups[at].then_db = fader;
        for number in group.lanes {
            room.lanes[number].then_pan = room.lanes[number].pan;
            let place = Place::control(&room.lanes[number].id, "fader_db");
            let full = if group.is_bus { room.lanes[number].fader_db * strength } else { 0.0 };
            let fader = room.book.held_number("balance.fader", &place).unwrap_or(full);
            room.lanes[number].then_db = if group.is_bus { fader } else { 0.0 };
            if group.is_bus {
                room.desk.set(&place, &fader.into());
            }
        }
    }
    space::follow(room, false);
}

fn lead(room: &Room<'_>) -> Option<Group> {
    lead_instrument(|group| room.has(group), !room.of_role("lead guitar").is_empty())
}

/// Whether the balance of a rough mix is to be kept.
fn is_kept(room: &Room<'_>) -> bool {
    room.ask.keep_balance && room.song.rough_mix.is_some()
}

/// Fader that gives a lane what it has in the rough mix. What its chain makes of it, once that was heard (`powers`), is taken off.
fn rough_fader(room: &Room<'_>, number: usize, powers: Option<&Powers>) -> Option<f64> {
    let rough = room.song.rough_mix.as_ref().filter(|_| room.ask.keep_balance)?;
    let lane = room.lanes.get(number)?;
    let (_, gain) = rough.gains_db.iter().find(|(track, _)| *track == lane.track)?;
    let heard = powers.and_then(|powers| active_lufs(powers)).zip(room.facts(lane).active_lufs);
    let chain_db = heard.map_or(lane.trim_db, |(behind, ahead)| behind - ahead);
    Some((gain - chain_db).clamp(FADER_DB.0, FADER_DB.1))
}

/// Tracks within their group, on what their chains made of them.
pub(super) fn close(room: &mut Room<'_>, heard: &Heard) {
    for at in 0..room.groups.len() {
        let group = room.groups[at].clone();
        for number in group.lanes {
            if !group.is_bus {
                room.lanes[number].fader_db = 0.0;
                continue;
            }
            let place = Place::control(&room.lanes[number].id, "fader_db");
            room.desk.clear(&place);
            let powers = heard.of(&room.lanes[number].id).cloned();
            let fader = powers.and_then(|powers| track_move(room, number, group.group, place, &powers));
            room.lanes[number].fader_db = fader.unwrap_or(0.0);
        }
    }
}

fn track_move(
    room: &mut Room<'_>,
    number: usize,
    group: Group,
    place: Place,
    powers: &Powers,
) -> Option<f64> {
    let lufs = active_lufs(powers)?;
    let (offset, why) = wanted_lu(room, number);
    let (full, text, evidence) = match rough_fader(room, number, Some(powers)) {
        Some(fader) => (
            fader,
            "Where the rough mix has it: {value}.".to_owned(),
            "the rough mix among the tracks (mixing.md I9)",
        ),
        None => {
            let fader = (WORKING_LUFS + offset - lufs).clamp(FADER_DB.0, FADER_DB.1);
            (fader, format!("{why}: {offset:+.1} LU within {}: {{value}}.", group.name()), BALANCE)
        }
    };
    let draft = Draft::new("balance.fader", Family::Balance, place, full.into(), 0.0.into(), &text)
        .because("active_lufs_behind_its_chain", lufs)
        .because("wanted_lu", offset)
        .confidence(0.6 + 0.3 * room.lanes[number].share)
        .evidence(evidence);
    room.book.put(&mut room.desk, draft)?.value.number()
}

/// What a group sounds like at fader 0 with the tracks' faders and rides as they are now. Microphones of one drum add up by more
/// or less than their powers, and a bus may be compressed: how much, was heard with the faders as they were, moment by moment.
fn powers_of(room: &Room<'_>, at: usize, heard: &Heard) -> Powers {
    let group = &room.groups[at];
    if !group.is_bus {
        let louder_db = group.lanes.first().map_or(0.0, |number| pan::louder_db(room, heard, *number));
        let own = heard.of(&group.strip).map(|powers| ridden(room, &group.strip, powers));
        return scaled(&own.unwrap_or_default(), louder_db);
    }
    let with = |now: bool| {
        let parts = group.lanes.iter().filter_map(|number| {
            let lane = &room.lanes[*number];
            let powers = heard.of(&lane.id)?;
            let ride = now || room.rides_heard;
            let stands = if now { pan::louder_db(room, heard, *number) } else { 0.0 };
            let fader = stands + if now { lane.fader_db } else { lane.then_db };
            Some(scaled(&if ride { ridden(room, &lane.id, powers) } else { powers.clone() }, fader))
        });
        sum(&parts.collect::<Vec<_>>())
    };
    let now = with(true);
    let Some(bus) = heard.of(&group.strip) else { return now };
    bus.iter().zip(&now).zip(&with(false)).map(|((bus, now), then)| moved(*bus, *now, *then)).collect()
}

/// Power of a bus whose tracks are `now` as loud together as they were `then`.
fn moved(bus: f64, now: f64, then: f64) -> f64 {
    if now == then || then <= 0.0 { bus } else { bus * (now / then) }
}

/// Powers behind the ride of a strip.
pub(super) fn ridden(room: &Room<'_>, strip: &str, powers: &Powers) -> Powers {
    let Some(points) = room.desk.curves.get(&(strip.to_owned(), "ride_db".to_owned())) else {
        return powers.clone();
    };
    let mut next = 0;
    let at = |(at, power): (usize, &f64)| {
        // 20 values a second.
        let seconds = at as f64 / 20.0;
        while points.get(next).is_some_and(|point| point.0 <= seconds) {
            next += 1;
        }
        power * db_to_power(value_at(points, next, seconds))
    };
    powers.iter().enumerate().map(at).collect()
}

/// A curve of straight lines at a time; `next` is its first point behind that.
fn value_at(points: &[(f64, f64)], next: usize, seconds: f64) -> f64 {
    match (next.checked_sub(1).and_then(|last| points.get(last)), points.get(next)) {
        (Some((t0, a)), Some((t1, b))) => a + (b - a) * (seconds - t0) / (t1 - t0).max(1e-9),
        (Some(only), None) | (None, Some(only)) => only.1,
        (None, None) => 0.0,
    }
}

fn sounding(room: &Room<'_>, heard: &Heard) -> Vec<Sounding> {
    (0..room.groups.len())
        .map(|at| Sounding {
            group: room.groups[at].group,
            strip: room.groups[at].strip.clone(),
            powers: powers_of(room, at, heard),
        })
        .collect()
}

/// Groups against the mix, as far as the first rendering tells; no moves yet.
pub(super) fn groups(room: &mut Room<'_>, heard: &Heard) {
    if !is_kept(room) {
        solved(room, heard);
    }
}

/// A balance as it was solved: what each group is at fader 0, what it was to be and what it comes to.
struct Solved {
    powers: Vec<Powers>,
    target_lu: Vec<f64>,
    relative_lu: Vec<Option<f64>>,
}

/// Rounds until the room of each group and its fader agree. By our own convention: each leaves less than a tenth of the error.
const ROUNDS: usize = 3;

/// Solves the faders of the groups, their room with them: a group is as loud as its dry sound and what comes back of it.
fn solved(room: &mut Room<'_>, heard: &Heard) -> Solved {
    let own = sounding(room, heard);
    let mut end = Solved { powers: Vec::new(), target_lu: Vec::new(), relative_lu: Vec::new() };
    for _ in 0..ROUNDS {
        let then = then_of(room, heard);
        let now = Now::of(room, heard, &own);
        let mut parts = targets(&own, &room.ask.style, lead(room));
        end.target_lu = parts.iter().map(|part| part.target_lu).collect();
        for (part, louder) in parts.iter_mut().zip(&now.louder_lu) {
            part.target_lu -= louder;
            part.range_lu = (part.range_lu.0 - louder, part.range_lu.1 - louder);
        }
        for (part, louder) in parts.iter_mut().zip(&now.louder_lu) {
            let more = |other: usize| louder - now.louder_lu.get(other).copied().unwrap_or(0.0);
            part.under = part.under.map(|(other, distance)| (other, distance + more(other)));
        }
        let solution = solve(&parts, MIX_LUFS, now.room_lu + then);
        for (group, fader) in room.groups.iter_mut().zip(&solution.faders_db) {
            group.fader_db = fader.map_or(group.fader_db, |fader| fader.clamp(FADER_DB.0, FADER_DB.1));
        }
        let with = |(lu, louder): (&Option<f64>, &f64)| lu.map(|lu| lu + louder);
        end.relative_lu = solution.relative_lu.iter().zip(&now.louder_lu).map(with).collect();
    }
    end.powers = own.into_iter().map(|one| one.powers).collect();
    end
}

/// What the rendered mix was louder than the powers of its groups and returns together, LU.
fn then_of(room: &Room<'_>, heard: &Heard) -> f64 {
    let dry = room.groups.iter().filter_map(|group| {
        let powers = heard.of(&group.strip)?;
        // The ear on a track is ahead of its ride, that on a bus behind those of its tracks.
        let ride = room.rides_heard && !group.is_bus;
        let powers = if ride { ridden(room, &group.strip, powers) } else { powers.clone() };
        Some(scaled(&powers, group.then_db))
    });
    let all: Vec<Powers> = dry.chain([shares::all(&shares::wets(room, heard, false))]).collect();
    let mix = heard.of(studio::session::MIX).and_then(|mix| gated_lufs(mix));
    mix.zip(gated_lufs(&sum(&all))).map_or(0.0, |(mix, sum)| (mix - sum).clamp(-3.0, 3.0))
}

/// What a group was louder than the powers of its dry sound and its room together when it was rendered, LU: where it stands, and how
/// far its echoes fall in with it.
fn together_lu(room: &Room<'_>, at: usize, heard: &Heard) -> f64 {
    let whole = heard.of(&whole_of(&room.groups[at].strip)).and_then(|whole| gated_lufs(whole));
    let parts = gated_lufs(&sum(&own_of(room, at, heard)));
    whole.zip(parts).map_or(0.0, |(whole, parts)| (whole - parts).clamp(-3.0, 3.0))
}

/// The groups behind their faders as they stand now, with their room.
struct Now {
    /// Dry powers of each.
    dry: Vec<Powers>,
    /// Returns at the amount they will have.
    wets: Vec<shares::Wet>,
    /// What each is louder by its share of the room, LU, and what all are together.
    louder_lu: Vec<f64>,
    room_lu: f64,
}

impl Now {
    fn of(room: &Room<'_>, heard: &Heard, own: &[Sounding]) -> Self {
        let dry: Vec<Powers> =
            own.iter().zip(&room.groups).map(|(one, group)| scaled(&one.powers, group.fader_db)).collect();
        let mut wets = shares::wets(room, heard, true);
        let all_dry = sum(&dry);
        let gain = space::gain_db(room, &wets, &all_dry).map_or(0.0, |amount| amount.gain_db);
        wets.iter_mut().for_each(|wet| wet.turn(gain));
        let both = sum([&all_dry, &shares::all(&wets)]);
        let room_lu = gated_lufs(&both).zip(gated_lufs(&all_dry)).map_or(0.0, |(both, dry)| both - dry);
        let mut louder_lu = shares::louder_lu(&wets, &dry);
        louder_lu.iter_mut().enumerate().for_each(|(at, lu)| *lu += together_lu(room, at, heard));
        Self { dry, wets, louder_lu, room_lu }
    }
}

/// The last rendering was heard: groups for good, the amount of room, left and right, the print trim. Tells the balance as it is now.
pub(super) fn settle(room: &mut Room<'_>, heard: &Heard) -> Balance {
    groups(room, heard);
    // Where things stand changes how loud they are: first both sides, then the faders for good.
    let imbalance_db = pan::weigh(room, heard);
    let own = sounding(room, heard);
    if is_kept(room) {
        keep(room, &own);
    } else {
        let solved = solved(room, heard);
        let faders: Vec<f64> = room.groups.iter().map(|group| group.fader_db).collect();
        for (at, (fader, relative)) in faders.into_iter().zip(&solved.relative_lu).enumerate() {
            if let Some(relative) = relative {
                group_move(room, at, fader, *relative, &solved.powers[at], solved.target_lu[at]);
            }
        }
    }
    let coherence = then_of(room, heard);
    space::follow(room, true);
    let now = Now::of(room, heard, &own);
    let all = sum(now.dry.iter().chain(now.wets.iter().map(|wet| &wet.powers)));
    let mix_lufs = gated_lufs(&all).unwrap_or(f64::NEG_INFINITY) + coherence;
    let told = |(at, group): (usize, &super::GroupLane)| {
        let lu = gated_lufs(&now.dry[at])? + now.louder_lu[at] - mix_lufs;
        Some((group.strip.clone(), group.group.name().to_owned(), lu))
    };
    let groups: Vec<(String, String, f64)> = room.groups.iter().enumerate().filter_map(told).collect();
    let reverberation = space::settle(room, heard, &sum(&now.dry));
    guard(room, &groups);
    let mix = heard.of(studio::session::MIX).cloned().unwrap_or_default();
    let change = gated_lufs(&mix).map_or(0.0, |then| mix_lufs - then);
    let peak = heard.peaks_db.get(studio::session::MIX).copied().unwrap_or(f64::NEG_INFINITY) + change;
    print_trim(room, peak);
    Balance { groups, reverberation, imbalance_db, peak_dbtp: peak, mix_lufs, heard_seconds: None }
}

/// A track without a bus has its place of the rough mix on its only fader.
fn keep(room: &mut Room<'_>, own: &[Sounding]) {
    for (at, one) in own.iter().enumerate() {
        let alone = room.groups[at].lanes.first().copied().filter(|_| !room.groups[at].is_bus);
        let fader = alone.and_then(|number| rough_fader(room, number, Some(&one.powers)));
        room.groups[at].fader_db = fader.unwrap_or(room.groups[at].fader_db);
    }
    let all: Vec<Powers> =
        own.iter().zip(&room.groups).map(|(one, group)| scaled(&one.powers, group.fader_db)).collect();
    let whole = gated_lufs(&sum(&all)).unwrap_or(0.0);
    for at in (0..room.groups.len()).filter(|at| !room.groups[*at].is_bus).collect::<Vec<_>>() {
        let relative = gated_lufs(&all[at]).unwrap_or(0.0) - whole;
        let fader = room.groups[at].fader_db;
        group_move(room, at, fader, relative, &own[at].powers, relative);
    }
}

fn group_move(room: &mut Room<'_>, at: usize, fader: f64, relative: f64, powers: &Powers, target: f64) {
    let group = room.groups[at].clone();
    let place = Place::control(&group.strip, "fader_db");
    room.desk.clear(&place);
    let full = fader.clamp(FADER_DB.0, FADER_DB.1);
    let text = format!("{} at {relative:.1} LU against the mix: {{value}}.", group.group.name());
    let draft = Draft::new("balance.group", Family::Balance, place, full.into(), 0.0.into(), &text)
        .because("loudness_at_fader_0_lufs", gated_lufs(powers).unwrap_or(f64::NEG_INFINITY))
        .because("target_lu", target)
        .because("reached_lu", relative)
        .effect(format!("{relative:.1} LU against the mix, as rendered"))
        // Far from where the recordings were is a bold move.
        .confidence((1.0 - (fader.abs() / 24.0)).clamp(0.3, 0.9))
        .evidence(BALANCE);
    let told = room.book.put(&mut room.desk, draft);
    room.groups[at].fader_db = told.and_then(|told| told.value.number()).unwrap_or(0.0);
}

/// The voice outside the published whiskers is told (C5).
fn guard(room: &mut Room<'_>, groups: &[(String, String, f64)]) {
    let voice = room.groups.iter().zip(groups).find(|(group, _)| group.group == Group::Vocals);
    let Some((_, (strip, _, relative))) = voice else { return };
    if groups.len() > 1 && !(VOCAL_WHISKERS_LU.0..=VOCAL_WHISKERS_LU.1).contains(relative) {
        room.findings.push(
            Finding::new("vocal_level", Severity::Warning, format!("{relative:.1} LU against the mix"))
                .about(strip.clone())
                .limit("-6.3 to -0.5 LU, where published mixes have it")
                .advice("if it is meant so, leave it; otherwise look at its fader and at what was locked"),
        );
    }
}

/// The mix under the peak of a print by one static gain (C12).
fn print_trim(room: &mut Room<'_>, peak_db: f64) {
    if !peak_db.is_finite() {
        return;
    }
    let full = ((PRINT_PEAK_DB - PRINT_MARGIN_DB - peak_db) * 10.0).floor() / 10.0;
    let place = Place::control(studio::session::MIX, "fader_db");
    let text =
        "One static gain for the whole mix, {value}: its peaks stay under -3 dB, and no limiter is needed.";
    let draft =
        Draft::new("balance.print", Family::Balance, place, full.clamp(-60.0, 12.0).into(), 0.0.into(), text)
            .because("true_peak_dbtp", peak_db)
            .confidence(0.95)
            .evidence("print at -3 dBFS and dBTP, mixing.md C12");
    room.book.put(&mut room.desk, draft);
}
