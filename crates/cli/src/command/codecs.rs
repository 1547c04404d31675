//! `codecs`: what lossy codecs make of a file.

use crate::args::Codecs;
use crate::table::Table;
use crate::ui::{Ui, clean_name};
use serde_json::json;
use studio::codec::{self, Outcome};
use studio::decode::{self, Options};
use studio::message::{Error, Kind, Result};
use studio::meters::{self, Measurements};
use studio::targets::{self, Codec};

/// What services use most, where nothing is asked for.
const USUAL: [&str; 5] = ["aac-256", "aac-128", "mp3-320", "vorbis-160", "opus-128"];
/// A gate that was not passed.
const GATE: u8 = 5;

pub(crate) fn run(args: &Codecs, ui: &Ui) -> Result<u8> {
    let codecs = chosen(args)?;
    let at = |error: Error| error.at(args.input.display());
    let mut source = decode::open(&args.input, Options::default()).map_err(at)?;
    let measured = meters::measure(source.as_mut(), &ui.job()).map_err(at)?;
    let peak_dbtp = measured.true_peak_worst_dbtp();
    let outcomes = codec::hold(&args.input, &codecs, peak_dbtp, &ui.job()).map_err(at)?;
    let over = outcomes.iter().any(|outcome| outcome.true_peak_dbtp().is_some_and(|peak| peak > 0.0));
    let name = args.input.display().to_string();
    if ui.json() {
        ui.print_json(
            &json!({ "file": name, "true_peak_dbtp": peak_dbtp, "codecs": outcomes, "over": over }),
        );
    } else {
        ui.print(&table(&name, &measured, &outcomes));
        let findings: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.finding("", 0.0)).collect();
        ui.note(ui.findings(&findings).trim_end());
    }
    Ok(if over { GATE } else { 0 })
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
