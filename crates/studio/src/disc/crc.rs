//! Checksums of subcode and of files.

/// CRC of CD-TEXT packs: polynomial x¹⁶ + x¹² + x⁵ + 1 from 0, inverted at the end. Source: MMC-3 rev. 10g, annex J.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    let step = |crc: u16, byte: &u8| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    };
    !bytes.iter().fold(0, step)
}

/// CRC-32 of a stream, as zlib and PNG have it. Source: RFC 1952, section 8 (polynomial 0xEDB88320, reflected, from and to
/// all ones). Eight tables take eight bytes at a step: under 1 s for the 800 MB of a full disc.
#[derive(Debug, Clone)]
pub(super) struct Crc32(u32);

const TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0_u32; 256]; 8];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xEDB8_8320 };
            bit += 1;
        }
        tables[0][at] = crc;
        at += 1;
    }
    let mut at = 0;
    while at < 256 {
        let mut table = 1;
        while table < 8 {
            let before = tables[table - 1][at];
            tables[table][at] = (before >> 8) ^ tables[0][(before & 0xFF) as usize];
            table += 1;
        }
        at += 1;
    }
    tables
}

impl Crc32 {
    pub(super) fn new() -> Self {
        Self(u32::MAX)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let at = |table: usize, word: u32, shift: u32| TABLES[table][((word >> shift) & 0xFF) as usize];
        let (eights, rest) = bytes.as_chunks::<8>();
        for [a, b, c, d, e, f, g, h] in eights {
            let low = u32::from_le_bytes([*a, *b, *c, *d]) ^ self.0;
            let high = u32::from_le_bytes([*e, *f, *g, *h]);
            self.0 = at(7, low, 0)
                ^ at(6, low, 8)
                ^ at(5, low, 16)
                ^ at(4, low, 24)
                ^ at(3, high, 0)
                ^ at(2, high, 8)
                ^ at(1, high, 16)
                ^ at(0, high, 24);
        }
        for byte in rest {
            self.0 = (self.0 >> 8) ^ at(0, self.0 ^ u32::from(*byte), 0);
        }
    }

    pub(super) fn finish(&self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_of_packs_is_that_of_mmc_3s_example() {
        // Source: the example of Sony's documentation as quoted in libburn, doc/cdtext.txt (pack 42).
        let pack: [u8; 16] = [0x8f, 0, 0x2a, 0, 1, 1, 3, 0, 6, 5, 4, 5, 7, 6, 1, 2];
        assert_eq!(crc16(&pack), 0x4865);
    }

    #[test]
    fn the_crc_of_files_is_the_usual_one_however_it_is_cut() {
        // Check value of CRC-32/ISO-HDLC over "123456789" in the catalogue of parametrised CRC algorithms.
        let mut crc = Crc32::new();
        crc.update(b"123456789");
        assert_eq!(crc.finish(), 0xCBF4_3926);
        let text: Vec<u8> = (0..1000_u32).map(|n| (n * 7 % 251) as u8).collect();
        let mut whole = Crc32::new();
        whole.update(&text);
        let mut parts = Crc32::new();
        for part in text.chunks(13) {
            parts.update(part);
        }
        assert_eq!(whole.finish(), parts.finish());
    }
}
