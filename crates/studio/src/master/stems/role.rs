//! What a stem is, by its name.

fx::choice! {
    /// What a stem is.
    pub enum Role {
        /// Drums and percussion.
        Drums = "drums",
        /// Bass.
        Bass = "bass",
        /// Voices.
        Vocals = "vocals",
        /// All else.
        Music = "music",
    }
}

/// Words in names; the first role with a word wins, so `bass drum` is drums and `vocal_fx` vocals.
const WORDS: [(Role, &[&str]); 3] = [
    (
        Role::Drums,
        &[
            "drum",
            "drums",
            "perc",
            "percussion",
            "kick",
            "snare",
            "rimshot",
            "hat",
            "hats",
            "hihat",
            "tom",
            "toms",
            "overheads",
            "cymbals",
            "clap",
            "claps",
            "beat",
            "beats",
            "loops",
            "kit",
        ],
    ),
    (
        Role::Vocals,
        &["vocal", "vocals", "vox", "voc", "voice", "voices", "leadvox", "bgvox", "bgv", "choir", "acapella"],
    ),
    (Role::Bass, &["bass", "basses", "sub", "808", "bassline"]),
];

impl Role {
    /// By the words of a file name, `KickIn` being two; what nobody knows is music.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let (mut parts, mut small) = (String::new(), false);
        for c in name.chars() {
            if small && c.is_uppercase() {
                parts.push(' ');
            }
            small = c.is_lowercase();
            parts.push(c);
        }
        let text = format!("{name} {parts}").to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let known = WORDS.iter().find(|(_, known)| words.iter().any(|word| known.contains(word)));
        known.map_or(Self::Music, |(role, _)| *role)
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        <Self as fx::Choice>::NAMES.get(self as usize).map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_known_and_unknown_ones_are_music() {
        for (name, role) in [
            ("drums.wav", Role::Drums),
            ("Song - DRUMS.flac", Role::Drums),
            ("02_bass drum.wav", Role::Drums),
            ("bass.wav", Role::Bass),
            ("My.Song_808.wav", Role::Bass),
            ("26_VOX_LEAD.flac", Role::Vocals),
            ("backing-vocals.wav", Role::Vocals),
            ("01_KickIn.flac", Role::Drums),
            ("04_HiHat.flac", Role::Drums),
            ("09_CLAPS.flac", Role::Drums),
            ("10_PickBass_Amp.flac", Role::Bass),
            ("03_BGVOX_BUILD.flac", Role::Vocals),
            ("LeadGuitar.wav", Role::Music),
            ("Lead Vocal.wav", Role::Vocals),
            ("music.wav", Role::Music),
            ("bassoon.wav", Role::Music),
            ("", Role::Music),
        ] {
            assert_eq!(Role::of_name(name), role, "{name}");
        }
    }
}
