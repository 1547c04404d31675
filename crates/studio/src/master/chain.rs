//! The chain of a master as data and as text: `master.toml`, written beside the masters, rendered again from there.

use crate::message::{Error, Kind, Result};
use crate::session::insert::{self, Insert};
use crate::session::read::{Node, Reader, Take, wrong};
use fx::{AnyProcessor, Description, Fields, Kind as ParamKind};
use std::fmt::Write;
use std::path::Path;

/// Version of the format.
const VERSION: f64 = 1.0;
/// Longest text, by our own convention: a chain of 64 masters has some 100 kB.
const MOST_BYTES: u64 = 1 << 20;
/// Most destinations in one file, by our own convention.
const MOST_MASTERS: usize = 64;

fx::choice! {
    /// Container of the delivered file.
    pub enum Container {
        /// WAV; RF64 when it has to be.
        Wav = "wav",
        /// FLAC.
        Flac = "flac",
    }
}

fx::choice! {
    /// How samples are stored.
    pub enum Encoding {
        /// 16-bit integers.
        Int16 = "int16",
        /// 24-bit integers.
        Int24 = "int24",
        /// 32-bit floating point.
        Float32 = "float32",
    }
}

fx::choice! {
    /// Dither of the last step; the curves are those of `dsp::dither`.
    pub enum Dither {
        /// None: rounding only.
        None = "none",
        /// Triangular, flat, two LSB wide.
        Tpdf = "tpdf",
        /// Triangular, rising towards high frequencies.
        HighPass = "tpdf_high_pass",
        /// Shaped after Lipshitz, five coefficients.
        Lipshitz = "lipshitz",
        /// Shaped, F-weighted, three coefficients.
        FWeighted3 = "f_weighted_3",
        /// Shaped, F-weighted, nine coefficients.
        FWeighted9 = "f_weighted_9",
        /// Shaped, F-weighted, 24 coefficients.
        FWeighted24 = "f_weighted_24",
        /// Shaped, modified E, nine coefficients: the mildest.
        ModifiedE = "modified_e",
        /// Shaped, improved E, nine coefficients: the deepest.
        ImprovedE = "improved_e",
        /// Shibata for 44.1 kHz: deep.
        Shibata44 = "shibata_44",
        /// Shibata for 44.1 kHz, low amplitude.
        LowShibata44 = "low_shibata_44",
        /// Shibata for 48 kHz: deep.
        Shibata48 = "shibata_48",
        /// Shibata for 48 kHz, low amplitude.
        LowShibata48 = "low_shibata_48",
        /// Gesemann for 44.1 kHz, with poles.
        Gesemann44 = "gesemann_44",
        /// Gesemann for 48 kHz, with poles.
        Gesemann48 = "gesemann_48",
    }
}

impl Dither {
    /// The dither of the kernels.
    #[must_use]
    pub fn kernel(self) -> dsp::dither::Dither {
        let name = <Self as fx::Choice>::NAMES.get(self as usize).map_or("", |(name, _)| name);
        // A test holds the two lists together.
        dsp::dither::Dither::from_name(name).unwrap_or(dsp::dither::Dither::Triangular)
    }

    /// The choice for a dither of the kernels.
    #[must_use]
    pub fn of(kernel: dsp::dither::Dither) -> Self {
        let index = <Self as fx::Choice>::NAMES.iter().position(|(name, _)| *name == kernel.name());
        index.map_or(Self::Tpdf, <Self as fx::Choice>::from_index)
    }
}

fx::fields! {
    /// Where and how one master is written.
    pub struct Output {
        /// Sample rate of the file.
        sample_rate_hz: Hz = 44100.0 in 8000.0..=384000.0;
        /// Container.
        container: choice Container = Wav;
        /// Sample format.
        encoding: choice Encoding = Int24;
        /// Dither.
        dither: choice Dither = Tpdf;
        /// Seed of the dither.
        seed: Plain = 0.0 in 0.0..=9007199254740991.0;
        /// Static gain after the shared chain and the sample-rate converter, before the inserts of this master.
        gain_db: Db = 0.0 in -80.0..=80.0;
        /// No inter-sample peak of the file may pass this.
        ceiling_dbtp: Dbtp = -1.0 in -20.0..=0.0;
    }
}

fx::fields! {
    /// What the file was made for.
    pub struct Aim {
        /// Integrated loudness the file must have, LUFS.
        loudness: Plain = -14.0 in -70.0..=0.0;
        /// How far it may be off, LU.
        tolerance: Plain = 0.1 in 0.0..=10.0;
    }
}

/// A processor and why it is there.
#[derive(Debug, Clone)]
pub struct Step {
    /// The processor with its settings.
    pub settings: Box<dyn AnyProcessor>,
    /// Why, in words; becomes a comment.
    pub because: String,
}

/// One destination.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Name of the target.
    pub target: String,
    /// File name, in the folder of the masters.
    pub file: String,
    /// How it is written.
    pub output: Output,
    /// Loudness it must reach, if it is asked to.
    pub aim: Option<Aim>,
    /// Processors at the delivery rate: the limiter, where one is needed.
    pub steps: Vec<Step>,
    /// Why level and limiter are as they are; becomes comments.
    pub because: Vec<String>,
}

/// Everything that makes a set of masters from one print.
#[derive(Debug, Clone)]
pub struct Chain {
    /// File name of the print.
    pub source_file: String,
    /// BLAKE3 of the print's bytes, so that another file is noticed.
    pub source_blake3: String,
    /// Processors at the print's rate, shared by all destinations.
    pub steps: Vec<Step>,
    /// Remarks on the whole; become comments.
    pub because: Vec<String>,
    /// Destinations.
    pub deliveries: Vec<Delivery>,
}

impl Chain {
    /// Reads a `master.toml`.
    pub fn load(path: &Path) -> std::result::Result<Self, Vec<Error>> {
        let text = crate::files::read_text(path, "the chain", MOST_BYTES).map_err(|error| vec![error])?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads the text of a `master.toml`. `file` is its name in messages.
    pub fn parse(text: &str, file: &str) -> std::result::Result<Self, Vec<Error>> {
        let mut reader = Reader::new(file, text);
        let document = match toml_edit::Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let span = error.span().unwrap_or(text.len()..text.len());
                reader.say(&span, wrong("not_toml", format!("not TOML: {}", error.message().trim_end())));
                return Err(reader.into_errors());
            }
        };
        let chain = root(&mut reader, document.as_table());
        let errors = reader.into_errors();
        match chain {
            Some(chain) if errors.is_empty() => Ok(chain),
            _ if errors.is_empty() => Err(vec![Error::input("not_a_chain", "not a master.toml").at(file)]),
            _ => Err(errors),
        }
    }

    /// The text, with the reasons as comments. Parsing it gives the same chain, to the bit.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# How these masters were made. Edit it and render again with\n\
             #   tonmeister master PRINT --chain master.toml -o DIR\n\
             # The same text and the same print give the same bytes.\n",
        );
        remarks(&mut text, &self.because);
        let _ = write!(
            text,
            "version = 1\n\n[source]\nfile = {}\nblake3 = {}\n\n[chain]\n",
            quoted(&self.source_file),
            quoted(&self.source_blake3)
        );
        text.push_str("# At the rate of the print, shared by all masters.\n");
        inserts_to_toml(&mut text, &self.steps);
        for delivery in &self.deliveries {
            text.push_str("\n[[master]]\n");
            remarks(&mut text, &delivery.because);
            let _ =
                write!(text, "target = {}\nfile = {}\n", quoted(&delivery.target), quoted(&delivery.file));
            fields_to_toml(&mut text, &delivery.output);
            if let Some(aim) = &delivery.aim {
                let _ = writeln!(
                    text,
                    "aim = {{ loudness = {:?}, tolerance = {:?} }}",
                    aim.loudness, aim.tolerance
                );
            }
            inserts_to_toml(&mut text, &delivery.steps);
        }
        text
    }
}

fn root(reader: &mut Reader<'_>, table: &toml_edit::Table) -> Option<Chain> {
    let mut take = Node::of_table(table).as_table()?;
    if let Some(node) = take.take("version")
        && node.as_number() != Some(VERSION)
    {
        reader.say(&node.span, wrong("wrong_version", "this program reads version 1"));
    }
    let (mut source_file, mut source_blake3) = (String::new(), String::new());
    if let Some(mut source) = take.take("source").and_then(|node| reader.table(&node, "source")) {
        source_file = text(reader, &mut source, "file").unwrap_or_default();
        source_blake3 = text(reader, &mut source, "blake3").unwrap_or_default();
        source.finish(reader, "[source]");
    }
    let mut steps = Vec::new();
    if let Some(mut shared) = take.take("chain").and_then(|node| reader.table(&node, "chain")) {
        steps = inserts(reader, &mut shared);
        shared.finish(reader, "[chain]");
    }
    let mut deliveries = Vec::new();
    if let Some(list) = take.take("master") {
        for node in reader.list(&list, "master", MOST_MASTERS) {
            deliveries.extend(delivery(reader, &node));
        }
    }
    if deliveries.is_empty() {
        reader.say(&(0..0), wrong("no_master", "there is no [[master]]"));
    }
    take.finish(reader, "a master.toml");
    Some(Chain { source_file, source_blake3, steps, because: Vec::new(), deliveries })
}

fn delivery(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Delivery> {
    let mut take = reader.table(node, "master")?;
    let target = text(reader, &mut take, "target").unwrap_or_default();
    let file_span = take.key_span("file");
    let file = text(reader, &mut take, "file").unwrap_or_default();
    if !is_plain_name(&file) {
        let what =
            wrong("bad_file_name", "`file` is a name without folders").hint("file = \"song.spotify.wav\"");
        reader.say(&file_span, what);
    }
    let mut output = Output::default();
    take.fields(reader, &mut output);
    if output.sample_rate_hz.fract() != 0.0 {
        let span = take.key_span("sample_rate_hz");
        reader.say(&span, wrong("bad_rate", "`sample_rate_hz` is a whole number"));
    }
    let aim = take.take("aim").and_then(|node| reader.table(&node, "aim")).map(|mut inner| {
        let mut aim = Aim::default();
        inner.fields(reader, &mut aim);
        inner.finish(reader, "`aim`");
        aim
    });
    let steps = inserts(reader, &mut take);
    take.finish(reader, "a [[master]]");
    Some(Delivery { target, file, output, aim, steps, because: Vec::new() })
}

/// A file name that stays in its folder.
fn is_plain_name(name: &str) -> bool {
    let path = Path::new(name);
    !name.contains(['/', '\\']) && path.file_name().is_some_and(|own| own == path.as_os_str())
}

fn text(reader: &mut Reader<'_>, take: &mut Take<'_>, key: &'static str) -> Option<String> {
    let node = take.take(key)?;
    reader.text(&node, key)
}

fn inserts(reader: &mut Reader<'_>, take: &mut Take<'_>) -> Vec<Step> {
    let Some(node) = take.take("insert") else { return Vec::new() };
    let read: Vec<Insert> = insert::read(reader, &node);
    for insert in read.iter().filter(|insert| insert.key.is_some()) {
        reader.say(&insert.span, wrong("no_key_here", "a master has no other track to listen to"));
    }
    let on = read.into_iter().filter(|insert| insert.on);
    on.map(|insert| Step { settings: insert.settings, because: String::new() }).collect()
}

fn quoted(text: &str) -> String {
    // A TOML basic string; `toml_edit` knows how to escape.
    toml_edit::Value::from(text).to_string()
}

fn remarks(text: &mut String, because: &[String]) {
    for line in because.iter().flat_map(|remark| remark.lines()) {
        let _ = writeln!(text, "# {line}");
    }
}

fn fields_to_toml<F: Fields>(text: &mut String, fields: &F) {
    for (index, param) in F::PARAMS.iter().enumerate() {
        let _ = writeln!(text, "{} = {}", param.key, value_text(&param.kind, fields.get(index)));
    }
}

fn value_text(kind: &ParamKind, value: f64) -> String {
    match kind {
        // Debug prints the shortest text that reads back as the same number.
        ParamKind::Number { .. } => format!("{value:?}"),
        ParamKind::Choice { names, .. } => {
            format!("\"{}\"", names.get(value as usize).map_or("", |(word, _)| word))
        }
        ParamKind::Switch { .. } => (value >= 0.5).to_string(),
    }
}

fn inserts_to_toml(text: &mut String, steps: &[Step]) {
    if steps.is_empty() {
        text.push_str("insert = []\n");
        return;
    }
    text.push_str("insert = [\n");
    for step in steps {
        for line in step.because.lines() {
            let _ = writeln!(text, "  # {line}");
        }
        let description = step.settings.description();
        let _ =
            writeln!(text, "  {{ {} = {{ {} }} }},", description.key, settings_text(step.settings.as_ref()));
    }
    text.push_str("]\n");
}

/// Every value that is not at its default. Bands up to the last that is used.
fn settings_text(settings: &dyn AnyProcessor) -> String {
    let description = settings.description();
    let mut parts: Vec<String> = changed(settings, description, 0..description.params.len());
    if let Some(bands) = description.bands {
        let width = bands.params.len();
        let rows: Vec<Vec<String>> = (0..bands.count)
            .map(|band| {
                let first = description.params.len() + band * width;
                changed(settings, description, first..first + width)
            })
            .collect();
        let used = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        if used > 0 {
            let texts: Vec<String> =
                rows[..used].iter().map(|row| format!("{{ {} }}", row.join(", "))).collect();
            parts.push(format!("{} = [{}]", bands.key, texts.join(", ")));
        }
    }
    parts.join(", ")
}

fn changed(
    settings: &dyn AnyProcessor,
    description: &Description,
    indices: std::ops::Range<usize>,
) -> Vec<String> {
    indices
        .filter_map(|index| {
            let param = description.param(index)?;
            let value = settings.get(index);
            (value != param.default_value())
                .then(|| format!("{} = {}", param.key, value_text(&param.kind, value)))
        })
        .collect()
}

/// The processor called `key`; that it is registered is our own business.
pub(super) fn make(key: &str) -> Result<Box<dyn AnyProcessor>> {
    fx::find(key).map(fx::Entry::make).ok_or_else(|| {
        Error::new(Kind::Internal, "no_processor", format!("the processor `{key}` is not registered"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Chain {
        let mut gain = make("gain").expect("gain is registered");
        gain.set(0, -1.234_567_890_123_456_7);
        let step = Step { settings: gain, because: "too loud\nby far".into() };
        Chain {
            source_file: "a \"mix\".wav".into(),
            source_blake3: "00ff".into(),
            steps: vec![step.clone()],
            because: vec!["remark".into()],
            deliveries: vec![Delivery {
                target: "spotify".into(),
                file: "a.spotify.wav".into(),
                output: Output { gain_db: 0.1 + 0.2, dither: Dither::ModifiedE, ..Output::default() },
                aim: Some(Aim { loudness: -14.0, tolerance: 0.1 }),
                steps: vec![step],
                because: vec![],
            }],
        }
    }

    #[test]
    fn a_chain_survives_its_text_to_the_bit() {
        let chain = example();
        let text = chain.to_toml();
        let read = Chain::parse(&text, "master.toml").expect("our own text is readable");
        assert_eq!(read.source_file, chain.source_file);
        assert_eq!(read.deliveries[0].output, chain.deliveries[0].output);
        assert_eq!(read.deliveries[0].aim, chain.deliveries[0].aim);
        assert_eq!(read.steps[0].settings.get(0).to_bits(), chain.steps[0].settings.get(0).to_bits());
        assert!(text.contains("# too loud\n  # by far\n"), "{text}");
    }

    #[test]
    fn every_dither_of_the_kernels_can_be_written_and_read() {
        assert_eq!(dsp::dither::Dither::all().count(), <Dither as fx::Choice>::NAMES.len());
        for kernel in dsp::dither::Dither::all() {
            assert_eq!(Dither::of(kernel).kernel(), kernel);
        }
    }

    #[test]
    fn a_typo_is_answered_with_its_line_and_the_word_meant() {
        let text = example().to_toml().replace("ceiling_dbtp", "cieling_dbtp");
        let errors = Chain::parse(&text, "master.toml").expect_err("there is a typo");
        let line = 1 + text[..text.find("cieling").expect("it is there")].matches('\n').count();
        assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(line));
        assert_eq!(errors[0].hint.as_deref(), Some("did you mean `ceiling_dbtp`?"));
    }

    #[test]
    fn a_master_cannot_be_written_outside_its_folder() {
        for name in ["../x.wav", "/x.wav", "a/b.wav", "..", "a\\b.wav"] {
            let text = example().to_toml().replace("a.spotify.wav", &name.replace('\\', "\\\\"));
            let errors = Chain::parse(&text, "master.toml").expect_err(name);
            assert_eq!(errors[0].code, "bad_file_name", "{name}");
        }
    }
}
