//! Tracks that faults are planted on: who plays what in them, and what is so of them whatever is done.

use crate::kit::{Sound, demo, look, read, shared, write};
use crate::tally::{Said, Tally};
use std::path::{Path, PathBuf};

pub(crate) type Parts = Vec<(String, Sound)>;

/// Tracks of a song.
#[derive(Debug, Clone)]
pub(crate) struct Band {
    pub(crate) name: &'static str,
    pub(crate) parts: Parts,
    /// What is so of them.
    pub(crate) so: &'static [Said],
    /// Who plays what: a part of a file's name for each of [`PLAYERS`].
    cast: [&'static str; 14],
}

/// Who plays.
pub(crate) const PLAYERS: [&str; 14] = [
    "kick",
    "snare",
    "other snare",
    "hat",
    "tom",
    "overheads",
    "room",
    "bass",
    "left guitar",
    "right guitar",
    "keys",
    "voice",
    "high voice",
    "low voice",
];

const DEMO: [&str; 14] = [
    "KickIn",
    "SnareTop",
    "SnareBottom",
    "HiHat",
    "Tom",
    "Overheads",
    "Room",
    "Bass",
    "GtrLeft",
    "GtrRight",
    "Keys",
    "LeadVox",
    "BGV1",
    "BGV2",
];

/// Microphones of one kit in one room hear each other, and the room.
const DEMO_SO: &[Said] = &[
    ("bleed", "Kick"),
    ("bleed", "Snare"),
    ("bleed", "HiHat"),
    ("bleed", "Tom"),
    ("printed_reverb", "Snare"),
];

impl Band {
    /// The name of a player's file.
    pub(crate) fn file(&self, player: &str) -> &'static str {
        let at = PLAYERS.iter().position(|name| *name == player).unwrap();
        self.cast[at]
    }

    pub(crate) fn of(&self, player: &str) -> Sound {
        of(&self.parts, self.file(player))
    }

    /// Only these of them.
    pub(crate) fn only(&self, players: &[&str]) -> Self {
        let stays = |name: &str| players.iter().any(|player| name.contains(self.file(player)));
        Self { parts: self.parts.iter().filter(|(name, _)| stays(name)).cloned().collect(), ..self.clone() }
    }
}

/// The whole band in the chorus of the demo, and another cast between verse and chorus.
pub(crate) fn synthetic(number: usize) -> Band {
    let (name, from) = [("demo", 28), ("other demo", 22)][number];
    let cut = |track: &studio::demo::Track| {
        let planes = (0..track.audio.channels()).map(|channel| track.audio.view().channel(channel).to_vec());
        (track.file.to_owned(), part_of(&Sound::new(planes.collect(), 48_000), from, 16))
    };
    Band { name, parts: demo(number).iter().map(cut).collect(), so: DEMO_SO, cast: DEMO }
}

/// Seventeen tracks of a rock song: a kit with its room, two basses, three guitars, a piano, pads. Nobody sings; a choir of a
/// machine, a guitar and the amplifier of the bass stand in for voices where a fault has nothing to do with what is sung.
pub(crate) fn rock() -> Option<Band> {
    let root = shared("multitrack/rock_ddtbl2")?;
    Some(Band {
        name: "rock",
        parts: folder(&root, 2, 14),
        so: &[
            ("bleed", "0"),
            ("mono_in_stereo", "17_PadMetal"),
            ("dc", "16_PadWarm"),
            ("dc", "17_PadMetal"),
            ("printed_reverb", "Snare"),
            // Amplifiers that are driven hold their peaks.
            ("limited", "Gtr"),
            ("limited", "PickBass"),
        ],
        cast: [
            "KickIn",
            "SnareTop",
            "SnareBottom",
            "HiHat",
            "Toms",
            "Overheads",
            "Room",
            "09_PickBass",
            "OverdriveGtr",
            "DistGtr",
            "AcPiano",
            "10_PickBass",
            "ChoirAahs",
            "JazzGtr",
        ],
    })
}

/// Sixteen seconds of a song with a voice over a machine's drums and a synthesiser; only what plays there. The voice as it was recorded:
/// in mono.
pub(crate) fn sung() -> Option<Parts> {
    let mut parts = folder(&shared("multitrack/francium_edm_vocal")?, 6, 16);
    parts.retain(|(name, _)| {
        ["GARAGE", "KICK", "MINILOGUE", "VOX_LEAD"].iter().any(|part| name.contains(part))
    });
    for (_, voice) in parts.iter_mut().filter(|(name, _)| name.contains("VOX_LEAD")) {
        let both = voice.planes[0].iter().zip(&voice.planes[1]);
        voice.planes = vec![both.map(|(l, r)| 0.5 * (l + r)).collect()];
    }
    Some(parts)
}

/// So many seconds of every file, without direct current, with soft ends.
fn folder(root: &Path, from: usize, seconds: usize) -> Parts {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let flac = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "flac"));
    flac.map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy();
        (format!("{name}.wav"), part_of(&read(path), from, seconds))
    })
    .collect()
}

/// A part of a sound with ends that die away and a quarter of a second of silence.
fn part_of(sound: &Sound, from: usize, seconds: usize) -> Sound {
    let rate = sound.rate_hz as usize;
    let frames = seconds * rate;
    let planes = sound.planes.iter().map(|plane| {
        let fade =
            |n: usize| (2.0 * (frames - n) as f64 / rate as f64).min(100.0 * n as f64 / rate as f64).min(1.0);
        let from = &plane[from * rate..][..frames];
        let mean = from.iter().sum::<f64>() / frames as f64;
        let mut out: Vec<f64> =
            from.iter().enumerate().map(|(n, x)| (x - mean) * fade(n) * fade(n) * fade(n)).collect();
        out.extend(vec![0.0; rate / 4]);
        out
    });
    Sound::new(planes.collect(), sound.rate_hz)
}

pub(crate) fn of(parts: &[(String, Sound)], part: &str) -> Sound {
    parts.iter().find(|(name, _)| name.contains(part)).unwrap().1.clone()
}

pub(crate) fn put(folder: &Path, parts: &[(String, Sound)]) {
    std::fs::create_dir_all(folder).unwrap();
    parts.iter().for_each(|(name, sound)| write(&folder.join(name), sound));
}

/// Faults in one folder, each on a part of its own.
pub(crate) struct Case {
    title: String,
    pub(crate) parts: Parts,
    must: Vec<Said>,
    may: Vec<Said>,
    under: Vec<Said>,
}

impl Case {
    pub(crate) fn new(band: &Band, title: &str) -> Self {
        Self::with(format!("{}, {title}", band.name), band.parts.clone(), band.so)
    }

    pub(crate) fn with(title: String, parts: Parts, so: &[Said]) -> Self {
        Self { title, parts, must: Vec::new(), may: so.to_vec(), under: Vec::new() }
    }

    /// A part that something has to be said of.
    pub(crate) fn spoil(
        &mut self,
        part: &'static str,
        rules: &[&'static str],
        with: impl Fn(Sound) -> Sound,
    ) {
        self.change(part, with);
        self.must(part, rules);
    }

    /// A part that lies under the limits of rules, which have to be silent.
    pub(crate) fn nearly(
        &mut self,
        part: &'static str,
        rules: &[&'static str],
        with: impl Fn(Sound) -> Sound,
    ) {
        self.change(part, with);
        self.under.extend(rules.iter().map(|rule| (*rule, part)));
    }

    /// One more part that something has to be said of.
    pub(crate) fn add(&mut self, part: &'static str, rules: &[&'static str], sound: Sound) {
        self.parts.push((format!("{part}.wav"), sound));
        self.must(part, rules);
    }

    /// One more part that lies under the limits of rules.
    pub(crate) fn add_nearly(&mut self, part: &'static str, rules: &[&'static str], sound: Sound) {
        self.parts.push((format!("{part}.wav"), sound));
        self.under.extend(rules.iter().map(|rule| (*rule, part)));
    }

    pub(crate) fn rename(&mut self, part: &str, to: &str) {
        self.parts.iter_mut().find(|(name, _)| name.contains(part)).unwrap().0 = format!("{to}.wav");
    }

    pub(crate) fn without(&mut self, part: &str) {
        self.parts.retain(|(name, _)| !name.contains(part));
    }

    pub(crate) fn must(&mut self, part: &'static str, rules: &[&'static str]) {
        self.must.extend(rules.iter().map(|rule| (*rule, part)));
    }

    pub(crate) fn may(&mut self, part: &'static str, rules: &[&'static str]) {
        self.may.extend(rules.iter().map(|rule| (*rule, part)));
    }

    pub(crate) fn under(&mut self, part: &'static str, rules: &[&'static str]) {
        self.under.extend(rules.iter().map(|rule| (*rule, part)));
    }

    fn change(&mut self, part: &str, with: impl Fn(Sound) -> Sound) {
        let (_, sound) = self.parts.iter_mut().find(|(name, _)| name.contains(part)).unwrap();
        *sound = with(sound.clone());
    }

    pub(crate) fn judge(&self, tally: &mut Tally) {
        self.judge_as(tally, "tracks", advice::assess::Kind::Tracks);
    }

    pub(crate) fn judge_as(&self, tally: &mut Tally, folder: &str, kind: advice::assess::Kind) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(folder);
        put(&folder, &self.parts);
        let found = look(&[folder], &["spotify"]);
        assert_eq!(found.items[0].kind, kind, "{}", self.title);
        tally.parts(&self.title, &found, &self.must, &self.may, &self.under);
    }
}
