use super::*;
use dsp::block::Buffer;
use std::fs;
use std::process::Command;
use testkit::signals::{noise, sine};

/// Standard output of a program that must succeed; `None`, with a word, when there is no such program.
fn run(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{program} {arguments:?}: {said}");
            Some(if output.stdout.is_empty() { output.stderr } else { output.stdout })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: {program} is not installed");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

pub(super) fn say(program: &str, arguments: &[&str]) -> Option<String> {
    run(program, arguments).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn music(channels: usize, frames: usize) -> Buffer {
    let planes: Vec<Vec<f64>> = (0..channels)
        .map(|c| {
            let tone =
                sine(200.0 + 111.0 * c as f64, 0.4, 0.3 * c as f64, frames as f64 / 48_000.0, 48_000.0);
            tone.iter().zip(noise(0.05, c as u64 + 1, frames)).map(|(a, b)| a + b).collect()
        })
        .collect();
    Buffer::from_planes(&planes)
}

fn write(path: &Path, spec: Spec, audio: &Buffer) -> Written {
    let mut writer = Writer::create(path, spec, false).unwrap();
    writer.write(audio.view()).unwrap();
    writer.finish(&Job::quiet(), &Gate::default()).unwrap()
}

/// What the file must hold, frame by frame, from the quantiser and the order of the mask alone.
fn expected(spec: &Spec, audio: &Buffer) -> Vec<f64> {
    let order = mask_order(&spec.layout);
    let planes: Vec<Vec<f64>> = order
        .iter()
        .map(|&c| match spec.encoding {
            Encoding::Int(bits) => {
                let mut out = vec![0; audio.frames()];
                Quantiser::new(bits, spec.dither, spec.seed, c).process(audio.channel(c), &mut out);
                out.iter().map(|y| f64::from(*y) / (1_u64 << (bits - 1)) as f64).collect()
            }
            Encoding::Float(32) => audio.channel(c).iter().map(|x| f64::from(*x as f32)).collect(),
            _ => audio.channel(c).to_vec(),
        })
        .collect();
    (0..audio.frames()).flat_map(|n| planes.iter().map(move |plane| plane[n])).collect()
}

fn ffmpeg(path: &Path) -> Option<Vec<f64>> {
    let arguments = ["-v", "error", "-i", path.to_str().unwrap(), "-f", "f64le", "-c:a", "pcm_f64le", "-"];
    let bytes = run("ffmpeg", &arguments)?;
    Some(bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect())
}

const KINDS: [(Encoding, usize); 11] = [
    (Encoding::Int(16), 1),
    (Encoding::Int(16), 2),
    (Encoding::Int(20), 2),
    (Encoding::Int(24), 2),
    (Encoding::Int(24), 6),
    (Encoding::Int(24), 8),
    (Encoding::Int(16), 12),
    (Encoding::Int(32), 2),
    (Encoding::Float(32), 2),
    (Encoding::Float(32), 6),
    (Encoding::Float(64), 2),
];

#[test]
fn every_kind_of_wav_holds_the_same_samples_for_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    for (encoding, channels) in KINDS {
        let path = folder.path().join(format!("{encoding:?}-{channels}.wav"));
        let (spec, audio) = (Spec::new(Container::Wav, encoding, 48_000, channels), music(channels, 4801));
        let written = write(&path, spec.clone(), &audio);
        assert_eq!((written.frames, written.container), (4801, "wav"));
        let Some(found) = ffmpeg(&path) else { return };
        assert!(found == expected(&spec, &audio), "{encoding:?} {channels}");
    }
}

#[test]
fn every_kind_of_wav_opens_in_sox_mediainfo_and_libsndfile() {
    let folder = tempfile::tempdir().unwrap();
    for (encoding, channels) in KINDS {
        let path = folder.path().join(format!("{encoding:?}-{channels}.wav"));
        let mut spec = Spec::new(Container::Wav, encoding, 48_000, channels);
        spec.bext = Some(Bext::default());
        spec.tags = vec![("TITLE".into(), "Über".into())];
        spec.track_names = (0..channels).map(|c| format!("Kanal <{c}>")).collect();
        write(&path, spec, &music(channels, 4801));
        let name = path.to_str().unwrap();
        // SoX knows no 20 bits in 24 ("padded samples").
        if encoding != Encoding::Int(20)
            && let Some(said) = say("sox", &["--i", name])
        {
            assert!(said.contains(&format!("Channels       : {channels}\n")), "{said}");
            assert!(said.contains("4801 samples"), "{said}");
        }
        if let Some(said) = say("sndfile-info", &[name]) {
            assert!(said.contains("Frames      : 4801"), "{said}");
            assert!(said.contains(&format!("Channels    : {channels}\n")), "{said}");
        }
        if let Some(said) =
            say("mediainfo", &["--Output=Audio;%Channel(s)% %SamplingRate% %SamplingCount% %BitDepth%", name])
        {
            let bits = match encoding {
                Encoding::Int(bits) | Encoding::Float(bits) => bits,
                Encoding::Lossy => 0,
            };
            assert_eq!(said.trim(), format!("{channels} 48000 4801 {bits}"), "{encoding:?}");
        }
    }
}

#[test]
fn hound_reads_equal_samples() {
    let folder = tempfile::tempdir().unwrap();
    for (encoding, channels) in [(Encoding::Int(16), 2), (Encoding::Int(24), 1), (Encoding::Int(24), 6)] {
        let path = folder.path().join(format!("{encoding:?}-{channels}.wav"));
        let (spec, audio) = (Spec::new(Container::Wav, encoding, 44_100, channels), music(channels, 999));
        write(&path, spec.clone(), &audio);
        let mut reader = hound::WavReader::open(&path).unwrap();
        let scale = f64::from(1 << (reader.spec().bits_per_sample - 1));
        let found: Vec<f64> = reader.samples::<i32>().map(|x| f64::from(x.unwrap()) / scale).collect();
        assert!(found == expected(&spec, &audio), "{encoding:?}");
    }
}

#[test]
fn flac_passes_its_own_test_and_holds_samples_and_tags() {
    let folder = tempfile::tempdir().unwrap();
    for (bits, channels, rate) in [
        (16, 2, 44_100),
        (24, 2, 96_000),
        (24, 1, 48_000),
        (20, 2, 48_000),
        (24, 6, 48_000),
        (24, 8, 192_000),
    ] {
        let path = folder.path().join(format!("{bits}-{channels}-{rate}.flac"));
        let mut spec = Spec::new(Container::Flac, Encoding::Int(bits), rate, channels);
        spec.tags = vec![("Title".into(), "Ärger=1".into()), ("ISRC".into(), "DEXXX2600001".into())];
        let audio = music(channels, 10_000);
        let written = write(&path, spec.clone(), &audio);
        assert_eq!(written.container, "flac");
        let name = path.to_str().unwrap();
        let _ = run("flac", &["-t", "-s", "-w", name]);
        if let Some(said) = say("metaflac", &["--export-tags-to=-", name]) {
            assert!(said.contains("TITLE=Ärger=1\n") && said.contains("ISRC=DEXXX2600001\n"), "{said}");
        }
        if let Some(found) = ffmpeg(&path) {
            assert!(found == expected(&spec, &audio), "{bits} {channels}");
        }
    }
}

#[test]
fn both_decoders_read_a_flac_file_alike_and_hear_a_single_bit() {
    let folder = tempfile::tempdir().unwrap();
    for (bits, channels, frames) in
        [(16, 1, 100), (16, 2, 4096), (20, 6, 9000), (24, 2, 30_000), (32, 2, 5000)]
    {
        let path = folder.path().join(format!("{bits} {channels}.flac"));
        let audio = music(channels, frames);
        write(&path, Spec::new(Container::Flac, Encoding::Int(bits), 48_000, channels), &audio);
        let read = |own: bool| -> Result<Buffer> {
            let options = crate::decode::Options { own, ..Default::default() };
            let (mut source, mut all) =
                (crate::decode::open(&path, options)?, Buffer::new(channels, frames + 10));
            source.read(&mut all)?;
            Ok(all)
        };
        let (careful, quick) = (read(false).unwrap(), read(true).unwrap());
        assert_eq!((careful.frames(), quick.frames()), (frames, frames));
        (0..channels).for_each(|c| assert!(careful.channel(c) == quick.channel(c), "{bits} {c}"));
        // One bit of the last frame, before its checksum.
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() - 12;
        bytes[at] ^= 4;
        fs::write(&path, bytes).unwrap();
        for own in [false, true] {
            assert!(read(own).is_err(), "{bits} {own}");
        }
    }
}

#[test]
fn what_flac_cannot_hold_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.flac");
    for (encoding, rate, channels) in [
        (Encoding::Float(32), 48_000, 2),
        (Encoding::Int(16), 48_000, 12),
        (Encoding::Int(16), 88_201, 2),
        (Encoding::Int(17), 48_000, 2),
    ] {
        let error =
            Writer::create(&path, Spec::new(Container::Flac, encoding, rate, channels), false).unwrap_err();
        assert_eq!((error.code, error.kind), ("unsupported", Kind::Usage));
    }
    let nothing =
        Writer::create(&path, Spec::new(Container::Flac, Encoding::Int(16), 48_000, 2), false).unwrap();
    assert_eq!(nothing.finish(&Job::quiet(), &Gate::default()).unwrap_err().code, "empty");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn speakers_are_told_and_written_in_the_order_of_the_mask() {
    let folder = tempfile::tempdir().unwrap();
    for (channels, layout) in [(6, "5.1(side)"), (8, "7.1")] {
        let path = folder.path().join(format!("{channels}.wav"));
        write(&path, Spec::new(Container::Wav, Encoding::Int(24), 48_000, channels), &music(channels, 480));
        let arguments = [
            "-v",
            "error",
            "-show_entries",
            "stream=channel_layout",
            "-of",
            "csv=p=0",
            path.to_str().unwrap(),
        ];
        if let Some(said) = say("ffprobe", &arguments) {
            assert_eq!(said.trim(), layout);
        }
    }
    // 7.1 comes with sides before backs and is written with backs before sides.
    assert_eq!(mask_order(&Layout::of(8)), [0, 1, 2, 3, 6, 7, 4, 5]);
    assert_eq!(mask_order(&Layout::of(7)), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn beyond_the_limit_wav_becomes_rf64_that_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.wav");
    let mut spec = Spec::new(Container::Wav, Encoding::Float(32), 48_000, 2);
    spec.tags = vec![("TITLE".into(), "Big".into())];
    let audio = music(2, 5000);
    let mut writer = Writer::create(&path, spec.clone(), false).unwrap();
    if let Sink::Wav(wav) = &mut writer.sink {
        wav.set_limit(30_000);
    }
    writer.write(audio.view()).unwrap();
    let written = writer.finish(&Job::quiet(), &Gate::default()).unwrap();
    assert_eq!((written.container, written.frames), ("rf64", 5000));
    let bytes = fs::read(&path).unwrap();
    assert_eq!((&bytes[..4], &bytes[12..16], &bytes[4..8]), (&b"RF64"[..], &b"ds64"[..], &[0xFF; 4][..]));
    assert_eq!(u64::from_le_bytes(bytes[20..28].try_into().unwrap()), bytes.len() as u64 - 8);
    if let Some(found) = ffmpeg(&path) {
        assert!(found == expected(&spec, &audio));
    }
    if let Some(said) = say("sndfile-info", &[path.to_str().unwrap()]) {
        assert!(said.contains("RF64") && said.contains("Frames      : 5000"), "{said}");
    }
    if let Some(said) = say("mediainfo", &["--Output=Audio;%SamplingCount%", path.to_str().unwrap()]) {
        assert_eq!(said.trim(), "5000");
    }
}

#[test]
fn a_bed_beyond_the_limit_becomes_bw64() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bed.wav");
    let mut spec = Spec::new(Container::Wav, Encoding::Int(24), 48_000, 12);
    spec.adm = Some(Adm { programme: "Bed".into() });
    let audio = music(12, 3000);
    let mut writer = Writer::create(&path, spec.clone(), false).unwrap();
    if let Sink::Wav(wav) = &mut writer.sink {
        wav.set_limit(30_000);
    }
    writer.write(audio.view()).unwrap();
    let written = writer.finish(&Job::quiet(), &Gate::default()).unwrap();
    assert_eq!((written.container, written.frames), ("bw64", 3000));
    // Channels stand in the order of the layout: sides before rears.
    assert_eq!(written.measured.layout, Layout::of(12));
    spec.layout = Layout::of(7);
    assert_eq!(Writer::create(&folder.path().join("x.wav"), spec, false).unwrap_err().code, "unsupported");
}

#[test]
fn broadcast_fields_and_measured_loudness_are_read_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("print.wav");
    let mut spec = Spec::new(Container::Wav, Encoding::Int(24), 48_000, 2);
    spec.bext = Some(Bext {
        description: "Song – mix print".into(),
        originator: "Studio".into(),
        originator_reference: "REF1".into(),
        date: "2026-11-21".into(),
        time: "08:30:00".into(),
        time_reference_frames: 172_800_000,
        coding_history: vec!["A=PCM,F=48000,W=24,M=stereo,T=take".into()],
    });
    // 1 kHz at -23 dBFS in both channels: -23.0 LUFS by EBU Tech 3341, case 1.
    let tone = sine(1000.0, testkit::signals::db(-23.0), 0.0, 20.0, 48_000.0);
    let written = write(&path, spec, &Buffer::from_planes(&[tone.clone(), tone]));
    assert!((written.measured.integrated_lufs.unwrap() + 23.0).abs() < 0.05);
    let name = path.to_str().unwrap();
    if let Some(said) = say("ffprobe", &["-v", "error", "-show_entries", "format_tags", name]) {
        for tag in [
            "comment=Song - mix print",
            "encoded_by=Studio",
            "date=2026-11-21",
            "creation_time=08:30:00",
            "time_reference=172800000",
        ] {
            assert!(said.contains(tag), "{tag}: {said}");
        }
    }
    if let Some(said) = say("mediainfo", &["--Output=JSON", name]) {
        let measured = &written.measured;
        let fields = [
            ("LoudnessValue", measured.integrated_lufs),
            ("LoudnessRange", measured.loudness_range_lu),
            ("MaxTruePeakLevel", Some(measured.true_peak_worst_dbtp())),
            ("MaxMomentaryLoudness", measured.max_momentary_lufs),
            ("MaxShortTermLoudness", measured.max_short_term_lufs),
        ];
        for (key, value) in fields {
            // mediainfo prints `-22.99 LUFS`; -0.00 reads as 0.00.
            let value = format!("{:.2}", value.unwrap()).replace("-0.00", "0.00");
            assert!(
                said.lines().any(|line| line.contains(key) && line.contains(&value)),
                "{key} {value}: {said}"
            );
        }
    }
}

#[test]
fn a_day_nobody_told_is_no_day_for_other_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("print.wav");
    let mut spec = Spec::new(Container::Wav, Encoding::Int(24), 48_000, 1);
    spec.bext = Some(Bext { originator: "Studio".into(), ..Bext::default() });
    write(&path, spec.clone(), &Buffer::from_planes(&[sine(1000.0, 0.1, 0.0, 0.5, 48_000.0)]));
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|id| id == b"bext").unwrap() + 8;
    // Ten letters of the date and eight of the time: all NUL.
    assert_eq!(bytes[at + 320..at + 338], [0; 18]);
    let name = path.to_str().unwrap();
    let programs: [(&str, &[&str]); 2] =
        [("mediainfo", &[name]), ("ffprobe", &["-v", "error", "-show_entries", "format_tags", name])];
    for (program, arguments) in programs {
        let Some(said) = say(program, arguments) else { continue };
        assert!(said.contains("Studio"), "{said}");
        // mediainfo has a line for the day all the same, with nothing in it.
        let dates = said.lines().filter(|line| line.to_ascii_lowercase().contains("date"));
        for line in dates.chain(said.lines().filter(|line| line.contains("creation_time"))) {
            assert!(!line.contains(|c: char| c.is_ascii_digit()), "{program}: {line}");
        }
    }
    // A day without a time is a day without a time.
    spec.bext = Some(Bext { date: "2026-11-21".into(), ..Bext::default() });
    let path = folder.path().join("dated.wav");
    write(&path, spec, &Buffer::from_planes(&[sine(1000.0, 0.1, 0.0, 0.5, 48_000.0)]));
    if let Some(said) = say("mediainfo", &["--Inform=General;%Encoded_Date%", path.to_str().unwrap()]) {
        assert_eq!(said.trim(), "2026-11-21");
    }
}

#[test]
fn a_full_disk_is_told_as_such() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: no /dev/full");
        return;
    };
    let spec = Spec::new(Container::Wav, Encoding::Int(16), 48_000, 2);
    let mut sink = WavSink::new(BufWriter::new(full), Path::new("x.wav"), &spec).unwrap();
    let error = sink.write(&[0; 1 << 16]).unwrap_err();
    assert_eq!((error.code, error.kind), ("disk_full", Kind::Io));
    for encode_aside in [false, true] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let spec = Spec { encode_aside, ..Spec::new(Container::Flac, Encoding::Int(16), 48_000, 2) };
        let written = FlacSink::new(full, Path::new("x.flac"), &spec).and_then(|mut flac| {
            // Noise, so that the buffer runs over before the end.
            let noise: Vec<i32> =
                (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 16) as i32 - 32_768).collect();
            (0..30).try_for_each(|_| flac.write(&noise))?;
            flac.finish()
        });
        assert_eq!(written.unwrap_err().code, "disk_full", "{encode_aside}");
    }
}

#[test]
fn flac_encoded_aside_is_the_same_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    // More than a batch of frames.
    let tone = sine(997.0, 0.5, 0.0, 12.3, 48_000.0);
    let bytes = [false, true].map(|encode_aside| {
        let path = folder.path().join(format!("{encode_aside}.flac"));
        let spec = Spec { encode_aside, ..Spec::new(Container::Flac, Encoding::Int(24), 48_000, 1) };
        let mut writer = Writer::create(&path, spec, false).unwrap();
        for part in tone.chunks(5000) {
            writer.write(Buffer::from_planes(&[part.to_vec()]).view()).unwrap();
        }
        writer.finish(&Job::quiet(), &Gate::default()).unwrap();
        fs::read(path).unwrap()
    });
    assert!(bytes[0] == bytes[1]);
    // Given up in the middle it leaves nothing.
    let path = folder.path().join("given_up.flac");
    let spec = Spec { encode_aside: true, ..Spec::new(Container::Flac, Encoding::Int(24), 48_000, 1) };
    let mut writer = Writer::create(&path, spec, false).unwrap();
    writer.write(Buffer::from_planes(&[tone]).view()).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_gate_that_is_not_passed_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loud.wav");
    let tone = sine(997.0, 0.9, 0.0, 2.0, 48_000.0);
    for (gate, code) in [
        (Gate { ceiling_dbtp: Some(-1.0), ..Gate::default() }, "over_ceiling"),
        (Gate { loudness_lufs: Some(-14.0), ..Gate::default() }, "off_target"),
    ] {
        let mut writer =
            Writer::create(&path, Spec::new(Container::Wav, Encoding::Int(24), 48_000, 1), false).unwrap();
        writer.write(Buffer::from_planes(std::slice::from_ref(&tone)).view()).unwrap();
        let error = writer.finish(&Job::quiet(), &gate).unwrap_err();
        assert_eq!((error.code, error.kind), (code, Kind::Gate));
        assert_eq!(error.at.as_deref(), path.to_str());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // -0.915 dBFS peak, -3.9 LUFS: passes when that is what is asked for.
    let mut writer =
        Writer::create(&path, Spec::new(Container::Wav, Encoding::Int(24), 48_000, 1), false).unwrap();
    writer.write(Buffer::from_planes(&[tone]).view()).unwrap();
    let gate = Gate { ceiling_dbtp: Some(-0.9), loudness_lufs: Some(-3.93), tolerance_lu: 0.1 };
    writer.finish(&Job::quiet(), &gate).unwrap();
}

#[test]
fn an_interrupted_delivery_leaves_nothing() {
    use std::sync::atomic::AtomicBool;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.flac");
    let mut writer =
        Writer::create(&path, Spec::new(Container::Flac, Encoding::Int(16), 48_000, 2), false).unwrap();
    writer.write(music(2, 20_000).view()).unwrap();
    let stop = AtomicBool::new(true);
    let error = writer.finish(&Job::new(&crate::job::Quiet, &stop, 2), &Gate::default()).unwrap_err();
    assert_eq!(error.kind, Kind::Interrupted);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(Writer::create(&path, Spec::new(Container::Flac, Encoding::Int(16), 48_000, 2), false).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_on_the_disk_is_what_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let mut writer =
        Writer::create(&path, Spec::new(Container::Wav, Encoding::Int(16), 48_000, 2), false).unwrap();
    writer.write(music(2, 2000).view()).unwrap();
    // One bit of the fingerprint differs from what reaches the disk.
    writer.tally.add(0, &[0.0]);
    writer.tally.add(1, &[0.0]);
    let error = writer.finish(&Job::quiet(), &Gate::default()).unwrap_err();
    assert_eq!((error.code, error.kind), ("read_back", Kind::Internal));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn block_size_changes_no_byte_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(2, 9000);
    for container in [Container::Wav, Container::Flac] {
        let files: Vec<Vec<u8>> = [9000, 1, 4097]
            .into_iter()
            .map(|size| {
                let path = folder.path().join(format!("{size}.{}", container.ending()));
                let mut writer =
                    Writer::create(&path, Spec::new(container, Encoding::Int(16), 44_100, 2), false).unwrap();
                for start in (0..9000).step_by(size) {
                    writer.write(audio.view().slice(start, size)).unwrap();
                }
                writer.finish(&Job::quiet(), &Gate::default()).unwrap();
                fs::read(path).unwrap()
            })
            .collect();
        assert!(files[0] == files[1] && files[1] == files[2], "{container:?}");
    }
}

#[test]
fn clipped_samples_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec::new(Container::Wav, Encoding::Int(16), 48_000, 1);
    let written = write(&folder.path().join("a.wav"), spec, &Buffer::from_planes(&[vec![1.5; 10]]));
    let rules: Vec<_> = written.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["clipped"]);
}

#[test]
fn broken_audio_is_refused_and_no_audio_is_a_wav_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let spec = Spec::new(Container::Wav, Encoding::Float(32), 48_000, 1);
    let mut writer = Writer::create(&path, spec.clone(), false).unwrap();
    let error = writer.write(Buffer::from_planes(&[vec![0.0, f64::NAN]]).view()).unwrap_err();
    assert_eq!(error.code, "not_finite");
    assert_eq!(writer.write(Buffer::new(2, 5).view()).unwrap_err().code, "internal");
    drop(writer);
    assert_eq!(write(&path, spec, &Buffer::new(1, 0)).frames, 0);
}

#[test]
fn a_target_becomes_a_file_and_a_gate() {
    let cd = crate::targets::find("cd").unwrap();
    let spec = Spec::for_target(&cd, 96_000, 2);
    assert_eq!(
        (spec.container, spec.encoding, spec.sample_rate_hz),
        (Container::Wav, Encoding::Int(16), 44_100)
    );
    assert_eq!(spec.dither.name(), "modified_e");
    let spotify = crate::targets::find("spotify").unwrap();
    assert_eq!(Gate::for_target(&spotify, Some(-9.0)).ceiling_dbtp, Some(-2.0));
    assert_eq!(Gate::for_target(&spotify, Some(-14.0)).ceiling_dbtp, Some(-1.0));
    assert_eq!(
        Gate::for_target(&cd, None),
        Gate { ceiling_dbtp: Some(-0.5), loudness_lufs: None, tolerance_lu: 0.1 }
    );
}
