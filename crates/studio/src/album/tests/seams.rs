//! Between songs: seams, gaps, crossfades, hidden songs; to the frame and to the bit.

use super::*;

/// Everything as it was printed.
const NEUTRAL: &str = "[album]\ntitle = \"Plain\"\nprocess = \"none\"\nloudness = \"keep\"\n";

/// Integers of 16 bits as a signal.
fn stepped(planes: [Vec<f64>; 2]) -> [Vec<f64>; 2] {
    planes.map(|plane| plane.iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect())
}

fn integers(planes: &[Vec<f64>; 2]) -> Vec<i32> {
    planes[0]
        .iter()
        .zip(&planes[1])
        .flat_map(|(l, r)| [(l * 32_768.0) as i32, (r * 32_768.0) as i32])
        .collect()
}

/// A set of 16 bits: what the CD gets, as one list of samples without its first pregap.
fn image(studio: &Studio, to: &str) -> Vec<i32> {
    let bytes = std::fs::read(studio.path(&format!("{to}/cd/ddp/IMAGE.DAT"))).unwrap();
    let all: Vec<i32> =
        bytes.chunks(2).map(|pair| i32::from(i16::from_le_bytes([pair[0], pair[1]]))).collect();
    all[2 * 150 * 588..].to_vec()
}

#[test]
fn one_recording_cut_in_three_songs_comes_back_to_the_bit_on_disc_and_in_files() {
    let studio = Studio::new();
    let whole = stepped(peak_at([pink(1, 700_000), pink(2, 700_000)], -6.0));
    // Cuts off every sector boundary; each song has four seconds or more.
    let cuts = [0, 200_123, 430_007, 700_000];
    for (index, cut) in cuts.windows(2).enumerate() {
        studio.print(&format!("{index}.wav"), 16, [&whole[0][cut[0]..cut[1]], &whole[1][cut[0]..cut[1]]]);
    }
    let song = |n: usize| format!("[[song]]\nid = \"s{n}\"\nfile = \"{n}.wav\"\ntitle = \"{n}\"\n");
    let text = format!("{NEUTRAL}{}{}{}", song(0), song(1), song(2));
    let expected = integers(&whole);
    // The last song is cut off too, and a fade would be proposed for it.
    let fadeless = text.replace(
        "file = \"2.wav\"\n",
        "file = \"2.wav\"\nfade_out = { seconds = 0.0, shape = \"linear\" }\n",
    );
    let (prepared, release) = studio.render(&fadeless, &["cd", "archive"], "plain");
    let release = release.unwrap();
    // One piece; the gaps were proposed as none.
    assert_eq!(prepared.passages.len(), 1);
    assert_eq!(prepared.album.songs[1].controls.gap_seconds, 0.0);
    let disc = image(&studio, "plain");
    assert_eq!(disc[..expected.len()], expected[..]);
    assert!(disc[expected.len()..].iter().all(|x| *x == 0) && disc.len() - expected.len() < 2 * 588);
    let files: Vec<i32> =
        (0..3).flat_map(|n| samples(&studio.path(&format!("plain/archive/{:02} {n}.wav", n + 1)))).collect();
    // 24 bits hold the 16.
    assert_eq!(files, expected.iter().map(|x| x << 8).collect::<Vec<i32>>());
    let starts: Vec<u64> = release.sets[1].tracks.iter().map(|track| track.start).collect();
    assert_eq!(starts, [0, 200_123, 430_007]);
    // Marks on the disc: the sector the song begins in.
    let pq = std::fs::read_to_string(studio.path("plain/cd/ddp/PQDESCR")).unwrap();
    let sector = 150 + 200_123 / 588;
    assert!(pq.contains(&format!("VVVS0201  00{:02}{:02}", sector / 75, sector % 75)), "{pq}");
    // A run of songs has no pause: no index 00 but the first.
    assert!(!pq.contains("VVVS0200"), "{pq}");
}

#[test]
fn gaps_are_exact_to_the_frame_and_a_pause_has_an_index_00() {
    let studio = Studio::new();
    // Square waves: the first and the last sample are not zero.
    let square = |seconds: f64| -> Vec<f64> {
        (0..(seconds * f64::from(RATE)) as usize)
            .map(|n| if n / 50 % 2 == 0 { 0.25 } else { -0.25 })
            .collect()
    };
    let (a, b) = (square(5.0), square(4.5));
    studio.print("a.wav", 16, [&a, &a]);
    studio.print("b.wav", 16, [&b, &b]);
    let fade = "fade_out = { seconds = 0.0, shape = \"linear\" }\n";
    let song = |id: &str, gap: &str| format!("[[song]]\nid = \"{id}\"\nfile = \"{id}.wav\"\n{gap}{fade}");
    let text = format!("{NEUTRAL}{}{}", song("a", ""), song("b", "gap_seconds = 1.23456\n"));
    let (_, release) = studio.render(&text, &["cd", "archive"], "out");
    let release = release.unwrap();
    let gap = (1.23456 * 44_100.0_f64).round() as usize;
    let disc = image(&studio, "out");
    let silent = disc[2 * a.len()..].iter().take_while(|x| **x == 0).count();
    assert_eq!(silent, 2 * gap);
    let first = samples(&studio.path("out/archive/01 a.wav"));
    assert_eq!(first.len(), 2 * (a.len() + gap));
    assert_eq!(samples(&studio.path("out/archive/02 b.wav"))[0], 1 << 21);
    assert_eq!(release.sets[0].tracks[1].start as usize, 88_200 + a.len() + gap);
    let pq = std::fs::read_to_string(studio.path("out/cd/ddp/PQDESCR")).unwrap();
    // The pause begins with the first whole sector of silence: 2 s and 5 s, to the frame.
    assert!(pq.contains("VVVS0200  000700"), "{pq}");
}

#[test]
fn a_crossfade_overlaps_by_its_length_and_linear_ones_of_one_tone_keep_its_level() {
    let studio = Studio::new();
    let tone = testkit::signals::sine(441.0, 0.25, 0.0, 5.0, f64::from(RATE));
    studio.print("a.wav", 24, [&tone, &tone]);
    // 441 Hz at 44.1 kHz repeats every 100 frames, so the overlapping tones are in phase.
    let fade = "fade_out = { seconds = 0.0, shape = \"linear\" }\n";
    let text = format!(
        "{NEUTRAL}[[song]]\nid = \"a\"\nfile = \"a.wav\"\n[[song]]\nid = \"b\"\nfile = \"a.wav\"\ncrossfade_seconds = 1.0\ncrossfade_shape = \"linear\"\n{fade}"
    );
    let (_, release) = studio.render(&text, &["archive"], "out");
    let release = release.unwrap();
    assert_eq!(release.sets[0].tracks[1].start, 4 * 44_100);
    let all: Vec<i32> = ["01 a.wav", "02 b.wav"]
        .iter()
        .flat_map(|name| samples(&studio.path(&format!("out/archive/{name}"))))
        .collect();
    assert_eq!(all.len(), 2 * 9 * 44_100);
    let full = 8_388_608.0;
    for frame in 0..9 * 44_100_usize {
        let wanted = tone[frame % 44_100 % 100] * full;
        assert!((f64::from(all[2 * frame]) - wanted).abs() < 4.0, "frame {frame}");
    }
}

#[test]
fn fades_have_their_course_and_their_length() {
    let studio = Studio::new();
    let level = vec![0.5; 5 * RATE as usize];
    studio.print("a.wav", 24, [&level, &level]);
    let text = format!(
        "{NEUTRAL}[[song]]\nid = \"a\"\nfile = \"a.wav\"\nstart_seconds = 0.5\nfade_in = {{ seconds = 0.1, shape = \"linear\" }}\nfade_out = {{ seconds = 1.0, shape = \"slow\" }}\n"
    );
    let (_, release) = studio.render(&text, &["archive"], "out");
    release.unwrap();
    let audio = samples(&studio.path("out/archive/01 a.wav"));
    let at = |frame: usize| f64::from(audio[2 * frame]) / 8_388_608.0;
    assert_eq!(audio.len(), 9 * 44_100);
    // The middle of a frame counts, to the step of 24 bits and its dither.
    let wanted = 0.5 * 2205.5 / 4410.0;
    assert!((at(2205) - wanted).abs() < 1e-6 && (at(4420) - 0.5).abs() < 1e-6, "{} {}", at(2205), at(4420));
    // Half of the way out: slow is x squared, a quarter of the level.
    let half = 9 * 44_100 / 2 - 22_050;
    assert!((at(half) - 0.125).abs() < 1e-3, "{}", at(half));
    assert!(at(9 * 44_100 / 2 - 1).abs() < 1e-5);
}

#[test]
fn hidden_songs_lie_before_the_first_track_and_in_the_last() {
    let studio = Studio::new();
    let planes = peak_at(band(4, 5.0, 100.0), -12.0);
    studio.print("a.wav", 16, [&planes[0], &planes[1]]);
    let song = |id: &str, more: &str| format!("[[song]]\nid = \"{id}\"\nfile = \"a.wav\"\n{more}");
    let text = format!(
        "{NEUTRAL}{}{}{}{}",
        song("ghost", "hidden = true\n"),
        song("a", "gap_seconds = 1.0\n"),
        song("b", "gap_seconds = 2.0\n"),
        song("late", "hidden = true\ngap_seconds = 3.0\n")
    );
    let (_, release) = studio.render(&text, &["cd", "archive"], "out");
    let release = release.unwrap();
    for (set, pregap) in release.sets.iter().zip(["cd", "archive"]) {
        assert_eq!((set.target.as_str(), set.tracks.len()), (pregap, 2));
        assert_eq!(set.tracks[0].start, 6 * 44_100);
        assert_eq!(set.tracks[1].sound_end, 26 * 44_100);
        assert_eq!(set.songs.len(), 4);
    }
    let pq = std::fs::read_to_string(studio.path("out/cd/ddp/PQDESCR")).unwrap();
    assert!(pq.contains("VVVS0100  000000") && pq.contains("VVVS0101  000600"), "{pq}");
    assert!(pq.contains("VVVS0200  001100") && pq.contains("VVVS0201  001300"), "{pq}");
    assert!(pq.contains("VVVSAA01  002600"), "{pq}");
    // In files, what lies before track 1 is left out, what lies in the last track is in its file.
    assert_eq!(samples(&studio.path("out/archive/02 b.wav")).len(), 2 * 13 * 44_100);
    assert_eq!(samples(&studio.path("out/archive/01 a.wav")).len(), 2 * 7 * 44_100);
}

#[test]
fn songs_that_do_not_go_on_are_two_pieces_although_nothing_lies_between() {
    let studio = Studio::new();
    for (name, seed) in [("a.wav", 31), ("b.wav", 32)] {
        let planes = peak_at(band(seed, 2.0, 100.0), -6.0).map(|mut plane| {
            plane.extend([0.0; 4410]);
            plane
        });
        studio.print(name, 16, [&planes[0], &planes[1]]);
    }
    let text = "[album]\nprocess = \"none\"\n[[song]]\nid = \"a\"\nfile = \"a.wav\"\n[[song]]\nid = \"b\"\nfile = \"b.wav\"\ngap_seconds = 0.0\n";
    assert_eq!(studio.prepare(text).passages.len(), 2);
}
