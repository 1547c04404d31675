//! One file per command.

mod album;
mod assess;
mod assist;
mod assist_bed;
mod check;
mod codecs;
mod compare;
mod cut;
mod ddp;
mod demo;
mod diff;
mod encoded;
mod explain;
mod extras;
mod fx;
mod gallery;
mod man;
mod master;
mod measure;
mod mix;
mod prepare;
mod print;
mod produce;
mod quote;
mod report;
mod services;
mod several;
mod stems;
mod targets;
mod translate;
mod variants;

use crate::args::{Call, Command};
use crate::ui::Ui;
use studio::message::Result;

/// Does what was asked; the exit code comes back.
pub(crate) fn run(call: &Call, ui: &Ui) -> Result<u8> {
    match &call.command {
        Command::Demo(args) => demo::run(args, ui),
        Command::Album(args) => album::run(args, ui),
        Command::Check(args) => check::run(args, ui),
        Command::Cut(args) => cut::run(args, ui),
        Command::Ddp(args) => ddp::run(args, ui),
        Command::Master(args) => master::run(args, ui),
        Command::Assist(args) => assist::run(args, ui),
        Command::Explain(args) => explain::run(args, ui),
        Command::Variants(args) => variants::run(args, ui),
        Command::Produce(args) => produce::run(args, ui),
        Command::Prepare(args) => prepare::run(args, ui),
        Command::Mix(args) => mix::run(args, ui),
        Command::Stems(args) => stems::run(args, ui),
        Command::Measure(args) => measure::run(args, ui),
        Command::Report(args) => report::run(args, ui),
        Command::Gallery(args) => gallery::run(args, ui),
        Command::Fx(args) => fx::run(args, ui),
        Command::Targets(args) => targets::run(args, ui),
        Command::Codecs(args) => codecs::run(args, ui),
        Command::Services(args) => services::run(args, ui),
        Command::Assess(args) => assess::run(args, ui),
        Command::Compare(args) => compare::run(args, ui),
        Command::Translate(args) => translate::run(args, ui),
        Command::Diff(args) => diff::run(args, ui),
        Command::Quote(args) => quote::run(args, ui),
        Command::Completions { shell } => man::completions(*shell, ui),
        Command::Man { dir } => man::pages(dir.as_deref(), ui),
    }
}
