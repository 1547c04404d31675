//! What a track is: by its name, its folder, its metadata and its sound (part f of the mixing rules).

use studio::mix::{ROLES, RoleInfo};

/// A role and how sure it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The role; `unknown` when nothing can be said.
    pub role: &'static RoleInfo,
    /// 0 to 1. Under 0.6 there is a question and moves should be smaller (f.3).
    pub confidence: f64,
    /// Where it comes from, strongest first.
    pub because: Vec<Evidence>,
    /// What to ask a person, if it is not sure.
    pub question: Option<Question>,
    /// Side of a pair that the name says: -1 left, 1 right.
    pub side: Option<f64>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Where it comes from.
    pub source: Source,
    /// Role it speaks for.
    pub role: &'static str,
    /// How much it weighs (f.3: name 0.85, folder 0.6, sound 0.5 to 0.7).
    pub weight: f64,
    /// In words: `the word "vox"`, `crest 17 dB, decay 0.2 s, centroid 90 Hz`.
    pub text: String,
}

/// Where a reason comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A person said so.
    Person,
    /// The name of the file.
    Name,
    /// The folder it is in.
    Folder,
    /// iXML, bext or tags.
    Metadata,
    /// What it sounds like.
    Sound,
    /// What the other tracks are (one of a pair, one of a stack, the loudest voice).
    Others,
}

/// A question to a person: one for each unsure track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The sentence: `What is "Audio 07"? It sounds like backing vocals.`
    pub text: String,
    /// Names of roles to choose from, the likeliest first, at most four.
    pub choices: Vec<&'static str>,
}

impl Guess {
    /// Nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        // The last role of the table is the one of which nothing is known.
        let role = &ROLES[ROLES.len() - 1];
        Self { role, confidence: 0.0, because: Vec::new(), question: None, side: None }
    }
}
