//! The stereo downmix of a surround print: measured, judged, and written if it is wanted.

use super::scratch::Scratch;
use super::{Options, copy, limited_gain_db, spec_for};
use crate::audio::Layout;
use crate::deliver::{Gate, Verified, Writer};
use crate::job::Job;
use crate::message::{Finding, Result, Severity};
use crate::meters::{Bank, Measurements, Setup};
use crate::session::Session;
use dsp::block::{Buffer, View};
use dsp::downmix::Matrix;
use dsp::math::db_to_gain;
use std::path::{Path, PathBuf};

/// The stereo downmix of a surround print.
#[derive(Debug, Clone, PartialEq)]
pub struct Downmix {
    pub(super) measurements: Measurements,
    pub(super) written: Option<(PathBuf, f64)>,
}

impl Downmix {
    /// What the print measures over two loudspeakers, at the level of the print.
    #[must_use]
    pub fn measurements(&self) -> &Measurements {
        &self.measurements
    }

    /// The file it was written to, and the gain of that file against the print's mix, if it was written.
    #[must_use]
    pub fn written(&self) -> Option<(&Path, f64)> {
        self.written.as_ref().map(|(path, gain_db)| (path.as_path(), *gain_db))
    }
}

/// Many channels become two.
pub(super) struct Folder {
    matrix: Matrix,
    buffer: Buffer,
}

impl Folder {
    /// `None` for a mix that is no wider than stereo.
    pub(super) fn new(session: &Session, layout: &Layout, block_frames: usize) -> Option<Self> {
        let to = Layout::of(2);
        let matrix = Matrix::new(&layout.places(), &to.places(), &session.shape.coefficients());
        (layout.channels() > 2).then(|| Self { matrix, buffer: Buffer::new(2, block_frames) })
    }

    /// The downmix of a block of at most the frames told before.
    pub(super) fn fold(&mut self, block: View<'_>) -> View<'_> {
        self.buffer.set_frames(block.frames());
        self.buffer.clear();
        for cell in self.matrix.cells.iter().filter(|cell| cell.from < block.channels()) {
            let plane = self.buffer.channel_mut(cell.to);
            plane.iter_mut().zip(block.channel(cell.from)).for_each(|(y, x)| *y += x * cell.gain);
        }
        self.buffer.view()
    }
}

/// Meters on the downmix of what is printed.
pub(super) struct Listener {
    folder: Folder,
    bank: Bank,
}

impl Listener {
    pub(super) fn new(session: &Session, layout: &Layout, block_frames: usize) -> Option<Self> {
        let bank = Bank::new(Setup::of_render(session.sample_rate_hz, Layout::of(2)));
        Folder::new(session, layout, block_frames).map(|folder| Self { folder, bank })
    }

    pub(super) fn process(&mut self, block: View<'_>) {
        self.bank.process(self.folder.fold(block));
    }

    pub(super) fn finish(self) -> Measurements {
        self.bank.finish()
    }
}

/// What is to be said about a downmix: its level, and whether it keeps the room the print keeps.
pub(super) fn finding(session: &Session, measured: &Measurements, options: Options) -> Finding {
    let lufs = measured.integrated_lufs.map_or_else(|| "no loudness".to_owned(), |l| format!("{l:.1} LUFS"));
    let peak_dbtp = measured.true_peak_worst_dbtp();
    let what = format!("the stereo downmix has {lufs}, {peak_dbtp:.2} dBTP");
    let over = peak_dbtp > options.peak_dbtp;
    let (rule, severity) =
        if over { ("downmix_over", Severity::Warning) } else { ("downmix", Severity::Info) };
    Finding::new(rule, severity, what)
        .about(&session.origin.file)
        .seconds(measured.true_peak_seconds)
        .limit(format!("{:.1} dBTP, as the print", options.peak_dbtp))
        .advice(if over {
            "turn the surrounds or the centre down in the downmix ([mix] downmix_surround), or deliver a stereo mix of its own"
        } else {
            "nothing to do"
        })
}

/// Writes the downmix to a file of its own, under the same peak by a gain of its own; it still waits for its name.
pub(super) fn write(
    (session, layout): (&Session, &Layout),
    (scratch, frames): (&mut Scratch, u64),
    (gain_db, measured): (f64, &Measurements),
    out: &Path,
    job: &Job<'_>,
    options: Options,
) -> Result<(Verified, f64)> {
    let room_db = limited_gain_db(measured.true_peak_worst_dbtp(), options).min(0.0);
    let gain_db = ((gain_db + room_db) * 10.0).round() / 10.0;
    let mut spec = spec_for(session, &Layout::of(2), Options { adm: false, ..options });
    if let Some(bext) = &mut spec.bext {
        bext.coding_history.push(format!(
            "A=PCM,F={},W=24,M=stereo,T=BS.775 downmix of {} channels, gain {gain_db:+.1} dB",
            session.sample_rate_hz,
            layout.channels()
        ));
    }
    let mut writer = Writer::create(out, spec, options.force)?;
    let mut folder = Folder::new(session, layout, super::BLOCK_FRAMES);
    copy(scratch, frames, db_to_gain(gain_db), job, layout.channels(), &mut |block| match &mut folder {
        Some(folder) => writer.write(folder.fold(block)),
        None => writer.write(block),
    })?;
    let gate = Gate { ceiling_dbtp: Some(options.peak_dbtp), ..Gate::default() };
    Ok((writer.verify(job, &gate)?, gain_db))
}
