//! What a file needs next: the steps of an assessment, each with its reason, its time and its command.

use crate::markup::{Element, el};
use crate::picture::scroll;
use crate::shell::section;
use advice::assess::{Assessment, Choice, Need, Step};

/// The steps in order, and what can be chosen where no destination was named.
#[must_use]
pub fn part(found: &Assessment) -> Element {
    let steps = found.steps.iter().map(step);
    section("needs", "What it needs next")
        .child(el("ol").class("steps").children(steps))
        .child((!found.question.is_empty()).then(|| choices(&found.question)))
}

fn step(step: &Step) -> Element {
    let by = match (step.need, step.seconds_here) {
        (Need::Return, _) => "by whoever made it".to_owned(),
        (_, Some(seconds)) if seconds < 90.0 => format!("about {:.0} s here", seconds.max(1.0)),
        (_, Some(seconds)) => format!("about {:.0} minutes here", seconds / 60.0),
        (_, None) => String::new(),
    };
    let head = match step.need {
        Need::Nothing => format!("Nothing: {}", step.about),
        need => format!("{}: {}", capital(need.word()), step.about),
    };
    let command = (!step.command.is_empty())
        .then(|| el("pre").attr("tabindex", "0").child(el("code").text(&step.command)));
    el("li")
        .child(
            el("h3")
                .text(head)
                .child((!by.is_empty()).then(|| el("span").class("unit").text(format!(" {by}")))),
        )
        .children(step.because.iter().map(|because| el("p").text(because)))
        .child(command)
}

/// The text with its first letter large.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn choices(choices: &[Choice]) -> Element {
    let row = |choice: &Choice| {
        el("tr").child(el("th").attr("scope", "row").text(&choice.name)).child(el("td").text(&choice.changes))
    };
    let table = el("table")
        .child(el("caption").text("Where shall it go? Give --for NAME; what changes with it"))
        .child(el("tbody").children(choices.iter().map(row)));
    el("details")
        .child(el("summary").text("Where shall it go? No destination was named: what changes with each"))
        .child(scroll("Destinations", table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::Markup;

    #[test]
    fn a_step_says_why_how_long_and_what_to_run() {
        let given = Step {
            need: Need::Mastering,
            about: "a <b>.wav".into(),
            because: vec!["It is a mix.".into()],
            seconds_here: Some(150.0),
            command: "tonmeister master 'a <b>.wav'".into(),
        };
        let text = Markup::from(step(&given)).into_string();
        for part in
            ["Mastering: a &lt;b&gt;.wav", "about 2 minutes here", "It is a mix.", "tonmeister master"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let back = Step { need: Need::Return, seconds_here: None, command: String::new(), ..given };
        let text = Markup::from(step(&back)).into_string();
        assert!(
            text.contains("A return to the mix")
                && text.contains("by whoever made it")
                && !text.contains("<pre"),
            "{text}"
        );
    }
}
