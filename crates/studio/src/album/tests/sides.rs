//! Records that are cut: sides proposed, what the lathe needs, what goes with the files.

use super::*;
use crate::report::side::side_svg;

fn read(studio: &Studio, name: &str) -> String {
    std::fs::read_to_string(studio.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A band with a voice in it that hisses for 80 ms in every 0.7 s, so many decibels over it.
fn hissing(seed: u64, seconds: f64, db: f64) -> [Vec<f64>; 2] {
    let mut planes = band(seed, seconds, 100.0);
    let mut hiss = testkit::signals::noise(1.0, seed + 77, planes[0].len());
    bell(&mut hiss, 8000.0, 1.0, 24.0);
    for plane in &mut planes {
        for (n, x) in plane.iter_mut().enumerate() {
            let burst = if n % 30_870 < 3528 { 10_f64.powf(db / 20.0) } else { 0.0 };
            *x += burst * hiss[n];
        }
    }
    peak_at(planes, -6.0)
}

#[test]
fn sides_are_proposed_cut_and_described_when_none_are_given() {
    let studio = Studio::new();
    let mut text = "[album]\ntitle = \"Two \\\"Faces\\\"\"\nartist = \"A\"\nprocess = \"tone\"\n".to_owned();
    for index in 0..4_u64 {
        let planes = peak_at(band(80 + index, 5.0, 100.0), -6.0);
        let name = format!("{index}.wav");
        studio.print(&name, 24, [&planes[0], &planes[1]]);
        text += &format!(
            "[[song]]\nid = \"s{index}\"\nfile = \"{name}\"\ntitle = \"Song {index}\"\ngap_seconds = 1.0\n"
        );
    }
    let prepared = studio.prepare(&text);
    let target = [crate::targets::find("vinyl").unwrap()];
    let folder = studio.path("out");
    let place = Place { folder: &folder, force: false };
    let release = render_with(&prepared, &target, place, Some(side_svg), &Job::quiet()).unwrap();
    let set = &release.sets[0];
    let cut = set.cut.as_ref().unwrap();
    assert_eq!(cut.sides.iter().map(|side| side.songs.clone()).collect::<Vec<_>>(), [0..2, 2..4]);
    // Two songs of 5 s and the second's own silence of one; what stands before the first of a side is not cut.
    assert!(cut.sides.iter().all(|side| (side.seconds - 11.0).abs() < 0.02), "{:?}", cut.sides[0].seconds);
    assert!((cut.sides[0].cut.songs_seconds[1] - 6.0).abs() < 0.2);
    for name in [
        "Side A.wav",
        "Side A.cue",
        "Side A.svg",
        "Side B.wav",
        "Side B.cue",
        "Side B.svg",
        "sides.txt",
        "sides.pdf",
    ] {
        assert!(set.files.iter().any(|own| own == name), "{name}: {:?}", set.files);
        assert!(studio.path(&format!("out/vinyl/{name}")).exists(), "{name}");
    }
    let cue = read(&studio, "out/vinyl/Side B.cue");
    let wanted = "PERFORMER \"A\"\nTITLE \"Two 'Faces', side B\"\nFILE \"Side B.wav\" WAVE\n  TRACK 01 AUDIO\n    \
                  TITLE \"Song 2\"\n    INDEX 01 00:00:00\n  TRACK 02 AUDIO\n    TITLE \"Song 3\"\n    INDEX 01 00:06:00\n";
    assert_eq!(cue, wanted);
    // The silence before the first song of a side is not in its file: 5 + 1 + 5 s.
    assert_eq!(samples(&studio.path("out/vinyl/Side B.wav")).len(), 2 * 11 * RATE as usize);
    let plan = read(&studio, "out/vinyl/sides.txt");
    assert!(plan.contains("Side B") && plan.contains("By custom") && plan.contains("Song 3"), "{plan}");
    assert!(read(&studio, "out/vinyl/Side A.svg").contains("Side A"));
    // The text as rendered has the sides; another run keeps them.
    let again = Album::load(&studio.path("out/album.toml"), false).unwrap();
    assert_eq!(again.sides.len(), 2);
    assert_eq!(again.sides[1].songs, ["s2", "s3"]);
    assert!(
        read(&studio, "out/album.toml").contains("# 0:12 of music: spread over 2 sides"),
        "{}",
        read(&studio, "out/album.toml")
    );
}

#[test]
fn a_lathe_gets_its_bass_in_the_middle_and_its_hiss_held_back_and_a_service_does_not() {
    let studio = Studio::new();
    // Bass of its own on either side, and sibilants far over the band.
    let mut wide = band(91, 6.0, 100.0);
    wide.iter_mut().for_each(|plane| bell(plane, 80.0, 1.0, 12.0));
    let wide = peak_at(wide, -6.0);
    studio.print("wide.wav", 24, [&wide[0], &wide[1]]);
    let sharp = hissing(92, 6.0, -36.0);
    studio.print("sharp.wav", 24, [&sharp[0], &sharp[1]]);
    let text = "[album]\nprocess = \"tone\"\nloudness = \"keep\"\n[[song]]\nid = \"wide\"\nfile = \"wide.wav\"\ninsert = []\n\
                [[song]]\nid = \"sharp\"\nfile = \"sharp.wav\"\ninsert = []\n[[side]]\nname = \"A\"\nsongs = [\"wide\", \"sharp\"]\n";
    let (_, release) = studio.render(text, &["vinyl", "archive"], "out");
    let release = release.unwrap();
    let cut = release.sets[0].cut.as_ref().unwrap();
    assert!(cut.songs[0].bass.side_mid_db < -6.0, "{:?}", cut.songs[0].bass);
    let held = cut
        .held
        .iter()
        .find(|own| own.title == "sharp")
        .unwrap_or_else(|| panic!("{:?}", cut.songs[1].treble));
    assert!(held.because.contains("sibilants stand"), "{held:?}");
    // As printed, by the same ear.
    let format = crate::vinyl::find("12in-33").unwrap();
    let heard = |path: &Path| crate::vinyl::hear(path, &format, &Job::quiet()).unwrap().treble.sibilance_db;
    let (was, is) = (heard(&studio.path("sharp.wav")), cut.songs[1].treble.sibilance_db);
    println!("sibilance {was:.1} dB as printed, {is:.1} dB on the side; {held:?}");
    assert!(was > 7.0 && is < was - 0.5 * held.range_db, "{was} {is} {held:?}");
    assert!(release.findings.iter().any(|own| own.rule == "treble_held_back" && own.about == "sharp"));
    // No brickwall: whatever was done, no sample was limited.
    assert_eq!(release.sets[0].reduction_db, 0.0);
    // The archive has what was printed.
    assert!(release.sets[1].cut.is_none());
    let archived = release.sets[1].files.iter().find(|name| name.starts_with("02")).unwrap();
    let archived = heard(&studio.path(&format!("out/archive/{archived}")));
    assert!((archived - was).abs() < 0.1, "{archived} {was}");
}
