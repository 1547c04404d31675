//! What no input and no length may do.

use super::*;
use crate::audio::{Encoding, Info, Metadata, Source};
use std::sync::atomic::{AtomicU64, Ordering};

/// Noise on a constant, then what no sample may be, then silence.
fn hostile(channel: u64) -> Vec<f64> {
    let mut plane = signals::noise(0.3, channel + 1, 6000);
    plane.iter_mut().take(4000).for_each(|x| *x += 0.7);
    for (at, bad) in
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 5e-324].into_iter().enumerate()
    {
        let start = 1000 + 300 * at;
        plane[start..start + 3 + at].fill(bad);
    }
    plane[4000..].fill(0.0);
    plane
}

#[test]
fn no_processor_lets_a_constant_or_what_is_no_number_out_of_the_engine() {
    let files = [("bad", vec![hostile(0), hostile(1)])];
    for entry in fx::REGISTRY {
        let key = entry.make().description().key;
        let mut session =
            session("[[track]]\nid = \"a\"\nfile = \"bad\"\n[[bus]]\nid = \"r\"\n[mix]\nfader_db = -3");
        let settings = entry.make();
        let own = Insert { id: key.into(), on: true, settings, key: None, impulse: None, span: 0..0 };
        insert(&mut session, "a", own);
        for block in [64, 1000] {
            let (out, _) = run(&session, &shelf(&files), block, 1);
            assert!(out.iter().flatten().all(|x| x.is_finite()), "{key} {block}");
            // It comes to rest: nothing that went in rings on for ever.
            let last = out.iter().map(|plane| plane[plane.len() - 1].abs()).fold(0.0, f64::max);
            assert!(last < 1e290, "{key} {last}");
        }
    }
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
    let held: usize = plans[1].steps.iter().flat_map(|step| &step.inputs).map(|edge| edge.delay_frames).sum();
    assert!(held > 0 && held < 48_000, "{held}");
}
