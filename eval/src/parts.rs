//! Who plays what, and how it is recorded.

use crate::instruments::kit::strokes;
use crate::instruments::plucked::{self, Touch};
use crate::instruments::struck::{self, Stroke, Struck};
use crate::instruments::tone::{self, Wave, kinds};
use crate::instruments::{Note, noise, sung};
use crate::score::{Feel, Score};
use dsp::rng::CounterRng;
use studio::demo::parts::{
    HI_HAT, KICK_IN, Key, Kit, Mic, OVERHEAD_LEFT, OVERHEAD_RIGHT, ROOM, SNARE_BOTTOM, SNARE_TOP, Sine, TOM,
    add_key,
};

/// A microphone of the kit, or a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KitMic {
    /// In the bass drum.
    KickIn,
    /// Before the bass drum.
    KickOut,
    /// Above the snare.
    SnareTop,
    /// Below the snare; its polarity is turned over by nature.
    SnareBottom,
    /// Above the hi-hat.
    Hat,
    /// Above the toms.
    Toms,
    /// The pair above.
    Overheads,
    /// Far away.
    Room,
}

impl KitMic {
    /// The microphones; some kits hang their overheads higher (`lift`, metres).
    #[must_use]
    pub fn mics(self, lift: f64) -> Vec<Mic> {
        match self {
            Self::KickIn => vec![KICK_IN],
            Self::KickOut => vec![KICK_IN.moved([0.0, 0.55, 0.05])],
            Self::SnareTop => vec![SNARE_TOP],
            Self::SnareBottom => vec![SNARE_BOTTOM],
            Self::Hat => vec![HI_HAT],
            Self::Toms => vec![TOM],
            Self::Overheads => {
                vec![OVERHEAD_LEFT.moved([0.0, 0.0, lift]), OVERHEAD_RIGHT.moved([0.0, 0.0, lift])]
            }
            Self::Room => vec![ROOM],
        }
    }
}

/// Which singer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A woman.
    Woman,
    /// A man.
    Man,
}

/// An instrument with its part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Instrument {
    /// The kit, as one microphone hears it.
    Kit(KitMic),
    /// The kit as one stereo file.
    KitBus,
    /// Struck things in a pattern.
    Struck(Struck),
    /// Bass, straight.
    BassDirect,
    /// Bass through its amplifier: so many frames late, turned over or not.
    BassAmp(usize, bool),
    /// Double bass.
    Upright,
    /// Synthesizer bass.
    SynthBass,
    /// Long sine bass.
    Sub,
    /// Electric guitar: take, gain before the amplifier.
    Electric(u64, f64),
    /// Acoustic guitar: take.
    Acoustic(u64),
    /// Guitar that plays the melody.
    LeadGuitar(f64),
    /// Grand piano.
    Piano,
    /// Electric piano.
    Epiano,
    /// Organ.
    Organ,
    /// Pad.
    Pad(u64),
    /// Arpeggio.
    Arp(u64),
    /// Lead synthesizer.
    SynthLead,
    /// Wall of chords.
    Stabs,
    /// Bowed strings: size against a violin, voice of the chord.
    Bowed(f64, usize),
    /// A string section in stereo.
    Section,
    /// Brass: size, voice of the chord.
    Brass(f64, usize),
    /// Woodwind on the melody: octave up or not.
    Wind(Wave, i32),
    /// Lead voice.
    Lead(Who),
    /// The lead again.
    Double(Who, u64),
    /// A backing voice: number, steps of the scale.
    Backing(u64, i32),
    /// A choir in stereo.
    Choir,
    /// Rap.
    Rap(Who, u64),
    /// Speech: which speaker.
    Speech(Who, u64),
    /// Riser before sections.
    Riser,
    /// Blow at sections.
    Impact,
    /// Atmosphere.
    Atmosphere,
    /// Metronome.
    Click,
    /// Voices before the song begins.
    Talkback,
}

/// What all tracks of a song share.
pub struct Studio<'a> {
    /// What is played.
    pub score: &'a Score,
    /// The kit, if anyone plays it.
    pub kit: Option<Kit>,
    /// Height of its overheads above the usual.
    pub lift: f64,
    /// Frames of every track.
    pub frames: usize,
    /// Whether the melody is sung busily.
    pub busy: bool,
    /// Whether the bass walks.
    pub walking: bool,
    /// Middle of the lead's range.
    pub middle: i32,
    /// Four to the floor, or a beat with gaps.
    pub floor: bool,
}

impl<'a> Studio<'a> {
    /// A studio for a score.
    #[must_use]
    pub fn new(score: &'a Score, feel: Option<Feel>, lift: f64) -> Self {
        let frames = studio::demo::parts::frame(score.seconds());
        let kit = feel.map(|feel| Kit::play(score.seed, &strokes(score, feel, score.seed), frames));
        Self { score, kit, lift, frames, busy: false, walking: false, middle: 67, floor: false }
    }

    fn sings(&self, bar: usize) -> bool {
        matches!(self.score.label(bar), "verse" | "chorus")
    }

    /// The lead's melody.
    #[must_use]
    pub fn melody(&self) -> Vec<Note> {
        self.score.melody(1, self.middle, self.busy, &|bar| self.sings(bar))
    }

    /// Sound of a part: one plane a channel, at any level.
    #[must_use]
    pub fn record(&self, instrument: Instrument) -> Vec<Vec<f64>> {
        let (score, frames, seed) = (self.score, self.frames, self.score.seed);
        let full = |bar: usize| score.energy(bar) >= 1;
        let loud = |bar: usize| score.energy(bar) >= 2;
        match instrument {
            Instrument::Kit(mic) => self.hear(&mic.mics(self.lift)),
            Instrument::KitBus => self.kit_bus(),
            Instrument::Struck(kind) => vec![self.struck(kind)],
            Instrument::BassDirect => vec![self.bass()],
            Instrument::BassAmp(late, inverted) => {
                vec![plucked::bass_amplifier(&self.bass(), late, inverted)]
            }
            Instrument::Upright => {
                let notes = score.bass(20, 28, self.walking, &full);
                let mut out = plucked::string(&notes, plucked::UPRIGHT, seed, frames);
                plucked::pickup(&mut out);
                vec![out]
            }
            Instrument::SynthBass => {
                tone::play(&score.bass(21, 33, false, &loud), &kinds::BASS, 1, seed, frames)
            }
            Instrument::Sub => {
                let tone = tone::Tone { wave: Wave::Sine, cutoff_hz: 400.0, sustain: 0.7, ..kinds::BASS };
                tone::play(&score.bass(22, 28, false, &full), &tone, 1, seed, frames)
            }
            Instrument::Electric(take, gain) => vec![self.electric(take, gain)],
            Instrument::Acoustic(take) => vec![self.acoustic(take)],
            Instrument::LeadGuitar(gain) => {
                let notes = score.melody(9, 69, true, &|bar| matches!(score.label(bar), "solo" | "intro"));
                let mut out = plucked::string(&notes, plucked::ELECTRIC, seed ^ 9, frames);
                plucked::drive(&mut out, gain, 1);
                vec![out]
            }
            Instrument::Piano => {
                let rhythm = [(0.0, 1.8, 0.7), (2.0, 1.8, 0.6)];
                let mut notes = score.chords_of(40, 55, 4, &rhythm, &full);
                notes.extend(score.bass(41, 36, false, &|bar| score.energy(bar) == 1));
                struck::piano(&notes, seed, frames)
            }
            Instrument::Epiano => self.epiano(),
            Instrument::Bowed(size, which) => self.bowed(size, which, 1),
            Instrument::Riser => noise::riser(&self.starts(), 3.0, seed, frames),
            Instrument::Impact => noise::impact(&self.starts(), seed, frames),
            Instrument::Atmosphere => noise::atmosphere(seed, frames),
            Instrument::Click => vec![noise::click(&self.beats(), frames)],
            _ => self.sustained(instrument),
        }
    }

    /// Keys that hold, synthesizers, sections, winds; voices after them.
    fn sustained(&self, instrument: Instrument) -> Vec<Vec<f64>> {
        let (score, frames, seed) = (self.score, self.frames, self.score.seed);
        let full = |bar: usize| score.energy(bar) >= 1;
        let loud = |bar: usize| score.energy(bar) >= 2;
        let chorus = |bar: usize| score.label(bar) == "chorus";
        match instrument {
            Instrument::Organ => {
                let notes = score.chords_of(43, 60, 4, &[(0.0, 3.9, 0.7)], &loud);
                tone::play(&notes, &kinds::ORGAN, 1, seed, frames)
            }
            Instrument::Pad(layer) => {
                let notes = score.chords_of(44 + layer, 55 + 5 * layer as i32, 4, &[(0.0, 3.9, 0.7)], &full);
                tone::play(&notes, &kinds::PAD, 2, seed + layer, frames)
            }
            Instrument::Arp(layer) => self.arp(layer),
            Instrument::SynthLead => {
                let plays = |bar: usize| matches!(score.label(bar), "chorus" | "solo" | "intro");
                tone::play(&score.melody(5, 74, true, &plays), &kinds::LEAD, 1, seed, frames)
            }
            Instrument::Stabs => {
                let rhythm = [(0.0, 0.7, 0.8), (1.5, 0.4, 0.7), (2.5, 0.9, 0.8)];
                let notes = score.chords_of(46, 60, 4, &rhythm, &|bar| score.energy(bar) == 3);
                tone::play(&notes, &kinds::STABS, 2, seed, frames)
            }
            Instrument::Section => {
                let notes = score.chords_of(49, 62, 4, &[(0.0, 3.9, 0.75)], &full);
                let mut planes = tone::play(&notes, &kinds::bowed(1.2, 5), 2, seed, frames);
                tone::body(&mut planes, &kinds::VIOLIN);
                planes
            }
            Instrument::Brass(size, which) => {
                let rhythm = [(0.0, 0.4, 0.9), (1.5, 0.9, 0.8), (3.0, 0.4, 0.9)];
                let low = if size > 1.5 { 43 } else { 58 };
                let pick = |bar: usize, _: usize| {
                    score.voicing(bar, low, 4).get(which % 4).copied().into_iter().collect()
                };
                let notes = score.pattern(60 + which as u64, &loud, &|_| rhythm.to_vec(), &pick);
                tone::play(&notes, &kinds::brass(size), 1, seed ^ which as u64, frames)
            }
            Instrument::Wind(wave, octave) => {
                let plays = |bar: usize| !self.sings(bar) || chorus(bar);
                let mut notes = score.melody(7 + octave as u64, 67, false, &plays);
                notes.iter_mut().for_each(|note| note.midi += 12.0 * f64::from(octave));
                let breath = if wave == Wave::Sine { 0.25 } else { 0.06 };
                let mut planes = tone::play(&notes, &kinds::wind(wave, breath), 1, seed, frames);
                tone::body(&mut planes, &[(500.0, 0.6), (1_100.0, 0.5)]);
                planes
            }
            _ => vec![self.voice(instrument)],
        }
    }

    fn voice(&self, instrument: Instrument) -> Vec<f64> {
        let (score, frames, seed) = (self.score, self.frames, self.score.seed);
        let chorus = |bar: usize| score.label(bar) == "chorus";
        match instrument {
            Instrument::Lead(who) => sung::voice(&self.melody(), singer(who), seed, seed, frames),
            Instrument::Double(who, number) => {
                let notes = score.melody(1, self.middle, self.busy, &chorus);
                sung::voice(
                    &notes,
                    sung::other(singer(who), 20 + number),
                    seed,
                    seed ^ (100 + number),
                    frames,
                )
            }
            Instrument::Backing(number, steps) => {
                let notes = score.harmony(&score.melody(1, self.middle, self.busy, &chorus), steps);
                let who = if steps < -3 { Who::Man } else { Who::Woman };
                sung::voice(&notes, sung::other(singer(who), number), seed, seed ^ (200 + number), frames)
            }
            Instrument::Choir => {
                let mut out = vec![0.0; frames];
                for number in 0..4 {
                    let notes = score.line(70, 57, number, &|bar| score.energy(bar) >= 1);
                    let who = if number < 2 { Who::Man } else { Who::Woman };
                    let one = sung::voice(
                        &notes,
                        sung::other(singer(who), 40 + number as u64),
                        3,
                        seed ^ 77,
                        frames,
                    );
                    out.iter_mut().zip(&one).for_each(|(x, y)| *x += y);
                }
                out
            }
            Instrument::Rap(who, number) => {
                let salt = if number == 0 { 2 } else { 3 };
                let mut notes =
                    score.melody(salt, 55, true, &|bar| self.sings(bar) && (number == 0 || chorus(bar)));
                let rng = CounterRng::new(seed, 0x2A9);
                // Spoken more than sung: pitch wanders between a few notes.
                for (index, note) in notes.iter_mut().enumerate() {
                    note.midi = f64::from(self.middle) - 10.0 + 3.0 * rng.bipolar(index as u64);
                }
                let plain = studio::demo::parts::Singer { vibrato_cents: 0.0, ..singer(who) };
                sung::voice(&notes, plain, seed, seed ^ number, frames)
            }
            Instrument::Speech(who, number) => {
                let middle = if who == Who::Man { 43.0 } else { 55.0 };
                let mut notes = sung::speech(1.0, score.seconds() - 1.0, middle, seed ^ number);
                // Guests take turns: ten seconds each.
                notes.retain(|note| (note.seconds / 9.0) as u64 % 2 == number % 2);
                let plain = studio::demo::parts::Singer { vibrato_cents: 0.0, ..singer(who) };
                sung::voice(&notes, sung::other(plain, 60 + number), seed ^ number, seed ^ number, frames)
            }
            Instrument::Talkback => {
                let notes = sung::speech(0.3, score.start_seconds - 2.5, 45.0, seed ^ 0x7A);
                sung::voice(&notes, sung::other(sung::MAN, 90), 5, seed ^ 0x7A, frames)
            }
            _ => vec![0.0; frames],
        }
    }

    fn hear(&self, mics: &[Mic]) -> Vec<Vec<f64>> {
        let Some(kit) = &self.kit else { return vec![vec![0.0; self.frames]; mics.len()] };
        mics.iter().map(|mic| kit.hear(*mic)).collect()
    }

    fn kit_bus(&self) -> Vec<Vec<f64>> {
        let mut planes = self.hear(&KitMic::Overheads.mics(0.0));
        for (mic, gain) in [(KICK_IN, 0.09), (SNARE_TOP, 0.05)] {
            for close in self.hear(&[mic]) {
                for plane in &mut planes {
                    plane.iter_mut().zip(&close).for_each(|(x, y)| *x += gain * y);
                }
            }
        }
        planes
    }

    fn bass(&self) -> Vec<f64> {
        let notes = self.score.bass(20, 28, self.walking, &|bar| self.score.energy(bar) >= 1);
        let mut out = plucked::string(&notes, plucked::BASS, self.score.seed, self.frames);
        plucked::pickup(&mut out);
        out
    }

    fn electric(&self, take: u64, gain: f64) -> Vec<f64> {
        let score = self.score;
        let heavy = gain > 5.0;
        let rhythm = |bar: usize| match (heavy, score.energy(bar)) {
            (true, 3) => (0..8).map(|n| (0.5 * f64::from(n), 0.48, 0.9)).collect(),
            (_, 1) => vec![(0.0, 3.8, 0.6)],
            _ => vec![(0.0, 0.9, 0.8), (1.0, 0.45, 0.6), (1.5, 0.9, 0.7), (2.5, 0.45, 0.6), (3.0, 0.9, 0.75)],
        };
        let low = if heavy { 40 } else { 48 };
        let pick = |bar: usize, _: usize| {
            if heavy {
                let root = score.voicing(bar, low, 1)[0];
                vec![root, root + 7.0, root + 12.0]
            } else {
                score.voicing(bar, low + 5 * (take as i32 / 2), 4)
            }
        };
        let notes = score.pattern(30 + take, &|bar| score.energy(bar) > u32::from(heavy), &rhythm, &pick);
        let mut out = plucked::string(&notes, plucked::ELECTRIC, score.seed ^ (take + 1), self.frames);
        plucked::drive(&mut out, gain, take % 2);
        out
    }

    fn acoustic(&self, take: u64) -> Vec<f64> {
        let score = self.score;
        let rhythm = |bar: usize| {
            let eighths = if score.energy(bar) > 1 { 8 } else { 4 };
            let step = 4.0 / f64::from(eighths);
            (0..eighths).map(|n| (step * f64::from(n), 1.5 * step, 0.65 + 0.15 * f64::from(n % 2))).collect()
        };
        let pick = |bar: usize, number: usize| {
            let notes = score.voicing(bar, 50 + 2 * (take % 3) as i32, 4);
            // Strums on the strong eighths, single strings between.
            if number.is_multiple_of(2) {
                notes
            } else {
                notes.get(number % 4).copied().into_iter().collect()
            }
        };
        let notes = score.pattern(34 + take, &|bar| score.energy(bar) >= 1, &rhythm, &pick);
        let touch = Touch { pick: 0.14 + 0.02 * take as f64, ..plucked::ACOUSTIC };
        let mut out = plucked::string(&notes, touch, score.seed ^ (take + 31), self.frames);
        plucked::soundboard(&mut out);
        out
    }

    fn epiano(&self) -> Vec<Vec<f64>> {
        let rhythm = [(0.0, 1.3, 0.7), (1.5, 0.9, 0.55), (2.5, 1.4, 0.6)];
        let sine = Sine::new();
        let mut mono = vec![0.0; self.frames];
        for note in self.score.chords_of(42, 57, 4, &rhythm, &|bar| self.score.energy(bar) >= 1) {
            let key = Key {
                seconds: note.seconds,
                hold_seconds: note.hold_seconds,
                midi: note.midi as i32,
                velocity: note.velocity,
            };
            add_key(&mut mono, key, &sine);
        }
        let side = |sign: f64| {
            mono.iter()
                .enumerate()
                .map(|(n, x)| x * (0.8 + 0.2 * sign * sine.of(4.6 * n as f64 / 48_000.0)))
                .collect()
        };
        vec![side(1.0), side(-1.0)]
    }

    fn arp(&self, layer: u64) -> Vec<Vec<f64>> {
        let score = self.score;
        let pick = |bar: usize, number: usize| {
            let notes = score.voicing(bar, 64, 4);
            notes.get((number + layer as usize) % notes.len().max(1)).copied().into_iter().collect()
        };
        let rhythm = |_: usize| (0..16).map(|n| (0.25 * f64::from(n), 0.2, 0.75)).collect();
        let notes = score.pattern(48 + layer, &|bar| score.energy(bar) >= 2, &rhythm, &pick);
        tone::play(&notes, &kinds::ARP, 2, score.seed + layer, self.frames)
    }

    fn bowed(&self, size: f64, which: usize, players: u32) -> Vec<Vec<f64>> {
        let low = if size > 3.0 {
            31
        } else if size > 1.8 {
            43
        } else {
            (62.0 - 7.0 * (size - 1.0)) as i32
        };
        let score = self.score;
        let notes = if which == 0 && size < 1.1 {
            score.melody(11, low + 12, false, &|bar| score.energy(bar) >= 1)
        } else {
            score.line(50 + which as u64, low, which, &|bar| score.energy(bar) >= 1)
        };
        let seed = score.seed ^ (which as u64 + 500);
        let mut planes = tone::play(&notes, &kinds::bowed(size, players), 1, seed, self.frames);
        let body: Vec<(f64, f64)> = kinds::VIOLIN.iter().map(|(hz, level)| (hz / size, *level)).collect();
        tone::body(&mut planes, &body);
        planes
    }

    fn struck(&self, kind: Struck) -> Vec<f64> {
        let score = self.score;
        let mut strokes: Vec<Stroke> = Vec::new();
        for bar in 0..score.bars() {
            let energy = score.energy(bar);
            for (beat, velocity, high) in beats_of(kind, energy, bar, self.floor) {
                strokes.push((score.at(bar, beat), velocity, high));
            }
        }
        struck::strike(kind, &strokes, score.seed ^ kind as u64, self.frames)
    }

    fn starts(&self) -> Vec<f64> {
        self.score.sections.iter().skip(1).map(|section| self.score.at(section.bar, 0.0)).collect()
    }

    fn beats(&self) -> Vec<(f64, bool)> {
        let score = self.score;
        let count_in = (0..score.beats_per_bar).filter_map(|beat| {
            let seconds = score.start_seconds - (score.beats_per_bar - beat) as f64 * score.beat_seconds();
            (seconds >= 0.0).then_some((seconds, beat == 0))
        });
        let song = (0..score.bars()).flat_map(|bar| {
            (0..score.beats_per_bar).map(move |beat| (score.at(bar, beat as f64), beat == 0))
        });
        count_in.chain(song).collect()
    }
}

fn singer(who: Who) -> studio::demo::parts::Singer {
    match who {
        Who::Woman => sung::WOMAN,
        Who::Man => sung::MAN,
    }
}

/// Beats of a bar for a struck thing: beat, how hard, which pitch.
fn beats_of(kind: Struck, energy: u32, bar: usize, floor: bool) -> Vec<(f64, f64, bool)> {
    if energy == 0 {
        return Vec::new();
    }
    match kind {
        Struck::Shaker => {
            (0..8).map(|n| (0.5 * f64::from(n), if n % 2 == 0 { 0.8 } else { 0.5 }, false)).collect()
        }
        Struck::Tambourine if energy < 2 => Vec::new(),
        Struck::Tambourine => {
            (0..8).map(|n| (0.5 * f64::from(n), if n % 4 == 2 { 0.9 } else { 0.4 }, false)).collect()
        }
        Struck::Conga => {
            vec![(0.0, 0.7, false), (1.5, 0.6, true), (2.0, 0.5, true), (3.0, 0.7, false), (3.5, 0.6, true)]
        }
        Struck::Cowbell if energy < 3 => Vec::new(),
        Struck::Cowbell => vec![(0.0, 0.7, false), (1.0, 0.5, false), (2.0, 0.6, false), (3.0, 0.5, false)],
        Struck::Claps if energy < 2 => Vec::new(),
        Struck::Claps | Struck::MachineSnare => vec![(1.0, 0.9, false), (3.0, 0.9, false)],
        Struck::MachineKick if floor => (0..4).map(|n| (f64::from(n), 0.95, false)).collect(),
        Struck::MachineKick if bar.is_multiple_of(2) => vec![(0.0, 1.0, true), (2.5, 0.9, false)],
        Struck::MachineKick => {
            vec![(0.0, 1.0, true), (0.75, 0.7, false), (2.5, 0.9, false), (3.25, 0.7, false)]
        }
        Struck::MachineHat => (0..8)
            .map(|n| (0.5 * f64::from(n), if n % 2 == 1 { 0.9 } else { 0.5 }, floor && n % 2 == 1))
            .collect(),
        Struck::Timpani if bar.is_multiple_of(2) => vec![(0.0, 0.7, false)],
        Struck::Timpani => vec![(2.0, 0.5, true), (3.0, 0.7, false)],
    }
}
