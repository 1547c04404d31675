//! Folders and groups: what stands in a bus plays into it, what stands in a VCA is moved by it, and either may stand in
//! another.

use super::read::{Reader, wrong};
use super::{MIX, Named, Session};
use std::collections::{BTreeMap, BTreeSet};

/// Puts everything into its folder: outputs that were not given, and members of VCAs.
pub(super) fn resolve(reader: &mut Reader<'_>, session: &mut Session) {
    let folders = folders(reader, session);
    let buses: BTreeSet<String> = session.buses.iter().map(|bus| bus.strip.id.clone()).collect();
    let vcas: BTreeMap<String, usize> =
        session.vcas.iter().enumerate().map(|(index, vca)| (vca.id.clone(), index)).collect();
    for (child, folder) in &folders {
        match vcas.get(&folder.id) {
            Some(vca) => {
                let members = session.vcas.get_mut(*vca).map(|vca| &mut vca.members);
                if let Some(members) = members.filter(|members| !members.iter().any(|m| m.id == *child)) {
                    members.push(Named { id: child.clone(), span: folder.span.clone() });
                }
            }
            None if buses.contains(&folder.id) => {}
            None => {
                let known = buses.iter().chain(vcas.keys()).map(String::as_str);
                reader.unknown(&folder.span, "unknown_folder", "bus or vca", &folder.id, known);
            }
        }
    }
    let tracks = session.tracks.iter_mut().map(|track| &mut track.strip);
    for strip in tracks.chain(session.buses.iter_mut().map(|bus| &mut bus.strip)) {
        let Some(folder) = folders.get(&strip.id) else { continue };
        strip.folder = Some(folder.clone());
        let given = strip.output.span != strip.span;
        let direct = buses.contains(&folder.id);
        if given && direct && strip.output.id != folder.id {
            let what =
                format!("`{}` stands in `{}` and plays into `{}`", strip.id, folder.id, strip.output.id);
            let hint = "take out `output` or take it out of the folder";
            reader.say(&strip.output.span, wrong("two_ways", what).hint(hint));
        }
        if !given {
            let output = around(folder, &folders, &buses);
            strip.output = Named { id: output.to_owned(), span: folder.span.clone() };
        }
    }
}

/// The nearest bus around a folder, itself included; the mix if there is none.
fn around<'a>(folder: &'a Named, folders: &'a BTreeMap<String, Named>, buses: &BTreeSet<String>) -> &'a str {
    let mut at = Some(folder);
    // VCAs that stand in each other are refused elsewhere; here they must only not go on for ever.
    for _ in 0..=folders.len() {
        match at {
            Some(folder) if buses.contains(&folder.id) => return &folder.id,
            Some(folder) => at = folders.get(&folder.id),
            None => break,
        }
    }
    MIX
}

/// Every folder by what stands in it, said there or in the folder's list.
fn folders(reader: &mut Reader<'_>, session: &Session) -> BTreeMap<String, Named> {
    let strips = session.strips().map(|strip| (&strip.id, strip.folder.clone()));
    let vcas = session.vcas.iter().map(|vca| (&vca.id, vca.folder.clone()));
    let mut folders: BTreeMap<String, Named> = BTreeMap::new();
    for (id, folder) in strips.chain(vcas) {
        folders.extend(folder.map(|folder| (id.clone(), folder)));
    }
    let known: BTreeSet<&str> = session
        .strips()
        .map(|strip| strip.id.as_str())
        .chain(session.vcas.iter().map(|vca| vca.id.as_str()))
        .collect();
    for bus in &session.buses {
        for member in &bus.members {
            if !known.contains(member.id.as_str()) {
                let known = known.iter().copied();
                reader.unknown(&member.span, "unknown_strip", "track, bus or vca", &member.id, known);
                continue;
            }
            let folder = Named { id: bus.strip.id.clone(), span: member.span.clone() };
            if let Some(other) = folders.insert(member.id.clone(), folder).filter(|o| o.id != bus.strip.id) {
                let what = format!("`{}` stands in `{}` and in `{}`", member.id, other.id, bus.strip.id);
                reader.say(
                    &member.span,
                    wrong("two_folders", what).hint("a strip has one place; the others can be sends"),
                );
            }
        }
    }
    folders
}

impl Session {
    /// The VCAs that move each strip, in order of their ids: those it is a member of, those these are members of, and
    /// so on. Each counts once, whatever number of ways leads to it.
    #[must_use]
    pub fn vcas_of_strips(&self) -> BTreeMap<&str, Vec<usize>> {
        let numbers: BTreeMap<&str, usize> =
            self.vcas.iter().enumerate().map(|(index, vca)| (vca.id.as_str(), index)).collect();
        let mut moved: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for top in numbers.values() {
            let (mut waiting, mut seen) = (vec![*top], BTreeSet::new());
            while let Some(vca) = waiting.pop().and_then(|index| self.vcas.get(index)) {
                for member in vca.members.iter().filter(|member| seen.insert(member.id.as_str())) {
                    match numbers.get(member.id.as_str()) {
                        Some(inner) => waiting.push(*inner),
                        None => moved.entry(&member.id).or_default().push(*top),
                    }
                }
            }
        }
        moved
    }
}
