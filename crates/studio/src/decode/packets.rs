//! Packets of a container that lists where each one lies.

use super::input::Scan;
use crate::message::{Error, Result};

/// Largest packet that is read.
// House limit: far above any audio packet (ALAC, 8 channels of 32 bit, 16 384 frames: 0.5 MiB).
const MAX_PACKET_BYTES: u32 = 16 << 20;

/// Packets by their place in the file.
#[derive(Debug)]
pub(super) struct Packets {
    scan: Scan,
    index: Vec<(u64, u32)>,
    next: usize,
}

impl Packets {
    /// Packets at these bytes, of these sizes.
    pub(super) fn new(scan: Scan, index: Vec<(u64, u32)>) -> Self {
        Self { scan, index, next: 0 }
    }

    /// The next packet, or `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if self.next == self.index.len() {
            return Ok(None);
        }
        let packet = self.read(self.next)?;
        self.next += 1;
        Ok(Some(packet))
    }

    /// Number of packets.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// A packet by number.
    pub(super) fn read(&mut self, which: usize) -> Result<Vec<u8>> {
        let &(at, size) =
            self.index.get(which).ok_or_else(|| Error::input("bad_header", "no such packet"))?;
        if size > MAX_PACKET_BYTES {
            return Err(Error::input("bad_header", format!("a packet of {size} bytes")));
        }
        self.scan.go(at)?;
        if at > self.scan.end() || u64::from(size) > self.scan.left() {
            let what = format!("the file is cut short: {which} of {} packets are there", self.index.len());
            return Err(Error::input("truncated", what));
        }
        self.scan.take_vec(size.into())
    }

    /// Name of the file.
    pub(super) fn name(&self) -> &str {
        self.scan.name()
    }
}
