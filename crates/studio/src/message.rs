//! What is said to people: errors, when we cannot go on, and findings, when we went on and they should know.

use serde::Serialize;
use std::fmt;
use std::ops::Range;

/// Whose doing an error is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Our bug.
    Internal,
    /// A wrong call.
    Usage,
    /// Input that cannot be read, is not supported or is corrupt; trying again will not help.
    Input,
    /// Not found, not permitted, disk full; trying again may help.
    Io,
    /// A gate was not passed.
    Gate,
    /// Part of a batch failed.
    Batch,
    /// Too large, too long, too many.
    Limit,
    /// Stopped by the user.
    Interrupted,
}

impl Kind {
    /// Exit code of the program.
    #[must_use]
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Io => 4,
            Self::Gate => 5,
            Self::Batch => 6,
            Self::Limit => 8,
            Self::Interrupted => 130,
        }
    }
}

/// A place in a text file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Path as the user gave it.
    pub file: String,
    /// The whole text.
    #[serde(skip)]
    pub text: String,
    /// Bytes that are meant.
    pub bytes: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// What stands there.
    pub label: String,
}

/// We cannot go on: what, where, what was expected, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Error {
    /// Whose doing.
    pub kind: Kind,
    /// Stable code, for programs: `truncated`, `unknown_key`.
    pub code: &'static str,
    /// What is wrong, with what was found and what was expected.
    pub what: String,
    /// File or thing it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Place in a text, for session files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Box<Place>>,
}

/// Result of anything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of a kind with a code and a sentence.
    #[must_use]
    pub fn new(kind: Kind, code: &'static str, what: impl Into<String>) -> Self {
        Self { kind, code, what: what.into(), at: None, hint: None, place: None }
    }

    /// Input that cannot be used.
    #[must_use]
    pub fn input(code: &'static str, what: impl Into<String>) -> Self {
        Self::new(Kind::Input, code, what)
    }

    /// An operating-system error on `path`.
    #[must_use]
    pub fn io(path: impl AsRef<std::path::Path>, doing: &str, error: &std::io::Error) -> Self {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => "not_found",
            std::io::ErrorKind::PermissionDenied => "permission_denied",
            std::io::ErrorKind::StorageFull => "disk_full",
            std::io::ErrorKind::AlreadyExists => "exists",
            _ => "io",
        };
        Self::new(Kind::Io, code, format!("cannot {doing}: {error}")).at(path.as_ref().display())
    }

    /// Says which file or thing it is about (kept if already said).
    #[must_use]
    pub fn at(mut self, at: impl fmt::Display) -> Self {
        self.at.get_or_insert_with(|| at.to_string());
        self
    }

    /// Says the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Points at a place in a text.
    #[must_use]
    pub fn place(
        mut self,
        file: impl Into<String>,
        text: &str,
        bytes: Range<usize>,
        label: impl Into<String>,
    ) -> Self {
        let start = bytes.start.min(text.len());
        let line = text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
        let file = file.into();
        self.at.get_or_insert_with(|| format!("{file}:{line}"));
        self.place = Some(Box::new(Place { file, text: text.to_owned(), bytes, line, label: label.into() }));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        write!(f, "{} [{}]", self.what, self.code)
    }
}

impl std::error::Error for Error {}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Should be looked at.
    Warning,
    /// Stops at a gate.
    Blocker,
}

/// We went on, and you should know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Stable code of the rule: `headroom`, `limited`, `dc`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: a file, a track, a bus.
    pub about: String,
    /// Seconds into the file, where there is such a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What was measured, in words with number and unit.
    pub measured: String,
    /// What the limit is.
    pub limit: String,
    /// What to do.
    pub advice: String,
}

impl Finding {
    /// A finding of a rule; fill in the rest with the builders.
    #[must_use]
    pub fn new(rule: &'static str, severity: Severity, measured: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            about: String::new(),
            seconds: None,
            measured: measured.into(),
            limit: String::new(),
            advice: String::new(),
        }
    }

    /// What it is about.
    #[must_use]
    pub fn about(mut self, about: impl fmt::Display) -> Self {
        self.about = about.to_string();
        self
    }

    /// Where in time.
    #[must_use]
    pub fn seconds(mut self, seconds: f64) -> Self {
        self.seconds = Some(seconds);
        self
    }

    /// What the limit is.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<String>) -> Self {
        self.limit = limit.into();
        self
    }

    /// What to do.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

/// Text from outside as it may be shown: characters that steer a terminal or change the direction of writing become visible.
/// Line ends stay.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || !steers(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// A name from outside as it may be shown, on one line whatever is in it.
#[must_use]
pub fn clean_name(name: impl fmt::Display) -> String {
    name.to_string().chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Control characters, and the marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9, 2).
fn steers(c: char) -> bool {
    let bidirectional = matches!(
        c,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    c.is_control() || bidirectional || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Text broken at spaces into lines of at most `columns` characters, each after `indent`. A word that is longer stands alone.
#[must_use]
pub fn wrap(text: &str, columns: usize, indent: &str) -> String {
    let width = |text: &str| text.chars().count();
    // Narrower than this, broken lines read worse than long ones.
    let room = columns.saturating_sub(width(indent)).max(20);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\u{202E}c\nd"), "a\u{FFFD}[31mb\u{FFFD}c\nd");
        assert_eq!(clean_name("a\nerror: b\u{9b}"), "a\u{FFFD}error: b\u{FFFD}");
        assert_eq!(clean_name("Größe 音 🎚"), "Größe 音 🎚");
    }

    #[test]
    fn a_place_counts_its_line() {
        let error =
            Error::input("unknown_key", "no such key").place("s.toml", "a = 1\nb = 2\n", 6..7, "here");
        assert_eq!(error.place.as_ref().map(|p| p.line), Some(2));
        assert_eq!(error.to_string(), "s.toml:2: no such key [unknown_key]");
    }

    #[test]
    fn wrapped_text_keeps_every_word() {
        let text = "one two three four five six seven eight nine ten";
        let wrapped = wrap(text, 24, "  ");
        assert!(wrapped.lines().all(|line| line.len() <= 24 && line.starts_with("  ")));
        assert_eq!(
            wrapped.split_whitespace().collect::<Vec<_>>(),
            text.split_whitespace().collect::<Vec<_>>()
        );
    }
}
