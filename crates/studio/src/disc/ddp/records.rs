//! Records of a DDP 2.00 fileset as they are written.
//!
//! Layout: the description of filesets observed in the field at ddp-reverse-eng (`spec/ddp2.md`), checked there against
//! three independent writers. Offsets are decimal, from 0.

use super::fields::Record;
use super::{Options, Profile};
use crate::disc::sectors::Sectors;
use crate::disc::tracks::{Copying, Disc, Flags};

/// Bytes of `DDPID` and of a packet of `DDPMS`.
pub(super) const MAP_BYTES: usize = 128;
/// Bytes of a packet of the PQ descriptor.
pub(super) const PQ_BYTES: usize = 64;
/// Bytes of the field for a file name.
pub(super) const NAME_BYTES: usize = 17;

/// The longest first pregap that four digits of the map can tell, sectors.
pub(super) const LONGEST_TOLD_PREGAP: u32 = 9999;

/// What identifies the set.
pub(super) fn identity(disc: &Disc) -> Vec<u8> {
    Record::blank(MAP_BYTES)
        .text(0, 8, "DDP 2.00")
        .text(8, 13, disc.ean.as_ref().map_or("", |ean| ean.as_str()))
        .text(38, 48, &disc.master_id)
        .text(87, 2, "CD")
        .into_bytes()
}

/// What the files are: CD-TEXT if there is any, PQ, audio.
pub(super) fn map(disc: &Disc, pq_bytes: usize, text_bytes: usize, profile: Profile) -> Vec<u8> {
    let mut bytes = Vec::new();
    if text_bytes > 0 {
        let packet = stream("S0", text_bytes as u64, profile.text_name(), profile).text(30, 8, "CDTEXT");
        bytes.extend(packet.text(55, 2, "00").into_bytes());
    }
    let packet = stream("S0", pq_bytes as u64, profile.pq_name(), profile).text(30, 8, "PQ DESCR");
    bytes.extend(packet.into_bytes());
    let pregap = disc.tracks.first().map_or(Sectors::ZERO, |track| track.start);
    let zeros = profile.zeros();
    let packet = stream("D0", u64::from(disc.end.get()), profile.image_name(), profile)
        .text(38, 2, "DA")
        .text(40, 1, "7")
        .text(41, 1, profile.scrambled());
    let packet = if zeros { packet.number(22, 8, 0, true) } else { packet };
    let told = pregap.get() <= LONGEST_TOLD_PREGAP;
    let packet = if told { packet.number(46, 4, u64::from(pregap.get()), zeros) } else { packet };
    bytes.extend(packet.into_bytes());
    bytes
}

fn stream(kind: &str, length: u64, name: &str, profile: Profile) -> Record {
    Record::blank(MAP_BYTES)
        .text(0, 4, "VVVM")
        .text(4, 2, kind)
        .number(14, 8, length, profile.zeros())
        .number(71, 3, NAME_BYTES as u64, profile.zeros())
        .text(74, NAME_BYTES, name)
}

/// The PQ descriptor: lead-in with the EAN, every index, the lead-out twice.
pub(super) fn pq(disc: &Disc, options: &Options) -> Vec<u8> {
    let plain = control(Flags::default());
    let lead_in = packet("00", 0, Sectors::ZERO, &plain);
    let mut bytes = lead_in.text(32, 13, disc.ean.as_ref().map_or("", |ean| ean.as_str())).into_bytes();
    for (at, track) in disc.tracks.iter().enumerate() {
        let (number, control) = (format!("{:02}", at + 1), control(track.flags));
        for (nth, (index, place)) in track.marks().enumerate() {
            let carries = nth == 0 || (options.isrc_on_both && index == 1);
            let isrc = track.isrc.as_ref().filter(|_| carries).map_or("", |isrc| isrc.as_str());
            bytes.extend(packet(&number, index, place, &control).text(20, 12, isrc).into_bytes());
        }
    }
    let lead_out = packet("AA", 1, disc.end, &plain).into_bytes();
    bytes.extend(lead_out.iter().chain(&lead_out));
    bytes
}

fn packet(track: &str, index: usize, place: Sectors, control: &str) -> Record {
    Record::blank(PQ_BYTES)
        .text(0, 4, "VVVS")
        .text(4, 2, track)
        .number(6, 2, index as u64, true)
        .text(10, 6, &place.digits())
        .text(16, 2, control)
}

/// The control nibble in hexadecimal and the kind of position: bit 0 pre-emphasis, bit 1 copying permitted, bit 3 four
/// channels; `1`, or `S` under SCMS.
fn control(flags: Flags) -> String {
    let bit = |set: bool, value: u8| if set { value } else { 0 };
    let nibble =
        bit(flags.pre_emphasis, 1) | bit(flags.copying == Copying::Permitted, 2) | bit(flags.four_channel, 8);
    let mode = if flags.copying == Copying::Scms { 'S' } else { '1' };
    format!("{nibble:X}{mode}")
}
