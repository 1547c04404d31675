//! One stream is cut into tracks: every mark is a cut between two samples, nothing else.

use super::lay::Slot;
use super::listen::Meters;
use crate::deliver::{Spec, Writer};
use crate::message::{Error, Kind, Result};
use crate::meters::Measurements;
use crate::pipe::{Next, Stage};
use crate::vinyl::{Ear, Format, Grooved};
use dsp::block::{Buffer, View};
use dsp::dither::Quantiser;
use dsp::meter::true_peak::TruePeakMeter;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;

/// A stretch of the timeline that becomes a file.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) end: u64,
    /// The file it becomes.
    pub(super) path: PathBuf,
    pub(super) tags: Vec<(String, String)>,
}

/// Takes the whole timeline as 16-bit samples, beside the files.
pub(super) trait Whole: Send {
    /// The next frames, left and right in turn.
    fn write(&mut self, interleaved: &[i16]) -> Result<()>;
}

/// What a song came out as.
pub(super) struct Came {
    pub(super) song: usize,
    pub(super) portrait: super::family::Portrait,
    pub(super) measured: Measurements,
    /// What a lathe heard, where it was asked.
    pub(super) grooved: Option<Grooved>,
}

/// Quantises the timeline once, listens to every song in it, and cuts it into files.
pub(super) struct Cutter<'a> {
    /// How files are written; `dither` is used here, once for all of them.
    spec: Spec,
    force: bool,
    quantisers: Vec<Quantiser>,
    step: f64,
    integers: Vec<i32>,
    interleaved: Vec<i16>,
    at: u64,
    pieces: Vec<Piece>,
    next_piece: usize,
    open: Option<(u64, Writer)>,
    /// Takes files that are whole, to be read back elsewhere.
    finished: SyncSender<Writer>,
    /// Songs still to come, and those that sound, with their ends.
    slots: Vec<Slot>,
    next_slot: usize,
    sounding: Vec<(Slot, Meters, Option<Ear>)>,
    /// The record songs are heard for as a lathe would.
    ears: Option<Format>,
    came: Vec<Came>,
    top_hz: Vec<f64>,
    peaks: TruePeakMeter,
    whole: Option<&'a mut dyn Whole>,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(
        spec: Spec,
        pieces: Vec<Piece>,
        slots: Vec<Slot>,
        force: bool,
        finished: SyncSender<Writer>,
    ) -> Self {
        let (channels, rate_hz) = (spec.layout.channels(), f64::from(spec.sample_rate_hz));
        let bits = match spec.encoding {
            crate::audio::Encoding::Int(bits) => Some(bits),
            _ => None,
        };
        let quantisers = bits.map_or_else(Vec::new, |bits| {
            (0..channels).map(|channel| Quantiser::new(bits, spec.dither, spec.seed, channel)).collect()
        });
        Self {
            // What is quantised here is written as it is.
            spec: Spec { dither: dsp::dither::Dither::None, ..spec },
            force,
            quantisers,
            step: bits.map_or(1.0, |bits| 1.0 / (1_u64 << (bits - 1)) as f64),
            integers: Vec::new(),
            interleaved: Vec::new(),
            at: 0,
            pieces,
            next_piece: 0,
            open: None,
            finished,
            slots,
            next_slot: 0,
            sounding: Vec::new(),
            ears: None,
            came: Vec::new(),
            top_hz: Vec::new(),
            peaks: TruePeakMeter::new(rate_hz, channels),
            whole: None,
        }
    }

    /// Where the spectra of songs end, by index.
    pub(super) fn with_tops(mut self, top_hz: Vec<f64>) -> Self {
        self.top_hz = top_hz;
        self
    }

    /// Listens to every song as a lathe would.
    pub(super) fn with_ears(mut self, ears: Option<Format>) -> Self {
        self.ears = ears;
        self
    }

    /// Gives the whole timeline to `whole` as well.
    pub(super) fn with_whole(mut self, whole: &'a mut dyn Whole) -> Self {
        self.whole = Some(whole);
        self
    }

    /// What came of the songs, in order, and the peaks of the whole; the files are on their way.
    pub(super) fn done(mut self) -> (Vec<Came>, TruePeakMeter) {
        self.came.sort_by_key(|came| came.song);
        (self.came, self.peaks)
    }

    fn quantise(&mut self, block: &mut Buffer) {
        self.integers.resize(block.frames(), 0);
        for (channel, quantiser) in self.quantisers.iter_mut().enumerate() {
            let plane = block.channel_mut(channel);
            quantiser.process(plane, &mut self.integers);
            for (x, integer) in plane.iter_mut().zip(&self.integers) {
                *x = f64::from(*integer) * self.step;
            }
        }
    }

    /// The part of a block (which begins at frame `at`) between two frames of the timeline.
    fn part<'b>(&self, block: View<'b>, start: u64, end: u64) -> View<'b> {
        let last = self.at + block.frames() as u64;
        let (first, last) = (start.clamp(self.at, last), end.clamp(self.at, last));
        block.slice((first - self.at) as usize, (last - first) as usize)
    }

    fn listen(&mut self, block: View<'_>) {
        let end = self.at + block.frames() as u64;
        while let Some(slot) = self.slots.get(self.next_slot).filter(|slot| slot.start < end) {
            let rate_hz = self.spec.sample_rate_hz;
            let ear = self.ears.as_ref().map(|format| Ear::new(f64::from(rate_hz), format));
            self.sounding.push((*slot, Meters::new(rate_hz, slot.end - slot.start), ear));
            self.next_slot += 1;
        }
        let mut sounding = std::mem::take(&mut self.sounding);
        for (slot, meters, ear) in &mut sounding {
            let part = self.part(block, slot.start, slot.end);
            if part.frames() > 0 {
                meters.listen(part);
                if let Some(ear) = ear {
                    ear.listen(part);
                }
            }
        }
        for (slot, meters, ear) in sounding {
            if slot.end > end {
                self.sounding.push((slot, meters, ear));
            } else {
                self.song_ends(slot, meters, ear);
            }
        }
    }

    fn song_ends(&mut self, slot: Slot, meters: Meters, ear: Option<Ear>) {
        let top_hz = self.top_hz.get(slot.song).copied().unwrap_or(f64::INFINITY);
        let (portrait, measured) = meters.finish(top_hz);
        self.came.push(Came { song: slot.song, portrait, measured, grooved: ear.map(Ear::finish) });
    }

    fn write(&mut self, block: View<'_>) -> Result<()> {
        let end = self.at + block.frames() as u64;
        loop {
            if self.open.is_none() {
                let Some(piece) = self.pieces.get(self.next_piece).filter(|piece| piece.start < end) else {
                    return Ok(());
                };
                let spec = Spec { tags: piece.tags.clone(), ..self.spec.clone() };
                self.open = Some((piece.end, Writer::create(&piece.path, spec, self.force)?));
                self.next_piece += 1;
            }
            let Some((last, _)) = self.open.as_ref() else { return Ok(()) };
            let last = *last;
            let start = self.pieces.get(self.next_piece - 1).map_or(0, |piece| piece.start);
            let part = self.part(block, start, last);
            if let Some((_, writer)) = self.open.as_mut()
                && part.frames() > 0
            {
                writer.write(part)?;
            }
            if last > end {
                return Ok(());
            }
            self.piece_ends()?;
        }
    }

    fn write_whole(&mut self, block: View<'_>) -> Result<()> {
        let Some(whole) = &mut self.whole else { return Ok(()) };
        self.interleaved.clear();
        let (left, right) = (block.channel(0), block.channel(block.channels().saturating_sub(1)));
        // Whole steps of sixteen bits: nothing is rounded here.
        let sample = |x: &f64| (x * 32_768.0) as i16;
        self.interleaved
            .extend(left.iter().zip(right).flat_map(|(left, right)| [sample(left), sample(right)]));
        whole.write(&self.interleaved)
    }

    fn piece_ends(&mut self) -> Result<()> {
        let Some((_, writer)) = self.open.take() else { return Ok(()) };
        let gone = |_| Error::new(Kind::Internal, "panic", "the thread that reads files back is gone");
        self.finished.send(writer).map_err(gone)
    }
}

impl Stage for Cutter<'_> {
    fn push(&mut self, mut block: Buffer, _next: Next<'_>) -> Result<()> {
        self.quantise(&mut block);
        let view = block.view();
        self.peaks.process(view);
        self.listen(view);
        self.write(view)?;
        self.write_whole(view)?;
        self.at += block.frames() as u64;
        Ok(())
    }

    fn finish(&mut self, _next: Next<'_>) -> Result<()> {
        for (slot, meters, ear) in std::mem::take(&mut self.sounding) {
            self.song_ends(slot, meters, ear);
        }
        self.piece_ends()
    }
}
