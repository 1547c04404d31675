//! What people and programs see: results on standard output, everything else on standard error.

use crate::args::{Common, Progress as Mode};
use ariadne::{Config, IndexType, Label, Report, ReportKind, Source};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use studio::job::{Job, Progress};
use studio::message::{Error, Finding, Kind, Severity};
pub(crate) use studio::message::{clean, clean_name, wrap};

/// Longest line of a text that is drawn around an error, bytes: a few lines of a terminal.
const MOST_LINE_BYTES: usize = 400;

/// Set by Ctrl-C and by a request to terminate.
static STOP: AtomicBool = AtomicBool::new(false);

/// The terminal, or whatever stands in for it.
pub(crate) struct Ui {
    json: bool,
    quiet: bool,
    colour: bool,
    threads: usize,
    meter: Meter,
    /// Errors of a text that were said before the one that ends the program.
    said: Mutex<Vec<Error>>,
}

impl Ui {
    /// Set up as the flags say; from here on Ctrl-C stops jobs instead of the program.
    pub(crate) fn new(common: &Common) -> Self {
        // If no handler can be set, Ctrl-C ends the program the hard way; temporary files are swept on the next run.
        let _ = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed));
        let terminal = std::io::stderr().is_terminal();
        let mode = match (common.progress, common.quiet) {
            (Mode::Auto, true) | (Mode::None, _) => Mode::None,
            (Mode::Auto, false) if terminal => Mode::Bar,
            (Mode::Auto, false) => Mode::None,
            (mode, _) => mode,
        };
        let threads = common.threads.map_or_else(
            || std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get),
            usize::from,
        );
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            json: common.json,
            quiet: common.quiet,
            colour,
            threads,
            meter: Meter::new(mode),
            said: Mutex::default(),
        }
    }

    /// Whether the caller is a program.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// What long-running calls report to.
    pub(crate) fn job(&self) -> Job<'_> {
        Job::new(&self.meter, &STOP, self.threads)
    }

    /// Columns of the terminal, at most 110; 100 when there is none.
    pub(crate) fn columns(&self) -> usize {
        std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100).clamp(40, 110)
    }

    /// Prints the result. A reader that went away ends us quietly.
    pub(crate) fn print(&self, text: &str) {
        self.meter.clear();
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            std::process::exit(0);
        }
    }

    /// Prints the result as one JSON document.
    pub(crate) fn print_json(&self, value: &Value) {
        self.print(&format!("{value:#}\n"));
    }

    /// A remark for people.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && !text.is_empty() {
            self.meter.clear();
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Findings as text, most serious first.
    pub(crate) fn findings(&self, findings: &[Finding]) -> String {
        let mut sorted: Vec<_> = findings.iter().collect();
        sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let mut text = String::new();
        for finding in sorted {
            let (word, colour) = match finding.severity {
                Severity::Blocker => ("stop", "1;31"),
                Severity::Warning => ("warn", "1;33"),
                Severity::Info => ("note", "1;36"),
            };
            let about = if finding.about.is_empty() {
                String::new()
            } else {
                format!("{}: ", clean_name(&finding.about))
            };
            let at = finding.seconds.map_or_else(String::new, |s| format!(" at {}", clock(s)));
            let limit =
                if finding.limit.is_empty() { String::new() } else { format!(" (limit: {})", finding.limit) };
            let said = format!("{}: {about}{}{at}{limit}", finding.rule, clean(&finding.measured));
            let said = wrap(&said, self.columns(), "      ");
            text.push_str(&format!("{}  {}", self.paint(word, colour), said.trim_start()));
            if !finding.advice.is_empty() {
                text.push_str(&wrap(&clean(&finding.advice), self.columns(), "      "));
            }
        }
        text
    }

    /// Says what went wrong and gives the exit code. For programs, all errors of a text are there, the first one as `error`.
    pub(crate) fn fail(&self, error: &Error) -> ExitCode {
        self.say(error);
        if self.json {
            let mut errors =
                self.said.lock().map_or_else(|_| Vec::new(), |mut said| std::mem::take(&mut *said));
            errors.push(error.clone());
            self.print_json(&json!({ "error": errors.first(), "errors": errors }));
        }
        ExitCode::from(u8::try_from(error.kind.exit_code()).unwrap_or(1))
    }

    /// Says all errors of a text but the last, in the order of their places, and gives that back.
    pub(crate) fn say_all(&self, mut errors: Vec<Error>) -> Option<Error> {
        errors.sort_by_key(|error| error.place.as_ref().map_or(0, |place| place.bytes.start));
        let last = errors.pop();
        for error in errors {
            self.say(&error);
            if let Ok(mut said) = self.said.lock() {
                said.push(error);
            }
        }
        last
    }

    /// Says what went wrong, for people.
    pub(crate) fn say(&self, error: &Error) {
        self.meter.clear();
        let mut text = self.place(error).unwrap_or_else(|| {
            let at = error.at.as_deref().map_or_else(String::new, |at| format!("\n  in: {}", clean_name(at)));
            format!("{}: {} [{}]{at}\n", self.paint("error", "1;31"), clean(&error.what), error.code)
        });
        if let Some(hint) = &error.hint {
            text.push_str(&format!("{}: {}\n", self.paint("hint", "1;36"), clean(hint)));
        }
        if error.kind == Kind::Internal {
            text.push_str("this is a bug of tonmeister; please report it with the command and the file\n");
        }
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// The error drawn into the text it points at, if a line of it can be shown.
    fn place(&self, error: &Error) -> Option<String> {
        let place = error.place.as_ref()?;
        let line = place.text.split('\n').nth(place.line.saturating_sub(1)).unwrap_or("");
        if line.len() > MOST_LINE_BYTES || place.bytes.len() > MOST_LINE_BYTES {
            return None;
        }
        let file = clean_name(&place.file);
        let mut drawn = Vec::new();
        Report::build(ReportKind::Error, (file.clone(), place.bytes.clone()))
            .with_config(Config::default().with_index_type(IndexType::Byte).with_color(self.colour))
            .with_code(error.code)
            .with_message(clean(&error.what))
            .with_label(Label::new((file.clone(), place.bytes.clone())).with_message(clean(&place.label)))
            .finish()
            .write((file, Source::from(clean_in_place(&place.text))), &mut drawn)
            .ok()?;
        String::from_utf8(drawn).ok()
    }
}

/// As [`clean`], with every character replaced by one of as many bytes: places in the text stay where they are.
fn clean_in_place(text: &str) -> String {
    let shown = |c: char| match (clean(c.encode_utf8(&mut [0; 4])).starts_with(c), c, c.len_utf8()) {
        (true, ..) | (_, '\t' | '\r', _) => c,
        (_, _, 1) => '?',
        (_, _, 2) => '¿',
        _ => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(shown).collect()
}

/// Minutes and seconds.
pub(crate) fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0);
    format!("{}:{:06.3}", (whole / 60.0).floor(), whole % 60.0)
}

/// Shows how far a job is, with the time left.
struct Meter {
    mode: Mode,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stage: String,
    bar: Option<ProgressBar>,
    percent: u64,
}

impl Meter {
    fn new(mode: Mode) -> Self {
        Self { mode, state: Mutex::new(State::default()) }
    }

    fn clear(&self) {
        if let Ok(mut state) = self.state.lock() {
            if let Some(bar) = state.bar.take() {
                bar.finish_and_clear();
            }
            state.stage.clear();
        }
    }

    fn bar(stage: &str, total: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{msg:<28} {bar:30} {percent:>3} %  {eta} left") {
            bar.set_style(style);
        }
        bar.set_message(stage.to_owned());
        bar
    }
}

impl Progress for Meter {
    fn at(&self, stage: &str, done: u64, total: u64) {
        if self.mode == Mode::None {
            return;
        }
        let Ok(mut state) = self.state.lock() else { return };
        let percent = (done * 100).checked_div(total).unwrap_or(0).min(100);
        let fresh = state.stage != stage;
        if !fresh && percent == state.percent {
            return;
        }
        state.percent = percent;
        if fresh {
            state.stage = stage.to_owned();
        }
        match self.mode {
            Mode::Jsonl => {
                let line = json!({ "event": "progress", "stage": stage, "done": done, "total": total });
                let _ = writeln!(std::io::stderr().lock(), "{line}");
            }
            _ => {
                if fresh && let Some(old) = state.bar.take() {
                    old.finish_and_clear();
                }
                let bar = state.bar.get_or_insert_with(|| Self::bar(stage, total.max(1)));
                bar.set_length(total.max(1));
                bar.set_position(done.min(total.max(1)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleaned_text_is_as_long_as_before() {
        let text = "a\u{1b}b\u{9b}c\u{202e}d\tü\r\n🎚";
        assert_eq!(clean_in_place(text), "a?b¿c\u{fffd}d\tü\r\n🎚");
        assert_eq!(clean_in_place(text).len(), text.len());
    }

    #[test]
    fn a_clock_shows_minutes() {
        assert_eq!(clock(65.5), "1:05.500");
        assert_eq!(clock(0.0), "0:00.000");
    }
}
