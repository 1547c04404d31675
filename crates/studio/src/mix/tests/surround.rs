//! Prints of surround sessions, their downmix, and the bed that the EBU's renderer hears.

use super::{HEAD, load, read, wav};
use crate::handover;
use crate::mix::*;
use std::process::Command;
use testkit::{measure, signals};

const R: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// Noises all around, a low tone in the LFE, the tops too where there are some.
fn scene(folder: &Path, layout: &str, more: &str) -> Session {
    let mut text = HEAD.to_owned();
    for (number, azimuth) in [0, 25, -50, 100, -125, 170].into_iter().enumerate() {
        let file = format!("n{number}.wav");
        wav(&folder.join(&file), &[signals::noise(0.2, number as u64 + 1, 96_000)], 48_000);
        let lfe = if number == 0 { "lfe_db = -6\n" } else { "" };
        let up = if layout.ends_with(".4") { "elevation_degrees = 25\n" } else { "" };
        text.push_str(&format!(
            "[[track]]\nid = \"n{number}\"\nfile = \"{file}\"\nazimuth_degrees = {azimuth}\n{lfe}{up}"
        ));
    }
    load(folder, &format!("{text}[mix]\nlayout = \"{layout}\"\n{more}"))
}

fn mask(path: &Path) -> (u16, u32) {
    let bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(4).position(|id| id == b"fmt ").unwrap() + 8;
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    (
        u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()),
        if word(at - 4) == 40 { word(at + 20) } else { 0 },
    )
}

#[test]
fn a_surround_print_has_its_mask_and_the_loudness_of_its_loudspeakers() {
    use ebur128::Channel::{Center, Left, LeftSurround, Right, RightSurround, Unused};
    let folder = tempfile::tempdir().unwrap();
    // FFmpeg's words for the masks: an independent reader.
    let layouts = [
        ("lcr", 3, 0x7, "3.0"),
        ("quad", 4, 0x33, "quad"),
        ("5.1", 6, 0x60F, "5.1(side)"),
        ("7.1", 8, 0x63F, "7.1"),
        ("5.1.4", 10, 0x2_D60F, ""),
        ("7.1.4", 12, 0x2_D63F, "7.1.4"),
    ];
    for (layout, channels, wanted, words) in layouts {
        let session = scene(folder.path(), layout, "");
        let out = folder.path().join(format!("{layout}.wav"));
        let print = render(&session, &out, &Job::quiet(), Options::default()).unwrap();
        let m = print.measurements();
        assert_eq!((m.channels, mask(&out)), (channels, (0xFFFE, wanted)), "{layout}");
        assert!(m.true_peak_worst_dbtp() <= -3.0 && m.true_peak_worst_dbtp() > -3.12, "{layout}");
        assert_eq!((print.gain_db() * 10.0).round() / 10.0, print.gain_db());
        let probe = Command::new("ffprobe")
            .args(["-v", "error", "-show_entries", "stream=channel_layout", "-of", "csv=p=0"])
            .arg(&out)
            .output();
        match probe {
            Ok(said) if !words.is_empty() => {
                let said = String::from_utf8_lossy(&said.stdout).trim().trim_matches(',').to_owned();
                // Older versions have no word for 7.1.4.
                assert!(said == words || (layout == "7.1.4" && !said.contains("5.1")), "{layout}: {said}");
            }
            Ok(_) => {}
            Err(_) => println!("ffprobe is not here: its word on {layout} is skipped"),
        }
        if layout == "5.1" {
            let planes = read(&out);
            let mut meter = ebur128::EbuR128::new(6, 48_000, ebur128::Mode::I).unwrap();
            meter.set_channel_map(&[Left, Right, Center, Unused, LeftSurround, RightSurround]).unwrap();
            let planes: Vec<&[f64]> = planes.iter().map(Vec::as_slice).collect();
            meter.add_frames_planar_f64(&planes).unwrap();
            assert!((m.integrated_lufs.unwrap() - meter.loudness_global().unwrap()).abs() < 0.01);
        }
    }
}

#[test]
fn a_print_of_7_1_read_back_as_a_clip_is_the_same_mix() {
    let folder = tempfile::tempdir().unwrap();
    let session = scene(folder.path(), "7.1", "");
    let (first, second) = (folder.path().join("first.wav"), folder.path().join("second.wav"));
    render(&session, &first, &Job::quiet(), Options::default()).unwrap();
    // WAV has the rears before the sides; the engine has them after. A rising list follows the file's own words.
    let again = load(
        folder.path(),
        &format!(
            "{HEAD}[[track]]\nid = \"a\"\nfile = \"first.wav\"\nchannels = [1, 2, 3, 4, 5, 6, 7, 8]\n[mix]\nlayout = \"7.1\""
        ),
    );
    render(&again, &second, &Job::quiet(), Options { raise: false, ..Options::default() }).unwrap();
    let (a, b) = (read(&first), read(&second));
    for (channel, (a, b)) in a.iter().zip(&b).enumerate() {
        // The gate's room for dither may cost another tenth; the channels must be the same ones.
        let gain = a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / a.iter().map(|x| x * x).sum::<f64>();
        let scaled: Vec<f64> = a.iter().map(|x| x * gain).collect();
        if a.iter().any(|x| x.abs() > 1e-3) {
            assert!(measure::null_db(b, &scaled) < -90.0 && (gain - 1.0).abs() < 0.03, "{channel} {gain}");
        }
    }
}

/// The downmix by hand: `L + 0.7071 C + k Ls`, and the same on the right.
fn by_hand(planes: &[Vec<f64>], surround: f64) -> [Vec<f64>; 2] {
    [(0, 4), (1, 5)].map(|(front, side)| {
        (0..planes[0].len())
            .map(|n| planes[front][n] + R * planes[2][n] + surround * planes[side][n])
            .collect()
    })
}

#[test]
fn the_downmix_is_measured_judged_and_written_under_its_own_peak() {
    let folder = tempfile::tempdir().unwrap();
    for (key, surround) in [("", R), ("downmix_surround = \"-6\"", 0.5), ("downmix_surround = \"off\"", 0.0)]
    {
        let session = scene(folder.path(), "5.1", key);
        let (out, stereo) = (folder.path().join("p.wav"), folder.path().join("d.wav"));
        let options = Options { force: true, ..Options::default() };
        let print = render_with_downmix(&session, &out, Some(&stereo), &Job::quiet(), options).unwrap();
        let hand = by_hand(&read(&out), surround);
        let mut meter = ebur128::EbuR128::new(2, 48_000, ebur128::Mode::I).unwrap();
        meter.add_frames_planar_f64(&[&hand[0][..], &hand[1][..]]).unwrap();
        let peak = measure::to_db(measure::peak(&hand[0]).max(measure::peak(&hand[1])));
        let downmix = print.downmix().unwrap();
        let m = downmix.measurements();
        assert!((m.integrated_lufs.unwrap() - meter.loudness_global().unwrap()).abs() < 0.01);
        assert!((m.sample_peak_dbfs - peak).abs() < 1e-4, "{} {peak}", m.sample_peak_dbfs);
        let over = m.true_peak_worst_dbtp() > -3.0;
        let rule = if over { "downmix_over" } else { "downmix" };
        assert!(print.findings().iter().any(|finding| finding.rule == rule), "{key}");
        let (path, gain_db) = downmix.written().unwrap();
        assert_eq!(path, stereo);
        let planes = read(&stereo);
        let db = gain_db - print.gain_db();
        assert!(db <= 0.0 && (over || db == 0.0), "{db}");
        for (found, hand) in planes.iter().zip(&hand) {
            let wanted: Vec<f64> = hand.iter().map(|x| x * db_to_gain(db)).collect();
            assert!(measure::null_db(found, &wanted) < -100.0);
            assert!(measure::to_db(measure::peak(found)) <= -3.0);
        }
    }
    let stereo = load(folder.path(), &format!("{HEAD}[[track]]\nid = \"a\"\nfile = \"n0.wav\""));
    let out = folder.path().join("stereo.wav");
    let errors = render_with_downmix(
        &stereo,
        &out,
        Some(&folder.path().join("x.wav")),
        &Job::quiet(),
        Options::default(),
    );
    assert_eq!(errors.unwrap_err()[0].code, "no_downmix");
    let print = render(&stereo, &out, &Job::quiet(), Options::default()).unwrap();
    assert!(print.downmix().is_none());
    let surround = scene(folder.path(), "5.1", "");
    let same = folder.path().join("same.wav");
    let other = folder.path().join(".").join("same.wav");
    let errors = render_with_downmix(&surround, &same, Some(&other), &Job::quiet(), Options::default());
    assert_eq!(errors.unwrap_err()[0].code, "same_file");
}

#[test]
fn a_downmix_louder_than_the_print_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    // The same tone from three loudspeakers: the print keeps -3 dB, its downmix cannot.
    wav(&folder.path().join("t.wav"), &[signals::sine(997.0, 0.5, 0.3, 1.0, 48_000.0)], 48_000);
    let tracks: String = [30, 0, 110]
        .map(|a| format!("[[track]]\nid = \"t{a}\"\nfile = \"t.wav\"\nazimuth_degrees = {a}\n"))
        .concat();
    let session = load(folder.path(), &format!("{HEAD}{tracks}[mix]\nlayout = \"5.1\""));
    let (out, stereo) = (folder.path().join("p.wav"), folder.path().join("d.wav"));
    let print =
        render_with_downmix(&session, &out, Some(&stereo), &Job::quiet(), Options::default()).unwrap();
    let finding = print.findings().iter().find(|finding| finding.rule == "downmix_over").unwrap();
    assert_eq!(finding.severity, Severity::Warning);
    // 1 + 0.7071 + 0.7071 = 2.414: 7.66 dB over the print's own peak.
    let over = print.downmix().unwrap().measurements().true_peak_worst_dbtp()
        - print.measurements().true_peak_worst_dbtp();
    assert!((over - 7.655).abs() < 0.01, "{over}");
    let written_db = print.downmix().unwrap().written().unwrap().1;
    assert!((print.gain_db() - written_db - 7.7).abs() < 0.11, "{written_db}");
}

/// The renderer of the EBU, if it is here: `pip install ear`.
fn ear(args: &[&std::ffi::OsStr]) -> Option<bool> {
    match Command::new("ear-render").args(args).output() {
        Ok(said) => {
            if !said.status.success() {
                println!("{}", String::from_utf8_lossy(&said.stderr));
            }
            Some(said.status.success())
        }
        Err(_) => {
            println!(
                "ear-render is not here (pip install ear): the comparison with the EBU's renderer is skipped"
            );
            None
        }
    }
}

#[test]
fn the_renderer_of_the_ebu_hears_our_bed_as_our_own_downmix() {
    let folder = tempfile::tempdir().unwrap();
    // The renderer takes its time: all layouts only where that was asked for.
    let all = std::env::var_os("TONMEISTER_FULL").is_some();
    let usual = ["stereo", "5.1", "7.1.4"];
    for (layout, more) in [
        ("stereo", ""),
        ("lcr", ""),
        ("quad", ""),
        ("5.1", ""),
        ("7.1", ""),
        // Heights: the renderer keeps their level, BS.775 does not know them.
        ("5.1.4", "downmix_height = \"0\""),
        ("7.1.4", "downmix_height = \"0\""),
    ]
    .into_iter()
    .filter(|(layout, _)| all || usual.contains(layout))
    {
        let session = scene(folder.path(), layout, more);
        let name = |what: &str| folder.path().join(format!("{layout}-{what}.wav"));
        let (bed, stereo, heard) = (name("bed"), name("stereo"), name("heard"));
        // Soft enough that no downmix is limited by its own peak.
        let options = Options { adm: true, peak_dbtp: -12.0, ..Options::default() };
        let downmix = (layout != "stereo").then_some(stereo.as_path());
        let print = render_with_downmix(&session, &bed, downmix, &Job::quiet(), options).unwrap();
        // Our own reader has it, in the order of the layout, without a mask.
        let planes = read(&bed);
        assert_eq!(mask(&bed), (1, 0));
        assert_eq!(planes.len(), print.measurements().channels);
        assert_eq!(print.measurements().layout, session.shape.layout.speakers());
        let bytes = std::fs::read(&bed).unwrap();
        for chunk in [b"bext", b"chna", b"axml"] {
            assert!(bytes.windows(4).any(|id| id == chunk), "{layout}");
        }
        let Some(good) = ear(&["-s".as_ref(), "0+2+0".as_ref(), bed.as_os_str(), heard.as_os_str()]) else {
            return;
        };
        assert!(good, "{layout}: the renderer refuses the file");
        let (heard, wanted) = (read(&heard), if layout == "stereo" { planes } else { read(&stereo) });
        let own_db =
            print.downmix().and_then(|downmix| downmix.written().map(|(_, db)| db - print.gain_db()));
        let gain = db_to_gain(own_db.unwrap_or(0.0));
        for (heard, wanted) in heard.iter().zip(&wanted) {
            let scaled: Vec<f64> = heard.iter().map(|x| x * gain).collect();
            let null_db = measure::null_db(wanted, &scaled);
            println!("{layout}: {null_db:.1} dB");
            assert!(null_db < -100.0, "{layout} {null_db}");
        }
    }
}

#[test]
fn the_gate_of_mastering_says_that_masters_are_stereo() {
    let folder = tempfile::tempdir().unwrap();
    for layout in ["lcr", "7.1.4"] {
        let out = folder.path().join(format!("{layout}.wav"));
        render(&scene(folder.path(), layout, ""), &out, &Job::quiet(), Options::default()).unwrap();
        let verdict = handover::check(&out, &Job::quiet()).unwrap();
        assert!(!verdict.passed() && verdict.is_fatal());
        assert_eq!(verdict.findings[0].rule, "surround");
        assert!(verdict.findings[0].measured.contains("masters are stereo"));
    }
}

/// Samples of a file of 24 bits, channel by channel, and the body of its `chna`, without any reader of ours.
fn bare(path: &Path, channels: usize) -> (Vec<Vec<f64>>, Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    let chunk = |wanted: &[u8; 4]| {
        let mut at = 12;
        while at + 8 <= bytes.len() {
            let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
            if &bytes[at..at + 4] == wanted {
                return bytes[at + 8..at + 8 + length].to_vec();
            }
            at += 8 + length + length % 2;
        }
        Vec::new()
    };
    let mut planes = vec![Vec::new(); channels];
    for (index, sample) in chunk(b"data").chunks_exact(3).enumerate() {
        let whole = i32::from_le_bytes([0, sample[0], sample[1], sample[2]]) >> 8;
        planes[index % channels].push(f64::from(whole) / f64::from(1 << 23));
    }
    (planes, chunk(b"chna"))
}

#[test]
fn a_bed_of_7_1_has_its_loudspeakers_in_the_order_of_the_model_and_a_print_in_that_of_the_mask() {
    let folder = tempfile::tempdir().unwrap();
    // A tone for every loudspeaker, in the order of the model; that of the LFE stands in the centre too, softly.
    let places = [30, -30, 0, 0, 90, -90, 135, -135];
    let hz = |speaker: usize| 500.0 * (speaker + 1) as f64;
    let mut text = HEAD.to_owned();
    for (speaker, azimuth) in places.into_iter().enumerate() {
        let file = format!("t{speaker}.wav");
        wav(&folder.path().join(&file), &[signals::sine(hz(speaker), 0.2, 0.0, 0.5, 48_000.0)], 48_000);
        let lfe = if speaker == 3 { "fader_db = -12\nlfe_db = 12\n" } else { "" };
        text.push_str(&format!(
            "[[track]]\nid = \"t{speaker}\"\nfile = \"{file}\"\nazimuth_degrees = {azimuth}\n{lfe}"
        ));
    }
    let session = load(folder.path(), &format!("{text}[mix]\nlayout = \"7.1\""));
    // Which tone is loudest: one bin of a Fourier transform each.
    let loudest = |plane: &[f64]| {
        let level = |speaker: usize| {
            let turn = 2.0 * std::f64::consts::PI * hz(speaker) / 48_000.0;
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in plane.iter().take(19_200).enumerate() {
                re += x * dsp::math::cos(turn * n as f64);
                im += x * dsp::math::sin(turn * n as f64);
            }
            re * re + im * im
        };
        (0..8).max_by(|a, b| level(*a).total_cmp(&level(*b))).unwrap()
    };
    // WAVE_FORMAT_EXTENSIBLE: bits of the mask in rising order, rears (0x10, 0x20) before sides (0x200, 0x400).
    for (adm, wanted) in [(true, [0, 1, 2, 3, 4, 5, 6, 7]), (false, [0, 1, 2, 3, 6, 7, 4, 5])] {
        let out = folder.path().join(format!("{adm}.wav"));
        render(&session, &out, &Job::quiet(), Options { adm, ..Options::default() }).unwrap();
        let (planes, chna) = bare(&out, 8);
        let found: Vec<usize> = planes.iter().map(|plane| loudest(plane)).collect();
        assert_eq!(found, wanted, "adm {adm}");
        // Our reader keeps the order of the file.
        let own: Vec<usize> = read(&out).iter().map(|plane| loudest(plane)).collect();
        assert_eq!(own, wanted, "adm {adm}");
        // BS.2094-1: M+030, M-030, M+000, LFE1, M+090, M-090, M+135, M-135.
        let ids: Vec<String> = (0..if adm { 8 } else { 0 })
            .map(|track| String::from_utf8_lossy(&chna[4 + 40 * track + 14..][..14]).into_owned())
            .collect();
        let named = [1, 2, 3, 4, 0xa, 0xb, 0x1c, 0x1d].map(|id: u16| format!("AT_0001{id:04x}_01"));
        assert!(!adm || ids == named, "{ids:?}");
    }
}
