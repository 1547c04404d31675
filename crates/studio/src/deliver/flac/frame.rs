//! A FLAC frame: header, channels, checksums (RFC 9639, section 9).

use super::bits::Bits;
use super::frames::Shape;
use super::subframe::Coder;

/// Encodes frames; keeps its room for the next one.
#[derive(Debug, Default)]
pub(super) struct FrameCoder {
    coder: Coder,
    planes: Vec<Vec<i64>>,
    bits: Bits,
}

/// Which channels are stored of two (RFC 9639, section 9.1.3), under their number.
const LEFT_SIDE: u32 = 8;
const SIDE_RIGHT: u32 = 9;
const MID_SIDE: u32 = 10;

impl FrameCoder {
    /// With a [window](super::subframe::tukey) over a full frame, so that not every coder has to make one.
    pub(super) fn new(window: &[f64]) -> Self {
        Self { coder: Coder::new(window), ..Self::default() }
    }

    /// Appends a frame of interleaved samples: no more of each channel than a frame has.
    pub(super) fn encode(&mut self, samples: &[i32], number: u64, shape: Shape, to: &mut Vec<u8>) {
        let channels = usize::from(shape.channels.max(1));
        self.planes.resize(channels, Vec::new());
        for (channel, plane) in self.planes.iter_mut().enumerate() {
            plane.clear();
            plane.extend(samples.iter().skip(channel).step_by(channels).map(|sample| i64::from(*sample)));
        }
        let begin = to.len();
        self.bits.bytes = std::mem::take(to);
        let assignment = self.decorrelate(u32::from(shape.channels.max(1)) - 1);
        let len = self.planes.first().map_or(0, Vec::len);
        header(&mut self.bits, len, number, shape, assignment, begin);
        for (channel, plane) in self.planes.iter().enumerate() {
            // The difference of two channels has a bit more.
            let is_side = matches!((assignment, channel), (LEFT_SIDE | MID_SIDE, 1) | (SIDE_RIGHT, 0));
            self.coder.encode(plane, shape.bits + u32::from(is_side), &mut self.bits);
        }
        self.bits.align();
        *to = std::mem::take(&mut self.bits.bytes);
        let checksum = super::frames::crc_16(&to[begin..]);
        to.extend_from_slice(&checksum.to_be_bytes());
    }

    /// Makes of two channels the pair that should take the fewest bits; tells which. `plain` is what other numbers of channels have.
    fn decorrelate(&mut self, plain: u32) -> u32 {
        let [left, right] = self.planes.as_mut_slice() else { return plain };
        let pairs = || left.iter().zip(right.iter());
        let rough = [
            roughness(left.iter().copied()),
            roughness(right.iter().copied()),
            roughness(pairs().map(|(l, r)| (l + r) >> 1)),
            roughness(pairs().map(|(l, r)| l - r)),
        ];
        // Bits go with the logarithm of what is left: products stand for sums.
        let costs = [
            (plain, rough[0] * rough[1]),
            (LEFT_SIDE, rough[0] * rough[3]),
            (SIDE_RIGHT, rough[1] * rough[3]),
            (MID_SIDE, rough[2] * rough[3]),
        ];
        let (best, _) = costs.into_iter().fold(costs[0], |best, own| if own.1 < best.1 { own } else { best });
        for (l, r) in left.iter_mut().zip(right) {
            (*l, *r) = match best {
                LEFT_SIDE => (*l, *l - *r),
                SIDE_RIGHT => (*l - *r, *r),
                MID_SIDE => ((*l + *r) >> 1, *l - *r),
                _ => (*l, *r),
            };
        }
        best
    }
}

/// Sum of the magnitudes of the second difference, and one.
fn roughness(plane: impl Iterator<Item = i64>) -> f64 {
    let (mut last, mut before, mut sum) = (0, 0, 0);
    for (n, sample) in plane.enumerate() {
        let difference = sample - 2 * last + before;
        if n >= 2 {
            sum += difference.unsigned_abs();
        }
        (before, last) = (last, sample);
    }
    sum as f64 + 1.0
}

/// The header of a frame (RFC 9639, section 9.1); `begin` is where it begins in what is there already.
fn header(to: &mut Bits, len: usize, number: u64, shape: Shape, assignment: u32, begin: usize) {
    to.put(0xFFF8, 16);
    let (size_code, size_bits) = match len {
        4096 => (12, 0),
        1..=256 => (6, 8),
        _ => (7, 16),
    };
    to.put(size_code, 4);
    let (rate_code, rate, rate_bits) = rate_of(shape.sample_rate_hz);
    to.put(rate_code, 4);
    to.put(assignment, 4);
    to.put(depth_code(shape.bits), 3);
    to.put(0, 1);
    put_number(number, to);
    to.put(len.saturating_sub(1) as u32, size_bits);
    to.put(rate, rate_bits);
    to.align();
    let checksum = crc_8(to.bytes.get(begin..).unwrap_or(&[]));
    to.put(u32::from(checksum), 8);
}

/// Code of a rate (RFC 9639, table 14), and what stands behind the header where there is none.
fn rate_of(rate_hz: u32) -> (u32, u32, u32) {
    let known = [88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
    if let Some(place) = known.iter().position(|known| *known == rate_hz) {
        return (place as u32 + 1, 0, 0);
    }
    match rate_hz {
        rate if rate.is_multiple_of(1000) && rate <= 255_000 => (12, rate / 1000, 8),
        rate if rate <= 0xFFFF => (13, rate, 16),
        rate => (14, rate / 10, 16),
    }
}

/// Code of a bit depth (RFC 9639, table 17).
fn depth_code(bits: u32) -> u32 {
    match bits {
        8 => 1,
        12 => 2,
        16 => 4,
        20 => 5,
        24 => 6,
        32 => 7,
        _ => 0,
    }
}

/// A number of up to 36 bits, coded as UTF-8 codes characters (RFC 9639, section 9.1.5).
fn put_number(number: u64, to: &mut Bits) {
    if number < 0x80 {
        return to.put(number as u32, 8);
    }
    // Each byte behind the first has six bits; the first has as many fewer as there are bytes.
    let behind = (1..6).find(|behind| number < 1 << (6 * behind + 6 - behind)).unwrap_or(6);
    let ones = !(0xFF_u32 >> (behind + 1)) & 0xFF;
    to.put(ones | (number >> (6 * behind)) as u32, 8);
    for place in (0..behind).rev() {
        to.put(0x80 | ((number >> (6 * place)) & 0x3F) as u32, 8);
    }
}

/// `x^8 + x^2 + x + 1` (RFC 9639, section 9.1.8).
fn crc_8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { (crc << 1) ^ 0x07 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_coded_as_characters_are() {
        for character in
            ['\0', 'a', '\u{7F}', '\u{80}', 'ß', '\u{7FF}', '\u{800}', '€', '\u{FFFF}', '\u{10000}']
        {
            let mut bits = Bits::default();
            put_number(u64::from(u32::from(character)), &mut bits);
            bits.align();
            assert_eq!(bits.bytes, character.to_string().as_bytes(), "{character:?}");
        }
        // Beyond characters by hand: 31 ones, and 36.
        for (number, wanted) in [
            (0x7FFF_FFFF, vec![0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]),
            (0xF_FFFF_FFFF, vec![0xFE, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]),
        ] {
            let mut bits = Bits::default();
            put_number(number, &mut bits);
            bits.align();
            assert_eq!(bits.bytes, wanted);
        }
    }

    #[test]
    fn the_header_checksum_is_that_of_the_catalogue() {
        // CRC-8/SMBUS of "123456789" in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc_8(b"123456789"), 0xF4);
    }

    #[test]
    fn rates_have_their_codes() {
        assert_eq!(rate_of(44_100), (9, 0, 0));
        assert_eq!(rate_of(88_200), (1, 0, 0));
        assert_eq!(rate_of(37_000), (12, 37, 8));
        assert_eq!(rate_of(11_025), (13, 11_025, 16));
        assert_eq!(rate_of(352_800), (14, 35_280, 16));
    }
}
