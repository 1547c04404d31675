//! The bar: whatever comes in, the master of every destination stands at its level within 0.1 LU and under its ceiling by other
//! programs' meters, in the file and in what codecs make of it; what is too dense is said. Some recordings and destinations by
//! default; all of them, and all codecs, with `TONMEISTER_FULL=1`; of these only `TONMEISTER_TARGETS=spotify,cd`, and no codecs with
//! `TONMEISTER_CODECS=0`. `docs/bars.md` has what came out.

use crate::kit::{
    Heard, code, err, folder, json, names, of_ffmpeg, run, shared, tonmeister, tool, write_song, write_wav,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// What stands for the rest when time is short: dynamic, loud, over-limited, speech at 8 kHz, mixes good and bad.
const SOME: [&str; 7] = [
    "speech/asterisk_prompt_8k.wav",
    "speech/jfk_16k.wav",
    "speech/solo_vocal_vocadito_10.wav",
    "mastered/overlimited_skyvibe_40s.ogg",
    "intake/rock__clean_peak-6.flac",
    "intake/francium__limited_10dB.flac",
    "intake/francium__clipped_4dB_then_-4.flac",
];

/// Rooms of the full set.
const ROOMS: [&str; 4] = ["mastered", "album", "speech", "intake"];

/// What one meter may read of a peak to loudness ratio under another's, LU: four times oversampling misses that much of a peak
/// (BS.1770-5, annex 2, attachment 1: 0.4 dB at half the rate, far less where music has its peaks).
const METERS_LU: f64 = 0.15;

/// Loudness beyond which nothing is made where nobody asks for it (`mastering/balanced.toml`).
const FREE_LUFS: f64 = -10.0;

fn full() -> bool {
    std::env::var_os("TONMEISTER_FULL").is_some()
}

/// Whether a destination is asked for in the full set.
fn named(target: &str) -> bool {
    std::env::var("TONMEISTER_TARGETS").map_or(true, |all| all.split(',').any(|name| name == target))
}

fn codecs_too() -> bool {
    full() && std::env::var("TONMEISTER_CODECS").map_or(true, |said| said != "0")
}

fn recordings(audio: &Path) -> Vec<PathBuf> {
    if !full() {
        return SOME.iter().map(|name| audio.join(name)).collect();
    }
    let rooms = ROOMS.iter().map(|room| audio.join(room));
    let all = rooms.flat_map(|room| names(&room).into_iter().map(move |name| room.join(name)));
    all.filter(|path| path.extension().is_some_and(|ending| ending != "json")).collect()
}

/// What a destination asks for, as its data have it.
struct Wanted {
    name: String,
    loudness_lufs: Option<f64>,
    ceiling_dbtp: f64,
    /// Loudness beyond which another ceiling holds, and that.
    louder: Option<(f64, f64)>,
    least_plr_lu: Option<f64>,
    codec_ceiling_dbtp: f64,
    /// Up to the ceiling without a limiter, however loud that is.
    unlimited: bool,
}

fn destinations(dir: &Path) -> Vec<Wanted> {
    let all = json(&run(dir, ["targets", "--json"]));
    let number = |target: &Value, key: &str| target[key]["value"].as_f64();
    let of = |target: &Value| Wanted {
        name: target["name"].as_str().unwrap().to_owned(),
        loudness_lufs: number(target, "loudness_lufs"),
        ceiling_dbtp: number(target, "ceiling_dbtp").unwrap(),
        louder: number(target, "louder_than_lufs").zip(number(target, "louder_ceiling_dbtp")),
        least_plr_lu: number(target, "min_plr_lu"),
        codec_ceiling_dbtp: number(target, "codec_ceiling_dbtp").unwrap_or(0.0),
        unlimited: target["unlimited"]["value"].as_bool().unwrap_or(false),
    };
    all["targets"].as_array().unwrap().iter().map(of).collect()
}

/// A file as two strangers hear it: ffmpeg's meter, and libebur128's translation of what ffmpeg decodes.
struct Judged {
    ffmpeg: Heard,
    lufs: f64,
    peak_dbtp: f64,
}

impl Judged {
    fn worst_dbtp(&self) -> f64 {
        self.peak_dbtp.max(self.ffmpeg.true_peak_dbtp)
    }
}

fn judge(path: &Path, rate_hz: u64) -> Option<Judged> {
    let graph = "ebur128=peak=true+sample:framelog=verbose";
    let file = path.to_str()?;
    let args =
        ["-hide_banner", "-nostats", "-i", file, "-af", graph, "-c:a", "pcm_f64le", "-f", "f64le", "-"];
    let decoded = tool("ffmpeg", args)?;
    let samples: Vec<f64> =
        decoded.stdout.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect();
    let mode = ebur128::Mode::I | ebur128::Mode::TRUE_PEAK;
    let mut meter = ebur128::EbuR128::new(2, rate_hz as u32, mode).unwrap();
    meter.add_frames_f64(&samples).unwrap();
    let peak = meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap());
    let peak_dbtp = 20.0 * libm::log10(peak);
    Some(Judged { ffmpeg: of_ffmpeg(&err(&decoded)), lufs: meter.loudness_global().unwrap(), peak_dbtp })
}

/// Encodes a file with ffmpeg and the encoder it has for a codec (`aac-256`), and judges what ffmpeg decodes of it.
fn judge_codec(path: &Path, codec: &str, rate_hz: u64) -> Option<Judged> {
    let (family, kbps) = codec.split_once('-')?;
    let (encoder, ending) = match family {
        "aac" => ("aac", "m4a"),
        "mp3" => ("libmp3lame", "mp3"),
        "opus" => ("libopus", "opus"),
        _ => ("libvorbis", "ogg"),
    };
    let rate_hz = match family {
        "opus" => 48_000,
        _ if rate_hz.is_multiple_of(44_100) => 44_100,
        _ => 48_000,
    };
    let to = path.with_extension(format!("{codec}.{ending}"));
    let rate = rate_hz.to_string();
    let mut args =
        vec!["-v", "error", "-y", "-i", path.to_str()?, "-map", "0:a", "-ar", &rate, "-c:a", encoder];
    let bits = format!("{kbps}k");
    match (family, kbps) {
        // Qualities of libvorbis that stand for these rates (xiph.org).
        ("vorbis", "320") => args.extend(["-q:a", "9"]),
        ("vorbis", "160") => args.extend(["-q:a", "5"]),
        _ => args.extend(["-b:a", &bits]),
    }
    args.push(to.to_str()?);
    let encoded = tool("ffmpeg", &args)?;
    if !encoded.status.success() {
        println!("skipped: ffmpeg has no {encoder}: {}", err(&encoded).trim());
        return None;
    }
    let judged = judge(&to, rate_hz);
    std::fs::remove_file(&to).unwrap();
    judged
}

/// What is to be judged: the content of a file, and the codec that it goes through.
type Question = (u64, Option<String>);

/// Verdicts on all masters of a run and on what codecs make of them, two at a time; files of the same bytes are judged once.
struct Verdicts {
    contents: BTreeMap<PathBuf, u64>,
    known: BTreeMap<Question, Option<Judged>>,
}

impl Verdicts {
    fn on(masters: &[&Value], dir: &Path) -> Self {
        let mut contents = BTreeMap::new();
        let mut asked: BTreeMap<Question, (PathBuf, u64)> = BTreeMap::new();
        for master in masters {
            let path = dir.join(master["file"].as_str().unwrap());
            let mut hasher = std::hash::DefaultHasher::new();
            std::fs::read(&path).unwrap().hash(&mut hasher);
            let (content, rate_hz) =
                (hasher.finish(), master["measurements"]["sample_rate_hz"].as_u64().unwrap());
            contents.insert(path.clone(), content);
            let codecs = master["codecs"].as_array().unwrap().iter();
            let codecs = codecs.filter_map(|one| one["checked"]["codec"].as_str().map(str::to_owned));
            for codec in std::iter::once(None).chain(codecs.map(Some)) {
                asked.entry((content, codec)).or_insert_with(|| (path.clone(), rate_hz));
            }
        }
        let (open, known) = (Mutex::new(asked.into_iter()), Mutex::new(BTreeMap::new()));
        let work = || {
            while let Some(((content, codec), (path, rate_hz))) = { open.lock().unwrap().next() } {
                let judged = match &codec {
                    None => judge(&path, rate_hz),
                    Some(codec) => judge_codec(&path, codec, rate_hz),
                };
                known.lock().unwrap().insert((content, codec), judged);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(work);
            work();
        });
        Self { contents, known: known.into_inner().unwrap() }
    }

    fn of(&self, path: &Path, codec: Option<&str>) -> Option<&Judged> {
        self.known.get(&(self.contents[path], codec.map(str::to_owned)))?.as_ref()
    }
}

/// The worst of a destination or codec over all recordings.
#[derive(Default)]
struct Worst {
    files: usize,
    /// Farthest from the aim, LU.
    off_lu: f64,
    /// Nearest to the ceiling, by each stranger, and by us, dB under it.
    under: Option<[f64; 3]>,
    least_plr_lu: Option<f64>,
    /// How often the level was not reached, the density said, the ceiling lowered.
    said: [usize; 3],
}

impl Worst {
    fn peaks(&mut self, ceiling_dbtp: f64, judged: &Judged, own_dbtp: f64) {
        let own = [judged.peak_dbtp, judged.ffmpeg.true_peak_dbtp, own_dbtp].map(|peak| ceiling_dbtp - peak);
        let so_far = self.under.unwrap_or([f64::INFINITY; 3]);
        self.under = Some(std::array::from_fn(|meter| own[meter].min(so_far[meter])));
        self.files += 1;
    }

    fn row(&self, name: &str) {
        let [first, second, own] = self.under.unwrap_or([f64::NAN; 3]);
        let plr = self.least_plr_lu.map_or_else(|| "–".to_owned(), |plr| format!("{plr:.1}"));
        let [short, dense, lowered] = self.said;
        println!(
            "| {name} | {} | {:.3} | {first:.2} | {second:.1} | {own:.2} | {plr} | {short} | {dense} | {lowered} |",
            self.files, self.off_lu
        );
    }
}

/// Runs the program and waits as long as it takes: all codecs of all destinations take their time.
fn run_long(dir: &Path, args: &[&str]) -> std::process::Output {
    let mut command = tonmeister();
    command.timeout(Duration::from_secs(3600)).current_dir(dir).args(args);
    command.output().expect("the program runs")
}

/// What a run says of a master.
fn says(report: &Value, about: &str, rule: &str) -> bool {
    report["findings"].as_array().unwrap().iter().any(|one| one["rule"] == rule && one["about"] == about)
}

/// Holds a master against what its destination asks for; what is wrong, in words.
fn hold(report: &Value, master: &Value, wanted: &Wanted, judged: &Judged, worst: &mut Worst) -> Vec<String> {
    let mut wrong = Vec::new();
    let own = &master["measurements"];
    let (aim, short) = (master["aim_lufs"].as_f64(), says(report, &wanted.name, "target_not_reached"));
    worst.said[0] += usize::from(short);
    let asked = wanted.loudness_lufs;
    if let (Some(aim), Some(asked)) = (aim, asked) {
        // ffmpeg prints one digit: a tenth either way is what may stand there.
        let off = (judged.lufs - aim).abs();
        worst.off_lu = worst.off_lu.max(off);
        if off > 0.1 || (judged.ffmpeg.integrated_lufs - aim).abs() > 0.1 + 1e-9 {
            wrong.push(format!("{:.3} LUFS (ffmpeg {})", judged.lufs, judged.ffmpeg.integrated_lufs));
        }
        if !short && (aim - asked).abs() > 1e-9 {
            wrong.push(format!("aimed at {aim}, not at {asked}, and says nothing"));
        }
    } else if aim.is_some() != asked.is_some() {
        wrong.push("an aim where none is asked for, or none where one is".to_owned());
    } else {
        // Where nobody asks for loudness: as loud as we make anything, or up to the ceiling, and nothing between, unless a codec had to be
        // made room for.
        let (most_lufs, room_db) =
            (FREE_LUFS, master["ceiling_dbtp"].as_f64().unwrap() - judged.worst_dbtp());
        if judged.lufs > most_lufs + 0.1 && !wanted.unlimited
            || judged.lufs < most_lufs - 0.1 && room_db > 0.35 && !says(report, &wanted.name, "codec_ceiling")
        {
            wrong.push(format!("{:.2} LUFS, and {room_db:.2} dB to the ceiling", judged.lufs));
        }
    }
    let ceiling_dbtp = match wanted.louder {
        Some((than, ceiling_dbtp)) if judged.lufs > than + 0.11 => ceiling_dbtp,
        _ => wanted.ceiling_dbtp,
    };
    let peaks = [own["true_peak_dbtp"].as_f64(), own["true_peak_itu_dbtp"].as_f64()];
    worst.peaks(ceiling_dbtp, judged, peaks.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max));
    if judged.worst_dbtp() > ceiling_dbtp {
        wrong.push(format!("{:.3} dBTP (ffmpeg {})", judged.peak_dbtp, judged.ffmpeg.true_peak_dbtp));
    }
    let (plr_lu, dense) = (judged.peak_dbtp - judged.lufs, says(report, &wanted.name, "low_plr"));
    worst.least_plr_lu = Some(worst.least_plr_lu.map_or(plr_lu, |least| least.min(plr_lu)));
    worst.said[1] += usize::from(dense);
    if wanted.least_plr_lu.is_some_and(|least| plr_lu < least - METERS_LU && !dense) {
        wrong.push(format!("a peak to loudness ratio of {plr_lu:.2} LU, of which nothing is said"));
    }
    wrong
}

/// Judges every codec of a master. `codecs` collects the worst of each.
fn hold_codecs(
    report: &Value,
    master: &Value,
    wanted: &Wanted,
    (file, verdicts): (&Path, &Verdicts),
    codecs: &mut BTreeMap<String, Worst>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let lowered = says(report, &wanted.name, "codec_ceiling");
    for outcome in master["codecs"].as_array().unwrap() {
        let Some(checked) = outcome.get("checked") else {
            println!("{}: {outcome}", wanted.name);
            continue;
        };
        let codec = checked["codec"].as_str().unwrap();
        let own_dbtp = checked["true_peak_dbtp"].as_f64().unwrap();
        let Some(judged) = verdicts.of(file, Some(codec)) else { continue };
        let worst = codecs.entry(codec.to_owned()).or_default();
        worst.peaks(wanted.codec_ceiling_dbtp, judged, own_dbtp);
        worst.said[2] += usize::from(lowered);
        if judged.worst_dbtp().max(own_dbtp) > wanted.codec_ceiling_dbtp {
            wrong.push(format!(
                "{codec} decodes to {own_dbtp:+.2} dBTP; ffmpeg's own to {:+.2} (ffmpeg {})",
                judged.peak_dbtp, judged.ffmpeg.true_peak_dbtp
            ));
        }
    }
    wrong
}

#[test]
fn every_recording_lands_on_its_level_under_its_ceiling_or_the_run_says_what_it_takes() {
    let Some(audio) = shared("") else { return };
    let dir = folder();
    let all = destinations(dir.path());
    let (mut wrong, mut worst, mut codecs) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for (number, path) in recordings(&audio).iter().enumerate() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // A few each when time is short, so that each has its turn; Spotify, which asks for most, always.
        let turn = |at: usize| match full() {
            true => named(&all[at].name),
            false => at % SOME.len() == number || all[at].name == "spotify",
        };
        let wanted: Vec<&Wanted> = (0..all.len()).filter(|at| turn(*at)).map(|at| &all[at]).collect();
        let list = wanted.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(",");
        let mut args = vec!["master", path.to_str().unwrap(), "--for", &list, "-o", "m", "--json"];
        args.extend(codecs_too().then_some("--check-codecs"));
        let output = run_long(dir.path(), &args);
        if code(&output) != 0 {
            wrong.push(format!("{name}: code {}: {}", code(&output), err(&output)));
            continue;
        }
        let report = json(&output);
        let masters: Vec<&Value> = report["masters"].as_array().unwrap().iter().collect();
        let verdicts = Verdicts::on(&masters, dir.path());
        for (wanted, master) in wanted.into_iter().zip(masters) {
            assert_eq!(master["target"], wanted.name);
            let file = dir.path().join(master["file"].as_str().unwrap());
            let Some(judged) = verdicts.of(&file, None) else { return };
            println!(
                "{name} {}: {:.3} LUFS {:.2} dBTP PLR {:.1}, {} lowered {}",
                wanted.name,
                judged.lufs,
                judged.peak_dbtp,
                judged.peak_dbtp - judged.lufs,
                master["aim_lufs"],
                says(&report, &wanted.name, "codec_ceiling")
            );
            let own = worst.entry(wanted.name.clone()).or_insert_with(Worst::default);
            let found = hold(&report, master, wanted, judged, own).into_iter();
            let found: Vec<String> =
                found.chain(hold_codecs(&report, master, wanted, (&file, &verdicts), &mut codecs)).collect();
            if !found.is_empty() {
                wrong.push(format!("{name} {}: {}", wanted.name, found.join("; ")));
            }
        }
        std::fs::remove_dir_all(dir.path().join("m")).unwrap();
    }
    println!(
        "| | files | farthest, LU | under ceiling: ebur128, dB | ffmpeg | ours | least PLR | not reached | dense | lowered |"
    );
    worst.iter().chain(&codecs).for_each(|(name, worst)| worst.row(name));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_print_that_cannot_take_the_level_is_mastered_to_what_it_takes_and_the_run_says_so() {
    let dir = folder();
    // Clicks twice a second over silence: a limiter that is to make them loud has nothing else to turn up.
    let mut clicks = vec![0.0; 44_100 * 5];
    clicks.iter_mut().skip(4000).step_by(22_050).for_each(|x| *x = 0.5);
    write_wav(&dir.path().join("clicks.wav"), &[clicks.clone(), clicks], 44_100, 24);
    let output = run(dir.path(), ["master", "clicks.wav", "--for", "spotify", "-o", "m", "--json"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let report = json(&output);
    let finding =
        report["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "target_not_reached");
    let finding = finding.unwrap_or_else(|| panic!("{report:#}"));
    let (aim, advice) =
        (report["masters"][0]["aim_lufs"].as_f64().unwrap(), finding["advice"].as_str().unwrap());
    assert!(aim < -14.1 && advice.contains(&format!("mastered to {aim:.1} LUFS")), "{aim}: {advice}");
    let Some(judged) = judge(&dir.path().join("m/clicks.spotify.wav"), 44_100) else { return };
    assert!((judged.lufs - aim).abs() <= 0.1 && judged.peak_dbtp <= -1.0, "{} LUFS, aim {aim}", judged.lufs);
}

#[test]
fn an_encoder_that_breaks_is_told_and_takes_no_master_down() {
    let Some(print) = shared("intake/rock__buscomp_4to1_-6.flac") else { return };
    let dir = folder();
    // Its Opus stream, by the encoder that is built in, decodes to +65 dBTP.
    let args = ["master", print.to_str().unwrap(), "--for", "youtube", "-o", "m", "--json", "--check-codecs"];
    let output = run_long(dir.path(), &args);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let report = json(&output);
    let master = &report["masters"][0];
    assert!(master["ceiling_dbtp"].as_f64().unwrap() > -6.0, "{master:#}");
    // ffmpeg's encoder is believed in its place; where there is none it is told that nobody checked.
    for outcome in master["codecs"].as_array().unwrap() {
        let checked = &outcome["checked"];
        let why = outcome["not_checked"]["why"].as_str().unwrap_or_default();
        match checked["true_peak_dbtp"].as_f64() {
            Some(peak) => assert!(peak < 1.0, "{outcome}"),
            None => {
                assert!(why.contains("breaks") && says(&report, "youtube", "codec_not_checked"), "{outcome}")
            }
        }
    }
}

#[test]
fn a_chain_that_does_nothing_gives_back_the_print_bit_by_bit() {
    let dir = folder();
    let print = write_song(dir.path(), "mix.wav", 2.0);
    let hash = json(&run(dir.path(), ["master", "mix.wav", "--for", "archive", "-o", "m", "--json"]));
    let hash = hash["source"]["blake3"].as_str().unwrap().to_owned();
    let moves = [
        "eq = {}",
        "gain = { width_percent = 100.0 }",
        "compressor = { ratio = 1.0 }",
        "saturation = { mix_percent = 0.0 }",
    ]
    .iter()
    .enumerate()
    .map(|(n, insert)| format!("[[move]]\nid = \"m{n}\"\ninsert = {{ {insert} }}\n"))
    .collect::<String>();
    for (into, moves) in [("none", ""), ("neutral", moves.as_str())] {
        let masters = [("float32", "float.wav"), ("int24", "int.wav")]
            .map(|(encoding, file)| {
                format!(
                    "[[master]]\ntarget = \"archive\"\nfile = \"{file}\"\nsample_rate_hz = 44100.0\nencoding = \"{encoding}\"\n\
                     dither = \"none\"\ngain_db = 0.0\nceiling_dbtp = 0.0\n"
                )
            })
            .concat();
        let text =
            format!("version = 2\n[source]\nfile = \"mix.wav\"\nblake3 = \"{hash}\"\n{moves}{masters}");
        std::fs::write(dir.path().join("chain.toml"), text).unwrap();
        let output = run(dir.path(), ["master", "mix.wav", "--chain", "chain.toml", "-o", into]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        let own: Vec<i32> = hound::WavReader::open(&print).unwrap().samples().map(Result::unwrap).collect();
        assert!(own.len() == 2 * 88_200 && own.iter().any(|sample| *sample != 0));
        let made = |name: &str| hound::WavReader::open(dir.path().join(into).join(name)).unwrap();
        let int: Vec<i32> = made("int.wav").samples().map(Result::unwrap).collect();
        assert!(int == own, "{into}: 24 bits");
        let float: Vec<f32> = made("float.wav").samples().map(Result::unwrap).collect();
        assert!(
            float.iter().zip(&own).all(|(x, n)| f64::from(*x) * 8_388_608.0 == f64::from(*n)),
            "{into}: float"
        );
        assert_eq!(float.len(), own.len());
    }
}
