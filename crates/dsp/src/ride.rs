//! Riding a voice: a slow gain that holds it at a level, as an engineer's finger on the fader does.
//!
//! Heard are voiced sounds only: what is sharp and noisy (breaths, sibilants), what lies far below the voice (pauses,
//! bleed) and what lies below a floor is passed over, and the gain waits. A tolerance around the target leaves alone what
//! is even already.

use crate::envelope::keep_of_time;
use crate::meter::loudness::{lufs_of_power, power_of_lufs};
use crate::sibilance::{Centre, Features};

/// Voiced looks a level is the mean of: 400 ms, as the momentary loudness of EBU Tech 3341.
const LEVEL_LOOKS: usize = 40;
/// Looks per second.
pub const LOOKS_PER_SECOND: f64 = 100.0;
/// Voiced looks without which a level is not to be trusted: 100 ms. By calibration, 2026-11-21.
const ENOUGH_LOOKS: usize = 10;
/// After so many looks without a voice, a new phrase begins and the last one is forgotten: 150 ms. By calibration,
/// 2026-11-21, on speech and song.
const PAUSE_LOOKS: u32 = 15;
/// What lies further below the loudest of the moment is the dying end of a sound and says nothing of the phrase; the
/// loudest of the moment falls by so much from look to look (15 dB a second). By calibration, 2026-11-21.
const MOMENT_DB: f64 = -8.0;
const MOMENT_FALL_DB: f64 = 0.15;
/// What is so far above where the voice seemed to be is the voice, and that was noise. By calibration, 2026-11-21: above
/// the 12 dB between a soft and a loud phrase.
const LEAP_DB: f64 = 15.0;
/// A voice begins within this many decibels of where it usually is, and ends further down (mixing.md C10 has 18 and 24
/// below the 95th percentile; here below the centre of what is sung, which lies about as much lower).
const BEGINS_DB: f64 = -16.0;
const ENDS_DB: f64 = -20.0;
/// What is sharper than this and noisy is a breath or a sibilant (mixing.md C10).
const SHARP_HZ: f64 = 3_000.0;
/// How long is remembered where a voice, or the music, usually is. By calibration, 2026-11-21: half a verse.
const MEMORY_SECONDS: f64 = 30.0;
/// Differences beyond this count as this much.
const REACH_DB: f64 = 8.0;
/// How long the music's level is averaged (mixing.md C10: 1 s; half of it to one side).
const MUSIC_MS: f64 = 500.0;
/// A two-pole with equal time constants covers 90 % of a step in 3.89 of them.
const POLES_IN_90_PERCENT: f64 = 3.889_72;

/// How a voice is to be ridden.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RideSettings {
    /// Loudness to hold; `None` is where the voice usually is.
    pub target_lufs: Option<f64>,
    /// Largest rise and fall.
    pub range_db: f64,
    /// Differences up to this are left.
    pub tolerance_db: f64,
    /// Time to cover 90 % of a change.
    pub speed_ms: f64,
    /// Nothing below this is a voice.
    pub floor_lufs: f64,
    /// How far the voice follows the music: 0 not at all, 1 decibel for decibel.
    pub music: f64,
}

/// A ride that runs, one look every 10 ms.
#[derive(Debug, Clone)]
pub struct Ride {
    /// Powers of the last voiced looks of this phrase.
    powers: [f64; LEVEL_LOOKS],
    at: usize,
    count: usize,
    voiced: bool,
    pause: u32,
    /// Loudest of the moment.
    moment_db: f64,
    voice: Centre,
    music_power: f64,
    music: Centre,
    wanted_db: f64,
    poles: [f64; 2],
}

impl Ride {
    /// At rest.
    #[must_use]
    pub fn new() -> Self {
        let memory = MEMORY_SECONDS * LOOKS_PER_SECOND;
        Self {
            powers: [0.0; LEVEL_LOOKS],
            at: 0,
            count: 0,
            voiced: false,
            pause: 0,
            moment_db: f64::NEG_INFINITY,
            voice: Centre::new(memory, REACH_DB).with_leap(LEAP_DB),
            music_power: 0.0,
            music: Centre::new(memory, REACH_DB),
            wanted_db: 0.0,
            poles: [0.0; 2],
        }
    }

    /// Where the voice usually is; `None` before it was heard.
    #[must_use]
    pub fn usual_lufs(&self) -> Option<f64> {
        self.voice.value()
    }

    /// Whether a voice is heard now.
    #[must_use]
    pub fn is_voiced(&self) -> bool {
        self.voiced
    }

    /// The gain in decibels after one more look at the voice, and at the power of the music if there is any.
    pub fn tick(&mut self, settings: &RideSettings, heard: &Features, music_power: Option<f64>) -> f64 {
        let lift_db = self.hear_music(settings, music_power);
        self.voiced = self.is_voice(settings, heard);
        if self.voiced {
            self.take(heard.power);
            if let Some(level) = self.level_lufs() {
                self.voice.take(level, 1.0);
                let target = settings.target_lufs.or(self.voice.value()).unwrap_or(level);
                let error = target + lift_db - level;
                self.wanted_db = error - error.clamp(-settings.tolerance_db, settings.tolerance_db);
            }
        } else {
            self.pause += 1;
        }
        let range = settings.range_db;
        let goal = self.wanted_db.clamp(-range, range);
        let keep = keep_of_time(settings.speed_ms / POLES_IN_90_PERCENT, LOOKS_PER_SECOND);
        let [mut first, mut second] = self.poles;
        first = goal + (first - goal) * keep;
        second = first + (second - first) * keep;
        // A billionth of a decibel is none, by definition.
        self.poles = [first, second].map(|pole| if pole.abs() < 1e-9 { 0.0 } else { pole });
        self.poles[1]
    }

    fn is_voice(&mut self, settings: &RideSettings, heard: &Features) -> bool {
        let level = heard.lufs();
        if level <= settings.floor_lufs || heard.sibilance(SHARP_HZ) >= 0.5 {
            self.moment_db -= MOMENT_FALL_DB;
            return false;
        }
        self.moment_db = f64::max(level, self.moment_db - MOMENT_FALL_DB);
        let below = if self.voiced { ENDS_DB } else { BEGINS_DB };
        let usual = self.voice.value().or(settings.target_lufs);
        level > self.moment_db + MOMENT_DB && usual.is_none_or(|usual| level > usual + below)
    }

    fn take(&mut self, power: f64) {
        if self.pause >= PAUSE_LOOKS {
            (self.at, self.count) = (0, 0);
        }
        self.pause = 0;
        self.powers[self.at] = power;
        self.at = (self.at + 1) % LEVEL_LOOKS;
        self.count = usize::min(self.count + 1, LEVEL_LOOKS);
    }

    /// Loudness of the voiced looks, if there are enough.
    fn level_lufs(&self) -> Option<f64> {
        let sum: f64 = self.powers[..self.count].iter().sum();
        (self.count >= ENOUGH_LOOKS).then(|| lufs_of_power(sum / self.count as f64))
    }

    /// How much louder the voice is to be than usual, because the music is.
    fn hear_music(&mut self, settings: &RideSettings, power: Option<f64>) -> f64 {
        let Some(power) = power else { return 0.0 };
        let keep = keep_of_time(MUSIC_MS, LOOKS_PER_SECOND);
        self.music_power = crate::biquad::settled(power + (self.music_power - power) * keep);
        if self.music_power <= power_of_lufs(settings.floor_lufs) {
            return 0.0;
        }
        let level = lufs_of_power(self.music_power);
        self.music.take(level, 1.0);
        settings.music * (level - self.music.value().unwrap_or(level))
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for Ride {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: RideSettings = RideSettings {
        target_lufs: Some(-20.0),
        range_db: 8.0,
        tolerance_db: 0.5,
        speed_ms: 300.0,
        floor_lufs: -60.0,
        music: 0.0,
    };

    fn vowel(lufs: f64) -> Features {
        Features { power: power_of_lufs(lufs), centroid_hz: 800.0, flatness: 0.0 }
    }

    fn play(ride: &mut Ride, settings: &RideSettings, heard: Features, seconds: f64) -> f64 {
        (0..(seconds * 100.0) as usize).fold(0.0, |_, _| ride.tick(settings, &heard, None))
    }

    #[test]
    fn a_voice_is_brought_to_the_target_less_the_tolerance_and_within_the_range() {
        for (level, want) in [(-25.0, 4.5), (-14.0, -5.5), (-20.4, 0.0), (-6.0, -8.0), (-34.0, 8.0)] {
            let gain = play(&mut Ride::new(), &SETTINGS, vowel(level), 5.0);
            assert!((gain - want).abs() < 1e-6, "{level}: {gain}");
        }
    }

    #[test]
    fn the_speed_is_the_time_for_ninety_per_cent() {
        let mut ride = Ride::new();
        play(&mut ride, &SETTINGS, vowel(-20.0), 3.0);
        // The level is the mean of 400 ms; then a step of the goal of 5.5 dB.
        ride.powers.fill(power_of_lufs(-26.0));
        let looks = (1..200).find(|_| ride.tick(&SETTINGS, &vowel(-26.0), None) >= 0.9 * 5.5).unwrap();
        assert!((f64::from(looks) * 10.0 / 300.0 - 1.0).abs() < 0.05, "{looks}");
    }

    #[test]
    fn breaths_pauses_and_noise_hold_the_gain() {
        let mut ride = Ride::new();
        let gain = play(&mut ride, &SETTINGS, vowel(-25.0), 3.0);
        for heard in [
            Features { centroid_hz: 5_000.0, flatness: 0.5, ..vowel(-28.0) },
            Features::NONE,
            vowel(-45.0),
            Features { centroid_hz: 6_000.0, flatness: 0.5, ..vowel(-15.0) },
        ] {
            assert!((play(&mut ride, &SETTINGS, heard, 5.0) - gain).abs() < 1e-6, "{heard:?}");
            assert!(!ride.is_voiced());
        }
        let floor = RideSettings { floor_lufs: -24.0, ..SETTINGS };
        assert_eq!(play(&mut Ride::new(), &floor, vowel(-25.0), 3.0), 0.0);
    }

    #[test]
    fn the_own_target_is_where_the_voice_usually_is() {
        let own = RideSettings { target_lufs: None, ..SETTINGS };
        let mut ride = Ride::new();
        assert_eq!(play(&mut ride, &own, vowel(-27.0), 10.0), 0.0);
        assert!((ride.usual_lufs().unwrap() + 27.0).abs() < 1e-6);
        let gain = play(&mut ride, &own, vowel(-31.0), 1.0);
        assert!(gain > 2.8 && gain < 3.5, "{gain}");
    }

    #[test]
    fn louder_music_lifts_the_voice_by_its_share() {
        let settings = RideSettings { music: 0.5, tolerance_db: 0.0, ..SETTINGS };
        let mut ride = Ride::new();
        let soft = Some(power_of_lufs(-30.0));
        (0..3_000).for_each(|_| _ = ride.tick(&settings, &vowel(-20.0), soft));
        let loud = Some(power_of_lufs(-24.0));
        let gain = (0..300).fold(0.0, |_, _| ride.tick(&settings, &vowel(-20.0), loud));
        // 6 dB louder, of which the memory has taken about a tenth after 3 s; half of it.
        assert!((2.6..=3.0).contains(&gain), "{gain}");
    }

    #[test]
    fn a_voice_ends_further_down_than_it_begins() {
        let mut ride = Ride::new();
        play(&mut ride, &SETTINGS, vowel(-20.0), 20.0);
        // Slowly down by 17.5 dB: still the voice. Begun anew there, it is none.
        for step in 0..=175 {
            ride.tick(&SETTINGS, &vowel(-20.0 - 0.1 * f64::from(step)), None);
        }
        assert!(ride.is_voiced());
        play(&mut ride, &SETTINGS, Features::NONE, 3.0);
        ride.tick(&SETTINGS, &vowel(-37.5), None);
        assert!(!ride.is_voiced());
        ride.tick(&SETTINGS, &vowel(-35.0), None);
        assert!(ride.is_voiced());
    }

    #[test]
    fn the_dying_end_of_a_sound_says_nothing_of_the_phrase() {
        let mut ride = Ride::new();
        play(&mut ride, &SETTINGS, vowel(-20.0), 3.0);
        ride.tick(&SETTINGS, &vowel(-27.0), None);
        assert!(ride.is_voiced());
        ride.tick(&SETTINGS, &vowel(-30.0), None);
        assert!(!ride.is_voiced());
        // The loudest of the moment falls by 15 dB a second: a softer phrase is heard soon.
        play(&mut ride, &SETTINGS, vowel(-30.0), 0.25);
        assert!(ride.is_voiced());
    }
}
