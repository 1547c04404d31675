//! What the corpus is made with: sounds, files, a tally.

use advice::assess::{Advice, Assessment, Options, assess};
use dsp::biquad::Svf;
use dsp::block::Buffer;
use dsp::eq_design::{Curve, design};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use studio::audio::Encoding;
use studio::decode;
use studio::job::Job;

/// A sound and how it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Sound {
    pub(crate) planes: Vec<Vec<f64>>,
    pub(crate) rate_hz: u32,
    pub(crate) encoding: Encoding,
}

impl Sound {
    pub(crate) fn new(planes: Vec<Vec<f64>>, rate_hz: u32) -> Self {
        Self { planes, rate_hz, encoding: Encoding::Int(24) }
    }

    pub(crate) fn frames(&self) -> usize {
        self.planes[0].len()
    }

    pub(crate) fn each(mut self, mut change: impl FnMut(&mut f64)) -> Self {
        self.planes.iter_mut().flatten().for_each(&mut change);
        self
    }

    pub(crate) fn gain(self, db: f64) -> Self {
        let gain = testkit::signals::db(db);
        self.each(|x| *x *= gain)
    }

    pub(crate) fn peak(&self) -> f64 {
        self.planes.iter().flatten().fold(0.0, |peak, x| f64::max(peak, x.abs()))
    }

    pub(crate) fn at_peak(self, dbfs: f64) -> Self {
        let gain = testkit::signals::db(dbfs) / self.peak();
        self.each(|x| *x *= gain)
    }
}

/// A shared recording; says so when there is none.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/audio")).join(part);
    if !path.exists() {
        println!("skipped: no shared audio at {part}");
        return None;
    }
    Some(path)
}

pub(crate) fn read(path: &Path) -> Sound {
    let mut source = decode::open(path, decode::Options::default()).unwrap();
    let mut planes = vec![Vec::new(); source.info().channels()];
    let mut buffer = Buffer::new(planes.len(), 8192);
    loop {
        source.read(&mut buffer).unwrap();
        if buffer.frames() == 0 {
            break;
        }
        planes.iter_mut().enumerate().for_each(|(c, plane)| plane.extend_from_slice(buffer.channel(c)));
    }
    Sound::new(planes, source.info().sample_rate_hz)
}

/// A WAV file without dither: what stands in the planes stands in the file.
pub(crate) fn write(path: &Path, sound: &Sound) {
    write_stamped(path, sound, None);
}

/// As [`write`], with the time stamp of a recorder (EBU Tech 3285, `bext`), frames after midnight.
pub(crate) fn write_stamped(path: &Path, sound: &Sound, stamp_frames: Option<u64>) {
    let (format, bits) = match sound.encoding {
        Encoding::Float(_) => (3_u16, 32_u32),
        Encoding::Int(bits) => (1, u32::from(bits)),
        Encoding::Lossy => panic!("no lossy files are made here"),
    };
    let (channels, frames) = (sound.planes.len() as u32, sound.frames() as u32);
    let bytes = bits / 8 * channels * frames;
    let mut chunk = vec![0_u8; 602];
    chunk[338..346].copy_from_slice(&stamp_frames.unwrap_or(0).to_le_bytes());
    let extra = if stamp_frames.is_some() { 8 + chunk.len() as u32 } else { 0 };
    let mut out = b"RIFF".to_vec();
    out.extend_from_slice(&(36 + extra + bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    out.extend_from_slice(&format.to_le_bytes());
    out.extend_from_slice(&(channels as u16).to_le_bytes());
    out.extend_from_slice(&sound.rate_hz.to_le_bytes());
    out.extend_from_slice(&(bits / 8 * channels * sound.rate_hz).to_le_bytes());
    out.extend_from_slice(&((bits / 8 * channels) as u16).to_le_bytes());
    out.extend_from_slice(&(bits as u16).to_le_bytes());
    if stamp_frames.is_some() {
        out.extend_from_slice(b"bext");
        out.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
        out.extend_from_slice(&chunk);
    }
    out.extend_from_slice(b"data");
    out.extend_from_slice(&bytes.to_le_bytes());
    let top = f64::from(1_u32 << (bits.min(24) - 1));
    for n in 0..sound.frames() {
        for plane in &sound.planes {
            if format == 3 {
                out.extend_from_slice(&(plane[n] as f32).to_le_bytes());
            } else {
                let step = (plane[n] * top).round().clamp(-top, top - 1.0) as i32;
                out.extend_from_slice(&step.to_le_bytes()[..bits as usize / 8]);
            }
        }
    }
    std::fs::write(path, out).unwrap();
}

/// Tracks of the demo song; made once.
pub(crate) fn demo() -> &'static [studio::demo::Track] {
    static TRACKS: OnceLock<Vec<studio::demo::Track>> = OnceLock::new();
    TRACKS.get_or_init(|| studio::demo::tracks(1))
}

/// Tracks of the demo song added up, all of them or those named, with clean ends and two pauses.
pub(crate) fn demo_mix(from_seconds: f64, seconds: f64, parts: &[&str]) -> Sound {
    let start = (from_seconds * 48_000.0) as usize;
    let frames = (seconds * 48_000.0) as usize;
    let mut planes = vec![vec![0.0; frames]; 2];
    for track in demo() {
        if !parts.is_empty() && !parts.iter().any(|part| track.file.contains(part)) {
            continue;
        }
        let audio = &track.audio;
        // Voices and bass above, rooms below; the snare's bottom as it should be turned.
        let gain = match track.file {
            name if name.contains("Lead") => 1.0,
            name if name.contains("SnareBottom") => -0.2,
            name if name.contains("Room") || name.contains("BGV") => 0.3,
            _ => 0.5,
        };
        let pan = match track.file {
            name if name.contains("Left") => [1.0, 0.3],
            name if name.contains("Right") => [0.3, 1.0],
            _ => [0.7, 0.7],
        };
        for (channel, plane) in planes.iter_mut().enumerate() {
            let from = audio.view().channel(channel.min(audio.channels() - 1));
            plane.iter_mut().zip(&from[start..]).for_each(|(x, y)| *x += gain * pan[channel] * y);
        }
    }
    clean(&Sound::new(planes, 48_000))
}

/// Without direct current, half a second of silence at both ends, fades, two pauses, peak at -6 dBFS: a clean twin.
pub(crate) fn clean(sound: &Sound) -> Sound {
    let mut sound = sound.clone();
    let frames = sound.frames() as f64;
    for plane in &mut sound.planes {
        let mean = plane.iter().sum::<f64>() / frames;
        plane.iter_mut().for_each(|x| *x -= mean);
        Svf::new(design(Curve::HighPass, 20.0, 0.0, 0.707, f64::from(sound.rate_hz))).process(plane);
    }
    let rate = f64::from(sound.rate_hz);
    let (head, fade, gap) = ((0.5 * rate) as usize, (0.3 * rate) as usize, (1.2 * rate) as usize);
    let frames = sound.frames();
    let pauses = [frames / 3, 2 * frames / 3];
    let shape = |n: usize| -> f64 {
        let ends = (n as f64 / (0.02 * rate)).min((frames - n) as f64 / rate).min(1.0);
        let pause = pauses.iter().map(|at| {
            if n < *at {
                (*at - n) as f64 / fade as f64
            } else if n < at + gap {
                0.0
            } else {
                (n - at - gap) as f64 / (0.02 * rate)
            }
        });
        let x = pause.fold(ends, f64::min).clamp(0.0, 1.0);
        // Ends that die away: nothing is left of them even when they are driven.
        x * x * x
    };
    let planes = sound.planes.iter().map(|plane| {
        let mut out = vec![0.0; head];
        out.extend(plane.iter().enumerate().map(|(n, x)| x * shape(n)));
        out.extend(vec![0.0; head]);
        out
    });
    Sound::new(planes.collect(), sound.rate_hz).at_peak(-6.0)
}

pub(crate) fn look(paths: &[PathBuf], destinations: &[&str]) -> Assessment {
    let options = Options { destinations: destinations.iter().map(|name| (*name).to_owned()).collect() };
    assess(paths, &options, &Job::quiet()).unwrap()
}

/// Rules that spoke, without doubles.
pub(crate) fn rules(found: &Assessment) -> Vec<&'static str> {
    let mut rules: Vec<&str> = found.advice.iter().map(|advice| advice.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[derive(Debug, Clone, Default)]
struct Count {
    hit: u32,
    missed: Vec<String>,
    false_alarms: Vec<String>,
    /// Cases in which it had nothing to say and said nothing.
    quiet: u32,
}

/// What was found, rule by rule.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rules: BTreeMap<&'static str, Count>,
    cases: u32,
    /// Figures of rules: where they had to speak, and where not.
    figures: BTreeMap<&'static str, [Vec<f64>; 2]>,
}

impl Tally {
    /// Takes over what another tally counted.
    pub(crate) fn join(&mut self, other: Self) {
        self.cases += other.cases;
        for (rule, count) in other.rules {
            let own = self.rules.entry(rule).or_default();
            own.hit += count.hit;
            own.quiet += count.quiet;
            own.missed.extend(count.missed);
            own.false_alarms.extend(count.false_alarms);
        }
        for (rule, [planted, clean]) in other.figures {
            let own = self.figures.entry(rule).or_default();
            own[0].extend(planted);
            own[1].extend(clean);
        }
    }

    /// In an order that does not depend on the threads.
    pub(crate) fn sort(&mut self) {
        for count in self.rules.values_mut() {
            count.missed.sort();
            count.false_alarms.sort();
        }
    }

    /// Remembers the figures of a case.
    pub(crate) fn figures(&mut self, found: &Assessment, must: &[&'static str], may: &[&'static str]) {
        for figure in found.items.iter().flat_map(|item| &item.figures) {
            let [planted, clean] = self.figures.entry(figure.rule).or_default();
            if must.contains(&figure.rule) {
                planted.push(figure.value);
            } else if !may.contains(&figure.rule) {
                clean.push(figure.value);
            }
        }
    }

    /// One case: what spoke, what had to, what may besides.
    pub(crate) fn case(
        &mut self,
        name: &str,
        spoke: &[&'static str],
        must: &[&'static str],
        may: &[&'static str],
    ) {
        self.cases += 1;
        for rule in must {
            let count = self.rules.entry(rule).or_default();
            if spoke.contains(rule) { count.hit += 1 } else { count.missed.push(name.to_owned()) }
        }
        for rule in spoke.iter().filter(|rule| !must.contains(rule) && !may.contains(rule)) {
            self.rules.entry(rule).or_default().false_alarms.push(name.to_owned());
        }
        for plain in advice::assess::PLAIN.iter().filter(|plain| !spoke.contains(&plain.rule)) {
            self.rules.entry(plain.rule).or_default().quiet += 1;
        }
    }

    /// A folder in which each part is a case of its own: what has to be said of which, and what may; an empty name is any part.
    pub(crate) fn parts(
        &mut self,
        name: &str,
        found: &Assessment,
        must: &[(&'static str, &'static str)],
        may: &[(&'static str, &'static str)],
    ) {
        self.cases += must.len().max(1) as u32;
        let is = |advice: &Advice, (rule, part): &(&str, &str)| {
            advice.rule == *rule && advice.about.contains(part)
        };
        for wanted in must {
            let count = self.rules.entry(wanted.0).or_default();
            if found.advice.iter().any(|advice| is(advice, wanted)) {
                count.hit += 1;
            } else {
                count.missed.push(format!("{name}: {}", wanted.1));
            }
        }
        for advice in &found.advice {
            if !must.iter().chain(may).any(|known| is(advice, known)) {
                let what = format!("{name}: {} ({})", advice.about, advice.measured);
                self.rules.entry(advice.rule).or_default().false_alarms.push(what);
            }
        }
        let files: usize = found.items.iter().map(|item| item.files.len()).sum();
        for plain in advice::assess::PLAIN {
            let spoke = found.advice.iter().filter(|advice| advice.rule == plain.rule).count();
            self.rules.entry(plain.rule).or_default().quiet += files.saturating_sub(spoke) as u32;
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "{} cases\n{:<20} {:>5} {:>6} {:>6} {:>9} {:>6} {:>6}",
            self.cases, "rule", "hits", "missed", "false", "precision", "recall", "quiet"
        );
        for (rule, count) in self
            .rules
            .iter()
            .filter(|(_, count)| count.hit > 0 || !count.missed.is_empty() || !count.false_alarms.is_empty())
        {
            let (precision, recall) = shares(count);
            println!(
                "{rule:<20} {:>5} {:>6} {:>6} {precision:>9.2} {recall:>6.2} {:>6}",
                count.hit,
                count.missed.len(),
                count.false_alarms.len(),
                count.quiet
            );
            count.missed.iter().for_each(|name| println!("    missed: {name}"));
            count.false_alarms.iter().for_each(|name| println!("    false alarm: {name}"));
        }
    }

    pub(crate) fn print_figures(&self) {
        let span = |values: &[f64]| {
            let (low, high) = (
                values.iter().copied().fold(f64::INFINITY, f64::min),
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            );
            format!("{:>4} from {low:.1} to {high:.1}", values.len())
        };
        for (rule, [planted, clean]) in &self.figures {
            println!("{rule:<20} planted {}; elsewhere {}", span(planted), span(clean));
        }
    }

    /// Every rule that had something to find or found something reaches `least` in both.
    pub(crate) fn demand(&self, least: f64) {
        let below = |count: &Count| {
            let (precision, recall) = shares(count);
            precision < least || recall < least
        };
        let bad: Vec<&&str> =
            self.rules.iter().filter(|(_, count)| below(count)).map(|(rule, _)| rule).collect();
        assert!(bad.is_empty(), "below {least}: {bad:?}");
    }

    /// Rules that were planted less often, of which the figures say little.
    pub(crate) fn print_rare(&self, fewest: u32) {
        let planted =
            |rule: &str| self.rules.get(rule).map_or(0, |count| count.hit + count.missed.len() as u32);
        let bare: Vec<String> = advice::assess::PLAIN
            .iter()
            .filter(|plain| planted(plain.rule) < fewest)
            .map(|plain| format!("{} {}", plain.rule, planted(plain.rule)))
            .collect();
        println!("planted less than {fewest} times: {bare:?}");
    }
}

fn shares(count: &Count) -> (f64, f64) {
    let share = |of: u32, other: usize| {
        if of == 0 && other == 0 { 1.0 } else { f64::from(of) / (f64::from(of) + other as f64) }
    };
    (share(count.hit, count.false_alarms.len()), share(count.hit, count.missed.len()))
}
