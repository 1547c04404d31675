//! `codecs`: what lossy codecs make of files.

use crate::args::Codecs;
use crate::command::encoded::{self, Heard};
use crate::table::Table;
use crate::ui::{Ui, clean_name};
use serde_json::{Value, json};
use studio::codec::{self, Outcome};
use studio::message::{Error, Kind, Result};
use studio::meters::Measurements;
use studio::targets::{self, Codec};

/// What services use most, where nothing is asked for.
const USUAL: [&str; 5] = ["aac-256", "aac-128", "mp3-320", "vorbis-160", "opus-128"];
/// A gate that was not passed.
const GATE: u8 = 5;
/// Part of what was asked for is missing.
const PARTLY: u8 = 6;

pub(crate) fn run(args: &Codecs, ui: &Ui) -> Result<u8> {
    let codecs = chosen(args)?;
    let heard = encoded::all(args, &codecs, ui)?;
    let over = heard.iter().flat_map(|heard| &heard.outcomes).any(is_over);
    if ui.json() {
        let files: Vec<Value> = heard.iter().map(json_of).collect();
        ui.print_json(&json!({ "files": files, "over": over }));
    } else {
        heard.iter().for_each(|heard| tell(heard, ui));
    }
    let missing =
        heard.iter().flat_map(|heard| &heard.outcomes).any(|outcome| outcome.true_peak_dbtp().is_none());
    Ok(match (over, missing && (args.write.is_some() || args.difference.is_some())) {
        (true, _) => GATE,
        (false, true) => PARTLY,
        _ => 0,
    })
}

fn is_over(outcome: &Outcome) -> bool {
    outcome.true_peak_dbtp().is_some_and(|peak| peak > 0.0)
}

fn json_of(heard: &Heard) -> Value {
    json!({
        "file": heard.path.display().to_string(),
        "true_peak_dbtp": heard.measured.true_peak_worst_dbtp(),
        "codecs": heard.outcomes,
        "written": heard.written.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "differences": heard.differences,
    })
}

fn tell(heard: &Heard, ui: &Ui) {
    let name = heard.path.display().to_string();
    let mut text = table(&name, &heard.measured, &heard.outcomes);
    for path in &heard.written {
        text.push_str(&format!("{}\n", clean_name(path.display())));
    }
    for difference in &heard.differences {
        text.push_str(&format!("{}: {}\n", clean_name(difference.path.display()), difference.words()));
    }
    ui.print(&text);
    let findings: Vec<_> = heard.outcomes.iter().filter_map(|outcome| outcome.finding("", 0.0)).collect();
    ui.note(ui.findings(&findings).trim_end());
}

fn chosen(args: &Codecs) -> Result<Vec<Codec>> {
    if let Some(name) = &args.target {
        let target = targets::find(name)?;
        if target.codecs.is_empty() {
            let what = format!("`{}` names no lossy codec", target.name);
            return Err(Error::new(Kind::Usage, "no_codec", what).hint("--codec aac-256,opus-128"));
        }
        return Ok(target.codecs.into_iter().map(|fact| fact.value).collect());
    }
    let given: Vec<&str> = args.codecs.iter().map(String::as_str).collect();
    let names = if given.is_empty() { USUAL.to_vec() } else { given };
    let read =
        |name: &&str| Codec::from_name(name).map_err(|what| Error::new(Kind::Usage, "bad_codec", what));
    names.iter().map(read).collect()
}

fn table(name: &str, measured: &Measurements, outcomes: &[Outcome]) -> String {
    let mut table = Table::new(1);
    table.row(["CODEC", "TRUE PEAK", "OVERSHOOT", "ON SAMPLES", "BETWEEN", "KBIT/S", "ENCODER"]);
    let mut listed = String::new();
    for outcome in outcomes {
        match outcome {
            Outcome::NotChecked { codec, why } => {
                table.row([codec.to_string(), "not checked".into(), why.clone()])
            }
            Outcome::Checked(checked) => {
                let per_channel = |of: fn(&codec::ChannelOvers) -> u64| {
                    checked
                        .overs
                        .iter()
                        .map(|channel| of(channel).to_string())
                        .collect::<Vec<_>>()
                        .join(" + ")
                };
                table.row([
                    checked.codec.to_string(),
                    format!("{:+.2} dBTP", checked.true_peak_dbtp),
                    format!("{:+.2} dB", checked.true_peak_dbtp - checked.source_true_peak_dbtp),
                    per_channel(|channel| channel.on_sample),
                    per_channel(|channel| channel.inter_sample),
                    format!("{:.0}", checked.kbps),
                    checked.encoder.to_owned(),
                ]);
                for over in checked.first.iter().take(3) {
                    listed.push_str(&format!(
                        "{}: {:.4} s, sample {:.2}, channel {}, {:+.4}, {:+.2} dBFS\n",
                        checked.codec,
                        over.seconds,
                        over.sample,
                        over.channel + 1,
                        over.value,
                        over.dbfs
                    ));
                }
            }
        }
    }
    let listed = if listed.is_empty() { String::new() } else { format!("\nfirst overs\n{listed}") };
    format!("{}: {:+.2} dBTP\n{}{listed}", clean_name(name), measured.true_peak_worst_dbtp(), table.text())
}
