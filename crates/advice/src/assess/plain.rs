//! Every rule in words a musician understands, and what to do. Words of the trade in here are explained in the glossary.

/// A rule in plain words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain {
    /// Its code.
    pub rule: &'static str,
    /// What it means.
    pub says: &'static str,
    /// What to do: begins with a verb.
    pub action: &'static str,
    /// Whether it is only suspected.
    pub suspicion: bool,
}

/// What to do where nothing else is known.
pub(super) const LISTEN: &str = "Listen to it, and go on if it is meant so.";

const fn sure(rule: &'static str, says: &'static str, action: &'static str) -> Plain {
    Plain { rule, says, action, suspicion: false }
}

const fn perhaps(rule: &'static str, says: &'static str, action: &'static str) -> Plain {
    Plain { rule, says, action, suspicion: true }
}

/// Every rule.
pub const PLAIN: &[Plain] = &[
    // Files.
    sure(
        "unreadable",
        "This file does not open, or breaks off.",
        "Export it again, or send it again: it may have been cut on its way.",
    ),
    sure(
        "not_finite",
        "Samples are missing: a plug-in broke here and wrote values that are no sound.",
        "Find the plug-in that fails at this place, switch it off, and export again.",
    ),
    sure(
        "too_short",
        "The file is too short to be a piece of music.",
        "Export the whole song; the export range was probably a single point.",
    ),
    sure(
        "silent",
        "There is nothing on it.",
        "Check that nothing was muted and that the right output was exported, then export again.",
    ),
    sure(
        "surround",
        "The file has more than two channels; a master here is stereo.",
        "Export a stereo mix; a session of this program gives one with tonmeister mix --downmix.",
    ),
    sure(
        "lossy",
        "It has been an MP3 or the like: part of the sound was thrown away and does not come back.",
        "Export from the session again, as WAV with 24 bits.",
    ),
    sure(
        "upsampled",
        "The file says a high sample rate, but the sound in it comes from a lower one.",
        "Send the original rate; converting upwards adds nothing.",
    ),
    sure(
        "sample_rate",
        "The sample rate is one that nobody uses for music, or too low for it.",
        "Export at the rate of the session: 44.1 kHz or more.",
    ),
    sure(
        "bit_depth",
        "The file keeps fewer steps of loudness than the session has: quiet parts become grainy.",
        "Export with 24 bits or as 32-bit float, without dither.",
    ),
    sure("opus_rate", "Opus always plays at 48 kHz.", "Export from the session again, as WAV with 24 bits."),
    // A mix on its way to mastering.
    sure(
        "clipped",
        "Peaks were cut flat: it distorts there, and what was cut off does not come back.",
        "Turn down in front of what clips and export again; if it is a recording, look for another take.",
    ),
    sure(
        "limited",
        "A limiter holds all peaks at one level. It leaves a mastering engineer no room, and turning it down does not bring the peaks back.",
        "Take the limiter off the mix bus and export again; send the limited one along as a reference.",
    ),
    sure(
        "headroom",
        "The peaks are so high that there is no room above them.",
        "Turn the mix bus down by 6 dB and export again; nothing else changes.",
    ),
    sure(
        "dense",
        "There is hardly any distance left between the usual level and the peaks: it was compressed hard.",
        "Export once more without processing on the mix bus, or say that it is meant so.",
    ),
    sure(
        "channel_silent",
        "One side plays nothing.",
        "Check the routing; if it is meant to be mono, export it as mono.",
    ),
    sure(
        "phase",
        "Left and right work against each other: on a phone or in a club much of it vanishes.",
        "Look for a flipped polarity or a stereo widener, undo it, and export again.",
    ),
    sure("mono", "It is mono, or nearly.", "Check the panning and the output; go on if it is meant so."),
    sure(
        "dc",
        "The wave does not stand round the middle: that costs room and clicks at edits.",
        "Put a high-pass at 20 Hz on the track it comes from, or go on: it is taken out in mastering.",
    ),
    sure(
        "level",
        "The file is very quiet; its noise comes up with it.",
        "Turn the mix bus up until peaks lie near -6 dBFS and export again.",
    ),
    sure(
        "abrupt_start",
        "It begins in the middle of a sound.",
        "Start the export a second before the first note.",
    ),
    sure(
        "abrupt_end",
        "The end is cut off while it still sounds.",
        "Export again and let two seconds more run than seem needed.",
    ),
    sure(
        "silent_head",
        "There is a long silence before the first sound.",
        "Trim it, or go on: the master can be trimmed.",
    ),
    sure(
        "silent_tail",
        "There is a long silence after the last sound.",
        "Trim it, or go on: the master can be trimmed.",
    ),
    sure(
        "leans",
        "One side is clearly louder than the other: the picture leans.",
        "Check the panning of the loudest parts, or the balance of the mix bus.",
    ),
    sure(
        "bass_in_sides",
        "The bass is out of step between left and right: on one loudspeaker and on vinyl it goes missing.",
        "Make the bass mono below 120 Hz, and check polarity and wideners on it.",
    ),
    perhaps(
        "covered",
        "The range in which words are understood is far under the warmth below it: the voice may be covered.",
        "Listen at low volume: if words get lost, ask for the stems, or turn guitars and keys down in the mix.",
    ),
    sure(
        "clicks",
        "There are clicks in it.",
        "Look for bad edits and dropouts at this place and export again; `declick` mends what stays.",
    ),
    sure(
        "noise_in_pauses",
        "Noise is heard when the music pauses.",
        "Mute what does not play in the pauses and export again; `denoise` helps with what stays.",
    ),
    sure(
        "hum",
        "Mains hum is heard in the pauses.",
        "Find the cable or amplifier it comes from; `dehum` takes out what was recorded.",
    ),
    // A master.
    sure(
        "previous_master",
        "This has been mastered already: it is as loud as a release.",
        "Release it as it is, or ask for the mix without the mastering if it is to become another master.",
    ),
    sure(
        "ceiling_passed",
        "Its peaks are higher than this destination wants them.",
        "Make the master for this destination from the mix, not from this file.",
    ),
    // Parts.
    sure(
        "empty",
        "Nothing is on this track.",
        "Take it out, or export it again if something should be on it.",
    ),
    sure(
        "duplicate",
        "This track is the same as another.",
        "Take one of them out; if it should be a double, it was exported from the wrong track.",
    ),
    sure(
        "placeholder",
        "Its name says that it waits for the real one.",
        "Send the final take, or say that this one stays.",
    ),
    sure(
        "one_sided",
        "Only one side of this stereo track plays.",
        "Send it as mono, or check the cable and the routing if both sides should play.",
    ),
    sure(
        "mono_in_stereo",
        "Both sides of this stereo track are the same.",
        "Send it as mono, or go on: it is played as mono.",
    ),
    sure(
        "many_channels",
        "This track has more than two channels.",
        "Export it as stereo or as several mono tracks.",
    ),
    sure(
        "start_differs",
        "The tracks do not start together.",
        "Check the first bar; if it is wrong, export all tracks from bar 1.",
    ),
    sure(
        "length_differs",
        "This track is shorter than the others: it may come in at the wrong place.",
        "Export all tracks from the same start to the same end.",
    ),
    sure(
        "rate_differs",
        "This track has another sample rate than the others.",
        "Go on: it is converted; export at one rate if you can.",
    ),
    sure(
        "over_full_scale",
        "It is louder than full scale, in a format that bears it.",
        "Go on: nothing is lost.",
    ),
    sure(
        "printed_reverb",
        "Reverberation is recorded on it and cannot be taken off.",
        "Send the dry take as well, if there is one.",
    ),
    sure("noisy", "Noise is heard when it pauses.", "Cut the pauses, or use `denoise` with care."),
    perhaps(
        "bleed",
        "Other instruments are heard on this microphone.",
        "Go on: it is usual for drums; elsewhere say if a cleaner take exists.",
    ),
    perhaps(
        "missing_part",
        "A part that usually goes with these is not here.",
        "Look for the file, or go on if it is meant so.",
    ),
    sure("wet_and_dry", "The same part lies here with and without effects.", "Say which of both is wanted."),
    sure(
        "rough_mix",
        "A mix of these tracks lies among them.",
        "Go on: it shows the balance you like; tonmeister assist --keep-balance keeps it.",
    ),
    sure(
        "reference",
        "A finished song lies among the tracks.",
        "Go on: it is not mixed in; tonmeister assist --reference makes the mix sound nearer to it.",
    ),
    sure("click", "A click track for the players lies here.", "Go on: it is left out."),
    sure("talkback", "Somebody talks to the players on this track.", "Go on: it is left out."),
    perhaps(
        "masked_vocal",
        "Another part covers the voice where words are understood.",
        "Turn that part down or thin it out between 1 and 4.5 kHz; in a new mix this is done.",
    ),
    sure(
        "stems_do_not_fit",
        "These stems do not add up: their rates, lengths or channels differ.",
        "Export all stems from the same start to the same end, stereo, at one rate.",
    ),
    // Several songs.
    sure(
        "levels_apart",
        "The songs are at very different levels.",
        "Master them together as an album: quiet songs stay quiet, and nothing jumps.",
    ),
    sure(
        "mixed_states",
        "Some of the songs are mastered and some are not: they will not fit together.",
        "Send the mixes of all of them.",
    ),
    sure(
        "rates_apart",
        "The songs have different sample rates.",
        "Go on: each is converted for its destination.",
    ),
];

/// The words for a rule.
pub(super) fn of(rule: &str) -> Option<&'static Plain> {
    PLAIN.iter().find(|plain| plain.rule == rule)
}
