//! What is true of a whole track.

use super::film::BANDS;

/// One number each for a whole track. Levels are those of the file. "Active" is where [`Film::active`](super::Film::active)
/// says that it sounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Integrated loudness (BS.1770-5, both gates), LUFS; `None` when nothing passes -70.
    pub integrated_lufs: Option<f64>,
    /// Loudness while active, LUFS (LA of C0).
    pub active_lufs: Option<f64>,
    /// 95th and 50th percentile of active momentary loudness, LUFS; -inf for silence.
    pub momentary_p95_lufs: f64,
    /// See [`momentary_p95_lufs`](Self::momentary_p95_lufs).
    pub momentary_p50_lufs: f64,
    /// Share of its length in which it is active, 0 to 1.
    pub active_share: f64,
    /// First and last moment it sounds, seconds from the start of the file; `None` for silence.
    pub sounds_seconds: Option<(f64, f64)>,
    /// Largest sample, dBFS; -inf for digital silence.
    pub peak_dbfs: f64,
    /// Root mean square while active, all played channels averaged, dBFS; -inf for silence.
    pub rms_dbfs: f64,
    /// Crest (C0): power-weighted mean over active time of the ratio of a peak detector to a mean-square detector, both with
    /// 200 ms, dB.
    pub crest_db: f64,
    /// Largest constant part of a channel, dBFS; -inf for none.
    pub dc_dbfs: f64,
    /// Quiet between sounds: 10th percentile of the power of 50 ms where it does not sound, dBFS; `None` without a second of
    /// pauses, -inf for digital silence.
    pub noise_floor_dbfs: Option<f64>,
    /// Flat tops.
    pub clipping: Clipping,
    /// Median over active time of the spectral centroid, weighted by power, Hz; 0 for silence.
    pub centroid_hz: f64,
    /// Median spectral flatness while active, 0 tone … 1 noise.
    pub flatness: f64,
    /// Share of power under 120 Hz while active (LF ratio of f.2).
    pub low_share: f64,
    /// Share of power above 5 kHz while active.
    pub high_share: f64,
    /// Frequency under which 80 % of the power lies, Hz (C6).
    pub power_80_hz: f64,
    /// Onsets a second while active.
    pub onsets_per_second: f64,
    /// Median time to fall by 20 dB after an onset, seconds; `None` when no onset is followed by such a fall.
    pub decay_seconds: Option<f64>,
    /// How sounds begin, hold and change.
    pub character: Character,
    /// Pitch.
    pub pitch: Pitch,
    /// Sibilants.
    pub sibilance: Option<Sibilance>,
    /// Room or effect printed on it.
    pub tail: Option<Decay>,
    /// The same read band by band, where the whole never falls: says something of voices alone.
    pub tail_in_bands: Option<Decay>,
    /// Left and right; `None` unless two channels are played.
    pub stereo: Option<Stereo>,
    /// Mean power in each band of the film while active.
    pub band_power: Vec<f64>,
    /// Long-term spectrum over active time, mean square per bin, and the distance of its bins in Hz (8192 points at
    /// 44.1 and 48 kHz, twice and four times that at the multiples, so that bins stay near 5.9 Hz).
    pub spectrum: Vec<f32>,
    /// See [`spectrum`](Self::spectrum).
    pub bin_hz: f64,
    /// Mean unit vector of all partials between 100 Hz and 2 kHz round a semitone of A = 440 Hz, weighted by amplitude: its angle is the
    /// tuning, its length (0 to 1) how certain that is.
    pub partials: [f64; 2],
    /// Mains hum in the pauses.
    pub hum: Option<Hum>,
    /// Narrow peaks of the long-term spectrum that stay (C7), strongest first, at most 8.
    pub resonances: Vec<Resonance>,
}

impl Facts {
    /// Facts of nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            momentary_p95_lufs: f64::NEG_INFINITY,
            momentary_p50_lufs: f64::NEG_INFINITY,
            peak_dbfs: f64::NEG_INFINITY,
            rms_dbfs: f64::NEG_INFINITY,
            dc_dbfs: f64::NEG_INFINITY,
            band_power: vec![0.0; BANDS],
            ..Self::default()
        }
    }
}

/// How sounds begin, hold and change. None of it depends on gain.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Character {
    /// Median time from 12 dB under the top of a sound to 2 dB under it, seconds: 0.01 for strokes, 0.1 and more for bows and pads.
    pub rise_seconds: f64,
    /// Median fall after the top of a sound below 340 Hz, dB a second; negative where it swells.
    pub fall_low_db_per_second: f64,
    /// The same from there to 2 kHz.
    pub fall_middle_db_per_second: f64,
    /// The same above.
    pub fall_high_db_per_second: f64,
    /// Median number of different notes of an octave that sound together (2 to the entropy of the chroma): 1 for a line, 3 and more
    /// for chords.
    pub notes_at_once: f64,
    /// Median change of colour in 100 ms (levels of the film's bands less their mean, root mean square), dB.
    pub colour_moves_db: f64,
    /// Median change of level in 50 ms while it sounds, dB.
    pub steadiness_db: f64,
}

/// Flat tops (I4).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Clipping {
    /// Runs of three and more samples that stand still at the largest level, all channels.
    pub runs: u64,
    /// The same, a minute of active time.
    pub per_minute: f64,
    /// Longest run, in samples.
    pub longest: u64,
}

/// Pitch over the whole track.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pitch {
    /// Share of active time with a pitch, 0 to 1.
    pub share: f64,
    /// Median periodicity while active: 1 less the aperiodicity of YIN, 0 to 1.
    pub periodicity: f64,
    /// Median, Hz; 0 without pitch.
    pub median_hz: f64,
    /// 5th percentile, Hz; 0 without pitch.
    pub p5_hz: f64,
    /// 95th percentile, Hz; 0 without pitch.
    pub p95_hz: f64,
    /// Median distance of held pitches from the nearest semitone of the track's own tuning, cents (at most 50).
    pub deviation_cents: f64,
    /// Tuning of the track against A = 440 Hz, cents, -50 to 50.
    pub tuning_cents: f64,
    /// How certain that tuning is: length of the mean vector of pitches round a semitone, 0 to 1.
    pub tuning_strength: f64,
    /// Share of held notes that waver 4 to 8 times a second by 15 cents and more.
    pub vibrato_share: f64,
    /// Median absolute slope while pitched, semitones a second: 0 for keys, large for voices and slides.
    pub glide_semitones_per_second: f64,
}

/// Sibilants (C8).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sibilance {
    /// Sibilants a second of active time.
    pub per_second: f64,
    /// 95th percentile of their loudness against the median loudness of what is voiced, LU.
    pub over_vowels_lu: f64,
    /// Median centroid, Hz.
    pub centroid_hz: f64,
}

/// Mains hum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hum {
    /// 50 or 60.
    pub mains_hz: f64,
    /// Power of the partials that stand out, dBFS.
    pub level_dbfs: f64,
}

/// A decay that is printed on a track (I11).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// Median time from the end of a sound to 60 dB under it, by the slope of the fall, seconds.
    pub rt60_seconds: f64,
    /// Falls it was read from.
    pub count: usize,
}

/// Left and right.
#[derive(Debug, Clone, PartialEq)]
pub struct Stereo {
    /// Side over mid power, dB; -inf for the same on both sides.
    pub side_to_mid_db: f64,
    /// Power right over left, dB.
    pub right_over_left_db: f64,
    /// Correlation, -1 to 1.
    pub correlation: f64,
    /// Power of the left in each band of the film while active.
    pub left: [f64; BANDS],
    /// Power of the right.
    pub right: [f64; BANDS],
    /// Correlation in each band, -1 to 1; 0 where there is nothing.
    pub band_correlation: [f64; BANDS],
}

/// A narrow peak that stays (C7).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resonance {
    /// Where.
    pub freq_hz: f64,
    /// How far over the third-octave envelope around it, dB.
    pub over_db: f64,
    /// Its frequency over its width at half power.
    pub q: f64,
    /// Share of active frames in which it stands out by 6 dB.
    pub share: f64,
    /// Whether it is a partial of what is played, not a fault: a line between valleys that do not stand out with it.
    pub partial: bool,
    /// Whether the valleys between the notes stand out by themselves, narrowly: something rings whatever is played. Then
    /// [`over_db`](Self::over_db) and [`q`](Self::q) are theirs.
    pub body: bool,
}
