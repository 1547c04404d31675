//! Records of fixed width: texts to the left, numbers to the right, blanks where nothing is told.

/// A record of blanks that is filled in.
#[derive(Debug, Clone)]
pub(super) struct Record(Vec<u8>);

impl Record {
    pub(super) fn blank(bytes: usize) -> Self {
        Self(vec![b' '; bytes])
    }

    /// Puts a text at an offset, cut to its field.
    pub(super) fn text(mut self, at: usize, width: usize, text: &str) -> Self {
        let field = self.0.get_mut(at..at + width).unwrap_or_default();
        for (to, byte) in field.iter_mut().zip(text.bytes()) {
            *to = byte;
        }
        self
    }

    /// Puts a number at the right end of its field, after zeros or blanks.
    pub(super) fn number(self, at: usize, width: usize, number: u64, zeros: bool) -> Self {
        let text = if zeros { format!("{number:0width$}") } else { format!("{number:width$}") };
        self.text(at, width, &text)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The bytes of a field; fewer, or none, when the record is cut short.
pub(super) fn field(record: &[u8], at: usize, width: usize) -> &[u8] {
    let end = (at + width).min(record.len());
    record.get(at..end).unwrap_or_default()
}

/// The text of a field without the blanks (and NULs, which some writers pad with) around it; bytes as Latin-1.
pub(super) fn text(record: &[u8], at: usize, width: usize) -> String {
    let text = crate::sheet::latin::decode(field(record, at, width));
    text.trim_matches(|c| c == ' ' || c == '\0').to_owned()
}

/// The number of a field, after zeros or blanks; `None` when it is blank or no number.
pub(super) fn number(record: &[u8], at: usize, width: usize) -> Option<u64> {
    let text = text(record, at, width);
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}
