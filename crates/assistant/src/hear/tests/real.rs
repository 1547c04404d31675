//! The demo song and the real multitracks: what is known of them is found.

use super::*;
use studio::mix::Group;

/// Sorts again without names and says how many groups are right, with a table of confusions.
fn without_names(song: &Song, truth: &[Group]) -> (usize, Vec<String>) {
    let mut blind = song.clone();
    crate::sort::sort(&mut blind, &Options { ignore_names: true, ..Options::default() });
    let mut confused = Vec::new();
    let mut right = 0;
    for (track, wanted) in blind.tracks.iter().zip(truth) {
        // Voices are one group to a listener who is told no names; what leads is settled by a person.
        let found = track.role.role.group;
        let voices = |group: Group| matches!(group, Group::Vocals | Group::Backing);
        if found == *wanted || voices(found) && voices(*wanted) {
            right += 1;
        } else {
            confused.push(format!("{}: {:?} for {wanted:?}", track.name, found));
        }
    }
    (right, confused)
}

#[test]
fn the_demo_song_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    for track in studio::demo::tracks(1) {
        let planes: Vec<Vec<f64>> =
            (0..track.audio.channels()).map(|channel| track.audio.channel(channel).to_vec()).collect();
        wav(&folder.path().join(track.file), &planes, studio::demo::SAMPLE_RATE_HZ, None);
    }
    let song = hear(folder.path(), &Job::quiet(), &Options::default()).unwrap();
    let tempo = song.time.tempo.unwrap();
    assert!((tempo.bpm - 100.0).abs() < 0.5, "{tempo:?}");
    assert_eq!(song.time.key.map(|key| key.name()), Some("A minor".to_owned()));
    let starts: Vec<f64> = song.time.sections.iter().map(|section| section.start_seconds).collect();
    // The snare comes in at bar 2, chorus and outro begin at bars 12 and 20, of 2.4 s, 0.2 s in.
    for bar in [2.0, 12.0, 20.0] {
        let wanted = 0.2 + 2.4 * bar;
        assert!(starts.iter().any(|start| (start - wanted).abs() < 2.4), "{wanted}: {starts:?}");
    }
    let bar = (song.time.bars_seconds[3] - 0.2) / 2.4;
    assert!((bar - bar.round()).abs() < 0.05, "{bar}");
    flights(&song);
    use Group::*;
    let truth = [
        Drums, Drums, Drums, Drums, Drums, Drums, Drums, Bass, Guitars, Guitars, Keys, Vocals, Backing,
        Backing,
    ];
    for (track, wanted) in song.tracks.iter().zip(truth) {
        assert_eq!(track.role.role.group, wanted, "{}", track.name);
        assert!(track.role.question.is_none(), "{:?}", track.role);
    }
    let (right, confused) = without_names(&song, &truth);
    println!("demo without names: {right} of 14: {confused:?}");
    assert!(right >= 11, "{confused:?}");
}

/// Times of flight by the places of the demo's kit, and its inverted snare bottom.
fn flights(song: &Song) {
    let metres = |a: [f64; 3], b: [f64; 3]| {
        ((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2])).sqrt()
    };
    let left = [-0.70, -0.30, 1.95];
    let late =
        |source: [f64; 3], close: [f64; 3]| (metres(source, left) - metres(source, close)) / 343.0 * 48_000.0;
    let of = |track: usize| song.alignments.iter().find(|alignment| alignment.track == track).unwrap();
    // Snare and hi-hat are nearer to the left overhead. Above 200 Hz a snare is its wires more than its head.
    for (track, source, close) in
        [(1, [-0.35, -0.40, 0.54], [-0.38, -0.32, 0.74]), (3, [-0.75, -0.30, 0.90], [-0.80, -0.25, 1.05])]
    {
        let (found, wanted) = (of(track), late(source, close));
        assert!((f64::from(found.delay_frames) - wanted).abs() <= 2.0, "{found:?} {wanted}");
        assert!(!found.invert, "{found:?}");
    }
    let bottom = of(2);
    assert!(bottom.invert, "{bottom:?}");
    assert!(bottom.low_sum_after_db > bottom.low_sum_before_db, "{bottom:?}");
    assert!(
        song.alignments.iter().all(|alignment| alignment.track == 2 || !alignment.invert),
        "{:?}",
        song.alignments
    );
    assert!(song.alignments.iter().all(|alignment| ![5, 6].contains(&alignment.track)));
}

#[test]
fn real_multitracks_are_sorted_with_and_without_names() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/audio/multitrack");
    if !Path::new(shared).is_dir() {
        println!("skipped: no {shared}");
        return;
    }
    use Group::*;
    let songs: [(&str, f64, &[Group]); 3] = [
        (
            "rock_ddtbl2",
            145.0,
            &[
                Drums, Drums, Drums, Drums, Drums, Drums, Drums, Guitars, Bass, Bass, Guitars, Keys, Guitars,
                Percussion, Synths, Synths, Backing,
            ],
        ),
        (
            "finalstep_synth",
            140.0,
            &[Drums, Synths, Synths, Synths, Synths, Drums, Synths, Drums, Drums, Drums, Drums, Drums, Drums],
        ),
        (
            "francium_edm_vocal",
            128.0,
            &[Backing, Drums, Drums, Drums, Effects, Synths, Percussion, Synths, Vocals],
        ),
    ];
    let (mut all, mut named, mut blind) = (0, 0, 0);
    for (folder, bpm, truth) in songs {
        let song = hear(&Path::new(shared).join(folder), &Job::quiet(), &Options::default()).unwrap();
        let tempo = song.time.tempo.unwrap();
        // Half and double are both ways to count.
        let near = |factor: f64| (tempo.bpm / (factor * bpm) - 1.0).abs() < 0.01;
        assert!(near(1.0) || near(0.5) || near(2.0), "{folder}: {tempo:?}");
        all += truth.len();
        named += song
            .tracks
            .iter()
            .zip(truth)
            .filter(|(track, wanted)| {
                let right = track.role.role.group == **wanted;
                if !right {
                    println!(
                        "{folder}, with names: {}: {:?} for {wanted:?}",
                        track.name, track.role.role.group
                    );
                }
                right
            })
            .count();
        let (right, confused) = without_names(&song, truth);
        println!("{folder} without names: {right} of {}: {confused:#?}", truth.len());
        blind += right;
        if folder == "rock_ddtbl2" {
            // Direct and amplified bass: the direct one comes first, nothing is turned.
            let bass = song.alignments.iter().find(|alignment| alignment.track == 8).unwrap();
            assert!(bass.delay_frames > 0 && !bass.invert, "{bass:?}");
        }
    }
    println!("with names {named} of {all}, without {blind} of {all}");
    // Four tracks are called `Default preset`: nothing there says a word.
    assert!(named * 100 >= all * 90, "{named} of {all}");
    assert!(blind * 100 >= all * 70, "{blind} of {all}");
}
