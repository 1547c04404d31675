//! What is heard of every track of a corpus, as a table: what rules of hearing are calibrated on.

use crate::truth::Truth;
use std::fmt::Write as _;
use std::path::Path;
use studio::job::Job;
use studio::message::Result;

/// A line for each track that plays: song, file, role, group, then every feature. Tracks of folders without a truth have `?` for both.
///
/// # Errors
/// Those of hearing.
pub fn table(folders: &[std::path::PathBuf]) -> Result<String> {
    let mut out = String::from("song\tfile\trole\tgroup");
    for name in assistant::sort::FEATURES {
        let _ = write!(out, "\t{name}");
    }
    out.push('\n');
    for folder in folders {
        rows(folder, &mut out)?;
    }
    Ok(out)
}

fn rows(folder: &Path, out: &mut String) -> Result<()> {
    let truth = Truth::load(folder).ok();
    let options = assistant::hear::Options { ignore_names: true, skip_alignment: true, ..Default::default() };
    let song = assistant::hear::hear(folder, &Job::quiet(), &options)?;
    for (_, track) in song.playing() {
        let own = truth.as_ref().and_then(|truth| truth.track(&track.path));
        if own.is_some_and(|own| own.used_as != "play") {
            continue;
        }
        let (role, group) = own.map_or(("?", "?"), |own| (own.role.as_str(), own.group.as_str()));
        let _ = write!(out, "{}\t{}\t{role}\t{group}", song.name, track.path);
        for value in assistant::sort::features(track) {
            let _ = write!(out, "\t{value:.5}");
        }
        out.push('\n');
    }
    Ok(())
}

/// What is heard of a song by its names: alignments with their evidence, tempo, key, form, what is no music.
///
/// # Errors
/// Those of hearing.
pub fn heard(folder: &Path) -> Result<String> {
    let truth = Truth::load(folder).ok();
    let song = assistant::hear::hear(folder, &Job::quiet(), &assistant::hear::Options::default())?;
    let mut out = format!("{}: {:?} {:?}\n", song.name, song.time.tempo, song.time.key);
    let name = |index: usize| song.tracks.get(index).map_or("", |track| track.name.as_str());
    for one in &song.alignments {
        let _ = writeln!(
            out,
            "  {} to {}: {} frames{}, {:?}, ratio {:.2}, spread {:.1}, low {:+.1} > {:+.1}, comb {:.1} > {:.1}, {} hits",
            name(one.track),
            name(one.reference),
            one.delay_frames,
            if one.invert { ", turned" } else { "" },
            one.basis,
            one.peak_ratio,
            one.spread_frames,
            one.low_sum_before_db,
            one.low_sum_after_db,
            one.comb_before_db,
            one.comb_after_db,
            one.hits
        );
    }
    for (_, track) in song.playing().filter(|(_, track)| track.role.question.is_some()) {
        let _ =
            writeln!(out, "  asked: {} {} {:.2}", track.name, track.role.role.name, track.role.confidence);
    }
    for track in song.tracks.iter().filter(|track| track.use_as != assistant::hear::Use::Play) {
        let _ = writeln!(out, "  {}: {:?}", track.name, track.use_as);
    }
    if truth.is_none() {
        let blind = assistant::sort::nameless(&song);
        let pairs: Vec<_> = song.playing().map(|(index, track)| (track, &blind.tracks[index])).collect();
        let same = pairs.iter().filter(|(a, b)| a.role.role.group == b.role.role.group).count();
        let _ = writeln!(out, "  groups without names as with them: {same} of {}", pairs.len());
        for (named, heard) in pairs.iter().filter(|(a, b)| a.role.role.group != b.role.role.group) {
            let _ = writeln!(out, "    {}: {} > {}", named.name, named.role.role.name, heard.role.role.name);
        }
    }
    if let Some(truth) = truth {
        let roles = crate::judge::roles(&song, &truth);
        let (aligned, timed) = (crate::judge::aligned(&song, &truth), crate::judge::timed(&song, &truth));
        let _ = writeln!(out, "  roles {}/{}, wrong {:?}", roles.role, roles.total, roles.wrong);
        let nameless = crate::judge::roles(&assistant::sort::nameless(&song), &truth);
        let _ = writeln!(
            out,
            "  groups without names {}/{}, {:?}",
            nameless.group, nameless.total, nameless.wrong
        );
        let _ = writeln!(out, "  aligned {aligned:?}\n  time {timed:?}");
    }
    Ok(out)
}
