//! Musical time: tempo with ramps, time signatures, beats and bars against seconds.
//!
//! A beat is a quarter note, whatever the signature. Bars count from 1; a fraction of a bar is that part of it.

/// A stretch of the session between two points of its tempo.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    /// Beats and seconds at which it begins.
    beats: f64,
    seconds: f64,
    /// Tempo at its beginning.
    bpm: f64,
    /// Beats per minute gained with every beat; 0 is a steady tempo.
    slope: f64,
}

impl Stretch {
    /// Seconds from a beat on: the integral of `60 / (bpm + slope b)`.
    fn seconds_at(&self, beats: f64) -> f64 {
        let on = beats - self.beats;
        if self.slope == 0.0 {
            return self.seconds + on * 60.0 / self.bpm;
        }
        self.seconds + dsp::math::log1p(self.slope * on / self.bpm) * 60.0 / self.slope
    }

    /// The inverse.
    fn beats_at(&self, seconds: f64) -> f64 {
        let on = seconds - self.seconds;
        if self.slope == 0.0 {
            return self.beats + on * self.bpm / 60.0;
        }
        self.beats + self.bpm * dsp::math::expm1(self.slope * on / 60.0) / self.slope
    }
}

/// A point of the tempo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TempoPoint {
    /// Where it stands.
    pub beats: f64,
    /// Tempo from there on.
    pub bpm: f64,
    /// Whether the tempo runs to that of the next point in a straight line over the beats; if not, it stays.
    pub ramp: bool,
}

/// A time signature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Meter {
    /// First bar it holds for, from 1.
    pub bar: f64,
    /// Notes of a bar.
    pub count: u32,
    /// What note: 4 is a quarter.
    pub note: u32,
}

impl Meter {
    /// Quarter notes of one bar.
    #[must_use]
    pub fn beats(&self) -> f64 {
        f64::from(self.count) * 4.0 / f64::from(self.note.max(1))
    }

    /// Reads `7/8`.
    #[must_use]
    pub fn parse(text: &str, bar: f64) -> Option<Self> {
        let (count, note) = text.split_once('/')?;
        let (count, note): (u32, u32) = (count.trim().parse().ok()?, note.trim().parse().ok()?);
        let plain = (1..=64).contains(&count) && [1, 2, 4, 8, 16, 32, 64].contains(&note);
        plain.then_some(Self { bar, count, note })
    }
}

/// Tempo and time signatures of a session, with the closed forms between beats, bars and seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct TempoMap {
    stretches: Vec<Stretch>,
    /// Signatures with the beat their first bar begins on.
    meters: Vec<(Meter, f64)>,
}

impl TempoMap {
    /// One tempo, four quarters to the bar.
    #[must_use]
    pub fn steady(bpm: f64) -> Self {
        let first = Stretch { beats: 0.0, seconds: 0.0, bpm, slope: 0.0 };
        Self { stretches: vec![first], meters: vec![(Meter { bar: 1.0, count: 4, note: 4 }, 0.0)] }
    }

    /// Puts signatures in, in rising order of bars; the first at bar 1.
    #[must_use]
    pub(super) fn with_meters(mut self, meters: &[Meter]) -> Self {
        let mut placed: Vec<(Meter, f64)> = Vec::with_capacity(meters.len());
        for meter in meters {
            let beats = placed.last().map_or(0.0, |(last, at)| at + (meter.bar - last.bar) * last.beats());
            placed.push((*meter, beats));
        }
        if !placed.is_empty() {
            self.meters = placed;
        }
        self
    }

    /// Puts points in, in rising order of beats. What was there holds before the first.
    #[must_use]
    pub(super) fn with_points(mut self, points: &[TempoPoint]) -> Self {
        for (index, point) in points.iter().enumerate() {
            let next = points.get(index + 1).filter(|_| point.ramp);
            let slope = next.map_or(0.0, |next| (next.bpm - point.bpm) / (next.beats - point.beats));
            let seconds = self.seconds_of_beats(point.beats);
            if self.stretches.last().is_some_and(|last| last.beats >= point.beats) {
                self.stretches.pop();
            }
            self.stretches.push(Stretch { beats: point.beats, seconds, bpm: point.bpm, slope });
        }
        self
    }

    fn stretch(&self, after: impl Fn(&Stretch) -> bool) -> Stretch {
        let index = self.stretches.partition_point(after).saturating_sub(1);
        let first = Stretch { beats: 0.0, seconds: 0.0, bpm: 120.0, slope: 0.0 };
        self.stretches.get(index).copied().unwrap_or(first)
    }

    /// Seconds at a beat.
    #[must_use]
    pub fn seconds_of_beats(&self, beats: f64) -> f64 {
        self.stretch(|stretch| stretch.beats <= beats).seconds_at(beats)
    }

    /// Beats at a time.
    #[must_use]
    pub fn beats_of_seconds(&self, seconds: f64) -> f64 {
        self.stretch(|stretch| stretch.seconds <= seconds).beats_at(seconds)
    }

    /// Tempo at a time.
    #[must_use]
    pub fn bpm_at(&self, seconds: f64) -> f64 {
        let stretch = self.stretch(|stretch| stretch.seconds <= seconds);
        stretch.bpm + stretch.slope * (stretch.beats_at(seconds) - stretch.beats)
    }

    /// Whether there is one tempo only.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.stretches.iter().all(|stretch| stretch.slope == 0.0 && stretch.bpm == self.bpm_at(0.0))
    }

    /// The slowest tempo there is.
    #[must_use]
    pub fn slowest_bpm(&self) -> f64 {
        // A ramp ends at the tempo of the next point, so the points have them all.
        self.stretches.iter().map(|stretch| stretch.bpm).fold(f64::MAX, f64::min)
    }

    /// First time after `seconds` at which the tempo may be another one: now, on a ramp.
    #[must_use]
    pub fn next_change(&self, seconds: f64) -> f64 {
        let index = self.stretches.partition_point(|stretch| stretch.seconds <= seconds);
        if index > 0 && self.stretches[index - 1].slope != 0.0 {
            return seconds;
        }
        self.stretches.get(index).map_or(f64::MAX, |next| next.seconds)
    }

    /// Beats at a place in bars: 1 is the beginning, 5.5 halfway through the fifth bar.
    #[must_use]
    pub fn beats_of_bar(&self, bar: f64) -> f64 {
        let index = self.meters.partition_point(|(meter, _)| meter.bar <= bar).saturating_sub(1);
        self.meters.get(index).map_or(0.0, |(meter, beats)| beats + (bar - meter.bar) * meter.beats())
    }

    /// Place in bars at a beat, the inverse of [`beats_of_bar`](Self::beats_of_bar).
    #[must_use]
    pub fn bar_of_beats(&self, beats: f64) -> f64 {
        let index = self.meters.partition_point(|(_, at)| *at <= beats).saturating_sub(1);
        self.meters.get(index).map_or(1.0, |(meter, at)| meter.bar + (beats - at) / meter.beats())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(beats: f64, bpm: f64, ramp: bool) -> TempoPoint {
        TempoPoint { beats, bpm, ramp }
    }

    fn map() -> TempoMap {
        TempoMap::steady(90.0).with_points(&[
            point(8.0, 60.0, true),
            point(24.0, 180.0, true),
            point(32.0, 120.0, false),
            point(40.0, 100.0, false),
        ])
    }

    #[test]
    fn a_steady_tempo_is_sixty_over_it() {
        let map = TempoMap::steady(96.0);
        for beats in [0.0, 1.0, 7.3, 1234.5] {
            assert_eq!(map.seconds_of_beats(beats), beats * 60.0 / 96.0);
        }
        assert!(map.is_steady() && !super::tests::map().is_steady());
    }

    #[test]
    fn a_ramp_is_the_integral_of_its_tempo_worked_out_by_hand() {
        let map = map();
        // 8 beats at 90: 16/3 s. From 60 to 180 over 16 beats: 60 · 16/120 · ln 3 = 8 ln 3 s.
        let (start, ln3) = (16.0 / 3.0, 1.098_612_288_668_109_8);
        assert!((map.seconds_of_beats(8.0) - start).abs() < 1e-12);
        assert!((map.seconds_of_beats(24.0) - (start + 8.0 * ln3)).abs() < 1e-12);
        // Halfway the tempo is 120 and ln 2 of the way has gone by.
        let half = start + 8.0 * core::f64::consts::LN_2;
        assert!((map.seconds_of_beats(16.0) - half).abs() < 1e-12);
        assert!((map.bpm_at(half) - 120.0).abs() < 1e-9);
        // Down from 180 to 120 over 8 beats: 60 · 8/60 · ln 1.5; then 8 beats at 120 are 4 s; then 100.
        let down = start + 8.0 * ln3 + 8.0 * 0.405_465_108_108_164_4;
        assert!((map.seconds_of_beats(32.0) - down).abs() < 1e-12);
        assert!((map.seconds_of_beats(40.0) - (down + 4.0)).abs() < 1e-12);
        assert!((map.seconds_of_beats(50.0) - (down + 10.0)).abs() < 1e-12);
        assert_eq!((map.bpm_at(0.0), map.bpm_at(down + 1.0), map.bpm_at(down + 5.0)), (90.0, 120.0, 100.0));
    }

    #[test]
    fn a_ramp_agrees_with_adding_up_small_steps() {
        let map = map();
        let (mut seconds, step) = (0.0, 1.0 / 4096.0);
        for index in 0..(45 * 4096) {
            let beats = f64::from(index) * step;
            // The tempo, written down anew.
            let middle = beats + 0.5 * step;
            let bpm = match middle {
                b if b < 8.0 => 90.0,
                b if b < 24.0 => 60.0 + (b - 8.0) * 7.5,
                b if b < 32.0 => 180.0 - (b - 24.0) * 7.5,
                b if b < 40.0 => 120.0,
                _ => 100.0,
            };
            seconds += step * 60.0 / bpm;
            if index % 1000 == 0 {
                assert!((map.seconds_of_beats(beats + step) - seconds).abs() < 1e-6, "{beats}");
            }
        }
    }

    #[test]
    fn beats_and_seconds_are_each_others_inverse() {
        let map = map();
        for index in 0..1000 {
            let beats = f64::from(index) * 0.05;
            assert!((map.beats_of_seconds(map.seconds_of_beats(beats)) - beats).abs() < 1e-11, "{beats}");
        }
    }

    #[test]
    fn a_ramp_that_hardly_rises_is_nearly_steady_and_never_broken() {
        let map = TempoMap::steady(120.0)
            .with_points(&[point(0.0, 120.0, true), point(1000.0, 120.000_000_000_001, false)]);
        assert!((map.seconds_of_beats(1000.0) - 500.0).abs() < 1e-9);
        assert!((map.beats_of_seconds(250.0) - 500.0).abs() < 1e-9);
    }

    #[test]
    fn bars_follow_their_signatures() {
        // Four bars of 4/4, two of 7/8 (3.5 quarters each), then 6/8 (3 quarters).
        let meters =
            [(1.0, "4/4"), (5.0, "7/8"), (7.0, "6/8")].map(|(bar, text)| Meter::parse(text, bar).unwrap());
        let map = TempoMap::steady(120.0).with_meters(&meters);
        for (bar, beats) in [(1.0, 0.0), (2.5, 6.0), (5.0, 16.0), (6.0, 19.5), (7.0, 23.0), (9.0, 29.0)] {
            assert_eq!((map.beats_of_bar(bar), map.bar_of_beats(beats)), (beats, bar));
        }
        for wrong in ["4", "0/4", "4/3", "4/0", "-3/4", "65/4", "a/b", ""] {
            assert!(Meter::parse(wrong, 1.0).is_none(), "{wrong}");
        }
    }

    #[test]
    fn changes_are_announced() {
        let map = map();
        assert!((map.next_change(0.0) - 16.0 / 3.0).abs() < 1e-12);
        let ramp = map.seconds_of_beats(12.0);
        assert_eq!(map.next_change(ramp), ramp);
        assert_eq!(map.next_change(map.seconds_of_beats(50.0)), f64::MAX);
        assert_eq!(map.slowest_bpm(), 60.0);
    }
}
