//! A side on a model of the lathe.
//!
//! The groove is a V of 90°; its walls are the two channels, its edges move by √2 times what a wall does. A lathe with variable
//! pitch and depth hears the music a turn ahead: between two turns it leaves half of either groove, the land, and as much as
//! the inner edge of the one and the outer edge of the next come towards each other in the same eighth of a turn or the one beside it.

use super::format::Format;
use super::hear::{SECTORS, Song};
use dsp::math::db_to_gain;
use dsp::vinyl::Motion;
use serde::Serialize;
use std::f64::consts::SQRT_2;

/// Velocity of one wall at reference level, cm/s: a tone of 1 kHz in both channels moves sideways at 7.07 cm/s, the usual
/// "0 dB" (standards.md §10.1 has 5 to 7 cm/s).
const REFERENCE_CM_S: f64 = 5.0;
/// Width of a groove without sound, and the least it may have, µm (IEC 60098: 25 µm at every instant; 50 µm is usual).
const WIDTH_UM: f64 = 50.0;
const LEAST_WIDTH_UM: f64 = 25.0;
/// Land between two grooves, µm. By calibration, 2026-11-21, docs/decisions/045.
const LAND_UM: f64 = 12.0;
/// Width of the band between two songs, mm: a spiral that can be seen. By our own convention.
const BAND_MM: f64 = 0.5;
/// No real record is faster, cm/s (Shure's study of records, as quoted in standards.md §10.1).
const MOST_VELOCITY_CM_S: f64 = 50.0;
/// A groove may not be steeper than this against its direction: the back of a cutting stylus drags beyond 45°.
const MOST_STEEPNESS: f64 = 1.0;
/// Radius of an elliptical playback stylus at the wall, µm (0.3 mil): a sharper bend is not traced.
pub(crate) const STYLUS_UM: f64 = 7.6;
/// Standard gravity, m/s².
const GRAVITY: f64 = 9.806_65;
/// Levels that are looked at for the highest that a side takes, dB.
const LEVELS_DB: [f64; 2] = [-24.0, 9.0];

/// A turn of the groove.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Turn {
    /// Where it begins in the side.
    pub seconds: f64,
    /// Radius there, mm.
    pub radius_mm: f64,
    /// Way to the next turn, µm.
    pub pitch_um: f64,
    /// Largest sideways velocity, cm/s.
    pub lateral_cm_s: f64,
    /// Largest vertical velocity, cm/s.
    pub vertical_cm_s: f64,
    /// Speed of the groove, cm/s.
    pub speed_cm_s: f64,
    /// Largest sideways excursion, µm.
    pub lateral_um: f64,
    /// Largest vertical excursion, µm.
    pub vertical_um: f64,
    /// Largest acceleration of a wall, g.
    pub acceleration_g: f64,
    /// Sharpest bend of a wall: its radius, µm.
    pub bend_um: f64,
}

impl Turn {
    /// The largest velocity over the speed of the groove: the tangent of the steepest angle.
    #[must_use]
    pub fn steepness(&self) -> f64 {
        self.lateral_cm_s.max(self.vertical_cm_s) / self.speed_cm_s
    }
}

/// What a side is limited by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The groove comes too near to the label.
    Space,
    /// The groove is too fast or too steep.
    Velocity,
    /// Nothing within what was looked at.
    None,
}

/// A side, cut at a level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cut {
    /// Level re reference level, dB: of the loudest three seconds of the side.
    pub level_db: f64,
    /// Length with gaps.
    pub seconds: f64,
    /// Turns, from the rim to the label; where a side is too long they go on past the label. A picture's business, not a
    /// document's.
    #[serde(skip)]
    pub turns: Vec<Turn>,
    /// Where each song begins, seconds.
    pub songs_seconds: Vec<f64>,
    /// Radius at which the last groove ends, mm.
    pub ends_mm: f64,
    /// What is left to the innermost groove, mm; negative where the side does not fit.
    pub free_mm: f64,
    /// Turns whose groove is too fast or too steep.
    pub too_fast: usize,
    /// Turns with a bend that a playback stylus cannot follow.
    pub too_sharp: usize,
}

impl Cut {
    /// Whether it fits and a cutter can do it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.free_mm >= 0.0 && self.too_fast == 0
    }

    /// Lines per inch, on average.
    #[must_use]
    pub fn lines_per_inch(&self) -> f64 {
        let sum: f64 = self.turns.iter().map(|turn| turn.pitch_um).sum();
        if sum > 0.0 { 25_400.0 * self.turns.len() as f64 / sum } else { 0.0 }
    }

    /// The turn with the most of something.
    #[must_use]
    pub fn worst(&self, of: impl Fn(&Turn) -> f64) -> Option<&Turn> {
        self.turns.iter().max_by(|a, b| of(a).total_cmp(&of(b)))
    }
}

/// The songs of a side, with what a lathe hears of them.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    format: Format,
    songs: Vec<&'a Song>,
    /// Silence before each song; that before the first is not cut.
    gaps_seconds: Vec<f64>,
    loudness_lufs: f64,
}

impl<'a> Side<'a> {
    /// Songs in their order, with a gap between each two.
    #[must_use]
    pub fn new(format: Format, songs: Vec<&'a Song>, gap_seconds: f64) -> Self {
        let loudest = |song: &&Song| {
            let m = &song.measured;
            m.max_short_term_lufs.or(m.integrated_lufs).filter(|lufs| lufs.is_finite())
        };
        let loudness_lufs = songs.iter().filter_map(loudest).fold(f64::NEG_INFINITY, f64::max);
        let gaps_seconds = vec![gap_seconds.max(0.0); songs.len()];
        Self { format, songs, gaps_seconds, loudness_lufs }
    }

    /// The same with a gap of its own before each song; that before the first is not cut.
    #[must_use]
    pub fn with_gaps(mut self, gaps_seconds: &[f64]) -> Self {
        self.gaps_seconds.iter_mut().zip(gaps_seconds).for_each(|(own, gap)| *own = gap.max(0.0));
        self
    }

    /// Length with gaps.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        let music: f64 = self.songs.iter().map(|song| song.measured.duration_seconds).sum();
        music + self.gaps_seconds.iter().skip(1).sum::<f64>()
    }

    /// Loudness of its loudest three seconds, LUFS.
    #[must_use]
    pub fn loudness_lufs(&self) -> f64 {
        self.loudness_lufs
    }

    /// Wall velocity in cm/s of a 1 kHz tone of peak 1.0, at a cutting level: a stereo tone of peak p dBFS reads p LUFS.
    fn scale(&self, level_db: f64) -> f64 {
        if self.loudness_lufs.is_finite() {
            REFERENCE_CM_S * db_to_gain(level_db - self.loudness_lufs)
        } else {
            0.0
        }
    }

    /// All eighths of turns, gaps among them, and where songs begin.
    fn sectors(&self) -> (Vec<Motion>, Vec<usize>) {
        let sector_seconds = self.format.turn_seconds() / SECTORS as f64;
        let (mut all, mut starts) = (Vec::new(), Vec::new());
        for (index, (song, gap_seconds)) in self.songs.iter().zip(&self.gaps_seconds).enumerate() {
            if index > 0 {
                let gap = (gap_seconds / sector_seconds).round() as usize;
                all.resize(all.len() + gap, Motion::default());
            }
            starts.push(all.len());
            all.extend_from_slice(&song.motion);
        }
        (all, starts)
    }

    /// The side at a level.
    #[must_use]
    pub fn cut(&self, level_db: f64) -> Cut {
        let (sectors, starts) = self.sectors();
        self.cut_sectors(level_db, &sectors, &starts)
    }

    fn cut_sectors(&self, level_db: f64, sectors: &[Motion], starts: &[usize]) -> Cut {
        let (format, scale) = (&self.format, self.scale(level_db));
        let sector_seconds = format.turn_seconds() / SECTORS as f64;
        let turns_of: Vec<&[Motion]> = sectors.chunks(SECTORS).collect();
        let mut radius_mm = format.outer_mm;
        let mut turns = Vec::with_capacity(turns_of.len());
        for (index, turn) in turns_of.iter().enumerate() {
            let (first, last) = (index * SECTORS, (index + 1) * SECTORS);
            let band = starts.iter().skip(1).any(|start| (first..last).contains(start));
            let next = turns_of.get(index + 1).copied().unwrap_or_default();
            let pitch_um = pitch_um(turn, next, scale) + if band { 1000.0 * BAND_MM } else { 0.0 };
            let peak = turn.iter().copied().fold(Motion::default(), Motion::max);
            turns.push(turn_of(
                &peak,
                scale,
                format,
                radius_mm,
                index as f64 * format.turn_seconds(),
                pitch_um,
            ));
            radius_mm -= 1e-3 * pitch_um;
        }
        let fast = |turn: &&Turn| {
            turn.steepness() > MOST_STEEPNESS
                || turn.lateral_cm_s.max(turn.vertical_cm_s) > MOST_VELOCITY_CM_S
        };
        Cut {
            level_db,
            seconds: self.seconds(),
            songs_seconds: starts.iter().map(|start| *start as f64 * sector_seconds).collect(),
            ends_mm: radius_mm,
            free_mm: radius_mm - format.inner_mm,
            too_fast: turns.iter().filter(fast).count(),
            too_sharp: turns.iter().filter(|turn| turn.bend_um < STYLUS_UM).count(),
            turns,
        }
    }

    /// The highest level, to a twentieth of a decibel, at which the side fits and can be cut, and what stops it there.
    #[must_use]
    pub fn loudest(&self) -> (Cut, Limit) {
        /// Steps of the level, dB.
        const STEP_DB: f64 = 0.05;
        let (sectors, starts) = self.sectors();
        let at = |step: i64| self.cut_sectors(LEVELS_DB[0] + step as f64 * STEP_DB, &sectors, &starts);
        // More level takes more space and is faster: what holds at one level holds below it.
        let (mut low, mut high) = (0, ((LEVELS_DB[1] - LEVELS_DB[0]) / STEP_DB).round() as i64);
        if at(high).holds() {
            return (at(high), Limit::None);
        }
        while high - low > 1 {
            let middle = i64::midpoint(low, high);
            if at(middle).holds() { low = middle } else { high = middle }
        }
        let over = at(high);
        (at(low), if over.free_mm < 0.0 { Limit::Space } else { Limit::Velocity })
    }

    /// The smallest radius at which a song can be cut and traced at a level, mm: how far outside it belongs.
    #[must_use]
    pub fn least_radius_mm(&self, song: &Song, level_db: f64) -> f64 {
        let scale = self.scale(level_db);
        let peak = song.motion.iter().copied().fold(Motion::default(), Motion::max);
        let steep_cm_s = scale * peak.lateral_cm_s.max(peak.vertical_cm_s) / MOST_STEEPNESS;
        let acceleration = scale * peak.left.acceleration_m_s2.max(peak.right.acceleration_m_s2);
        // A bend of radius ρ at speed u has the acceleration u² / ρ.
        let traced_cm_s = 100.0 * (acceleration * STYLUS_UM * 1e-6).sqrt();
        let per_mm = self.format.speed_cm_s(1.0);
        steep_cm_s.max(traced_cm_s) / per_mm
    }
}

/// Way from one turn to the next, µm.
fn pitch_um(turn: &[Motion], next: &[Motion], scale: f64) -> f64 {
    let none = Motion::default();
    let half_width = |sectors: &[Motion]| {
        let narrowing =
            sectors.iter().fold(0.0, |most, sector| f64::max(most, 2.0 * scale * sector.vertical_um));
        0.5 * WIDTH_UM.max(LEAST_WIDTH_UM + narrowing)
    };
    let towards = (0..SECTORS).fold(0.0, |most, sector| {
        let own = turn.get(sector).unwrap_or(&none).left.excursion_um;
        let around = sector.saturating_sub(1)..=sector + 1;
        let others = around.filter_map(|other| next.get(other)).map(|other| other.right.excursion_um);
        f64::max(most, own + others.fold(0.0, f64::max))
    });
    half_width(turn) + half_width(next) + LAND_UM + SQRT_2 * scale * towards
}

fn turn_of(peak: &Motion, scale: f64, format: &Format, radius_mm: f64, seconds: f64, pitch_um: f64) -> Turn {
    // Past the middle of the disc there is nothing; a side that long does not fit anyway.
    let speed_cm_s = format.speed_cm_s(radius_mm.max(1.0));
    let acceleration = scale * peak.left.acceleration_m_s2.max(peak.right.acceleration_m_s2);
    let speed_m_s = 0.01 * speed_cm_s;
    Turn {
        seconds,
        radius_mm,
        pitch_um,
        lateral_cm_s: scale * peak.lateral_cm_s,
        vertical_cm_s: scale * peak.vertical_cm_s,
        speed_cm_s,
        lateral_um: scale * peak.lateral_um,
        vertical_um: scale * peak.vertical_um,
        acceleration_g: acceleration / GRAVITY,
        bend_um: 1e6 * speed_m_s * speed_m_s / acceleration.max(1e-9),
    }
}
