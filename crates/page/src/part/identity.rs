//! Which files these are, and how the page is made again.

use crate::heard::Heard;
use crate::markup::{Element, el};
use crate::picture::scroll;
use crate::shell::section;

/// Files with their checksums, what they say about themselves, and the command.
#[must_use]
pub fn part(files: &[(&str, &Heard)], command: &str, notes: &[String]) -> Element {
    let row = |name: String, of: &dyn Fn(&Heard) -> String| {
        el("tr")
            .child(el("th").attr("scope", "row").text(name))
            .children(files.iter().map(|(_, heard)| el("td").class("code").text(of(heard))))
    };
    let head = std::iter::once("").chain(files.iter().map(|(what, _)| *what)).map(|name| match name {
        "" => el("td"),
        name => el("th").attr("scope", "col").text(name),
    });
    let mut keys: Vec<&String> =
        files.iter().flat_map(|(_, heard)| heard.info.metadata.tags.iter().map(|(key, _)| key)).collect();
    keys.sort_unstable();
    keys.dedup();
    let tags = keys.into_iter().map(|key| {
        row(format!("tag {}", key.to_lowercase()), &|heard| {
            let texts =
                heard.info.metadata.tags.iter().filter(|(own, _)| own == key).map(|(_, text)| text.as_str());
            texts.collect::<Vec<_>>().join("; ")
        })
    });
    let table = el("table")
        .child(el("caption").text("Files"))
        .child(el("thead").child(el("tr").children(head)))
        .child(
            el("tbody")
                .child(row("file".into(), &|heard| heard.name.clone()))
                .child(row("bytes".into(), &|heard| heard.bytes.to_string()))
                .child(row("SHA-256".into(), &|heard| heard.sha256.clone()))
                .child(row("BLAKE3".into(), &|heard| heard.blake3.clone()))
                .children(tags),
        );
    section("identity", "Which files, and how to make this page again")
        .child(scroll("Files", table))
        .children(notes.iter().map(|note| el("p").text(note)))
        .child(el("p").text(format!(
            "Tonmeister {}. The same files and the same command give the same page, byte for byte:",
            env!("CARGO_PKG_VERSION")
        )))
        .child(el("pre").attr("tabindex", "0").child(el("code").text(command)))
}
