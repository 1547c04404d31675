//! Processors on a strip: `insert = [ { compressor = { threshold_db = -18.0, key = "kick" } } ]`.

use super::Named;
use super::controls::Tap;
use super::parse::named;
use super::read::{Node, Reader, Span, Take, wrong};
use crate::message::Error;
use fx::{AnyProcessor, BandSet, Description, REGISTRY};

/// Most processors on one strip, by our own convention.
const MOST_INSERTS: usize = 256;

/// Switch of processors that can listen to a key.
const EXTERNAL: &str = "external_key";

/// Key of the file of an impulse response.
const IMPULSE: &str = "impulse";

/// A side-chain: what a processor listens to.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Strip it comes from.
    pub from: Named,
    /// Where it leaves that strip, its filters, and whether it is heard.
    pub controls: KeyControls,
}

/// A processor on a strip.
#[derive(Debug, Clone)]
pub struct Insert {
    /// Name in automation addresses: as given, or the processor's own.
    pub id: String,
    /// Whether it runs. Off, it is not there at all: no sound, no latency.
    pub on: bool,
    /// Its settings.
    pub settings: Box<dyn AnyProcessor>,
    /// Its side-chain.
    pub key: Option<Key>,
    /// The file of its impulse response, for what takes one.
    pub impulse: Option<Named>,
    /// Where its name stands.
    pub span: Span,
}

fx::fields! {
    /// What every insert has.
    pub struct Common {
        /// Whether it runs.
        on: switch = true;
    }
}

fx::fields! {
    /// Where a key comes from.
    pub struct KeyControls {
        /// Where it leaves its strip. If not said: after the inserts, before the fader, so that a muted track can key.
        tap: choice Tap = Pre;
        /// High-pass on the key, 12 dB per octave; 0 is none.
        high_pass_hz: Hz = 0.0 in 0.0..=20000.0;
        /// Low-pass on the key, 12 dB per octave; 0 is none.
        low_pass_hz: Hz = 0.0 in 0.0..=20000.0;
        /// The key, filtered, is heard in place of what the processor makes.
        listen: switch = false;
    }
}

/// Reads a list of inserts standing alone: `insert = [ … ]` at the top of `text`. For other formats with processors.
pub fn inserts_of(item: &toml_edit::Item, file: &str, text: &str) -> Result<Vec<Insert>, Vec<Error>> {
    let mut reader = Reader::new(file, text);
    let inserts = Node::of_item(item, &(0..0)).map(|node| read(&mut reader, &node)).unwrap_or_default();
    for insert in inserts.iter().filter(|insert| insert.settings.description().impulse) {
        let what = format!("`{}` needs an impulse response, which has no place here", insert.id);
        reader.say(&insert.span, wrong("impulse_in_chain", what).hint("put it on a strip of the session"));
    }
    let errors = reader.into_errors();
    if errors.is_empty() { Ok(inserts) } else { Err(errors) }
}

/// Reads the processors of a strip.
pub(crate) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<Insert> {
    let list = reader.list(node, "insert", MOST_INSERTS);
    let inserts: Vec<Insert> = list.iter().filter_map(|node| one(reader, node)).collect();
    for (index, insert) in inserts.iter().enumerate() {
        let own = insert.settings.description().key;
        if insert.id != own && inserts[..index].iter().any(|other| other.id == insert.id) {
            let what = wrong("duplicate_id", format!("two inserts are called `{}`", insert.id));
            reader.say(&insert.span, what);
        }
    }
    inserts
}

/// Reads one processor: `{ compressor = { … } }`.
pub(crate) fn one(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Insert> {
    let entries = reader.table(node, "insert")?.all();
    let [(name, key, inner)] = entries.as_slice() else {
        let what = wrong("bad_insert", "an insert is one processor with its settings")
            .hint("{ compressor = { threshold_db = -18.0 } }");
        reader.say(&node.span, what);
        return None;
    };
    let Some(entry) = fx::find(name) else {
        let known = REGISTRY.iter().map(|entry| entry.description.key);
        reader.unknown(key, "unknown_processor", "processor", name, known);
        return None;
    };
    let mut take = reader.table(inner, name)?;
    let id = take.take("id").and_then(|node| insert_id(reader, &node));
    let side = take.take("key").and_then(|node| side_chain(reader, &node));
    let file = if entry.description.impulse { take.take(IMPULSE) } else { None };
    let impulse = file.and_then(|node| named(reader, &node, IMPULSE));
    let mut common = Common::default();
    take.fields(reader, &mut common);
    let mut settings = entry.make();
    let given = parameters(reader, &mut take, entry.description, settings.as_mut());
    // A key that is plugged in is listened to, unless the text says otherwise.
    if side.is_some()
        && let Some(index) = entry.description.index_of(EXTERNAL).filter(|index| !given.contains(index))
    {
        settings.set(index, 1.0);
    }
    take.finish(reader, &format!("`{name}`"));
    let id = id.unwrap_or_else(|| entry.description.key.to_owned());
    Some(Insert { id, on: common.on, settings, key: side, impulse, span: key.clone() })
}

fn insert_id(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let id = reader.text(node, "id")?;
    let plain = id.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if plain && id != "send" {
        return Some(id);
    }
    let what = wrong("bad_id", "an insert's id has letters, digits, `_` and `-` only, and is not `send`");
    reader.say(&node.span, what);
    None
}

fn side_chain(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Key> {
    if node.as_str().is_some() {
        return Some(Key { from: named(reader, node, "key")?, controls: KeyControls::default() });
    }
    let Some(mut take) = node.as_table() else {
        reader.wrong_type(node, "key", "the id of a strip");
        return None;
    };
    let from = take.take("from").and_then(|node| named(reader, &node, "from"));
    let mut controls = KeyControls::default();
    take.fields(reader, &mut controls);
    if from.is_none() {
        reader.say(&take.span, wrong("missing_key", "a key has no `from`").hint("key = \"id of a strip\""));
    }
    take.finish(reader, "a key");
    Some(Key { from: from?, controls })
}

fn parameters(
    reader: &mut Reader<'_>,
    take: &mut Take<'_>,
    description: &'static Description,
    settings: &mut dyn AnyProcessor,
) -> Vec<usize> {
    let mut given = Vec::new();
    for (index, param) in description.params.iter().enumerate() {
        if let Some(value) = take.take(param.key).and_then(|node| reader.param(&node, param)) {
            settings.set(index, value);
            given.push(index);
        }
    }
    if let Some(bands) = description.bands
        && let Some(list) = take.take(bands.key)
    {
        read_bands(reader, &list, &bands, description.params.len(), settings);
    }
    given
}

fn read_bands(
    reader: &mut Reader<'_>,
    list: &Node<'_>,
    bands: &BandSet,
    first: usize,
    settings: &mut dyn AnyProcessor,
) {
    for (band, node) in reader.list(list, bands.key, bands.count).iter().enumerate() {
        let Some(mut take) = reader.table(node, bands.key) else { continue };
        for (inner, param) in bands.params.iter().enumerate() {
            if let Some(value) = take.take(param.key).and_then(|node| reader.param(&node, param)) {
                settings.set(first + band * bands.params.len() + inner, value);
            }
        }
        take.finish(reader, &format!("`{}`", bands.key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_processor_has_a_parameter_called_like_a_key_every_insert_has() {
        for entry in REGISTRY {
            for key in ["id", "on", "key", IMPULSE] {
                assert!(entry.description.index_of(key).is_none(), "{}.{key}", entry.description.key);
            }
            assert_ne!(entry.description.key, "send");
        }
    }
}
