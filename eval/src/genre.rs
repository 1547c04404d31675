//! Nine genres, four arrangements each: data.

use crate::names::{Planned, plan};
use crate::score::{Feel, Score};
use dsp::rng::CounterRng;

/// A genre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Genre {
    /// Name, as the assistant's styles have it.
    pub name: &'static str,
    /// Slowest and fastest.
    bpm: (f64, f64),
    /// Whether most songs are minor.
    minor: bool,
    pub(crate) feel: Option<Feel>,
    /// Chords of verse and chorus, as steps of the scale from 0.
    degrees: [&'static [i32]; 2],
    /// Four to the floor.
    floor: bool,
    /// Busy melodies.
    busy: bool,
    /// Walking bass.
    walking: bool,
    /// Tracks of each arrangement.
    lines: [&'static str; 4],
}

/// Every genre.
pub const GENRES: [Genre; 9] = [
    Genre {
        name: "rock",
        bpm: (96.0, 148.0),
        minor: false,
        feel: Some(Feel::Rock),
        degrees: [&[0, 4, 5, 3], &[3, 4, 0, 5]],
        floor: false,
        busy: false,
        walking: false,
        lines: [
            "kickin sntop oh bassdi gtr1 man",
            "kickin sntop snbot hat oh bassdi bassamp dist1 dist2 lead bv1",
            "kickin kickout sntop snbot hat toms oh room bassdi bassamp dist1 dist2 gtr3 solo organ tamb man mdbl1 bv1 bv2 bv3",
            "kickin kickout sntop snbot hat toms oh room bassdi bassamp dist1 dist2 dist3 dist4 gtr1 gtr2 gtr3 ac1 ac2 solo \
             piano ep organ pad1 pad2 pad3 strs vln1 vln2 vla vc tpt tbn sax tamb shaker conga cowbell dist5 dist6 gtr4 ac3 ac4 \
             lead dbl1 dbl2 dbl3 bv1 bv2 bv3 bv4 bv5 bv6 bv7 bv8 choir riser impact atmos click",
        ],
    },
    Genre {
        name: "pop",
        bpm: (90.0, 126.0),
        minor: false,
        feel: None,
        degrees: [&[0, 4, 5, 3], &[5, 3, 0, 4]],
        floor: true,
        busy: false,
        walking: false,
        lines: [
            "mkick claps synbass pad1 lead",
            "mkick msnare mhat shaker synbass piano pad1 gtr1 lead dbl1 bv1 bv2",
            "mkick msnare mhat claps shaker tamb synbass piano pad1 pad2 arp1 gtr1 gtr2 strs lead dbl1 dbl2 bv1 bv2 bv3 bv4 riser",
            "mkick msnare mhat claps shaker tamb conga synbass sub piano ep pad1 pad2 pad3 arp1 arp2 slead stabs gtr1 gtr2 ac1 \
             ac2 strs vln1 vln2 vc lead dbl1 dbl2 dbl3 bv1 bv2 bv3 bv4 bv5 bv6 bv7 bv8 choir riser impact atmos \
             cowbell organ arp3 gtr3 ac3 ac4 pad4 vln3 vln4 vla tpt tbn sax flute dbl4 bv9 bv10 bv11",
        ],
    },
    Genre {
        name: "hip-hop",
        bpm: (78.0, 98.0),
        minor: true,
        feel: None,
        degrees: [&[0, 5, 0, 4], &[5, 4, 0, 0]],
        floor: false,
        busy: true,
        walking: false,
        lines: [
            "mkick msnare mhat sub rap",
            "mkick msnare mhat claps sub ep pad1 rap adlib",
            "mkick msnare mhat claps shaker conga sub synbass ep pad1 arp1 strs rap adlib lead bv1 bv2 riser impact",
            "mkick msnare mhat claps shaker tamb conga cowbell sub synbass ep piano pad1 pad2 arp1 arp2 strs tpt tbn gtr1 rap adlib \
             lead dbl1 bv1 bv2 bv3 bv4 choir riser impact atmos organ pad3 stabs slead gtr2 vln1 vln2 vc flute sax dbl2 bv5 bv6",
        ],
    },
    Genre {
        name: "electronic",
        bpm: (120.0, 140.0),
        minor: true,
        feel: None,
        degrees: [&[0, 5, 2, 6], &[5, 6, 0, 0]],
        floor: true,
        busy: false,
        walking: false,
        lines: [
            "mkick mhat synbass stabs",
            "mkick claps mhat shaker synbass arp1 pad1 slead riser",
            "mkick claps mhat msnare shaker sub synbass arp1 arp2 pad1 pad2 slead stabs lead dbl1 bv1 riser impact",
            "mkick claps mhat msnare shaker tamb cowbell sub synbass arp1 arp2 arp3 arp4 pad1 pad2 pad3 slead stabs strs piano \
             lead dbl1 dbl2 bv1 bv2 bv3 bv4 choir riser impact atmos conga ep organ arp5 arp6 pad4 pad5 pad6 gtr1 gtr2 vln1 vln2 \
             vla vc tpt tbn dbl3 bv5 bv6 bv7 bv8 bv9 bv10",
        ],
    },
    Genre {
        name: "jazz",
        bpm: (118.0, 176.0),
        minor: false,
        feel: Some(Feel::Jazz),
        degrees: [&[1, 4, 0, 5], &[3, 6, 2, 5]],
        floor: false,
        busy: false,
        walking: true,
        lines: [
            "kit upright piano sax",
            "kickin sntop oh upright piano gtr1 lead",
            "kickin sntop hat oh room upright piano gtr1 sax tpt tbn clar",
            "kickin sntop snbot hat toms oh room upright piano gtr1 sax tpt tbn horn clar flute vln1 vln2 vla vc conga shaker lead \
             bv1 bv2 bv3 ep organ strs choir kickout gtr2 ac1 vln3 vln4 tamb cowbell pad1 dbl1 bv4 bv5 bv6",
        ],
    },
    Genre {
        name: "folk",
        bpm: (76.0, 118.0),
        minor: false,
        feel: Some(Feel::Light),
        degrees: [&[0, 3, 0, 4], &[3, 0, 4, 0]],
        floor: false,
        busy: false,
        walking: false,
        lines: [
            "ac1 upright vln1 lead",
            "ac1 ac2 upright shaker vln1 man bv1",
            "kickin sntop oh ac1 ac2 gtr1 upright piano vln1 vc shaker tamb lead dbl1 bv1 bv2",
            "kickin sntop hat oh room ac1 ac2 ac3 ac4 gtr1 gtr2 bassdi bassamp piano organ vln1 vln2 vla vc flute clar conga shaker \
             tamb man mdbl1 bv1 bv2 bv3 bv4 choir kickout snbot toms ac5 ac6 ep vln3 vln4 strs horn tpt bv5 bv6 pad1",
        ],
    },
    Genre {
        name: "metal",
        bpm: (132.0, 190.0),
        minor: true,
        feel: Some(Feel::Metal),
        degrees: [&[0, 0, 5, 6], &[5, 6, 0, 0]],
        floor: false,
        busy: true,
        walking: false,
        lines: [
            "kickin sntop oh bassdi dist1 dist2",
            "kickin sntop snbot toms oh bassdi bassamp dist1 dist2 man",
            "kickin kickout sntop snbot hat toms oh room bassdi bassamp dist1 dist2 dist3 dist4 solo pad1 man mdbl1 bv1 bv2",
            "kickin kickout sntop snbot hat toms oh room bassdi bassamp dist1 dist2 dist3 dist4 dist5 dist6 gtr1 gtr2 solo pad1 pad2 \
             strs man mdbl1 mdbl2 bv1 bv2 bv3 bv4 choir impact atmos click talk gtr3 gtr4 ac1 ac2 dist7 dist8 piano organ pad3 vln1 \
             vln2 vc bv5 bv6 bv7 bv8 mdbl3 riser",
        ],
    },
    Genre {
        name: "classical",
        bpm: (70.0, 120.0),
        minor: false,
        feel: None,
        degrees: [&[0, 3, 4, 0], &[5, 1, 4, 0]],
        floor: false,
        busy: false,
        walking: false,
        lines: [
            "vln1 vln2 vla vc",
            "piano vln1 vc lead",
            "vln1 vln2 vla vc db flute clar horn tpt timp",
            "vln1 vln2 vln3 vln4 vla vc db strs flute clar horn tpt tbn timp choir bv1 bv2 bv3 bv4 bv5 bv6 bv7 bv8 piano organ lead \
             atmos vln5 vln6 vln7 vln8 vln9 vln10 vln11 vln12 sax bv9 bv10 bv11 bv12",
        ],
    },
    Genre {
        name: "podcast",
        bpm: (90.0, 110.0),
        minor: false,
        feel: None,
        degrees: [&[0, 5, 3, 4], &[0, 4, 5, 3]],
        floor: false,
        busy: false,
        walking: false,
        lines: [
            "host guest1 pad1 atmos",
            "host guest1 ep pad1 riser",
            "host guest1 guest3 piano pad1 impact riser atmos",
            "host guest1 guest3 guest5 piano ep pad1 pad2 strs arp1 shaker mkick mhat synbass impact riser atmos talk",
        ],
    },
];

/// A song of the corpus on paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// `rock-2`.
    pub id: String,
    /// Genre.
    pub genre: Genre,
    /// 0 to 3: small to very large.
    pub arrangement: usize,
    /// What is played.
    pub score: Score,
    /// Tracks.
    pub tracks: Vec<Planned>,
    /// Height of the overheads above the usual, metres.
    pub lift: f64,
    /// How late the bass amplifier's microphone is, and whether it is turned over.
    pub amp: (usize, bool),
    /// Bars that are counted in.
    pub count_in: usize,
    /// Middle of the lead's range.
    pub middle: i32,
}

const FULL: &[(&str, f64, u32)] =
    &[("intro", 1.0, 1), ("verse", 3.0, 2), ("chorus", 3.0, 3), ("solo", 1.0, 2), ("chorus", 2.0, 3)];
const SHORT: &[(&str, f64, u32)] = &[("intro", 1.0, 1), ("verse", 3.0, 2), ("chorus", 3.0, 3)];

/// One song: genre, arrangement 0 to 3, about `seconds` long.
#[must_use]
pub fn song(genre: Genre, arrangement: usize, seed: u64, seconds: f64) -> Plan {
    let place = GENRES.iter().position(|other| other.name == genre.name).unwrap_or(0);
    let own = seed.wrapping_mul(1_000).wrapping_add((10 * place + arrangement) as u64);
    let rng = CounterRng::new(own, 0xC0);
    let bpm = (genre.bpm.0 + (genre.bpm.1 - genre.bpm.0) * rng.uniform(0)).round();
    let tonic = (rng.bits(1) % 12) as i32;
    let minor = if rng.uniform(2) < 0.8 { genre.minor } else { !genre.minor };
    let form = if seconds > 30.0 { FULL } else { SHORT };
    let mut score = Score::new(own, bpm, (tonic, minor), seconds, form, genre.degrees);
    let amp = (40 + (rng.bits(3) % 140) as usize, rng.uniform(4) < 0.5);
    let tracks = plan(genre.lines[arrangement % 4], arrangement, amp, own);
    let has = |word: &str| tracks.iter().any(|track| track.word == word);
    let count_in = usize::from(has("click"));
    score.start_seconds += count_in as f64 * 4.0 * score.beat_seconds();
    if has("talk") {
        // Room to talk before the first bar.
        score.start_seconds += 4.0;
    }
    let low = tracks.iter().any(|track| matches!(track.word.as_str(), "man" | "rap"));
    let middle = if low { 55 } else { 67 };
    let lift = 0.6 * rng.uniform(5);
    Plan {
        id: format!("{}-{arrangement}", genre.name),
        genre,
        arrangement,
        score,
        tracks,
        lift,
        amp,
        count_in,
        middle,
    }
}

impl Plan {
    /// The same song, counted in by the drummer, if there is one.
    #[must_use]
    pub fn counted_in(mut self) -> Self {
        if self.feel().is_some() && !self.score.counted_in {
            self.score.counted_in = true;
            if self.count_in == 0 {
                self.count_in = 1;
                self.score.start_seconds += self.score.beats_per_bar as f64 * self.score.beat_seconds();
            }
        }
        self
    }

    /// How the drummer plays, if one is heard.
    fn feel(&self) -> Option<Feel> {
        let hears = |track: &Planned| {
            matches!(track.instrument, crate::parts::Instrument::Kit(_) | crate::parts::Instrument::KitBus)
        };
        self.genre.feel.filter(|_| self.tracks.iter().any(hears))
    }

    /// The players in their room.
    #[must_use]
    pub fn studio(&self) -> crate::parts::Studio<'_> {
        let feel = self.feel();
        let mut studio = crate::parts::Studio::new(&self.score, feel, self.lift);
        studio.busy = self.genre.busy;
        studio.walking = self.genre.walking;
        studio.floor = self.genre.floor;
        studio.middle = self.middle;
        studio
    }

    /// Whether somebody sings or speaks the lead.
    #[must_use]
    pub fn has_lead(&self) -> bool {
        self.tracks.iter().any(|track| track.role == "lead vocal")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrangements_have_four_to_sixty_tracks_and_no_name_twice() {
        for genre in GENRES {
            let sizes: Vec<usize> = (0..4)
                .map(|arrangement| {
                    let plan = song(genre, arrangement, 1, 32.0);
                    let words = genre.lines[arrangement].split_whitespace().count();
                    assert_eq!(plan.tracks.len(), words, "{}", plan.id);
                    let mut names: Vec<&str> = plan.tracks.iter().map(|track| track.name.as_str()).collect();
                    names.sort_unstable();
                    names.dedup();
                    assert_eq!(names.len(), words, "{}", plan.id);
                    words
                })
                .collect();
            assert!(sizes.is_sorted() && sizes[0] >= 4 && sizes[3] <= 60, "{} {sizes:?}", genre.name);
            // Large sessions of music; speech has no use for as many.
            assert!(sizes[3] >= 40 || genre.name == "podcast", "{} {sizes:?}", genre.name);
        }
    }
}
