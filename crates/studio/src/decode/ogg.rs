//! Ogg pages and packets (RFC 3533), strictly: every page's checksum and number is compared, one logical stream.

use super::input::{Scan, le32, le64};
use crate::message::{Error, Result};
use std::collections::VecDeque;

/// Largest packet that is put together; comments with pictures are the large ones.
// House limit: a comment header with a large picture in it.
const MAX_PACKET_BYTES: usize = 16 << 20;

/// Largest page: 27 bytes, 255 lengths, 255 × 255 bytes (RFC 3533, section 6).
const MAX_PAGE_BYTES: u64 = 27 + 255 + 255 * 255;

/// A packet.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) data: Vec<u8>,
    /// Granule position of its page, if it is the last packet completed there.
    pub(super) granule: Option<u64>,
    /// Whether it ends the stream.
    pub(super) last: bool,
}

/// Packets of the one logical stream of a file.
#[derive(Debug)]
pub(super) struct Ogg {
    scan: Scan,
    serial: Option<u32>,
    sequence: u32,
    ready: VecDeque<Packet>,
    partial: Vec<u8>,
    ended: bool,
}

impl Ogg {
    /// Packets from byte `start` on.
    pub(super) fn new(mut scan: Scan, start: u64) -> Result<Self> {
        scan.go(start)?;
        Ok(Self {
            scan,
            serial: None,
            sequence: 0,
            ready: VecDeque::new(),
            partial: Vec::new(),
            ended: false,
        })
    }

    /// Name of the file.
    pub(super) fn name(&self) -> &str {
        self.scan.name()
    }

    /// The next packet, or `None` after the page that ends the stream.
    pub(super) fn next(&mut self) -> Result<Option<Packet>> {
        while self.ready.is_empty() {
            if self.ended {
                let after = self.scan.peek_at(self.scan.at(), 4)?;
                return if after == b"OggS" { Err(several()) } else { Ok(None) };
            }
            if self.scan.left() == 0 {
                return Err(Error::input("truncated", "the file is cut short: no page ends the stream"));
            }
            self.page()?;
        }
        Ok(self.ready.pop_front())
    }

    /// The next packet, which must be there.
    pub(super) fn header(&mut self) -> Result<Vec<u8>> {
        let packet =
            self.next()?.ok_or_else(|| Error::input("truncated", "the stream ends inside its headers"))?;
        Ok(packet.data)
    }

    fn page(&mut self) -> Result<()> {
        let at = self.scan.at();
        let cut =
            |_| Error::input("truncated", format!("the file is cut short inside the page at byte {at}"));
        let mut page = self.scan.take_vec(27).map_err(cut)?;
        if !page.starts_with(b"OggS\0") {
            return Err(Error::input("corrupt", format!("no Ogg page at byte {at}, where one should be")));
        }
        let lengths = self.scan.take_vec(page[26].into()).map_err(cut)?;
        let body = self.scan.take_vec(lengths.iter().map(|&length| u64::from(length)).sum()).map_err(cut)?;
        let (flags, granule, serial, sequence, sum) =
            (page[5], le64(&page, 6), le32(&page, 14), le32(&page, 18), le32(&page, 22));
        page[22..26].fill(0);
        page.extend_from_slice(&lengths);
        if crc(crc(0, &page), &body) != sum {
            return Err(Error::input(
                "corrupt",
                format!("the checksum of the Ogg page at byte {at} does not match"),
            ));
        }
        match self.serial {
            None => (self.serial, self.sequence) = (Some(serial), sequence),
            Some(known) if known != serial => {
                return Err(several());
            }
            Some(_) => {
                self.sequence = self.sequence.wrapping_add(1);
                if sequence != self.sequence {
                    let what =
                        format!("Ogg page {} follows page {}", sequence, self.sequence.wrapping_sub(1));
                    return Err(Error::input("corrupt", what));
                }
            }
        }
        self.take_apart(flags, granule, &lengths, &body)
    }

    fn take_apart(&mut self, flags: u8, granule: u64, lengths: &[u8], body: &[u8]) -> Result<()> {
        // Flags, section 6: 1 a packet goes on from the page before, 4 last page.
        if (flags & 1 == 0) != self.partial.is_empty() {
            return Err(Error::input("corrupt", "a packet of the Ogg stream is not continued"));
        }
        let mut rest = body;
        for &length in lengths {
            let (part, after) = rest.split_at_checked(length.into()).unwrap_or((rest, &[]));
            rest = after;
            if self.partial.len() + part.len() > MAX_PACKET_BYTES {
                return Err(Error::input("limit", "an Ogg packet of more than 16 MiB"));
            }
            self.partial.extend_from_slice(part);
            if length < 255 {
                let data = std::mem::take(&mut self.partial);
                self.ready.push_back(Packet { data, granule: None, last: false });
            }
        }
        self.ended = flags & 4 != 0;
        if let Some(packet) = self.ready.back_mut() {
            packet.granule = Some(granule).filter(|&granule| granule != u64::MAX);
            packet.last = self.ended;
        }
        Ok(())
    }
}

fn several() -> Error {
    Error::input("unsupported", "Ogg with several streams, mixed or one after the other")
        .hint("take it apart first, or convert it to FLAC")
}

/// Granule position of the last page of the stream `serial`, if that page says that it is the last.
///
/// # Errors
/// `unsupported` when the file ends with another stream.
pub(super) fn last_granule(scan: &mut Scan, start: u64) -> Result<Option<u64>> {
    let first = scan.peek_at(start, 27)?;
    let from = scan.end().saturating_sub(2 * MAX_PAGE_BYTES).max(start);
    let tail = scan.peek_at(from, 2 * MAX_PAGE_BYTES as usize)?;
    let last = tail.windows(27).rposition(|page| page.starts_with(b"OggS\0") && page[5] <= 7);
    let page = last.and_then(|at| tail.get(at..)).unwrap_or_default();
    let ours = page.get(14..18) == first.get(14..18);
    let sound = crc_of_page(page);
    if sound && !ours {
        return Err(several());
    }
    let ends = page.get(5).is_some_and(|flags| flags & 4 != 0);
    Ok(Some(le64(page, 6)).filter(|&granule| ends && sound && granule != u64::MAX))
}

/// Whether `page` begins with a whole page whose checksum matches.
fn crc_of_page(page: &[u8]) -> bool {
    let count = page.get(26).map_or(0, |&count| usize::from(count));
    let bytes = page
        .get(27..27 + count)
        .map(|lengths| lengths.iter().map(|&length| usize::from(length)).sum::<usize>());
    let Some(page) = bytes.and_then(|bytes| page.get(..27 + count + bytes)) else { return false };
    let sum = crc(crc(crc(0, &page[..22]), &[0; 4]), &page[26..]);
    sum == le32(page, 22)
}

/// Table of [`crc`]: polynomial 0x04c11db7, no reflection, zero start (RFC 3533, section 6).
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut value = (n as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 != 0 { (value << 1) ^ 0x04c1_1db7 } else { value << 1 };
            bit += 1;
        }
        table[n] = value;
        n += 1;
    }
    table
};

fn crc(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |sum, &byte| (sum << 8) ^ CRC[usize::from((sum >> 24) as u8 ^ byte)])
}

/// Where the audio of an Ogg stream begins and ends, from what its first page decodes to and says.
///
/// `decoded` frames came out of the packets of the first audio page, which ends at granule `first` (and is the last
/// page if `only`); `last` is the granule of the last page. Gives frames to drop at the start, and the length.
pub(super) fn span(
    decoded: u64,
    first: u64,
    only: bool,
    last: Option<u64>,
    skip: u64,
) -> Result<(u64, Option<u64>)> {
    // Vorbis I, appendix A.2: a first page that says less than it holds is cut at its start; one that says more belongs
    // to a stream cut out of a longer one.
    let cut = if only { 0 } else { decoded.saturating_sub(first) };
    let offset = if only { 0 } else { first.saturating_sub(decoded) };
    let length = match last {
        None => None,
        Some(last) => {
            Some(last.checked_sub(offset).and_then(|length| length.checked_sub(skip)).ok_or_else(|| {
                Error::input("bad_header", format!("the last Ogg page says {last}, the first says {first}"))
            })?)
        }
    };
    Ok((cut + skip, length))
}
