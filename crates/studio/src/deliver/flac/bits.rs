//! Bits, most significant first, into bytes.

/// Collects bits at the end of some bytes.
#[derive(Debug, Default)]
pub(super) struct Bits {
    pub(super) bytes: Vec<u8>,
    /// What is not yet a group of four bytes, in the lowest bits.
    waiting: u64,
    count: u32,
}

impl Bits {
    /// The lowest `count` bits of `value`, 32 at most.
    #[inline]
    pub(super) fn put(&mut self, value: u32, count: u32) {
        let mask = (1_u64 << count) - 1;
        self.waiting = (self.waiting << count) | (u64::from(value) & mask);
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            self.bytes.extend_from_slice(&((self.waiting >> self.count) as u32).to_be_bytes());
        }
    }

    /// A signed number in two's complement of up to 33 bits.
    #[inline]
    pub(super) fn put_signed(&mut self, value: i64, count: u32) {
        if count > 32 {
            self.put((value >> 32) as u32, count - 32);
        }
        self.put(value as u32, count.min(32));
    }

    /// A Rice code (RFC 9639, section 9.2.7.2): the upper bits of `folded` as so many zeros and a one, then its `low` lower bits.
    #[inline]
    pub(super) fn put_rice(&mut self, folded: u32, low: u32) {
        let zeros = folded >> low;
        let end = (1 << low) | (folded & ((1 << low) - 1));
        if zeros + 1 + low <= 32 {
            self.put(end, zeros + 1 + low);
            return;
        }
        let mut left = zeros;
        while left > 0 {
            let count = left.min(32);
            self.put(0, count);
            left -= count;
        }
        self.put(end, low + 1);
    }

    /// Fills up the last byte with zeros.
    pub(super) fn align(&mut self) {
        self.put(0, (8 - self.count % 8) % 8);
        while self.count > 0 {
            self.count -= 8;
            self.bytes.push((self.waiting >> self.count) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_stand_where_they_are_written_by_hand() {
        let mut bits = Bits::default();
        bits.put(0b101, 3);
        bits.put_signed(-2, 4);
        // 13 with two lower bits: three zeros, a one, 01.
        bits.put_rice(13, 2);
        bits.put_signed(-1, 33);
        bits.put_rice(70, 0);
        bits.align();
        let text: String = bits.bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        let wanted = format!("101{}{}{}{}1", "1110", "000101", "1".repeat(33), "0".repeat(70));
        assert_eq!(text.len(), 120);
        assert_eq!(text, format!("{wanted:0<120}"));
    }
}
