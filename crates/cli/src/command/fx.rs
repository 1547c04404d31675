//! `fx`: help on processors, from their declarations.

use crate::args::Fx;
use crate::ui::Ui;
use serde_json::{Value, json};
use studio::message::Result;
use studio::report::processors;

pub(crate) fn run(args: &Fx, ui: &Ui) -> Result<u8> {
    let Some(name) = &args.name else {
        if ui.json() {
            let all: Vec<Value> = processors::all().map(processors::json).collect();
            ui.print_json(&json!({ "processors": all }));
        } else {
            ui.print(&processors::list());
        }
        return Ok(0);
    };
    let description = processors::find(name)?;
    if ui.json() {
        ui.print_json(&processors::json(description));
    } else {
        ui.print(&processors::page(description));
    }
    Ok(0)
}
