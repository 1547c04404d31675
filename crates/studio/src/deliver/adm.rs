//! A bed for the Audio Definition Model: the `chna` and `axml` chunks of a BW64 file (ITU-R BS.2088-1, BS.2076-2).
//!
//! One programme, one content, one object, one pack of loudspeaker signals. Packs and channels are the common
//! definitions of BS.2094-1, so nothing has to be defined in the file; a square of four, which BS.2094 does not know,
//! gets a pack of its own made of common channels. This is an ITU bed, not a Dolby Atmos master.

use crate::audio::{Encoding, Layout};

/// A bed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adm {
    /// Name of the programme, for people.
    pub programme: String,
}

/// A pack of loudspeaker signals: its id and its channels' numbers in the common definitions, in our channel order.
struct Pack {
    id: &'static str,
    channels: &'static [u16],
    /// Whether the file has to define it.
    own: bool,
}

/// Packs of ITU-R BS.2094-1, table of common definitions: 0+1+0, 0+2+0, 0+3+0, 0+5+0, 0+7+0 (back), 4+5+0, 4+7+0.
const PACKS: [Pack; 8] = [
    Pack { id: "AP_00010001", channels: &[0x3], own: false },
    Pack { id: "AP_00010002", channels: &[0x1, 0x2], own: false },
    Pack { id: "AP_0001000a", channels: &[0x1, 0x2, 0x3], own: false },
    // Ids from 1001 on are for definitions in the file (BS.2076-2, section 6).
    Pack { id: "AP_00011001", channels: &[0x1, 0x2, 0x5, 0x6], own: true },
    Pack { id: "AP_00010003", channels: &[0x1, 0x2, 0x3, 0x4, 0x5, 0x6], own: false },
    Pack { id: "AP_0001000f", channels: &[0x1, 0x2, 0x3, 0x4, 0xa, 0xb, 0x1c, 0x1d], own: false },
    Pack { id: "AP_00010005", channels: &[0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0xd, 0xf, 0x10, 0x12], own: false },
    Pack {
        id: "AP_00010017",
        channels: &[0x1, 0x2, 0x3, 0x4, 0xa, 0xb, 0x1c, 0x1d, 0x22, 0x23, 0x1e, 0x1f],
        own: false,
    },
];

fn pack_of(layout: &Layout) -> Option<&'static Pack> {
    let known = *layout == Layout::of(layout.channels());
    PACKS.iter().find(|pack| known && pack.channels.len() == layout.channels())
}

/// Whether a layout, in this very order, can be a bed.
pub(super) fn knows(layout: &Layout) -> bool {
    pack_of(layout).is_some()
}

/// `fmt ` of a BW64 file: plain PCM, whatever the number of channels (BS.2088-1, section 5: `chna` says what they are).
pub(super) fn fmt(rate_hz: u32, encoding: Encoding, channels: usize) -> Vec<u8> {
    let (bits, tag) = match encoding {
        Encoding::Float(bits) => (bits, 3_u16),
        Encoding::Int(bits) => (bits, 1),
        Encoding::Lossy => (16, 1),
    };
    let channels = channels as u16;
    let frame_bytes = channels * bits.div_ceil(8);
    let mut bytes = Vec::with_capacity(16);
    bytes.extend(tag.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend(rate_hz.saturating_mul(u32::from(frame_bytes)).to_le_bytes());
    bytes.extend(frame_bytes.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes
}

/// Body of `chna`: which track of the file is which channel of which pack. Empty for an unknown layout.
pub(super) fn chna(layout: &Layout) -> Vec<u8> {
    let Some(pack) = pack_of(layout) else { return Vec::new() };
    let count = pack.channels.len() as u16;
    let mut bytes = Vec::with_capacity(4 + 40 * pack.channels.len());
    // BS.2088-1, section 8: numbers of tracks and of ids, then 40 bytes each: track from 1, three ids, padding.
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    for (track, channel) in (1_u16..).zip(pack.channels) {
        bytes.extend(track.to_le_bytes());
        bytes.extend(format!("ATU_{track:08x}").as_bytes());
        bytes.extend(format!("AT_0001{channel:04x}_01").as_bytes());
        bytes.extend(pack.id.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// Body of `axml`.
pub(super) fn axml(adm: &Adm, layout: &Layout, rate_hz: u32, encoding: Encoding) -> String {
    let Some(pack) = pack_of(layout) else { return String::new() };
    let bits = match encoding {
        Encoding::Int(bits) | Encoding::Float(bits) => bits,
        Encoding::Lossy => 0,
    };
    let name = if adm.programme.is_empty() { "Mix".to_owned() } else { escape(&adm.programme) };
    let mut refs = String::new();
    let mut ids = String::new();
    for (track, channel) in (1_usize..).zip(pack.channels) {
        refs.push_str(&format!("<audioTrackUIDRef>ATU_{track:08x}</audioTrackUIDRef>\n"));
        ids.push_str(&format!(
            "<audioTrackUID UID=\"ATU_{track:08x}\" sampleRate=\"{rate_hz}\" bitDepth=\"{bits}\">\n\
             <audioTrackFormatIDRef>AT_0001{channel:04x}_01</audioTrackFormatIDRef>\n\
             <audioPackFormatIDRef>{}</audioPackFormatIDRef>\n</audioTrackUID>\n",
            pack.id
        ));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ebuCoreMain xmlns=\"urn:ebu:metadata-schema:ebuCore_2014\" xml:lang=\"en\">\n\
         <coreMetadata>\n<format>\n<audioFormatExtended>\n\
         <audioProgramme audioProgrammeID=\"APR_1001\" audioProgrammeName=\"{name}\">\n\
         <audioContentIDRef>ACO_1001</audioContentIDRef>\n</audioProgramme>\n\
         <audioContent audioContentID=\"ACO_1001\" audioContentName=\"{name}\">\n\
         <audioObjectIDRef>AO_1001</audioObjectIDRef>\n</audioContent>\n\
         <audioObject audioObjectID=\"AO_1001\" audioObjectName=\"Bed\">\n\
         <audioPackFormatIDRef>{}</audioPackFormatIDRef>\n{refs}</audioObject>\n\
         {}{ids}</audioFormatExtended>\n</format>\n</coreMetadata>\n</ebuCoreMain>\n",
        pack.id,
        definition(pack)
    )
}

/// The pack itself, where it is not a common one.
fn definition(pack: &Pack) -> String {
    if !pack.own {
        return String::new();
    }
    let channels: String = pack
        .channels
        .iter()
        .map(|channel| format!("<audioChannelFormatIDRef>AC_0001{channel:04x}</audioChannelFormatIDRef>\n"))
        .collect();
    format!(
        "<audioPackFormat audioPackFormatID=\"{}\" audioPackFormatName=\"Quad\" typeLabel=\"0001\" \
         typeDefinition=\"DirectSpeakers\">\n{channels}</audioPackFormat>\n",
        pack.id
    )
}

fn escape(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control()).collect();
    kept.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_tracks_is_laid_out_as_bs_2088_says() {
        let bytes = chna(&Layout::of(6));
        assert_eq!(bytes.len(), 4 + 6 * 40);
        assert_eq!(bytes[..4], [6, 0, 6, 0]);
        let fifth = &bytes[4 + 4 * 40..][..40];
        assert_eq!(fifth[..2], [5, 0]);
        assert_eq!(&fifth[2..14], b"ATU_00000005");
        assert_eq!(&fifth[14..28], b"AT_00010005_01");
        assert_eq!(&fifth[28..], b"AP_00010003\0");
        // The side of 7.1 is another channel than the surround of 5.1.
        let sides = chna(&Layout::of(8));
        assert_eq!(&sides[4 + 4 * 40 + 14..][..14], b"AT_0001000a_01");
    }

    #[test]
    fn only_our_own_orders_are_beds() {
        use crate::audio::Speaker::{Left, Right};
        for channels in [1, 2, 3, 4, 6, 8, 10, 12] {
            assert!(knows(&Layout::of(channels)), "{channels}");
        }
        assert!(!knows(&Layout(vec![Right, Left])) && !knows(&Layout::of(5)) && !knows(&Layout::of(7)));
        assert!(chna(&Layout::of(7)).is_empty());
    }

    #[test]
    fn names_cannot_break_the_text() {
        let adm = Adm { programme: "A <b> & \"c\"\u{1}".into() };
        let text = axml(&adm, &Layout::of(4), 48_000, Encoding::Int(24));
        assert!(text.contains("audioProgrammeName=\"A &lt;b&gt; &amp; &quot;c&quot;\""));
        assert!(text.contains("AP_00011001") && text.contains("AC_00010005"));
        assert_eq!(text.matches("<audioTrackUID UID").count(), 4);
    }
}
