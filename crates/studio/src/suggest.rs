//! The word that was probably meant, and ids for things that have only names.

/// Longest word worth comparing: everything we know is shorter.
const LONGEST: usize = 64;

/// The nearest of `candidates` to `word`, if any is near enough to be meant; the first of equals.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = word.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
    if typed.is_empty() || typed.len() > LONGEST {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let known: Vec<char> = candidate.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
        if let Some(score) = score(&typed, &known)
            && best.is_none_or(|(least, _)| score < least)
        {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// 0 for the same but for case, then edits; `None` when too far.
fn score(typed: &[char], known: &[char]) -> Option<usize> {
    // One slip in three letters is still the same word (by calibration on the words of our own declarations).
    let allowed = (typed.len().max(known.len()) / 3).max(1);
    let edits = distance(typed, known);
    // `comp` for `compressor`, `frequency_hz` for `freq_hz`: an abbreviation counts as two slips.
    let common = typed.iter().zip(known).take_while(|(a, b)| a == b).count();
    let shorter = typed.len().min(known.len());
    let short = common >= 3 && (common == shorter || common >= 4 && 2 * common > shorter);
    if edits <= allowed { Some(edits.min(if short { 2 } else { edits })) } else { short.then_some(2) }
}

/// Edits that make one word of the other: insert, delete, replace, swap neighbours (optimal string alignment:
/// Boytsov, "Indexing methods for approximate dictionary searching", ACM JEA 16, 2011, section 2).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            row[j + 1] = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = last;
        last = row;
    }
    last.last().copied().unwrap_or(0)
}

/// An id for a name that nobody in `taken` has, and adds it there; `otherwise` for names without letters and digits.
#[must_use]
pub fn unique_id(name: &str, otherwise: &str, taken: &mut Vec<String>) -> String {
    let mut id = String::new();
    for letter in name.chars().flat_map(char::to_lowercase).take(48) {
        if letter.is_alphanumeric() {
            id.push(letter);
        } else if !id.is_empty() && !id.ends_with('_') {
            id.push('_');
        }
    }
    let id = id.trim_end_matches('_');
    let id = if id.is_empty() { otherwise } else { id };
    let numbered = (2..).map(|number| format!("{id}_{number}"));
    let free =
        std::iter::once(id.to_owned()).chain(numbered).find(|id| !taken.contains(id)).unwrap_or_default();
    taken.push(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_swaps_and_short_forms_find_their_word() {
        let words = ["threshold_db", "ratio", "attack_ms", "release_ms", "compressor", "fader_db"];
        for (typed, meant) in [
            ("treshold_db", "threshold_db"),
            ("threshold", "threshold_db"),
            ("raito", "ratio"),
            ("comp", "compressor"),
            ("Compresser", "compressor"),
            ("fader", "fader_db"),
            ("attack_s", "attack_ms"),
            ("attack_time_ms", "attack_ms"),
        ] {
            assert_eq!(nearest(typed, words), Some(meant), "{typed}");
        }
    }

    #[test]
    fn a_strange_word_finds_nothing() {
        assert_eq!(nearest("banana", ["threshold_db", "ratio"]), None);
        assert_eq!(nearest("", ["a"]), None);
        assert_eq!(nearest(&"x".repeat(1000), ["x"]), None);
    }

    #[test]
    fn distance_counts_edits_of_known_pairs() {
        let count =
            |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("abcd", "abdc"), 1);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("same", "same"), 0);
    }
}
