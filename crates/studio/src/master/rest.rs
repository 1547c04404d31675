//! Fresh ears: how long a print was left alone before it is mastered.

use crate::message::{Finding, Severity};

/// A print younger than this has not been left alone long enough, seconds: a day, as the trade has it.
const REST_SECONDS: f64 = 24.0 * 3600.0;

/// What is to be said about the age of a print.
#[must_use]
pub fn rested(age_seconds: f64) -> Finding {
    let hours = age_seconds / 3600.0;
    let age = match hours {
        hours if hours < 1.0 => format!("the print is {:.0} minutes old", hours * 60.0),
        hours if hours < 48.0 => format!("the print is {hours:.0} hours old"),
        hours => format!("the print is {:.0} days old", hours / 24.0),
    };
    if age_seconds >= REST_SECONDS {
        return Finding::new("rested", Severity::Info, age).limit("a day");
    }
    Finding::new("not_rested", Severity::Warning, age)
        .limit("a day")
        .advice("ears that mixed it this day hear the mix, not the record: come back tomorrow")
}
