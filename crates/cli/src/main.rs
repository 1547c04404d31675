//! Tonmeister: from recorded tracks to a finished release.
//!
//! ```text
//! mix → check → master → measure        produce does the path at once, demo does all of it on a song it makes itself
//! ```

mod args;
mod command;
mod table;
mod ui;
mod whole;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;

/// What the last panic said. A decoder that panics on a damaged file is caught where it is called and told as an error, so
/// nothing is printed at once; a panic that arrives here is a bug of ours and is told as such.
static PANIC: Mutex<String> = Mutex::new(String::new());

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut last) = PANIC.lock() {
            *last = panic.to_string();
        }
    }));
    std::panic::catch_unwind(run).unwrap_or_else(|_| {
        let what = PANIC.lock().map_or_else(|_| String::new(), |last| last.clone());
        let _ = writeln!(std::io::stderr().lock(), "error: a bug of tonmeister, please report it: {what}");
        ExitCode::from(1)
    })
}

fn run() -> ExitCode {
    let (call, ui) = match args::read() {
        Ok(read) => read,
        Err(code) => return code,
    };
    match command::run(&call, &ui) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ui.fail(&error),
    }
}
