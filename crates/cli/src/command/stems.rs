//! `stems`: the mix in parts that add up to it.

use crate::args::{Stems, StemsBy, StemsReturns};
use crate::command::master::{in_folder, worst_of};
use crate::command::mix::load;
use crate::table::Table;
use crate::ui::{Ui, clean, clean_name};
use serde_json::json;
use std::fmt::Write;
use studio::audio::Encoding;
use studio::files::refuse_inputs;
use studio::message::Result;
use studio::mix::{self, By, MANIFEST_FILE, NULL_LIMIT_DBFS, Options, Returns, StemOptions};

pub(crate) fn run(args: &Stems, ui: &Ui) -> Result<u8> {
    let session = load(&args.input, args.allow_external, ui)?;
    refuse_inputs(&args.output.join(MANIFEST_FILE), [args.input.as_path()])?;
    let options = options(args);
    let stems = in_folder(&args.output, || {
        mix::stems(&session, &args.output, &ui.job(), options).map_err(|errors| worst_of(errors, ui))
    })?;
    if ui.json() {
        ui.print_json(&json!(stems));
        return Ok(0);
    }
    ui.print(&text(args, &stems));
    ui.note(ui.findings(&stems.findings).trim_end());
    Ok(0)
}

fn options(args: &Stems) -> StemOptions {
    let by = match args.by {
        StemsBy::Bus => By::Bus,
        StemsBy::Track => By::Track,
        StemsBy::Group => By::Group,
    };
    let returns = match args.returns {
        StemsReturns::Split => Returns::Split,
        StemsReturns::Separate => Returns::Separate,
        StemsReturns::None => Returns::None,
    };
    let plain = StemOptions { by, returns, multitrack: args.multitrack, ..StemOptions::default() };
    StemOptions {
        encoding: if args.float { Encoding::Float(32) } else { plain.encoding },
        // A track as it was recorded needs none.
        dither: if args.no_dither || args.multitrack { mix::NO_DITHER } else { plain.dither },
        print: Options { force: args.force, ..Options::default() },
        ..plain
    }
}

fn text(args: &Stems, stems: &mix::Stems) -> String {
    let mut table = Table::new(2);
    table.row(["file", "tracks", "LUFS", "dBTP"]);
    for stem in stems.mix.iter().chain(&stems.stems) {
        let lufs = stem.integrated_lufs.map_or_else(|| "–".to_owned(), |lufs| format!("{lufs:.2}"));
        let tracks = match stem.tracks.as_slice() {
            [] => String::new(),
            [one] => clean(one),
            several => format!("{} tracks", several.len()),
        };
        table.row([clean_name(&stem.file), tracks, lufs, format!("{:.2}", stem.true_peak_dbtp)]);
    }
    let mut text = table.text();
    let seconds =
        stems.stems.first().map_or(0, |stem| stem.frames) as f64 / f64::from(stems.sample_rate_hz.max(1));
    let _ = writeln!(
        text,
        "{} files of {seconds:.3} s in {}, gain {:+.1} dB",
        stems.stems.len() + usize::from(stems.mix.is_some()),
        clean_name(args.output.display()),
        stems.print_gain_db
    );
    if let Some(null) = stems.null {
        let word = if null.peak_dbfs <= NULL_LIMIT_DBFS { "add up" } else { "do not add up" };
        let _ = writeln!(
            text,
            "they {word} to the mix: difference {:.1} dBFS peak, {:.1} dBFS rms",
            null.peak_dbfs, null.rms_dbfs
        );
    }
    text
}
