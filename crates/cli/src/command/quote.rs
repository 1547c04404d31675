//! `quote`: what the work costs.

use super::diff::write_paper;
use crate::args::Quote as Args;
use crate::table::Table;
use crate::ui::{Ui, clean_name, wrap};
use advice::assess::{Options, assess};
use advice::quote::{Quote, STANDARD, quote, rates};
use serde_json::json;
use studio::message::Result;

pub(crate) fn run(args: &Args, ui: &Ui) -> Result<u8> {
    if args.print_rates {
        ui.print(STANDARD);
        return Ok(0);
    }
    let rates = rates(args.rates.as_deref())?;
    let found = assess(&args.inputs, &Options { destinations: args.destinations.clone() }, &ui.job())?;
    let quote = quote(&found, &rates);
    if let Some(path) = &args.output {
        write_paper(&quote.paper(), path, args.force)?;
    }
    if ui.json() {
        ui.print_json(&json!(quote));
    } else {
        ui.print(&text(&quote, ui.columns()));
    }
    Ok(0)
}

fn text(quote: &Quote, columns: usize) -> String {
    let money = |amount: f64| format!("{amount:.2} {}", clean_name(&quote.currency));
    let mut table = Table::new(2);
    table.row(["FOR", "WORK", "COUNT", "EACH", "AMOUNT"]);
    for line in &quote.lines {
        table.row([
            clean_name(&line.about),
            line.what.clone(),
            line.count.to_string(),
            money(line.each),
            money(line.amount),
        ]);
    }
    table.row([String::new(), "net".to_owned(), String::new(), String::new(), money(quote.net)]);
    if quote.tax > 0.0 {
        table.row([String::new(), "tax".to_owned(), String::new(), String::new(), money(quote.tax)]);
        table.row([String::new(), "total".to_owned(), String::new(), String::new(), money(quote.total)]);
    }
    let mut out = table.text();
    out.push('\n');
    for remark in &quote.remarks {
        out.push_str(&wrap(&clean_name(remark), columns, ""));
    }
    out
}
