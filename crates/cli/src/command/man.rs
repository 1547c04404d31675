//! `completions` and `man`: made from the declaration of the command line.

use crate::args::Call;
use crate::ui::Ui;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::Path;
use studio::message::{Error, Result};

pub(crate) fn completions(shell: Shell, ui: &Ui) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Call::command(), "tonmeister", &mut script);
    ui.print(&String::from_utf8_lossy(&script));
    Ok(0)
}

pub(crate) fn pages(dir: Option<&Path>, ui: &Ui) -> Result<u8> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Call::command())
            .render(&mut page)
            .map_err(|error| Error::io("-", "render the manual page", &error))?;
        ui.print(&String::from_utf8_lossy(&page));
        return Ok(0);
    };
    std::fs::create_dir_all(dir).map_err(|error| Error::io(dir, "make the folder", &error))?;
    clap_mangen::generate_to(Call::command(), dir)
        .map_err(|error| Error::io(dir, "write the pages", &error))?;
    Ok(0)
}
