//! Stems in `master.toml`.

use super::{MOST_GAIN_DB, MOST_STEMS, Role, Stem};
use crate::master::chain;
use crate::session::read::{Reader, Take, wrong};
use std::fmt::Write;

mod facts {
    use super::Role;

    fx::fields! {
        /// Numbers and words of a stem.
        pub struct Facts {
            /// What it is.
            role: choice Role = Music;
            /// Level before the sum.
            gain_db: Db = 0.0 in -24.0..=24.0;
        }
    }
}

/// Reads every `[[stem]]` of a chain.
pub(in crate::master) fn read(reader: &mut Reader<'_>, take: &mut Take<'_>) -> Vec<Stem> {
    let mut stems = Vec::new();
    let Some(list) = take.take("stem") else { return stems };
    for node in reader.list(&list, "stem", MOST_STEMS) {
        let Some(mut take) = reader.table(&node, "stem") else { continue };
        let file = chain::text(reader, &mut take, "file").unwrap_or_default();
        let blake3 = chain::text(reader, &mut take, "blake3").unwrap_or_default();
        let because = chain::text(reader, &mut take, "because").unwrap_or_default();
        let mut facts = facts::Facts::default();
        take.fields(reader, &mut facts);
        let mut steps = Vec::new();
        chain::moves(reader, &mut take, &mut steps);
        take.finish(reader, "a [[stem]]");
        if file.is_empty() || blake3.is_empty() {
            reader.say(&node.span, wrong("stem_unnamed", "a stem has no `file` or no `blake3`"));
        }
        stems.push(Stem { file, blake3, role: facts.role, gain_db: facts.gain_db, because, steps });
    }
    stems
}

/// Writes every stem.
pub(in crate::master) fn write(text: &mut String, stems: &[Stem]) {
    if stems.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n# The print is the sum of these, in this order. Proposed levels stay within {MOST_GAIN_DB:.0} dB."
    );
    for stem in stems {
        let _ = writeln!(
            text,
            "\n[[stem]]\nfile = {}\nblake3 = {}\nrole = \"{}\"\ngain_db = {:?}",
            chain::quoted(&stem.file),
            chain::quoted(&stem.blake3),
            stem.role.name(),
            stem.gain_db
        );
        if !stem.because.is_empty() {
            let _ = writeln!(text, "because = {}", chain::quoted(&stem.because));
        }
        stem.steps.iter().for_each(|step| chain::one_step(text, step, "stem.move"));
    }
}
