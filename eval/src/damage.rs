//! Songs with something wrong, each beside its clean twin (the mixing rules, e.3 ii).

use crate::corpus::{SAMPLE_RATE_HZ, lufs};
use crate::instruments::noise;
use crate::truth::{Damage, Track, Truth};
use crate::wav;
use dsp::biquad::Svf;
use dsp::eq_design::{Curve, design};
use dsp::math;
use std::path::{Path, PathBuf};
use studio::message::{Error, Result};
use studio::mix::Group;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A track 12 dB too loud.
    Loud,
    /// A track 12 dB too soft.
    Soft,
    /// A resonance of 8 dB.
    Resonance,
    /// Mains hum.
    Hum,
    /// Reverberation printed on the voice.
    PrintedReverb,
    /// One of two microphones turned over.
    Polarity,
    /// A clipped take.
    Clipped,
    /// 7 dB too much between 200 and 500 Hz.
    Mud,
    /// A tambourine 15 dB too loud.
    Tambourine,
    /// Backing voices 12 dB too loud.
    Backing,
    /// A stem without treble.
    Dark,
    /// A silent file.
    Silent,
    /// A file twice.
    Duplicate,
    /// A file that lacks its first seconds.
    LateStart,
    /// Mono in one channel of two.
    OneSided,
    /// A mix among the tracks.
    RoughMix,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Loud,
        Self::Soft,
        Self::Resonance,
        Self::Hum,
        Self::PrintedReverb,
        Self::Polarity,
        Self::Clipped,
        Self::Mud,
        Self::Tambourine,
        Self::Backing,
        Self::Dark,
        Self::Silent,
        Self::Duplicate,
        Self::LateStart,
        Self::OneSided,
        Self::RoughMix,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Loud => "loud",
            Self::Soft => "soft",
            Self::Resonance => "resonance",
            Self::Hum => "hum",
            Self::PrintedReverb => "printed_reverb",
            Self::Polarity => "polarity",
            Self::Clipped => "clipped",
            Self::Mud => "mud",
            Self::Tambourine => "tambourine",
            Self::Backing => "backing",
            Self::Dark => "dark",
            Self::Silent => "silent",
            Self::Duplicate => "duplicate",
            Self::LateStart => "late_start",
            Self::OneSided => "one_sided",
            Self::RoughMix => "rough_mix",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Songs that are damaged this way: two of a size that is quickly heard.
    #[must_use]
    pub fn songs(self) -> [&'static str; 2] {
        match self {
            Self::Polarity => ["rock-1", "metal-1"],
            Self::Tambourine => ["rock-2", "pop-2"],
            Self::Backing => ["rock-2", "pop-1"],
            Self::PrintedReverb => ["pop-1", "folk-1"],
            Self::Resonance | Self::Mud => ["folk-1", "rock-1"],
            Self::Dark | Self::Clipped => ["pop-1", "rock-1"],
            _ => ["hip-hop-1", "rock-1"],
        }
    }

    /// Roles it looks for, in order.
    fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Resonance | Self::Mud => &["acoustic guitar", "electric guitar"],
            Self::Dark => &["electric guitar", "keys"],
            // What has a cable and pauses: under a bass that never stops nobody hears it, and no ear can.
            Self::Hum => &["electric guitar", "bass direct", "lead vocal"],
            Self::OneSided => &["electric guitar", "bass direct", "bass"],
            Self::PrintedReverb | Self::Clipped => &["lead vocal"],
            Self::Polarity => &["snare"],
            Self::Tambourine => &["percussion"],
            Self::Backing => &["backing vocals"],
            _ => &["electric guitar", "keys", "synth pad", "snare"],
        }
    }
}

/// Damaged twins of a song that was written to `clean`, beside it in `folder`: `rock-1+hum`.
///
/// # Errors
/// Those of the operating system.
pub fn twins(folder: &Path, clean: &Path, truth: &Truth) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.songs().contains(&truth.id.as_str())) {
        let id = format!("{}+{}", truth.id, kind.word());
        let target = folder.join(&id);
        if twin(&target, clean, truth, kind)? {
            written.push(target);
        }
    }
    Ok(written)
}

/// One twin; false when the song has nothing to damage that way.
///
/// # Errors
/// Those of the operating system.
pub fn twin(target: &Path, clean: &Path, truth: &Truth, kind: Kind) -> Result<bool> {
    let of = |role: &&str| truth.tracks.iter().find(|track| track.role == **role && track.used_as == "play");
    let Some(victim) = kind.roles().iter().find_map(of) else { return Ok(false) };
    let files: Vec<String> = match kind {
        Kind::Backing => truth.files_of(Group::Backing).into_iter().map(str::to_owned).collect(),
        Kind::Tambourine => truth.files_of(Group::Percussion).into_iter().map(str::to_owned).collect(),
        _ => vec![victim.file.clone()],
    };
    let mut broken = truth.clone();
    broken.id = format!("{}+{}", truth.id, kind.word());
    broken.clean = Some(truth.id.clone());
    for track in &truth.tracks {
        if !files.contains(&track.file) || matches!(kind, Kind::Silent | Kind::Duplicate | Kind::RoughMix) {
            link(&clean.join(&track.file), &target.join(&track.file))?;
        }
    }
    match kind {
        Kind::Silent | Kind::Duplicate | Kind::RoughMix => add(target, clean, &mut broken, victim, kind)?,
        _ => {
            for file in &files {
                harm(target, clean, &mut broken, file, kind)?;
            }
        }
    }
    if kind == Kind::Polarity {
        // Known to be turned over once, it now stands right, or the other way round.
        for pair in broken.alignments.iter_mut().filter(|pair| pair.file == victim.file) {
            pair.inverted = !pair.inverted;
        }
        for pair in broken.alignments.iter_mut().filter(|pair| pair.reference == victim.file) {
            pair.inverted = !pair.inverted;
        }
    }
    broken.save(target)?;
    Ok(true)
}

fn link(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, "make the folder", &error))?;
    }
    let _ = std::fs::remove_file(to);
    // The same file under two names, where the disk can; else a copy.
    std::fs::hard_link(from, to)
        .or_else(|_| std::fs::copy(from, to).map(|_| ()))
        .map_err(|error| Error::io(to, "copy", &error))
}

/// A bell on a plane.
fn bell(plane: &mut [f64], freq_hz: f64, gain_db: f64, q: f64) {
    Svf::new(design(Curve::Bell, freq_hz, gain_db, q, f64::from(SAMPLE_RATE_HZ))).process(plane);
}

fn peak(planes: &[Vec<f64>]) -> f64 {
    planes.iter().flatten().fold(1e-9_f64, |peak, x| peak.max(x.abs()))
}

/// Damages one file and writes it down.
fn harm(target: &Path, clean: &Path, truth: &mut Truth, file: &str, kind: Kind) -> Result<()> {
    let (mut planes, rate) = wav::read(&clean.join(file))?;
    let (amount, freq_hz) = match kind {
        Kind::Loud | Kind::Soft | Kind::Tambourine | Kind::Backing => (turn_up(&mut planes, kind), None),
        Kind::Clipped => (clip(&mut planes), None),
        Kind::LateStart => {
            planes.iter_mut().for_each(|plane| drop(plane.drain(..(6 * rate as usize).min(plane.len()))));
            (6.0, None)
        }
        Kind::OneSided => {
            let plane = planes.first().cloned().unwrap_or_default();
            planes = vec![vec![0.0; plane.len()], plane];
            (0.0, None)
        }
        _ => colour(&mut planes, kind, rate, truth.seed),
    };
    let top = peak(&planes);
    if top > 0.99 {
        planes.iter_mut().flatten().for_each(|x| *x *= 0.99 / top);
    }
    wav::write(&target.join(file), &planes, rate)?;
    if let Some(track) = truth.tracks.iter_mut().find(|track| track.file == file) {
        let now = lufs(&planes);
        if let (Some(now), Some(before)) = (now, track.integrated_lufs) {
            track.gain_db += before - now;
        }
        (track.channels, track.integrated_lufs) = (planes.len(), now);
    }
    truth.damage.push(Damage { kind: kind.word().to_owned(), file: file.to_owned(), amount, freq_hz });
    Ok(())
}

/// Too loud or too soft. What would clip becomes as loud as it can: the rest of the song stays as it was.
fn turn_up(planes: &mut [Vec<f64>], kind: Kind) -> f64 {
    let wanted = match kind {
        Kind::Soft => -12.0,
        Kind::Tambourine => 15.0,
        _ => 12.0,
    };
    let amount = f64::min(wanted, -math::gain_to_db(peak(planes)) - 0.1);
    planes.iter_mut().flatten().for_each(|x| *x *= math::db_to_gain(amount));
    amount
}

/// Ten decibels over what the converter takes.
fn clip(planes: &mut [Vec<f64>]) -> f64 {
    let top = 0.7;
    let gain = math::db_to_gain(10.0) * top / peak(planes);
    planes.iter_mut().flatten().for_each(|x| *x = (*x * gain).clamp(-top, top));
    10.0
}

/// Faults of tone, room and polarity, plane by plane: amount and frequency.
fn colour(planes: &mut [Vec<f64>], kind: Kind, rate: u32, seed: u64) -> (f64, Option<f64>) {
    let dark = design(Curve::HighShelf, 3_000.0, -14.0, 0.707, f64::from(rate));
    for plane in planes {
        match kind {
            // Three decibels more than what counts: a resonance of Q 12 is that much lower in a third of an octave.
            Kind::Resonance => bell(plane, 640.0, 12.0, 12.0),
            Kind::Mud => bell(plane, 320.0, 7.0, 1.0),
            Kind::Dark => Svf::new(dark).process(plane),
            Kind::Hum => noise::hum(plane, 50.0, -48.0),
            Kind::PrintedReverb => noise::reverberate(plane, 2.2, -5.0, seed),
            Kind::Polarity => plane.iter_mut().for_each(|x| *x = -*x),
            _ => {}
        }
    }
    match kind {
        Kind::Resonance => (8.0, Some(640.0)),
        Kind::Mud => (7.0, Some(320.0)),
        Kind::Dark => (-14.0, Some(5_000.0)),
        Kind::Hum => (-48.0, Some(50.0)),
        Kind::PrintedReverb => (-5.0, None),
        _ => (0.0, None),
    }
}

/// Puts a file into the song that does not belong there.
fn add(target: &Path, clean: &Path, truth: &mut Truth, victim: &Track, kind: Kind) -> Result<()> {
    let (name, used_as) = match kind {
        Kind::Silent => ("Placeholder.wav".to_owned(), "empty"),
        Kind::Duplicate => (format!("{} copy.wav", victim.file.trim_end_matches(".wav")), "duplicate"),
        _ => ("v3 for the band.wav".to_owned(), "mix"),
    };
    let (planes, rate) = match kind {
        Kind::RoughMix => (meant(clean, truth)?, SAMPLE_RATE_HZ),
        _ => wav::read(&clean.join(&victim.file))?,
    };
    let planes = if kind == Kind::Silent { vec![vec![0.0; planes[0].len()]] } else { planes };
    wav::write(&target.join(&name), &planes, rate)?;
    truth.tracks.push(Track {
        file: name.clone(),
        channels: planes.len(),
        integrated_lufs: lufs(&planes),
        gain_db: 0.0,
        used_as: used_as.to_owned(),
        ..victim.clone()
    });
    truth.damage.push(Damage { kind: kind.word().to_owned(), file: name, amount: 0.0, freq_hz: None });
    Ok(())
}

/// The mix that was meant: gains and places of the truth, nothing else; peak at -1 dBFS at most.
///
/// # Errors
/// Those of the decoder.
pub fn meant(folder: &Path, truth: &Truth) -> Result<Vec<Vec<f64>>> {
    let mut mix = vec![Vec::new(); 2];
    for track in truth.tracks.iter().filter(|track| track.used_as == "play") {
        let (planes, _) = wav::read(&folder.join(&track.file))?;
        let gain = math::db_to_gain(track.gain_db);
        let angle = 0.25 * math::PI * (1.0 + track.pan);
        for (side, out) in mix.iter_mut().enumerate() {
            let (plane, level) = match planes.as_slice() {
                [one] => (one, gain * if side == 0 { math::cos(angle) } else { math::sin(angle) }),
                several => (&several[side.min(several.len() - 1)], gain),
            };
            if out.len() < plane.len() {
                out.resize(plane.len(), 0.0);
            }
            out.iter_mut().zip(plane).for_each(|(x, y)| *x += level * y);
        }
    }
    let gain = f64::min(1.0, 0.891 / peak(&mix));
    mix.iter_mut().flatten().for_each(|x| *x *= gain);
    Ok(mix)
}
