//! Text of a page that cannot be broken by what it shows.
//!
//! [`Markup`] is made of constant text and of [`Element`]s; whatever else goes in, names, tags, reasons, numbers, is escaped on its
//! way. There is no way to put a string of a file into it as it is.

use serde_json::Value;
use std::fmt::{Display, Write};
use studio::message::clean;

/// Escaped text with its elements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(String);

/// Characters with a meaning in HTML become harmless in text and in attributes between double quotes.
/// Source: HTML Living Standard, 13.3 "Escaping a string".
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

impl Markup {
    /// Text that stands in the program.
    #[must_use]
    pub fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// Any text, escaped; what steers writing or a terminal becomes visible.
    #[must_use]
    pub fn text(text: impl Display) -> Self {
        Self(escaped(&clean(&text.to_string())))
    }

    /// Several parts, one after the other.
    #[must_use]
    pub fn all<T: Into<Self>>(parts: impl IntoIterator<Item = T>) -> Self {
        parts.into_iter().fold(Self::default(), Self::with)
    }

    /// The same and one more part.
    #[must_use]
    pub fn with(mut self, part: impl Into<Self>) -> Self {
        self.0.push_str(&part.into().0);
        self
    }

    /// A value for scripts, in an element that is never run. The brackets that could end the element are written as JSON escapes.
    #[must_use]
    pub fn data(value: &Value) -> Self {
        let text = value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        let text = text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        Self(format!("<script type=\"application/json\">{text}</script>"))
    }

    /// Sound as text for scripts, in an element that is never run. Only the letters of base64 get in.
    #[must_use]
    pub fn sound(index: usize, base64: &str) -> Self {
        let kept: String =
            base64.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
        Self(format!("<script type=\"text/plain\" data-sound=\"{index}\">{kept}</script>"))
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<T: Into<Markup>> From<Option<T>> for Markup {
    fn from(part: Option<T>) -> Self {
        part.map_or_else(Self::default, Into::into)
    }
}

/// An element that is being filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: &'static str,
    attributes: String,
    inner: Markup,
}

/// An element.
#[must_use]
pub fn el(name: &'static str) -> Element {
    Element { name, attributes: String::new(), inner: Markup::default() }
}

impl Element {
    /// With an attribute.
    #[must_use]
    pub fn attr(mut self, name: &'static str, value: impl Display) -> Self {
        let _ = write!(self.attributes, " {name}=\"{}\"", escaped(&clean(&value.to_string())));
        self
    }

    /// With classes.
    #[must_use]
    pub fn class(self, classes: impl Display) -> Self {
        self.attr("class", classes)
    }

    /// With an attribute that has no value.
    #[must_use]
    pub fn flag(mut self, name: &'static str) -> Self {
        let _ = write!(self.attributes, " {name}");
        self
    }

    /// With text in it.
    #[must_use]
    pub fn text(self, text: impl Display) -> Self {
        self.child(Markup::text(text))
    }

    /// With something in it.
    #[must_use]
    pub fn child(mut self, part: impl Into<Markup>) -> Self {
        self.inner = self.inner.with(part);
        self
    }

    /// With several things in it.
    #[must_use]
    pub fn children<T: Into<Markup>>(self, parts: impl IntoIterator<Item = T>) -> Self {
        self.child(Markup::all(parts))
    }
}

/// Elements of HTML that have no end. Source: HTML Living Standard, 13.1.2 "Void elements", those used here.
const VOID: [&str; 4] = ["meta", "input", "img", "br"];

impl From<Element> for Markup {
    fn from(element: Element) -> Self {
        let Element { name, attributes, inner } = element;
        let end = if VOID.contains(&name) { String::new() } else { format!("{}</{name}>", inner.0) };
        Self(format!("<{name}{attributes}>{end}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_hostile_name_gets_through() {
        let name = "\"><script>alert('x')</script>&\u{202e}\u{1b}";
        let text = Markup::from(el("p").attr("title", name).text(name)).into_string();
        assert!(!text.contains("<script") && !text.contains('\'') && !text.contains('\u{202e}'), "{text}");
        assert_eq!(text.matches('"').count(), 2, "{text}");
        assert!(text.contains("&lt;script&gt;alert(&#39;x&#39;)"), "{text}");
    }

    #[test]
    fn data_cannot_end_its_element_and_reads_back() {
        let value = serde_json::json!({ "name": "</script><!--&\u{2028}" });
        let text = Markup::data(&value).into_string();
        let inner = text
            .strip_prefix("<script type=\"application/json\">")
            .unwrap()
            .strip_suffix("</script>")
            .unwrap();
        assert!(!inner.contains(['<', '>', '&', '\u{2028}']), "{inner}");
        assert_eq!(serde_json::from_str::<Value>(inner).unwrap(), value);
    }

    #[test]
    fn sound_holds_letters_of_base64_only() {
        assert!(Markup::sound(0, "QUJD</script>").into_string().contains(">QUJD/script<"));
    }

    #[test]
    fn void_elements_have_no_end() {
        assert_eq!(Markup::from(el("br")).into_string(), "<br>");
        assert_eq!(Markup::from(el("p").child(None::<Element>)).into_string(), "<p></p>");
    }
}
