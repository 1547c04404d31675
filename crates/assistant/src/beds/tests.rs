use super::places::{Placed, folded_db};
use super::*;
use crate::write::Base;
use std::path::Path;
use testkit::signals::{noise, sine};

/// A band as an assistant leaves it: groups with buses, lone tracks, returns.
const STEREO: &str = r#"
version = 1
[session]
name = "Band"
sample_rate_hz = 44100

# The kit.
[[track]]
id = "kick"
name = "Kick"
file = "kick.wav"
output = "drums"

[[track]]
id = "snare"
name = "Snare"
file = "snare.wav"
output = "drums"
pan = 0.2
sends = [
  { to = "hall_return", gain_db = -10.0 },
]

[[track]]
id = "lead"
name = "Lead Vocal"
file = "lead.wav"

[[track]]
id = "gtr"
name = "Electric Guitar"
file = "gtr.wav"
pan = -0.6
fader_db = -3.0

[[track]]
id = "vln"
name = "Violins"
file = "strings.wav"
fader_db = -6.0

[[track]]
id = "bv1"
name = "Backing Vocal 1"
file = "bv1.wav"
output = "backing_vocals"
pan = -0.7

[[track]]
id = "bv2"
name = "Backing Vocal 2"
file = "bv2.wav"
output = "backing_vocals"
pan = 0.7

[[bus]]
id = "drums"
name = "Drums"
fader_db = -2.0

[[bus]]
id = "backing_vocals"
name = "Backing vocals"
fader_db = -4.0

[[bus]]
id = "hall_return"
name = "Hall"
[[bus.insert]]
hall = { mix_percent = 100.0 }

[mix]
fader_db = -1.0
"#;

fn write_wav(path: &Path, planes: &[Vec<f64>]) {
    use studio::deliver::{Container, Gate, Spec, Writer};
    let spec = Spec::new(Container::Wav, studio::audio::Encoding::Int(24), 44_100, planes.len());
    let mut writer = Writer::create(path, spec, true).unwrap();
    writer.write(dsp::block::Buffer::from_planes(planes).view()).unwrap();
    writer.finish(&Job::quiet(), &Gate::default()).unwrap();
}

fn scene() -> (tempfile::TempDir, Session) {
    let dir = tempfile::tempdir().unwrap();
    let frames = 3 * 44_100;
    let tone = |hz: f64| sine(hz, 0.2, 0.0, 3.0, 44_100.0);
    for (file, planes) in [
        ("kick.wav", vec![tone(60.0)]),
        ("snare.wav", vec![noise(0.2, 1, frames)]),
        ("lead.wav", vec![tone(500.0)]),
        ("gtr.wav", vec![tone(700.0)]),
        ("strings.wav", vec![noise(0.1, 2, frames), noise(0.1, 3, frames)]),
        ("bv1.wav", vec![tone(900.0)]),
        ("bv2.wav", vec![tone(1100.0)]),
    ] {
        write_wav(&dir.path().join(file), &planes);
    }
    let session = parsed(STEREO, dir.path());
    (dir, session)
}

fn parsed(text: &str, folder: &Path) -> Session {
    Session::parse(text, "test", folder, session::Options::default())
        .unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

fn spot(placed: &[Placed], strip: &str) -> Spot {
    placed.iter().find(|one| one.strip == strip).unwrap().spot
}

#[test]
fn between_front_and_surround_there_is_one_place_that_folds_down_at_its_level() {
    // By hand: g_L + g_Ls / sqrt 2 = 1 and g_L² + g_Ls² = 1 give g_L = 1/3, g_Ls = 0.943; between 30 and 110 degrees that is 91.8.
    let (front, side) = ((1.0 / 3.0_f64), (8.0_f64).sqrt() / 3.0);
    let radians = |degrees: f64| degrees * dsp::math::PI / 180.0;
    let x = front * dsp::math::cos(radians(30.0)) + side * dsp::math::cos(radians(110.0));
    let y = front * dsp::math::sin(radians(30.0)) + side * dsp::math::sin(radians(110.0));
    let by_hand = libm_atan2(y, x) / dsp::math::PI * 180.0;
    let Spot::Around { azimuth_degrees, folded_db: level, .. } = spots(&scene().1, BusLayout::Surround51)
        .iter()
        .find(|one| one.strip == "backing_vocals")
        .unwrap()
        .spot
    else {
        panic!("not around")
    };
    assert!((azimuth_degrees - by_hand).abs() < 0.1, "{azimuth_degrees} {by_hand}");
    assert!(level.abs() < 0.02, "{level}");
    // On a loudspeaker of its own it is what BS.775 makes of it: -3 dB; in front, nothing.
    assert!((folded_db(BusLayout::Surround51, 110.0, 0.0) + 3.0103).abs() < 1e-3);
    assert!(folded_db(BusLayout::Surround51, 30.0, 0.0).abs() < 1e-9);
}

/// The angle of a point by halving, so that nothing is asked about itself.
fn libm_atan2(y: f64, x: f64) -> f64 {
    let (mut low, mut high) = (0.0, dsp::math::PI);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        // The point lies further round than `middle` where their cross product is positive.
        if dsp::math::cos(middle) * y - dsp::math::sin(middle) * x > 0.0 {
            low = middle
        } else {
            high = middle
        }
    }
    low
}

#[test]
fn leads_stay_in_front_and_what_fills_goes_round_and_up() {
    let (_dir, session) = scene();
    for (layout, up) in [(BusLayout::Surround51, 0.0), (BusLayout::Surround714, 15.0)] {
        let placed = spots(&session, layout);
        assert_eq!(spot(&placed, "lead"), Spot::Centre);
        assert_eq!((spot(&placed, "drums"), spot(&placed, "gtr")), (Spot::Front, Spot::Front));
        for (strip, height) in [("vln", up), ("hall_return", up), ("backing_vocals", 0.0)] {
            let Spot::Around { elevation_degrees, folded_db, azimuth_degrees } = spot(&placed, strip) else {
                panic!("{strip} is not around")
            };
            assert_eq!(elevation_degrees, height, "{strip}");
            assert!(
                folded_db.abs() < 0.3 && azimuth_degrees >= 60.0,
                "{strip}: {folded_db} dB at {azimuth_degrees}"
            );
        }
    }
}

#[test]
fn a_bed_keeps_every_group_at_its_level_when_it_is_folded_down() {
    let (dir, session) = scene();
    for name in ["5.1", "7.1.4"] {
        let bed = propose(&session, name, &Job::quiet()).unwrap();
        let names: Vec<&str> = bed.folded.iter().map(|fold| fold.strip.as_str()).collect();
        assert_eq!(names, ["backing_vocals", "drums", "gtr", "lead", "vln", "mix"]);
        for fold in &bed.folded {
            assert!(fold.off_lu().abs() < 0.3, "{name}: {} off by {:.2} LU", fold.strip, fold.off_lu());
        }
        assert!(bed.findings.is_empty(), "{:?}", bed.findings);
        // What was written by hand stays, what comes to it has its reason, and the file says both.
        assert!(bed.text.contains("# The kit.") && bed.text.contains("pan = 0.2"), "{}", bed.text);
        let base = Base::parse(&bed.text).unwrap();
        let again = crate::moves::read(&bed.text).unwrap();
        assert_eq!(again.moves.len(), bed.moves.len());
        for m in &again.moves {
            assert_eq!(base.value_at(&m.place, &m.value), Some(m.value.clone()), "{}", m.id);
            assert!(!m.text.is_empty() && !m.evidence.is_empty());
        }
        let again = parsed(&bed.text, dir.path());
        assert_eq!(again.shape.layout, layout(name).unwrap());
        assert_eq!(propose(&again, name, &Job::quiet()).unwrap_err()[0].code, "not_stereo");
    }
    assert_eq!(propose(&session, "9.1", &Job::quiet()).unwrap_err()[0].code, "unknown_layout");
}

#[test]
fn only_what_is_low_feeds_the_lfe_and_sparingly() {
    use studio::engine::{self, Engine, Files};
    let (dir, session) = scene();
    let bed = propose(&session, "5.1", &Job::quiet()).unwrap();
    let rms = |heard: &str| {
        let whole = parsed(&bed.text, dir.path());
        let part = studio::mix::only_tracks(&whole, &|id| id == heard);
        let mut power = [0.0_f64; 6];
        Engine::new(&part, &Files::default(), engine::Options::default())
            .unwrap()
            .render(&Job::quiet(), &mut |view| {
                for (channel, sum) in power.iter_mut().enumerate() {
                    *sum += view.channel(channel).iter().map(|x| x * x).sum::<f64>();
                }
                Ok(())
            })
            .unwrap();
        power.map(|power| dsp::math::power_to_db(power.max(1e-12)))
    };
    // L R C LFE Ls Rs. The kick: in front, and in the LFE 16 dB under what it is in both fronts together; a low-pass at 90 Hz takes a
    // little of 60 Hz.
    let kick = rms("kick");
    let front = dsp::math::power_to_db(dsp::math::db_to_power(kick[0]) + dsp::math::db_to_power(kick[1]));
    assert!((-18.5..=-15.5).contains(&(kick[3] - front)), "{kick:?}");
    assert!(kick[4] < -90.0 && kick[2] < front - 90.0, "{kick:?}");
    let lead = rms("lead");
    assert!(lead[2] > 0.0 && lead[0] < lead[2] - 90.0 && lead[3] < lead[2] - 90.0, "{lead:?}");
    let strings = rms("vln");
    assert!(strings[4] > strings[0] + 6.0 && strings[3] < -90.0, "{strings:?}");
}
