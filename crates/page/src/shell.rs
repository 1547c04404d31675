//! What every page has around its content.

use crate::markup::{Element, Markup, el};
use crate::player::SCRIPT;
use crate::png::base64;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../assets/page.css");

/// A page around its content. The browser is told to load nothing from anywhere and to run one script only, by its checksum: the one
/// that stands here. `beside`: scripts in the folder of the page may hand over sound.
#[must_use]
pub fn page(
    title: &str,
    head: Element,
    nav: &[(&'static str, &'static str)],
    content: Markup,
    beside: bool,
) -> String {
    let sum = base64(&Sha256::digest(SCRIPT.as_bytes()));
    let own = if beside { " 'self' file:" } else { "" };
    let policy = format!(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{sum}'{own}; base-uri 'none'; form-action 'none'"
    );
    let links =
        nav.iter().map(|(id, name)| el("li").child(el("a").attr("href", format!("#{id}")).text(name)));
    let nav = (!nav.is_empty())
        .then(|| el("nav").attr("aria-label", "Parts of this page").child(el("ul").children(links)));
    let meta = |name: &'static str, value: &str| el("meta").attr("name", name).attr("content", value);
    let head_part = Markup::from(el("meta").attr("charset", "utf-8"))
        .with(el("meta").attr("http-equiv", "Content-Security-Policy").attr("content", policy))
        .with(meta("viewport", "width=device-width, initial-scale=1"))
        .with(meta("color-scheme", "light dark"))
        .with(meta("generator", concat!("Tonmeister ", env!("CARGO_PKG_VERSION"))))
        .with(el("title").text(title))
        .with(Markup::fixed("<style>"))
        .with(Markup::fixed(STYLE))
        .with(Markup::fixed("</style>"));
    let foot = el("footer").child(el("p").text(concat!(
        "Made by Tonmeister ",
        env!("CARGO_PKG_VERSION"),
        ". This page is one file: it loads nothing and sends nothing."
    )));
    let body = Markup::from(head)
        .with(nav)
        .with(el("main").child(content))
        .with(foot)
        .with(crate::player::help())
        .with(Markup::fixed("<script>"))
        .with(Markup::fixed(SCRIPT))
        .with(Markup::fixed("</script>"));
    let html = el("html")
        .attr("lang", "en")
        .attr("data-theme", "auto")
        .child(el("head").child(head_part))
        .child(el("body").child(body));
    format!("<!doctype html>\n{}\n", Markup::from(html).into_string())
}

/// The head of a page: name, line under it, switches.
#[must_use]
pub fn head(brand: &str, title: &str, lead: &str) -> Element {
    let theme = el("button")
        .attr("type", "button")
        .class("quiet")
        .attr("id", "theme")
        .text("Colours: ")
        .child(el("span").text("auto"));
    let print =
        el("button").attr("type", "button").class("quiet").attr("data-print", "").text("Print or PDF");
    let tools = el("div").class("no-print").child(print).child(theme);
    let brand = el("div").class("brand").child(el("b").text(brand)).child(tools);
    el("header").class("top").child(
        el("div")
            .class("in")
            .child(brand)
            .child(el("h1").text(title))
            .child(el("p").class("lead").text(lead)),
    )
}

/// A part of a page with its head.
#[must_use]
pub fn section(id: &'static str, title: &str) -> Element {
    el("section")
        .attr("id", id)
        .attr("aria-labelledby", format!("{id}-title"))
        .child(el("h2").attr("id", format!("{id}-title")).text(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_the_page_is_the_one_the_policy_allows() {
        let page = page("t", el("header"), &[], Markup::default(), false);
        let inside = page.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
        assert_eq!(inside, SCRIPT);
        assert!(page.contains(&format!("sha256-{}", base64(&Sha256::digest(inside.as_bytes())))));
        assert!(
            !SCRIPT.contains("</script") && !STYLE.contains("</style"),
            "assets must not end their elements"
        );
        assert!(!page.contains("http://") && !page.contains("https://"), "no address of another place");
    }
}
