//! Impulse responses of inserts: read whole, at the rate of the session, before a kernel is made.

use super::library::{Converted, Library};
use crate::audio::Source;
use crate::message::{Error, Kind, Result};
use crate::session::{Insert, Named, Session};
use dsp::block::Buffer;
use fx::convolution::MAX_IMPULSE_SECONDS;

/// What kernels are made with.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    pub(super) block_frames: usize,
    pub(super) impulses: &'a Impulses,
}

/// Every impulse response of a session, by its name there.
#[derive(Default)]
pub(super) struct Impulses {
    loaded: Vec<(String, Buffer)>,
}

impl Impulses {
    /// Reads them, each file once. Errors are placed in the session, all of them.
    pub(super) fn load(session: &Session, library: &dyn Library) -> std::result::Result<Self, Vec<Error>> {
        let (mut all, mut errors) = (Self::default(), Vec::new());
        for name in session.impulses() {
            if all.loaded.iter().any(|(known, _)| *known == name.id) {
                continue;
            }
            match read(session, library, name) {
                Ok(audio) => all.loaded.push((name.id.clone(), audio)),
                Err(error) => errors.push(session.error_at(&name.span, error, "this impulse response")),
            }
        }
        if errors.is_empty() { Ok(all) } else { Err(errors) }
    }

    /// That of an insert, if it has one.
    pub(super) fn of(&self, insert: &Insert) -> Option<&Buffer> {
        let name = insert.impulse.as_ref()?;
        self.loaded.iter().find(|(known, _)| *known == name.id).map(|(_, audio)| audio)
    }
}

fn read(session: &Session, library: &dyn Library, name: &Named) -> Result<Buffer> {
    let source = library.open(&session.origin.folder.join(&name.id))?;
    let (channels, from_hz) = (source.info().channels(), source.info().sample_rate_hz);
    if !matches!(channels, 1 | 2 | 4) {
        let what = format!("`{}` has {channels} channels, an impulse response has 1, 2 or 4", name.id);
        let hint = "4 are the pairs left to left, left to right, right to left, right to right";
        return Err(Error::input("impulse_channels", what).hint(hint));
    }
    let planes = collect(source, name)?;
    if planes.iter().flatten().all(|x| !x.is_finite() || x.abs() < 1e-12) {
        let what = format!("`{}` is silent, so nothing would be heard through it", name.id);
        return Err(Error::input("silent_impulse", what).hint("choose another impulse response"));
    }
    let audio = Buffer::from_planes(&planes);
    if from_hz == session.sample_rate_hz {
        return Ok(audio);
    }
    let memory = crate::audio::MemorySource::new(audio, from_hz);
    let mut planes = collect(Box::new(Converted::new(Box::new(memory), session.sample_rate_hz)?), name)?;
    // More frames to the second are more taps in the sum: the response per second stays as it is.
    let scale = f64::from(from_hz) / f64::from(session.sample_rate_hz);
    planes.iter_mut().flatten().for_each(|x| *x *= scale);
    Ok(Buffer::from_planes(&planes))
}

/// The whole of a source, or an error where it is too long.
fn collect(mut source: Box<dyn Source>, name: &Named) -> Result<Vec<Vec<f64>>> {
    let (channels, rate) = (source.info().channels(), source.info().sample_rate_hz);
    let most = (MAX_IMPULSE_SECONDS * f64::from(rate)).ceil() as usize + 1;
    let mut planes = vec![Vec::new(); channels];
    let mut block = Buffer::new(channels, 8192);
    loop {
        source.read(&mut block)?;
        if block.frames() == 0 {
            return Ok(planes);
        }
        for (channel, plane) in planes.iter_mut().enumerate() {
            plane.extend_from_slice(block.channel(channel));
        }
        if planes.first().is_some_and(|plane| plane.len() > most) {
            let what = format!("`{}` is longer than {MAX_IMPULSE_SECONDS} s", name.id);
            let error = Error::new(Kind::Limit, "impulse_too_long", what);
            return Err(error.hint("cut the file: an impulse response is seconds long, not minutes"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Engine, Options, Shelf};
    use super::*;
    use crate::job::Job;

    fn session(insert: &str) -> Session {
        let text = format!(
            "version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"a\"\nfile = \"a.wav\"\n\
             insert = [ {{ convolution = {{ {insert} }} }} ]\n"
        );
        let options = crate::session::Options::default();
        Session::parse(&text, "x.toml", std::path::Path::new(""), options)
            .unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    fn shelf(impulse: &[Vec<f64>], rate: u32) -> Shelf {
        let mut shelf = Shelf::default();
        let mut click = vec![0.0; 4800];
        click[100] = 1.0;
        shelf.put("a.wav", Buffer::from_planes(&[click.clone(), click]), 48_000);
        shelf.put("ir/hall.wav", Buffer::from_planes(impulse), rate);
        shelf
    }

    fn render(session: &Session, shelf: &Shelf) -> std::result::Result<Vec<f64>, Vec<Error>> {
        let engine = Engine::new(session, shelf, Options::default())?;
        let mut left = Vec::new();
        engine
            .render(&Job::quiet(), &mut |view| {
                left.extend_from_slice(view.channel(0));
                Ok(())
            })
            .map_err(|error| vec![error])?;
        Ok(left)
    }

    const PLAIN: &str = "impulse = \"ir/hall.wav\", mix_percent = 100, normalise = false";

    #[test]
    fn a_click_through_an_insert_is_its_impulse_response() {
        let responses: Vec<Vec<f64>> =
            (0..2).map(|seed| testkit::signals::noise(0.3, 5 + seed, 3000)).collect();
        let out = render(&session(PLAIN), &shelf(&responses, 48_000)).unwrap();
        assert!(testkit::measure::null_db(&responses[0], &out[100..3100]) < -200.0);
        assert!(out.len() > 4800, "the tail is rendered");
    }

    #[test]
    fn a_response_at_another_rate_keeps_its_gain_and_length() {
        // A decaying bass note: its transfer at 200 Hz is known at every rate.
        let note = |rate: f64| -> Vec<f64> {
            let at = |n: usize| n as f64 / rate;
            (0..(0.1 * rate) as usize)
                .map(|n| {
                    libm::exp(-60.0 * at(n)) * libm::sin(std::f64::consts::TAU * 200.0 * at(n)) / rate * 48e3
                })
                .collect()
        };
        let here = render(&session(PLAIN), &shelf(&[note(48e3)], 48_000)).unwrap();
        let there = render(&session(PLAIN), &shelf(&[note(96e3)], 96_000)).unwrap();
        for hz in [150.0, 200.0, 300.0] {
            let db = |x: &[f64]| testkit::measure::response_db(x, hz, 48e3);
            assert!((db(&here) - db(&there)).abs() < 0.05, "{hz}: {} {}", db(&here), db(&there));
        }
    }

    #[test]
    fn what_is_no_impulse_response_is_told_with_its_line() {
        for (planes, code) in [
            (vec![vec![0.0; 100]], "silent_impulse"),
            (vec![vec![1.0; 100]; 3], "impulse_channels"),
            (vec![vec![1.0; 48_000 * 31]], "impulse_too_long"),
            (vec![vec![]], "silent_impulse"),
            (vec![vec![f64::NAN, f64::INFINITY, 0.0]], "silent_impulse"),
        ] {
            let errors = render(&session(PLAIN), &shelf(&planes, 48_000)).unwrap_err();
            assert_eq!(errors[0].code, code);
            assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(7), "{errors:?}");
        }
        let without = Shelf::default();
        assert!(render(&session(PLAIN), &without).is_err());
    }

    #[test]
    fn an_impulse_response_that_is_not_named_or_leads_outside_is_told_with_its_line() {
        let parse = |insert: &str, allow_external: bool| {
            let text = format!(
                "version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"a\"\nfile = \"a.wav\"\n\
                 insert = [ {{ convolution = {{ {insert} }} }} ]\n"
            );
            let options = crate::session::Options { allow_external };
            Session::parse(&text, "x.toml", std::path::Path::new(""), options)
        };
        for (insert, code, hint) in [
            ("", "missing_impulse", "impulse = "),
            // Also where it does not run: it may be switched on.
            ("on = false", "missing_impulse", "impulse = "),
            ("impulse = \"../hall.wav\"", "external_file", "--allow-external"),
            ("impulse = \"/ir/hall.wav\"", "external_file", "--allow-external"),
        ] {
            let errors = parse(insert, false).unwrap_err();
            assert_eq!(errors[0].code, code, "{insert}");
            assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(7), "{insert}");
            assert!(errors[0].hint.as_deref().unwrap_or_default().contains(hint), "{insert}: {errors:?}");
        }
        assert!(parse("impulse = \"../hall.wav\"", true).is_ok());
        // Another processor takes none, and says so as of any word it does not know.
        let text = "version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"a\"\nfile = \"a.wav\"\n\
                    insert = [{ eq = { impulse = \"hall.wav\" } }]\n";
        let errors =
            Session::parse(text, "x.toml", std::path::Path::new(""), crate::session::Options::default());
        assert_eq!(errors.unwrap_err()[0].code, "unknown_key");
    }

    #[test]
    fn a_processor_with_an_impulse_response_has_no_place_in_a_chain_without_files() {
        let text = "insert = [{ eq = {} }, { convolution = { impulse = \"ir/hall.wav\" } }]\n";
        let document = toml_edit::Document::parse(text).unwrap();
        let item = document.as_table().get("insert").unwrap();
        let errors = crate::session::inserts_of(item, "chain.toml", text).unwrap_err();
        assert_eq!((errors.len(), errors[0].code), (1, "impulse_in_chain"));
        assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(1));
        let plain = "insert = [{ eq = {} }]\n";
        let document = toml_edit::Document::parse(plain).unwrap();
        let item = document.as_table().get("insert").unwrap();
        assert_eq!(crate::session::inserts_of(item, "chain.toml", plain).unwrap().len(), 1);
    }

    #[test]
    fn a_file_that_is_no_audio_is_told_where_the_session_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, frames: usize| {
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 48_000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut writer = hound::WavWriter::create(folder.path().join(name), spec).unwrap();
            (0..frames).for_each(|_| writer.write_sample(8000_i16).unwrap());
            writer.finalize().unwrap();
        };
        write("a.wav", 480);
        write("empty.wav", 0);
        write("fine.wav", 10);
        std::fs::write(folder.path().join("text.wav"), b"not audio at all").unwrap();
        let made = |impulse: &str| {
            let text = format!(
                "version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"a\"\nfile = \"a.wav\"\n\
                 insert = [ {{ convolution = {{ impulse = \"{impulse}\" }} }} ]\n"
            );
            let options = crate::session::Options::default();
            let session = Session::parse(&text, "x.toml", folder.path(), options).unwrap();
            let mut errors = session.check_files();
            if errors.is_empty() {
                let files = super::super::Files::default();
                errors = Engine::new(&session, &files, Options::default()).err().unwrap_or_default();
            }
            errors
        };
        assert!(made("fine.wav").is_empty());
        for (impulse, codes) in [
            ("text.wav", &["not_audio"][..]),
            ("empty.wav", &["silent_impulse", "no_audio"]),
            ("fien.wav", &["not_found"]),
        ] {
            let errors = made(impulse);
            assert_eq!(errors.len(), 1, "{impulse}");
            assert!(codes.contains(&errors[0].code), "{impulse}: {}", errors[0].code);
            assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(7), "{impulse}");
        }
        assert!(made("fien.wav")[0].hint.as_deref().unwrap_or_default().contains("`fine.wav`"));
    }
}
