use super::*;
use crate::audio::{Encoding, Layout, MemorySource};
use testkit::ebu::music_like;
use testkit::signals::{db, noise, sine};

fn source(planes: &[Vec<f64>], sample_rate_hz: u32) -> MemorySource {
    MemorySource::new(Buffer::from_planes(planes), sample_rate_hz)
}

fn measured(planes: &[Vec<f64>]) -> Measurements {
    measure(&mut source(planes, 48_000), &Job::quiet()).unwrap()
}

#[test]
fn threads_and_blocks_change_no_bit() {
    let mut planes = music_like(0.9, 1, 2, 48_000 * 4 + 123, 48_000.0);
    planes[0].iter_mut().for_each(|x| *x = x.clamp(-0.5, 0.5));
    planes[1][100] = f64::NAN;
    let setup = || Setup::of_render(48_000, Layout::of(2)).with_curves();
    let on = |threads| {
        let job = Job::quiet().with_threads(threads);
        measure_as(&mut source(&planes, 48_000), setup(), &job).unwrap()
    };
    let one = on(1);
    assert_eq!(one, on(2));
    let (mut bank, buffer) = (Bank::new(setup()), Buffer::from_planes(&planes));
    for start in (0..buffer.frames()).step_by(997) {
        bank.process(buffer.view().slice(start, 997));
    }
    assert_eq!(one, bank.finish());
    assert_eq!((one.not_finite, one.first_not_finite_seconds), (1, Some(100.0 / 48_000.0)));
    let curves = one.curves.unwrap();
    let lengths = [&curves.momentary_lufs, &curves.short_term_lufs, &curves.psr_lu].map(Vec::len);
    assert_eq!(lengths, [37, 11, 11]);
}

#[test]
fn a_stereo_sine_has_its_textbook_row() {
    let wave = sine(1000.0, db(-20.0), 0.0, 10.0, 48_000.0);
    let found = measured(&[wave.clone(), wave]);
    let close = |value: f64, expected: f64, tolerance: f64| {
        assert!((value - expected).abs() < tolerance, "{value} {expected}");
    };
    close(found.integrated_lufs.unwrap(), -20.0, 0.02);
    close(found.max_momentary_lufs.unwrap(), -20.0, 0.1);
    close(found.max_short_term_lufs.unwrap(), -20.0, 0.02);
    close(found.loudness_range_lu.unwrap(), 0.0, 0.01);
    close(found.sample_peak_dbfs, -20.0, 1e-9);
    close(found.true_peak_dbtp, -20.0, 0.01);
    close(found.rms_dbfs, -23.0103, 1e-4);
    close(found.crest_db.unwrap(), 3.0103, 1e-4);
    close(found.plr_lu.unwrap(), 0.0, 0.03);
    close(found.psr_median_lu.unwrap(), 0.0, 0.03);
    close(found.correlation.unwrap(), 1.0, 1e-12);
    assert_eq!(found.side_to_mid_db, Some(f64::NEG_INFINITY));
    assert_eq!((found.clipped_runs, found.frames, found.duration_seconds), (0, 480_000, 10.0));
}

#[test]
fn mono_is_one_channel_unless_asked_for_two_loudspeakers() {
    let wave = sine(997.0, 1.0, 0.0, 1.0, 48_000.0);
    let planes = [wave];
    let once = measured(&planes);
    assert!((once.integrated_lufs.unwrap() + 3.01).abs() < 0.01);
    assert_eq!((once.correlation, once.negative_correlation_part), (None, None));
    let mut mono = source(&planes, 48_000);
    let setup = Setup::of(mono.info()).with_dual_mono();
    let twice = measure_as(&mut mono, setup, &Job::quiet()).unwrap();
    assert!((twice.integrated_lufs.unwrap() - once.integrated_lufs.unwrap() - 3.0103).abs() < 1e-4);
}

#[test]
fn nothing_and_silence_are_told_apart() {
    let nothing = measured(&[vec![], vec![]]);
    assert_eq!((nothing.integrated_lufs, nothing.frames, nothing.psr_min_lu), (None, 0, None));
    let silent = measured(&vec![vec![0.0; 48_000 * 4]; 2]);
    assert!(silent.silent);
    assert_eq!(silent.integrated_lufs, Some(f64::NEG_INFINITY));
    assert_eq!((silent.plr_lu, silent.crest_db, silent.psr_min_lu), (None, None, None));
    assert_eq!((silent.silent_head_frames, silent.silent_tail_frames), (192_000, 192_000));
    let text = serde_json::to_string(&silent).unwrap();
    assert!(text.contains("\"integrated_lufs\":null") && text.contains("\"silent\":true"), "{text}");
}

#[test]
fn bits_in_use_are_those_of_the_samples_not_of_the_format() {
    let sixteen: Vec<f64> = noise(0.9, 3, 5_000).iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect();
    let bits = |encoding| {
        let setup = Setup { encoding, ..Setup::of_render(48_000, Layout::of(1)) };
        let found =
            measure_as(&mut source(std::slice::from_ref(&sixteen), 48_000), setup, &Job::quiet()).unwrap();
        (found.bits_used, found.bits_stored)
    };
    assert_eq!(bits(Encoding::Int(24)), (Some(16), Some(24)));
    assert_eq!(bits(Encoding::Float(32)), (Some(16), Some(32)));
    assert_eq!(bits(Encoding::Lossy), (None, None));
}

#[test]
fn an_album_is_pooled_and_a_stop_is_heard() {
    let tone = |level: f64, seconds: f64| {
        let wave = sine(1000.0, db(level), 0.0, seconds, 48_000.0);
        measured(&[wave.clone(), wave])
    };
    let tracks = [tone(-20.0, 10.3), tone(-26.0, 10.3)];
    // 10 log((10^-2 + 10^-2.6) / 2) = -22.04
    assert!((album_lufs(&tracks).unwrap() + 22.04).abs() < 0.02);
    let stop = std::sync::atomic::AtomicBool::new(true);
    for threads in [1, 2] {
        let job = Job::new(&crate::job::Quiet, &stop, threads);
        let stopped = measure(&mut source(&[vec![0.1; 100]], 48_000), &job).unwrap_err();
        assert_eq!(stopped.code, "interrupted");
    }
}

/// A source that breaks in its middle.
struct Broken(MemorySource, u32);

impl Source for Broken {
    fn info(&self) -> &crate::audio::Info {
        self.0.info()
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.1 += 1;
        if self.1 > 3 { Err(Error::input("truncated", "too short")) } else { self.0.read(buffer) }
    }
}

#[test]
fn an_error_of_the_stream_comes_through_on_any_number_of_threads() {
    for threads in [1, 2] {
        let mut broken = Broken(source(&[vec![0.1; 100_000]], 48_000), 0);
        let error = measure(&mut broken, &Job::quiet().with_threads(threads)).unwrap_err();
        assert_eq!(error.code, "truncated");
    }
}
