//! Whole records: levels, tone, discs.

use super::*;
use crate::disc::Sectors;

/// Third octaves of a file from 40 Hz to 16 kHz, dB, each re the median of them; by one long transform of our own making.
pub(super) fn third_octaves(samples: &[i32]) -> Vec<f64> {
    const SIZE: usize = 16_384;
    let mut fft = dsp::fft::RealFft::new(SIZE);
    let mut power = vec![0.0; SIZE / 2 + 1];
    let window: Vec<f64> = (0..SIZE)
        .map(|n| {
            let sine = dsp::math::sin(TAU * 0.5 * n as f64 / SIZE as f64);
            sine * sine
        })
        .collect();
    for channel in 0..2 {
        let plane: Vec<f64> = samples.chunks(2).map(|frame| f64::from(frame[channel])).collect();
        for block in plane.windows(SIZE).step_by(SIZE / 2) {
            let windowed: Vec<f64> = block.iter().zip(&window).map(|(x, window)| x * window).collect();
            let (mut re, mut im) = (vec![0.0; SIZE / 2 + 1], vec![0.0; SIZE / 2 + 1]);
            fft.forward(&windowed, &mut re, &mut im);
            power.iter_mut().zip(re.iter().zip(&im)).for_each(|(sum, (re, im))| *sum += re * re + im * im);
        }
    }
    let bin_hz = f64::from(RATE) / SIZE as f64;
    let levels: Vec<f64> = (-14..=12)
        .map(|n| {
            let centre = 1000.0 * dsp::math::pow(10.0, 0.1 * f64::from(n));
            let edges = [centre / dsp::math::pow(10.0, 0.05), centre * dsp::math::pow(10.0, 0.05)]
                .map(|hz| hz / bin_hz);
            let inside =
                power.iter().enumerate().filter(|(bin, _)| (edges[0]..edges[1]).contains(&(*bin as f64)));
            dsp::math::power_to_db(inside.map(|(_, power)| power).sum::<f64>())
        })
        .collect();
    let middle = median(levels.clone());
    levels.iter().map(|level| level - middle).collect()
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2])
}

/// Short-term loudness exceeded in a twentieth of the time, by libebur128's meter.
pub(super) fn stl95(samples: &[i32]) -> f64 {
    let mut meter = ebur128::EbuR128::new(2, RATE, ebur128::Mode::S).unwrap();
    let mut heard = Vec::new();
    for (n, hop) in samples.chunks(2 * 4410).enumerate() {
        let floats: Vec<f64> = hop.iter().map(|x| f64::from(*x) / 8_388_608.0).collect();
        meter.add_frames_f64(&floats).unwrap();
        let lufs = meter.loudness_shortterm().unwrap();
        if n >= 29 && lufs > -70.0 {
            heard.push(lufs);
        }
    }
    heard.sort_by(f64::total_cmp);
    heard[(0.95 * (heard.len() - 1) as f64).round() as usize]
}

/// Ten bands at wild levels with wild tone, two pianos, eight seconds each; the text of their album.
fn wild(studio: &Studio) -> String {
    let peaks = [-0.5, -24.0, -6.0, -12.0, -3.0, -18.0, -1.0, -9.0, -30.0, -4.0];
    let colours = [
        (100.0, 0.8, 3.5),
        (3000.0, 0.9, -3.0),
        (8000.0, 0.7, 3.5),
        (250.0, 1.0, -3.0),
        (1000.0, 1.2, 0.5),
        (700.0, 0.8, 3.0),
        (5000.0, 0.6, -3.5),
        (60.0, 0.7, -3.0),
        (400.0, 1.5, -0.6),
        (2000.0, 1.4, 3.0),
    ];
    let mut text = "[album]\ntitle = \"Wild\"\nartist = \"The Levels\"\nprocess = \"tone\"\n".to_owned();
    for index in 0..12_usize {
        let name = format!("{:02}.wav", index + 1);
        let planes = if index == 4 || index == 9 {
            // Pianos at two levels.
            peak_at(piano(index as u64, 8.0), if index == 4 { -12.0 } else { -30.0 })
        } else {
            let which = index - usize::from(index > 4) - usize::from(index > 9);
            let mut planes = band(index as u64 * 7 + 1, 8.0, 90.0 + 5.0 * index as f64);
            let (hz, q, db) = colours[which];
            planes.iter_mut().for_each(|plane| bell(plane, hz, q, db));
            peak_at(planes, peaks[which])
        };
        studio.print(&name, 24, [&planes[0], &planes[1]]);
        text += &format!("[[song]]\nid = \"s{index}\"\nfile = \"{name}\"\ntitle = \"Song {index}\"\n");
    }
    text
}

#[test]
fn twelve_wild_songs_come_out_as_planned_of_one_family_and_quiet_songs_stay_quiet() {
    let studio = Studio::new();
    let text = wild(&studio);
    let (prepared, release) = studio.render(&text, &["spotify", "cd"], "out");
    let release = release.unwrap();
    let spotify = &release.sets[0];
    assert_eq!(spotify.songs.len(), 12);
    let mut levels = Vec::new();
    let mut tones = Vec::new();
    for song in &spotify.songs {
        let start = spotify.tracks[song.song].start as usize;
        let end = spotify.tracks[song.song].sound_end as usize;
        let file = studio.path(&format!("out/spotify/{:02} Song {}.wav", song.song + 1, song.song));
        let audio = samples(&file);
        let own = &audio[..2 * (end - start)];
        let heard = stl95(own);
        println!(
            "{}: planned {:.2}, came {heard:.2} LUFS; tone off {:.2} dB",
            song.title, song.planned_lufs, song.tone_off_db
        );
        assert!(
            (heard - song.planned_lufs).abs() <= 0.5,
            "{}: {heard} for {}",
            song.title,
            song.planned_lufs
        );
        levels.push(heard);
        tones.push(third_octaves(own));
    }
    // The loudest is where the service wants it.
    assert!((spotify.loudest_lufs.unwrap() + 14.0).abs() <= 0.1, "{:?}", spotify.loudest_lufs);
    let bands: Vec<usize> = (0..12).filter(|song| *song != 4 && *song != 9).collect();
    // Bands printed 30 dB apart are within 3 LU; pianos are 4 LU under them or more, at whatever level they were printed.
    let of = |own: &[usize]| own.iter().map(|song| levels[*song]).collect::<Vec<f64>>();
    let middle = median(of(&bands));
    assert!(of(&bands).iter().all(|level| (level - middle).abs() < 1.5), "{levels:?}");
    assert!(of(&[4, 9]).iter().all(|level| (-14.0..-4.0).contains(&(level - middle))), "{levels:?}");
    // Every third octave of every band within 1.5 dB of the family they make.
    let thirds = tones[0].len();
    let family: Vec<f64> =
        (0..thirds).map(|third| median(bands.iter().map(|song| tones[*song][third]).collect())).collect();
    for song in &bands {
        for (third, (own, family)) in tones[*song].iter().zip(&family).enumerate() {
            let off = own - family;
            assert!(off.abs() <= 1.5, "song {song}, third {third}: {off:.2} dB");
        }
    }
    // The pianos keep their tone, and that is said.
    for song in [4, 9] {
        assert!(prepared.album.songs[song].steps.as_ref().unwrap().is_empty());
        let name = &prepared.album.songs[song].file;
        assert!(prepared.findings.iter().any(|own| own.rule == "unlike_family" && own.about == *name));
    }
    disc_is_the_same_record(&studio, &release.sets[1]);
}

/// The fileset has twelve tracks, each beginning in silence before its song.
fn disc_is_the_same_record(studio: &Studio, set: &Set) {
    assert_eq!(set.tracks.len(), 12);
    let image = std::fs::read(studio.path("out/cd/ddp/IMAGE.DAT")).unwrap();
    assert_eq!(image.len() as u64, Sectors::holding((set.seconds * 44_100.0).round() as u64).bytes());
    assert!(image[..150 * 2352].iter().all(|byte| *byte == 0));
    let pq = String::from_utf8(std::fs::read(studio.path("out/cd/ddp/PQDESCR")).unwrap()).unwrap();
    for track in &set.tracks {
        let sector = track.start / 588;
        let (minutes, seconds, frames) = (sector / 75 / 60, sector / 75 % 60, sector % 75);
        let mark = format!("VVVS{:02}01  {minutes:02}{seconds:02}{frames:02}", track.number);
        assert!(pq.contains(&mark), "{mark} in {pq}");
    }
    assert!(set.songs.iter().all(|song| song.off_plan_lu().abs() <= 0.5), "{:?}", set.songs);
}

#[test]
fn the_same_text_and_files_give_the_same_bytes_on_one_thread_and_two() {
    let studio = Studio::new();
    let planes = peak_at(band(3, 6.0, 120.0), -3.0);
    studio.print("a.wav", 24, [&planes[0], &planes[1]]);
    let planes = peak_at(piano(1, 6.0), -6.0);
    studio.print("b.wav", 24, [&planes[0], &planes[1]]);
    let text = "[[song]]\nid = \"a\"\nfile = \"a.wav\"\n[[song]]\nid = \"b\"\nfile = \"b.wav\"\n";
    let target = [crate::targets::find("spotify").unwrap()];
    let mut sums = Vec::new();
    for threads in [1, 2] {
        let job = Job::quiet().with_threads(threads);
        let prepared = prepare(studio.album(text), &job).unwrap();
        let folder = studio.path(&format!("out{threads}"));
        render(&prepared, &target, Place { folder: &folder, force: false }, &job).unwrap();
        sums.push(std::fs::read_to_string(folder.join("spotify/checksum.md5")).unwrap());
        // The text as rendered is complete: rendering it again proposes nothing and changes nothing.
        let again = Album::load(&folder.join(SHEET_FILE), false).unwrap();
        let again = Album { folder: studio.folder.path().to_owned(), ..again };
        let prepared = prepare(again, &job).unwrap();
        let folder = studio.path(&format!("again{threads}"));
        render(&prepared, &target, Place { folder: &folder, force: false }, &job).unwrap();
        sums.push(std::fs::read_to_string(folder.join("spotify/checksum.md5")).unwrap());
    }
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
    assert_eq!(sums[0].lines().count(), 2);
}

#[test]
fn a_single_is_an_album_of_one_song_and_sides_are_files_of_their_own() {
    let studio = Studio::new();
    let planes = peak_at(band(9, 5.0, 100.0), -6.0);
    studio.print("a.wav", 24, [&planes[0], &planes[1]]);
    let song = "[[song]]\nid = \"a\"\nfile = \"a.wav\"\ntitle = \"Alone\"\nisrc = \"DE-A12-26-00001\"\n";
    let (_, release) = studio.render(
        &format!("[album]\ntitle = \"Single\"\n{song}"),
        &["cd", "hi-res", "spotify"],
        "single",
    );
    let release = release.unwrap();
    // The code is in FLAC and in WAV.
    for name in ["hi-res/01 Alone.flac", "spotify/01 Alone.wav"] {
        let bytes = std::fs::read(studio.path(&format!("single/{name}"))).unwrap();
        assert!(bytes.windows(12).any(|part| part == b"DEA122600001"), "{name}");
    }
    assert_eq!(release.sets[0].tracks.len(), 1);
    let pq = std::fs::read_to_string(studio.path("single/cd/ddp/PQDESCR")).unwrap();
    assert!(pq.contains("DEA122600001"), "{pq}");
    let two = "[[song]]\nid = \"b\"\nfile = \"a.wav\"\ngap_seconds = 1.0\n[[side]]\nname = \"A\"\nsongs = [\"a\"]\n[[side]]\nname = \"B\"\nsongs = [\"b\"]\n";
    let (_, release) = studio.render(&format!("{song}{two}"), &["vinyl"], "sides");
    let set = &release.unwrap().sets[0];
    assert_eq!(set.reduction_db, 0.0);
    for side in ["A", "B"] {
        let audio = samples(&studio.path(&format!("sides/vinyl/Side {side}.wav")));
        assert_eq!(audio.len(), 2 * 5 * RATE as usize);
        let peak = audio.iter().fold(0, |top: i32, x| top.max(x.abs()));
        assert!(f64::from(peak) / 8_388_608.0 <= 10_f64.powf(-3.0 / 20.0), "{peak}");
    }
}

#[test]
fn discs_of_99_tracks_and_of_79_minutes_57_are_planned_and_the_next_is_refused() {
    use super::super::{cd, lay::Slot, sheet::Song, tracks};
    let disc = |count: usize, frames_each: u64| {
        let songs: Vec<Song> =
            (0..count).map(|n| Song::new(format!("s{n}"), "x.wav".into(), format!("Song {n}"))).collect();
        let album = Album {
            head: sheet::Head { title: "Many".into(), ..sheet::Head::default() },
            songs,
            sides: vec![],
            folder: PathBuf::new(),
        };
        let lead = cd::lead_in(&album);
        let slot = |song: usize| Slot {
            song,
            start: lead + song as u64 * frames_each,
            end: lead + (song as u64 + 1) * frames_each,
        };
        let slots: Vec<Slot> = (0..count).map(slot).collect();
        let frames = slots.last().unwrap().end;
        let timeline = Timeline { sample_rate_hz: 44_100, passages: vec![], slots, frames };
        let tracks = tracks::of(&album, &timeline);
        cd::plan(&album, &timeline, &tracks, Path::new("x"))
            .map(|planned| planned.red_book.disc().clone())
            .map_err(|error| error.code)
    };
    let full = disc(99, 4 * 44_100).unwrap();
    assert_eq!((full.tracks.len(), full.end.get()), (99, 150 + 99 * 300));
    assert_eq!(full.tracks[98].start.get(), 150 + 98 * 300);
    // Marks without a pause have no index 00.
    assert_eq!(full.tracks[1].pregap, None);
    assert_eq!(disc(100, 4 * 44_100), Err("too_many_tracks"));
    assert_eq!(disc(1, 4 * 44_100 - 600), Err("track_short"));
    // 79 minutes, 57 seconds.
    assert_eq!(disc(1, (79 * 60 + 57) * 44_100).unwrap().end.get(), 150 + (79 * 60 + 57) * 75);
    assert_eq!(disc(2, 50 * 60 * 44_100).map(|_| ()), Err("disc_too_long"));
}
