//! `gallery`: before and after of many songs on one page.

use crate::args::Gallery;
use crate::command::master::refuse_existing;
use crate::command::report::{wish, write};
use crate::ui::{Ui, clean_name};
use page::gallery::{Pair, gallery, pairs};
use serde_json::json;
use std::path::PathBuf;
use studio::files::refuse_inputs;
use studio::message::{Error, Kind, Result};

pub(crate) fn run(args: &Gallery, ui: &Ui) -> Result<u8> {
    let wish = wish(&args.sound)?;
    refuse_existing(&args.output, args.force)?;
    let mut all = Vec::new();
    for folder in &args.folders {
        all.extend(pairs(folder)?);
    }
    for two in args.pairs.chunks(2) {
        if let [before, after] = two {
            all.push(Pair { title: None, before: before.clone(), after: after.clone() });
        }
    }
    if all.is_empty() {
        let error = Error::new(Kind::Usage, "no_pairs", "no songs were given");
        return Err(error.hint("a folder of songs, or --pair before.wav after.wav"));
    }
    let inputs: Vec<&PathBuf> = all.iter().flat_map(|pair| [&pair.before, &pair.after]).collect();
    refuse_inputs(&args.output, inputs.iter().map(|path| path.as_path()))?;
    let page = gallery(&all, &args.title, &wish, &args.output, &ui.job())?;
    write(&page, &args.output, args.force)?;
    if ui.json() {
        let mut document = page.summary.clone();
        document["page"] = json!(args.output.display().to_string());
        document["bytes"] = json!(page.html.len());
        ui.print_json(&document);
    } else {
        ui.print(&format!(
            "{}: {} songs, {:.1} MB\n",
            clean_name(args.output.display()),
            all.len(),
            page.html.len() as f64 / 1e6
        ));
    }
    Ok(0)
}
