//! Tonmeister: from recorded tracks to a finished release.
//!
//! ```text
//! mix → check → master → measure        demo does all of it on a song it makes itself
//! ```

mod args;
mod command;
mod table;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    let (call, ui) = match args::read() {
        Ok(read) => read,
        Err(code) => return code,
    };
    match command::run(&call, &ui) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ui.fail(&error),
    }
}
