//! `variants`: three different mixes of a folder of tracks, equally loud, to choose from.

use crate::args::Variants;
use crate::command::master::{worst_of, write_text};
use crate::command::mix::{parsed, way_between};
use crate::table::Table;
use crate::ui::{Ui, clean_name, wrap};
use crate::whole::Whole;
use assistant::variants::{self, Variant, alike, differences, distance_lu};
use serde_json::{Value, json};
use std::fmt::Write;
use studio::files::refuse_inputs;
use studio::handover::{self, Verdict};
use studio::message::{Error, Finding, Kind, Result, Severity};
use studio::mix::{self, Level, Options, VariantPrint};
use studio::sheet::{Align, Sheet};

/// What is said about the three, beside them.
const SHEET_FILE: &str = "variants.md";

pub(crate) fn run(args: &Variants, ui: &Ui) -> Result<u8> {
    if !args.input.is_dir() {
        let error = Error::new(Kind::Usage, "not_a_folder", "variants are made of a folder of tracks");
        let hint =
            "a session has its own in [[snapshot]]: tonmeister mix SESSION.toml --snapshot all -o prints";
        return Err(error.at(args.input.display()).hint(hint));
    }
    refuse_inputs(&args.output, [args.input.as_path()])?;
    let whole = Whole::create(&args.output, args.force)?;
    let done = make(args, &whole, ui).map_err(|error| whole.named_error(error))?;
    let (mut document, text) = (done.json(), done.text(args, ui));
    whole.named_json(&mut document);
    let text = whole.named(&text);
    write_text(&whole.path().join(SHEET_FILE), &done.sheet(), false)?;
    let findings = done.findings();
    let code = if done.verdicts.iter().all(Verdict::passed) { 0 } else { 5 };
    whole.commit()?;
    match ui.json() {
        true => ui.print_json(&document),
        false => {
            ui.note(ui.findings(&findings).trim_end());
            ui.print(&text);
        }
    }
    Ok(code)
}

/// Three mixes, printed and judged.
struct Done {
    variants: Vec<Variant>,
    prints: Vec<VariantPrint>,
    verdicts: Vec<Verdict>,
}

fn make(args: &Variants, whole: &Whole, ui: &Ui) -> Result<Done> {
    let request = args.wishes.request(args.reference.as_ref());
    let way = way_between(whole.path(), &args.input)?;
    let variants = variants::variants(&args.input, whole.path(), &way, &request, &ui.job())
        .map_err(|errors| worst_of(errors, ui))?;
    let mut list = Vec::new();
    for variant in &variants {
        let name = variant.character.name;
        let path = whole.path().join(format!("{name}.toml"));
        write_text(&path, &variant.assisted.text, false)?;
        list.push(mix::Variant {
            name: name.to_owned(),
            title: variant.character.about.to_owned(),
            session: parsed(&variant.assisted, &path, true, ui)?,
        });
    }
    let prints = mix::variants(&list, whole.path(), Level::Matched, &ui.job(), Options::default())
        .map_err(|errors| worst_of(errors, ui))?;
    let verdicts =
        prints.iter().map(|print| handover::check(&print.path, &ui.job())).collect::<Result<_>>()?;
    Ok(Done { variants, prints, verdicts })
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

/// Loudness of a group against the mix.
fn group(variant: &Variant, name: &str) -> Option<f64> {
    variant.assisted.balance.groups.iter().find(|(_, own, _)| own == name).map(|(.., lu)| *lu)
}

/// Two mixes, and by how much each group differs, LU.
type Pair<'a> = (&'a Variant, &'a Variant, Vec<(String, f64)>);

impl Done {
    /// Rows of what differs: name, then one figure a variant.
    fn rows(&self) -> Vec<Vec<String>> {
        let mut names: Vec<&str> = Vec::new();
        for (_, name, _) in self.variants.iter().flat_map(|variant| &variant.assisted.balance.groups) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let row =
            |head: String, cells: Vec<String>| -> Vec<String> { [head].into_iter().chain(cells).collect() };
        let of_prints =
            |figure: &dyn Fn(&VariantPrint) -> String| self.prints.iter().map(figure).collect::<Vec<_>>();
        let mut rows = vec![
            row("loudness, LUFS".into(), of_prints(&|print| number(print.integrated_lufs, 2))),
            row(
                "turned down by, dB".into(),
                of_prints(&|print| format!("{:.1}", self.turned_down_db(print))),
            ),
            row("true peak, dBTP".into(), of_prints(&|print| format!("{:.2}", print.true_peak_dbtp))),
            row("peak to loudness, LU".into(), of_prints(&|print| number(print.plr_lu, 1))),
            row("side to middle, dB".into(), of_prints(&|print| number(print.side_to_mid_db, 1))),
            row("correlation".into(), of_prints(&|print| number(print.correlation, 2))),
        ];
        for name in names {
            let own = self.variants.iter().map(|variant| number(group(variant, name), 1));
            rows.push(row(format!("{name}, LU"), own.collect()));
        }
        let room = |which: fn((f64, f64)) -> f64, digits| {
            self.variants
                .iter()
                .map(|variant| number(variant.assisted.balance.reverberation.map(which), digits))
                .collect::<Vec<_>>()
        };
        rows.push(row("reverberation, LU".into(), room(|(lu, _)| lu, 1)));
        rows.push(row("too much for, of 100".into(), room(|(_, share)| 100.0 * share, 0)));
        let gate = self.verdicts.iter().map(|verdict| if verdict.passed() { "passed" } else { "not passed" });
        rows.push(row("hand-over gate".into(), gate.map(str::to_owned).collect()));
        rows
    }

    /// How far a print was turned down from what it would be alone, dB: never up.
    fn turned_down_db(&self, print: &VariantPrint) -> f64 {
        (Options::default().peak_dbtp - print.true_peak_dbtp).max(0.0)
    }

    fn pairs(&self) -> Vec<Pair<'_>> {
        let mut pairs = Vec::new();
        for (at, one) in self.variants.iter().enumerate() {
            for other in self.variants.iter().skip(at + 1) {
                pairs.push((one, other, differences(&one.assisted, &other.assisted)));
            }
        }
        pairs
    }

    fn findings(&self) -> Vec<Finding> {
        let sides: Vec<Option<f64>> = self.prints.iter().map(|print| print.side_to_mid_db).collect();
        let mut all: Vec<Finding> = Vec::new();
        let own = self.variants.iter().flat_map(|variant| &variant.assisted.findings);
        let worse = self.verdicts.iter().flat_map(|verdict| &verdict.findings);
        let worse = worse.filter(|finding| finding.severity > Severity::Info);
        for finding in own.chain(worse).cloned().chain(alike(&self.variants, &sides)) {
            if !all.contains(&finding) {
                all.push(finding);
            }
        }
        all
    }

    fn text(&self, args: &Variants, ui: &Ui) -> String {
        let mut table = Table::new(1);
        let names = self.variants.iter().map(|variant| variant.character.name.to_owned());
        table.row([String::new()].into_iter().chain(names));
        self.rows().into_iter().for_each(|row| table.row(row));
        let mut text = table.text();
        for variant in &self.variants {
            let said = format!("{}: {}", variant.character.name, variant.character.about);
            text.push_str(wrap(&said, ui.columns(), "      ").trim_start());
        }
        for (one, other, differences) in self.pairs() {
            let _ = writeln!(
                text,
                "{} and {} are {:.1} LU apart",
                one.character.name,
                other.character.name,
                distance_lu(&differences)
            );
        }
        let folder = clean_name(args.output.display());
        let name = self.variants.first().map_or("voice", |variant| variant.character.name);
        let _ = writeln!(
            text,
            "listen to {folder}/*.wav; then go on with one of them:\n  tonmeister mix {folder}/{name}.toml -o mix.wav --allow-external"
        );
        text
    }

    /// The table as Markdown, for the folder.
    fn sheet(&self) -> String {
        let mut sheet = Sheet::new("Three mixes of the same tracks");
        self.variants.iter().for_each(|variant| {
            sheet.pair(format!("{}.wav", variant.character.name), variant.character.about);
        });
        let heads = [(String::new(), Align::Left)].into_iter();
        let heads =
            heads.chain(self.variants.iter().map(|one| (one.character.name.to_owned(), Align::Right)));
        let mut table = studio::sheet::Table::new(heads);
        self.rows().into_iter().for_each(|row| table.row(row));
        sheet.table(table);
        sheet.paragraph(
            "All are equally loud, by turning the louder ones down. Groups are told against the whole mix.",
        );
        sheet.markdown()
    }

    fn json(&self) -> Value {
        let one = |((variant, print), verdict): ((&Variant, &VariantPrint), &Verdict)| {
            let balance = &variant.assisted.balance;
            json!({
                "name": variant.character.name,
                "about": variant.character.about,
                "session": print.path.with_extension("toml").display().to_string(),
                "print": print,
                "turned_down_db": self.turned_down_db(print),
                "balance": balance.groups.iter().map(|(strip, name, lu)| json!({
                    "strip": strip, "name": name, "relative_lu": lu,
                })).collect::<Vec<_>>(),
                "reverberation": balance.reverberation.map(|(lu, share)| json!({ "relative_lu": lu, "too_much_for": share })),
                "ready": verdict.passed(),
                "gate": verdict.findings,
                "moves": variant.assisted.moves.len(),
            })
        };
        let pairs = self.pairs().into_iter().map(|(a, b, differences)| {
            json!({
                "a": a.character.name,
                "b": b.character.name,
                "distance_lu": distance_lu(&differences),
                "differences_lu": differences.iter().map(|(what, lu)| (what.clone(), json!(lu))).collect::<serde_json::Map<_, _>>(),
            })
        });
        json!({
            "variants": self.variants.iter().zip(&self.prints).zip(&self.verdicts).map(one).collect::<Vec<_>>(),
            "pairs": pairs.collect::<Vec<_>>(),
            "findings": self.findings(),
        })
    }
}
