//! Real recordings: bases for faults, and as they are.
//!
//! What is so of a recording was measured beside the code (numpy, ffmpeg's ebur128), 2026-11-22, and stands behind each.

use crate::Work;
use crate::folders;
use crate::kit::{Sound, clean, look, read, rules, shared};
use crate::make::at_rate;
use crate::tally::{Expected, Tally};

/// Clips for faults: a band and a song with a voice that rules were made on, and two that were kept aside.
pub(crate) fn bases() -> Vec<(&'static str, Sound, &'static [&'static str])> {
    let mut out: Vec<(&'static str, Sound, &'static [&'static str])> = Vec::new();
    for (name, file) in [("rock", "rock__clean_peak-6.flac"), ("francium", "francium__clean_peak-6.flac")] {
        out.extend(shared(&format!("intake/{file}")).map(|path| (name, clean(&read(&path)), [].as_slice())));
    }
    // Kept aside: no limit was looked for on these.
    out.extend(synth().map(|sound| ("synth", sound, [].as_slice())));
    out
}

/// Two real songs as a record, equally loud.
pub(crate) fn record() -> Option<Work> {
    let song = |file: &str| Some(clean(&read(&shared(&format!("intake/{file}__clean_peak-6.flac"))?)));
    let (one, two) = (song("rock")?, song("francium")?);
    // One of them is at another rate.
    let songs = [one.clone(), at_rate(two, one.rate_hz)];
    Some(Work::new("real record", move |tally| folders::albums(tally, "real record", &songs)))
}

/// Thirteen tracks of a synthesiser song, added up as they are.
fn synth() -> Option<Sound> {
    let folder = shared("multitrack/finalstep_synth")?;
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut sum: Option<Sound> = None;
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "flac")) {
        let sound = read(path);
        sum = Some(match sum {
            None => sound,
            Some(mut sum) => {
                for (plane, more) in sum.planes.iter_mut().zip(&sound.planes) {
                    plane.iter_mut().zip(more).for_each(|(x, y)| *x += y);
                }
                sum
            }
        });
    }
    let mut sum = sum?;
    sum.planes.iter_mut().for_each(|plane| plane.truncate(7 * 44_100));
    Some(clean(&sum))
}

/// A recording: what must be said of it, and what may.
type Known = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Masters, most of them cut out of longer files and all of them lossy.
const MASTERED: &[Known] = &[
    // First sample -33 dBFS, last 10 ms -23 dBFS; -19.7 LUFS, loudness range 18 LU.
    ("mastered/dynamic_cradle_60s.ogg", &["lossy", "abrupt_start", "abrupt_end"], &[]),
    // Peak -0.3 dBFS, -15.0 LUFS.
    ("mastered/dynamic_harvest_moon.ogg", &["lossy", "headroom"], &[]),
    // First sample -10 dBFS, last -10 dBFS; peak -0.4 dBFS, -13.9 LUFS.
    ("mastered/folk_vocal_fishin_60s.ogg", &["lossy", "headroom", "abrupt_start", "abrupt_end"], &[]),
    // -8.9 LUFS, peak 0.7 dBTP; first sample -24, last -11 dBFS.
    (
        "mastered/loud_hacienda.ogg",
        &["lossy", "previous_master", "ceiling_passed", "abrupt_start", "abrupt_end"],
        &[],
    ),
    // -7.7 LUFS, 0.9 dBTP; first sample -6, last -3 dBFS.
    (
        "mastered/loud_win_theme_40s.ogg",
        &["lossy", "previous_master", "ceiling_passed", "abrupt_start", "abrupt_end"],
        &[],
    ),
    // Peak -2.1 dBFS.
    ("mastered/orchestra_hungarian_dance.ogg", &["lossy", "headroom"], &[]),
    // -3.6 LUFS, 6.9 dBTP; first sample -5, last 0 dBFS.
    (
        "mastered/overlimited_skyvibe_40s.ogg",
        &["lossy", "previous_master", "ceiling_passed", "abrupt_start", "abrupt_end"],
        &["clipped"],
    ),
    // Peak 0.0 dBFS, -14.7 LUFS; sounds at -46 dBFS until 48.000 s and is 30 dB softer 5 ms later.
    ("album/01_hr3-crossroads.ogg", &["lossy", "headroom", "abrupt_end"], &[]),
    // Right has a mean of +5.37 %, and stops with it at -27 dBFS.
    ("album/02_Chimes_They_Fade.ogg", &["lossy", "dc", "abrupt_end"], &[]),
    // Right has a mean of +2.55 %; the left is 4.7 LU louder (K-weighted).
    ("album/03_March_Thee_to_Dis.ogg", &["lossy", "dc", "leans"], &[]),
    // Means of 7.8 and 10.5 %; peak 0.0 dBFS.
    ("album/04_Apex_Aleph.ogg", &["lossy", "dc", "headroom"], &[]),
];

/// Mixes, cut out of longer ones; damaged as their labels say. The rock clip has a mean of 1.6 % at -6 dBFS, more where it is louder.
const MIXES: &[Known] = &[
    // First samples -41 to -49 dBFS, last 10 ms -13 to 0 dBFS; the limited ones begin with silence.
    ("intake/francium__clean_peak-6.flac", &["abrupt_start", "abrupt_end"], &[]),
    ("intake/francium__bass_heavy_+9.flac", &["abrupt_start", "abrupt_end"], &[]),
    ("intake/francium__buscomp_4to1_-6.flac", &["abrupt_start", "abrupt_end"], &[]),
    ("intake/francium__limited_6dB_then_-6.flac", &["limited", "abrupt_end"], &[]),
    ("intake/francium__clipped_4dB_then_-4.flac", &["clipped", "abrupt_start", "abrupt_end"], &[]),
    // -6.5 LUFS, 0.3 dBTP: as loud as any release, and the limiter is told in that line.
    ("intake/francium__limited_10dB.flac", &["previous_master", "ceiling_passed", "abrupt_end"], &[]),
    ("intake/rock__clean_peak-6.flac", &["dc", "abrupt_start", "abrupt_end"], &[]),
    ("intake/rock__buscomp_4to1_-6.flac", &["dc", "abrupt_start", "abrupt_end"], &[]),
    ("intake/rock__limited_6dB_then_-6.flac", &["dc", "limited", "abrupt_end"], &[]),
    // -9.8 LUFS, 0.0 dBTP and -8.7 LUFS, 0.3 dBTP: as loud as releases.
    ("intake/rock__limited_3dB.flac", &["dc", "previous_master", "ceiling_passed", "abrupt_end"], &[]),
    (
        "intake/rock__clipped_4dB.flac",
        &["dc", "clipped", "previous_master", "ceiling_passed", "abrupt_start", "abrupt_end"],
        &[],
    ),
];

/// A folder, and what must and may be said of which part.
type Folder =
    (&'static str, &'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]);

/// Multitracks: all of them files of 16 bits (in `LICENSES.md`), cut out of longer ones.
const FOLDERS: &[Folder] = &[
    (
        "multitrack/rock_ddtbl2",
        // Means of 3.9 and 1.0 %; ends between -6 and -49 dBFS; two equal channels.
        &[
            ("dc", "16_PadWarm"),
            ("dc", "17_PadMetal"),
            ("mono_in_stereo", "17_PadMetal"),
            ("abrupt_end", "01_"),
            ("abrupt_end", "03_"),
            ("abrupt_end", "04_"),
            ("abrupt_end", "05_"),
            ("abrupt_end", "06_"),
            ("abrupt_end", "07_"),
            ("abrupt_end", "09_"),
            ("abrupt_end", "10_"),
            ("abrupt_end", "11_"),
            ("abrupt_end", "12_"),
            ("abrupt_end", "14_"),
            ("abrupt_end", "16_"),
            ("abrupt_end", "17_"),
            ("bit_depth", "01_"),
            ("bit_depth", "18_"),
            // `MANIFEST`: close microphones with bleed.
            ("bleed", "02_SnareTop"),
            ("bleed", "04_HiHat"),
        ],
        &[("bit_depth", ""), ("bleed", "0")],
    ),
    (
        "multitrack/francium_edm_vocal",
        // The sum's peak is -2.2 dBFS. Made from AAC. Crackles of the texture stand 13 to 18 dB over what is around them.
        &[
            ("headroom", "sum"),
            ("lossy", "25_TEXTURE"),
            ("clicks", "25_TEXTURE"),
            ("abrupt_end", "20_"),
            ("abrupt_end", "26_"),
            ("bit_depth", "03_"),
            ("bit_depth", "26_"),
        ],
        &[("bit_depth", ""), ("lossy", ""), ("limited", "03_BGVOX")],
    ),
    (
        "multitrack/finalstep_synth",
        &[
            ("mono_in_stereo", "16_"),
            ("mono_in_stereo", "19_"),
            ("mono_in_stereo", "23_"),
            ("abrupt_end", "09_"),
            ("abrupt_end", "12_"),
            ("abrupt_end", "13_"),
            ("abrupt_end", "17_"),
            ("abrupt_end", "20_"),
            ("bit_depth", "05_"),
            ("bit_depth", "23_"),
            // They fall by 12 to 15 dB in 0.6 s: 60 dB in 2.4 s and more.
            ("printed_reverb", "20_rim01"),
            ("printed_reverb", "21_Rimshot"),
            ("printed_reverb", "22_snare_rim01"),
        ],
        // Its last 10 ms are at -49.7 dBFS, 0.3 dB over the limit.
        &[("bit_depth", ""), ("abrupt_end", "21_")],
    ),
];

/// All of it, one after another.
pub(crate) fn works() -> Vec<Work> {
    let mut out: Vec<Work> = Vec::new();
    for known in MASTERED.iter().chain(MIXES) {
        out.push(Work::new(known.0, move |tally| file(tally, known)));
    }
    for known in FOLDERS {
        out.push(Work::new(known.0, move |tally| folder(tally, known)));
    }
    out
}

fn file(tally: &mut Tally, (name, must, may): &Known) {
    let Some(path) = shared(name) else { return };
    let found = look(std::slice::from_ref(&path), &["spotify"]);
    let expected = Expected { must: must.to_vec(), may: may.to_vec(), under: Vec::new() };
    tally.case(name, &rules(&found), &expected);
    tally.figures(&found, &expected);
}

fn folder(tally: &mut Tally, (name, must, may): &Folder) {
    let Some(root) = shared(name) else { return };
    tally.parts(name, &look(&[root], &["spotify"]), must, may, &[]);
}
