//! What no input and no length may do.

use super::*;
use crate::audio::{Encoding, Info, Metadata, Source};
use std::sync::atomic::{AtomicU64, Ordering};

/// What no sample may be, and what none should be.
const BAD: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
const HUGE: [f64; 3] = [1e300, -1e300, 5e-324];

/// Noise on a constant with `bad` samples in it, then silence.
fn hostile(channel: u64, bad: [f64; 3]) -> Vec<f64> {
    let mut plane = signals::noise(0.3, channel + 1, 6000);
    plane.iter_mut().take(4000).for_each(|x| *x += 0.7);
    for (at, bad) in bad.into_iter().enumerate() {
        let start = 1000 + 300 * at;
        plane[start..start + 3 + at].fill(bad);
    }
    plane[4000..].fill(0.0);
    plane
}

#[test]
fn what_is_no_number_is_silence_to_every_processor_and_what_is_huge_stays_a_number() {
    for entry in fx::REGISTRY {
        let key = entry.make().description().key;
        let mut session =
            session("[[track]]\nid = \"a\"\nfile = \"a\"\n[[bus]]\nid = \"r\"\n[mix]\nfader_db = -3");
        let settings = entry.make();
        let own = Insert { id: key.into(), on: true, settings, key: None, impulse: None, span: 0..0 };
        insert(&mut session, "a", own);
        let of = |bad: [f64; 3], block: usize| {
            run(&session, &shelf(&[("a", vec![hostile(0, bad), hostile(1, bad)])]), block, 1).0
        };
        let out = of(BAD, 1000);
        assert!(out == of([0.0; 3], 64), "{key}: not as if those samples were zero");
        // It comes to rest: nothing that went in rings on for ever.
        let last = out.iter().map(|plane| plane[plane.len() - 1].abs()).fold(0.0, f64::max);
        assert!(last < 1e-3, "{key} {last}");
        assert!(of(HUGE, 333).iter().flatten().all(|x| x.is_finite()), "{key}");
    }
}

#[test]
fn a_track_that_is_no_number_for_a_moment_leaves_every_other_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, planes: &[Vec<f64>]| {
        let spec = hound::WavSpec {
            channels: planes.len() as u16,
            sample_rate: 48_000,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut writer = hound::WavWriter::create(folder.path().join(name), spec).unwrap();
        for frame in 0..planes[0].len() {
            planes.iter().for_each(|plane| writer.write_sample(plane[frame] as f32).unwrap());
        }
        writer.finalize().unwrap();
    };
    let good = noise(3, 2, 6000);
    let mut bad = noise(4, 2, 6000);
    (bad[0][2000], bad[1][2500]) = (f64::NAN, f64::INFINITY);
    let mut mended = bad.clone();
    (mended[0][2000], mended[1][2500]) = (0.0, 0.0);
    for (name, planes) in [("good.wav", &good), ("bad.wav", &bad), ("mended.wav", &mended)] {
        write(name, planes);
    }
    // The good track runs through what remembers long; the other has its own bus, a key that hears it, a send beside it.
    let track =
        |id: &str, file: &str, more: &str| format!("[[track]]\nid = \"{id}\"\nfile = \"{file}\"\n{more}\n");
    let rest = "insert = [{ eq = { band = [{ kind = \"bell\", gain_db = 6.0, freq_hz = 50.0 }] } }, { reverb = {} }, { compressor = {} }]";
    let heard = |second: &str, repair: bool| {
        let text = format!(
            "version = 1\n[session]\nsample_rate_hz = 48000\n{}{second}[[bus]]\nid = \"off\"\nmute = true\n",
            track("a", "good.wav", rest)
        );
        let options = crate::session::Options::default();
        let session = Session::parse(&text, "s.toml", folder.path(), options).unwrap();
        let options = crate::decode::Options { repair, ..Default::default() };
        let files = Files { options };
        let engine = Engine::new(&session, &files, Options { block_frames: 512 })
            .unwrap_or_else(|errors| panic!("{}", errors[0]));
        let mut out = vec![Vec::new(); 2];
        let rendered = engine.render(&Job::quiet(), &mut |view| {
            out.iter_mut().enumerate().for_each(|(side, plane)| plane.extend_from_slice(view.channel(side)));
            Ok(())
        });
        rendered.map(|rendered| (out, rendered.findings))
    };
    let alone = heard("", true).unwrap().0;
    // Shut behind its own inserts: the other track is bit by bit as if this one were not there.
    let shut = "insert = [{ eq = {} }, { reverb = {} }, { compressor = {} }]\noutput = \"off\"";
    let (beside, _) = heard(&track("b", "bad.wav", shut), true).unwrap();
    for (beside, alone) in beside.iter().zip(&alone) {
        let frames = beside.len().min(alone.len());
        assert!(frames >= 6000 && beside[..frames] == alone[..frames]);
    }
    // Heard, it is the file in which those samples are silence, and told.
    let (with_bad, findings) = heard(&track("b", "bad.wav", rest), true).unwrap();
    assert!(findings.iter().any(|finding| finding.rule == "not_finite"), "{findings:?}");
    assert!(with_bad == heard(&track("b", "mended.wav", rest), false).unwrap().0);
    // And without leave to repair it is an error, not a sound.
    assert_eq!(heard(&track("b", "bad.wav", rest), false).unwrap_err().code, "not_finite");
}

/// A file of any length that says how much of it was read.
struct Endless<'a> {
    frames: u64,
    read: &'a AtomicU64,
}

struct Stream {
    info: Info,
    left: u64,
}

impl Library for Endless<'_> {
    fn open(&self, _: &Path) -> Result<Box<dyn Source>> {
        self.read.fetch_add(1, Ordering::Relaxed);
        let info = Info {
            container: "wav",
            codec: "pcm_s24le",
            sample_rate_hz: 48_000,
            layout: Layout::of(2),
            frames: Some(self.frames),
            encoding: Encoding::Int(24),
            metadata: Metadata::default(),
        };
        Ok(Box::new(Stream { info, left: self.frames }))
    }
}

impl Source for Stream {
    fn info(&self) -> &Info {
        &self.info
    }
    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        let frames = (buffer.capacity() as u64).min(self.left);
        buffer.set_frames(frames as usize);
        buffer.clear();
        self.left -= frames;
        Ok(())
    }
}

#[test]
fn what_is_held_for_a_session_of_ten_hours_is_what_is_held_for_one_of_ten_seconds() {
    let text = "[[track]]\nid = \"a\"\nfile = \"a\"\ninsert = [{ limiter = {} }]\nsends = [{ to = \"r\" }]\n\
                [[track]]\nid = \"b\"\nfile = \"b\"\ninsert = [{ compressor = { key = \"a\" } }]\n\
                [[bus]]\nid = \"r\"\ninsert = [{ reverb = {} }]";
    let session = session(text);
    let opened = [AtomicU64::new(0), AtomicU64::new(0)];
    let libraries = [10_u64, 36_000].map(|seconds| seconds * 48_000);
    let shelves: Vec<Endless<'_>> =
        libraries.iter().zip(&opened).map(|(frames, read)| Endless { frames: *frames, read }).collect();
    let plans = shelves.iter().map(|shelf| Engine::new(&session, shelf, Options::default()).unwrap().plan);
    let plans: Vec<Plan> = plans.collect();
    assert_eq!(plans[1].length_frames, 36_000 * 48_000);
    // Buffers, delays, processors and tails: all that is held follows from the plan, and only its length differs.
    assert_eq!(Plan { length_frames: plans[0].length_frames, ..plans[1].clone() }, plans[0]);
    assert_eq!(opened[0].load(Ordering::Relaxed), opened[1].load(Ordering::Relaxed));
}
