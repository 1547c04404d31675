use super::*;
use crate::block::Buffer;
use testkit::signals::sine;

/// The steadiest sector of a sine in one or both channels.
fn cut(hz: f64, left: f64, right: f64, rate_hz: f64) -> Motion {
    let tone = sine(hz, 1.0, 0.0, 1.5, rate_hz);
    let planes = [left, right].map(|gain| tone.iter().map(|x| x * gain).collect::<Vec<_>>());
    let mut groove = Groove::new(rate_hz, 0.25);
    groove.push(Buffer::from_planes(&planes).view());
    groove.finish()[4]
}

fn near(is: f64, wanted: f64, relative: f64, what: &str) {
    assert!((is / wanted - 1.0).abs() < relative, "{what}: {is} in place of {wanted}");
}

#[test]
fn playback_has_the_published_gains() {
    // Table of the RIAA characteristic, dB re 1 kHz.
    let table = [
        (20.0, 19.274),
        (50.0, 16.946),
        (100.0, 13.088),
        (200.0, 8.219),
        (500.0, 2.648),
        (1000.0, 0.0),
        (2000.0, -2.589),
        (4000.0, -6.605),
        (8000.0, -11.894),
        (10_000.0, -13.734),
        (16_000.0, -17.708),
        (20_000.0, -19.620),
    ];
    for (hz, db) in table {
        assert!((playback_db(hz) - db).abs() < 0.0006, "{hz} Hz: {}", playback_db(hz));
    }
}

#[test]
fn velocity_follows_the_recording_characteristic_at_every_rate() {
    for rate_hz in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        for hz in [40.0, 100.0, 1000.0, 5000.0, 10_000.0, 15_000.0, 19_000.0] {
            let wanted = crate::math::db_to_gain(-playback_db(hz));
            // Peaks between the looks are met within 1.5 %; the leak takes 0.8 % of 40 Hz.
            near(
                cut(hz, 1.0, 0.0, rate_hz).left.velocity_cm_s,
                wanted,
                0.016,
                &format!("{hz} Hz at {rate_hz}"),
            );
        }
    }
}

#[test]
fn displacement_and_acceleration_are_those_of_a_sine() {
    // Lateral 7.07 cm/s is 5 cm/s on each wall. Displacement is v / ω, acceleration v ω.
    let (v, g) = (7.071_067_811_865_476e-2, 9.806_65);
    let at_1k = cut(1000.0, 5.0, 5.0, 44_100.0);
    near(at_1k.lateral_cm_s, 7.0711, 0.002, "lateral velocity");
    near(at_1k.lateral_um, v / 6283.185 * 1e6, 0.002, "lateral excursion");
    assert!(at_1k.vertical_um < 1e-6 && at_1k.vertical_cm_s < 1e-6, "{at_1k:?}");
    // One wall's 5 cm/s: 45 g lateral is 32 g a wall.
    near(at_1k.left.acceleration_m_s2, 45.3 / std::f64::consts::SQRT_2 * g, 0.005, "acceleration");
    let at_10k = cut(10_000.0, 5.0, 5.0, 44_100.0);
    near(
        at_10k.right.acceleration_m_s2 * std::f64::consts::SQRT_2,
        2200.0 * g,
        0.015,
        "acceleration at 10 kHz",
    );
}

#[test]
fn opposite_channels_move_up_and_down() {
    let motion = cut(300.0, 2.0, -2.0, 48_000.0);
    assert!(motion.lateral_um < 1e-6, "{motion:?}");
    near(motion.vertical_um, std::f64::consts::SQRT_2 * motion.left.excursion_um, 1e-6, "vertical");
    near(motion.left.excursion_um, motion.right.excursion_um, 1e-9, "walls");
    let one = cut(300.0, 2.0, 0.0, 48_000.0);
    near(one.vertical_um, one.left.excursion_um / std::f64::consts::SQRT_2, 1e-6, "one wall");
    assert!(one.right.excursion_um < 1e-9, "{one:?}");
}

#[test]
fn sectors_are_as_long_as_asked_and_do_not_depend_on_the_blocks() {
    let planes = [testkit::signals::noise(0.5, 1, 50_000), testkit::signals::noise(0.5, 2, 50_000)];
    let whole = Buffer::from_planes(&planes);
    // 33 1/3 turns a minute, eight sectors a turn.
    let run = |cut: usize| {
        let mut groove = Groove::new(44_100.0, 0.225);
        let mut start = 0;
        while start < 50_000 {
            groove.push(whole.view().slice(start, cut));
            start += cut;
        }
        groove.finish()
    };
    let first = run(50_000);
    // 50 000 frames are 5.04 sectors of 9922.5.
    assert_eq!(first.len(), 6);
    for blocks in [1, 7, 1000, 4096] {
        assert_eq!(run(blocks), first, "blocks of {blocks}");
    }
}

#[test]
fn a_blow_is_noted_in_its_sector_alone() {
    let mut plane = vec![0.0; 44_100];
    plane[22_050] = 1.0;
    let mut groove = Groove::new(44_100.0, 0.1);
    groove.push(Buffer::from_planes(&[plane.clone(), plane]).view());
    let sectors = groove.finish();
    assert_eq!(sectors.len(), 10);
    let loudest = (0..10)
        .max_by(|&a, &b| sectors[a].left.acceleration_m_s2.total_cmp(&sectors[b].left.acceleration_m_s2));
    // The filters are 45 frames late: 22 095 is still in the sixth.
    assert_eq!(loudest, Some(5));
    assert!(sectors[4].left.velocity_cm_s < 1e-3 * sectors[5].left.velocity_cm_s);
}

#[test]
fn nan_and_silence_move_nothing() {
    let plane = vec![f64::NAN; 1000];
    let mut groove = Groove::new(44_100.0, 0.01);
    groove.push(Buffer::from_planes(&[plane.clone(), plane]).view());
    assert!(groove.finish().iter().all(|sector| *sector == Motion::default()));
}
