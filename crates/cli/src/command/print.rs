//! What `master` masters: a file, or the sum of stems.

use crate::args::Master;
use crate::ui::Ui;
use std::path::PathBuf;
use studio::files::refuse_inputs;
use studio::handover::{self, Premaster, Verdict};
use studio::master::chain::Chain;
use studio::master::propose::Decision;
use studio::master::reference::{Amounts, Match};
use studio::master::stems::{Stem, StemSet};
use studio::message::Result;

/// A file, or stems.
pub(crate) enum Print {
    File(PathBuf),
    Stems(Box<StemSet>),
}

impl Print {
    /// As the flags have it; with a chain, its stems with what it does to them.
    pub(crate) fn of(args: &Master, chain: Option<&Chain>) -> Result<Self> {
        match (&args.input, chain) {
            (Some(path), _) => Ok(Self::File(path.clone())),
            (None, Some(chain)) => Ok(Self::Stems(Box::new(StemSet::of_chain(&args.stems, &chain.stems)?))),
            (None, None) => Ok(Self::Stems(Box::new(StemSet::open(&args.stems)?))),
        }
    }

    /// The file, or what the sum of the stems is called.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Stems(stems) => stems.label(),
        }
    }

    /// Whether findings are about this one file anyway.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The gate.
    pub(crate) fn check(&self, ui: &Ui) -> Result<Verdict> {
        match self {
            Self::File(path) => handover::check(path, &ui.job()),
            Self::Stems(stems) => stems.check(&ui.job()),
        }
    }

    /// A premaster with moves for each stem: proposed, or as they stand where a chain was given.
    pub(crate) fn feed(
        self,
        premaster: Premaster,
        propose: bool,
        ui: &Ui,
    ) -> Result<(Premaster, Vec<Stem>, Vec<Decision>)> {
        match self {
            Self::File(_) => Ok((premaster, Vec::new(), Vec::new())),
            Self::Stems(mut stems) => {
                let decisions = if propose { stems.propose(&ui.job())? } else { Vec::new() };
                Ok((stems.feed(premaster), stems.stems().to_vec(), decisions))
            }
        }
    }
}

/// What `--reference` and its company ask for.
pub(crate) fn matching(args: &Master) -> Result<Option<Match>> {
    if args.reference.is_empty() {
        return Ok(None);
    }
    let wish = Match {
        references: args.reference.clone(),
        weights: args.reference_weight.clone(),
        amounts: Amounts::parse(&args.amounts)?,
    };
    wish.check().map(|()| Some(wish))
}

/// No output takes the place of a stem or a reference.
pub(crate) fn refuse_sources<'a>(args: &Master, names: impl Iterator<Item = &'a str>) -> Result<()> {
    for name in names {
        let inputs = args.reference.iter().chain(&args.stems).map(PathBuf::as_path);
        refuse_inputs(&args.output.join(name), inputs)?;
    }
    Ok(())
}
