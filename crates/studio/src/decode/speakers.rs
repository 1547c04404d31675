//! Channel masks of `WAVE_FORMAT_EXTENSIBLE` become layouts.

use crate::audio::{Layout, Speaker};
use crate::message::{Finding, Severity};

/// Speaker of each bit of the mask, lowest first.
// Microsoft, "WAVEFORMATEXTENSIBLE", dwChannelMask: SPEAKER_FRONT_LEFT 0x1 to SPEAKER_TOP_BACK_RIGHT 0x20000.
const BITS: [Speaker; 18] = [
    Speaker::Left,
    Speaker::Right,
    Speaker::Centre,
    Speaker::Lfe,
    Speaker::RearLeft,
    Speaker::RearRight,
    Speaker::Unknown,
    Speaker::Unknown,
    Speaker::Unknown,
    Speaker::SurroundLeft,
    Speaker::SurroundRight,
    Speaker::Unknown,
    Speaker::TopFrontLeft,
    Speaker::Unknown,
    Speaker::TopFrontRight,
    Speaker::TopBackLeft,
    Speaker::Unknown,
    Speaker::TopBackRight,
];

/// Layout of a mask: channels stand in the order of its bits. Without a mask, or with one for another number of
/// channels, the usual layout is taken by index; the latter is worth a finding.
pub(super) fn of_mask(mask: u32, channels: usize) -> (Layout, Option<Finding>) {
    if mask == 0 {
        return (Layout::of(channels), None);
    }
    if mask.count_ones() as usize != channels {
        let measured = format!("mask {mask:#x} names {} speakers", mask.count_ones());
        let finding = Finding::new("channel_mask", Severity::Warning, measured)
            .limit(format!("the file has {channels} channels"))
            .advice("channels were taken in the usual order; check which is which");
        return (Layout(Layout::of(channels).0), Some(finding));
    }
    let has_sides = mask & 0x600 != 0;
    let speakers = (0..32).filter(|bit| mask & (1_u32 << bit) != 0).map(|bit| {
        let speaker = BITS.get(bit as usize).copied().unwrap_or(Speaker::Unknown);
        match speaker {
            // Without side speakers the back pair is the surround pair of 5.1 (mask 0x3f).
            Speaker::RearLeft if !has_sides => Speaker::SurroundLeft,
            Speaker::RearRight if !has_sides => Speaker::SurroundRight,
            speaker => speaker,
        }
    });
    (Layout(speakers.collect()), None)
}

/// The layout of Vorbis, Opus and FLAC for a number of channels, in the order of WAVE.
// RFC 9639, section 9.1.3, and Vorbis I, section 4.3.9: 7 channels are 6.1, 8 are 7.1 with the back pair first.
pub(super) fn of_wave(channels: usize) -> Layout {
    match channels {
        7 => of_mask(0x70f, 7).0,
        8 => of_mask(0x63f, 8).0,
        other => Layout::of(other),
    }
}

/// Place in the order of WAVE of a channel in the order of Vorbis (Vorbis I, section 4.3.9).
pub(super) fn wave_of_vorbis(channel: usize, channels: usize) -> usize {
    let places: &[usize] = match channels {
        3 => &[0, 2, 1],
        5 => &[0, 2, 1, 3, 4],
        6 => &[0, 2, 1, 4, 5, 3],
        7 => &[0, 2, 1, 5, 6, 4, 3],
        8 => &[0, 2, 1, 6, 7, 4, 5, 3],
        _ => &[],
    };
    places.get(channel).copied().unwrap_or(channel)
}
