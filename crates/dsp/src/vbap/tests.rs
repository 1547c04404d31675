use super::*;

fn at(azimuth: f64, elevation: f64) -> Option<Direction> {
    Some(Direction { azimuth_degrees: azimuth, elevation_degrees: elevation })
}

/// BS.2051 positions in channel order: LCR, quad, 5.1, 7.1, 5.1.4, 7.1.4.
fn layouts() -> Vec<Vec<Option<Direction>>> {
    let [l, r, c] = [30.0, -30.0, 0.0].map(|azimuth| at(azimuth, 0.0));
    let [s, t, sl, sr, bl, br] = [110.0, -110.0, 90.0, -90.0, 135.0, -135.0].map(|azimuth| at(azimuth, 0.0));
    let tops = |front: f64, back: f64| [front, -front, back, -back].map(|azimuth| at(azimuth, 30.0));
    vec![
        vec![l, r, c],
        vec![l, r, s, t],
        vec![l, r, c, None, s, t],
        vec![l, r, c, None, sl, sr, bl, br],
        [vec![l, r, c, None, s, t], tops(30.0, 110.0).to_vec()].concat(),
        [vec![l, r, c, None, sl, sr, bl, br], tops(45.0, 135.0).to_vec()].concat(),
    ]
}

fn point(panner: &Panner, azimuth: f64, elevation: f64) -> Gains {
    let direction = Direction { azimuth_degrees: azimuth, elevation_degrees: elevation };
    panner.gains(direction, Extent::default())
}

fn power_db(gains: &Gains) -> f64 {
    10.0 * libm::log10(gains.iter().map(|gain| gain * gain).sum())
}

/// Channel of the mirrored loudspeaker.
fn mirror(layout: &[Option<Direction>], channel: usize) -> usize {
    let Some(own) = layout[channel] else { return channel };
    layout
        .iter()
        .position(|other| {
            other.is_some_and(|other| {
                other.azimuth_degrees == -own.azimuth_degrees
                    && other.elevation_degrees == own.elevation_degrees
            })
        })
        .unwrap_or(channel)
}

#[test]
fn a_sound_on_a_loudspeaker_is_that_loudspeaker_alone_to_the_bit() {
    for layout in layouts() {
        let panner = Panner::new(&layout);
        for (channel, direction) in layout.iter().enumerate() {
            let Some(direction) = direction else { continue };
            for turn in [0.0, 360.0, -360.0] {
                let gains = point(&panner, direction.azimuth_degrees + turn, direction.elevation_degrees);
                for (other, gain) in gains.iter().enumerate() {
                    assert_eq!(*gain, f64::from(u8::from(other == channel)), "{direction:?} {turn}");
                }
            }
        }
    }
}

#[test]
fn power_is_constant_over_the_whole_sphere_and_any_extent() {
    for layout in layouts() {
        let panner = Panner::new(&layout);
        for azimuth in -36..=36 {
            for elevation in -9..=9 {
                for extent in [(0.0, 0.0), (40.0, 0.0), (0.0, 0.4), (120.0, 0.7), (0.0, 1.0), (360.0, 1.0)] {
                    let direction = Direction {
                        azimuth_degrees: f64::from(azimuth) * 5.0 + 0.3,
                        elevation_degrees: f64::from(elevation) * 10.0,
                    };
                    let extent = Extent { spread_degrees: extent.0, divergence: extent.1 };
                    let gains = panner.gains(direction, extent);
                    assert!(power_db(&gains).abs() < 0.01, "{direction:?} {extent:?}");
                    assert!(gains.iter().all(|gain| *gain >= 0.0));
                    // Nothing into the LFE, nor past the layout.
                    for (channel, gain) in gains.iter().enumerate() {
                        assert!(*gain == 0.0 || layout.get(channel).is_some_and(Option::is_some));
                    }
                }
            }
        }
    }
}

#[test]
fn pairs_follow_the_tangent_law() {
    // Bernfeld's tangent law, which VBAP on a pair is: tan φ / tan φ0 = (g1 - g2) / (g1 + g2).
    let tan = |degrees: f64| libm::tan(degrees * PI / 180.0);
    let layouts = layouts();
    let quad = Panner::new(&layouts[1]);
    for azimuth in [-29.0, -10.0, 0.0, 5.0, 17.5, 25.0] {
        let gains = point(&quad, azimuth, 0.0);
        let law = (gains[0] - gains[1]) / (gains[0] + gains[1]);
        assert!((law - tan(azimuth) / tan(30.0)).abs() < 1e-12, "{azimuth} {gains:?}");
        assert_eq!((gains[2], gains[3]), (0.0, 0.0));
    }
    // Behind: the pair at ±110° seen from the back is one at ±70°.
    let five = Panner::new(&layouts[2]);
    for from_back in [-60.0, -20.0, 0.0, 33.0] {
        let gains = point(&five, 180.0 - from_back, 0.0);
        let law = (gains[4] - gains[5]) / (gains[4] + gains[5]);
        assert!((law - tan(from_back) / tan(70.0)).abs() < 1e-12, "{from_back} {gains:?}");
    }
    // Side: between 30° and 110°, the middle at 70°.
    let gains = point(&five, 70.0 + 13.0, 0.0);
    assert!(((gains[4] - gains[0]) / (gains[4] + gains[0]) - tan(13.0) / tan(40.0)).abs() < 1e-12);
}

#[test]
fn triplets_point_where_they_should() {
    // Within one triangle the gains, as weights of the loudspeakers' vectors, add up to the direction (Pulkki 1997,
    // equation 16). These directions lie in triangles common to both cuts.
    let layouts = layouts();
    for (layout, directions) in [
        (&layouts[4], [(10.0, 10.0), (0.0, 20.0), (25.0, 3.0), (-12.0, 8.0)]),
        (&layouts[5], [(60.0, 8.0), (95.0, 15.0), (-88.0, 20.0), (120.0, 5.0)]),
    ] {
        let panner = Panner::new(layout);
        for (azimuth, elevation) in directions {
            let gains = point(&panner, azimuth, elevation);
            let mut sum = [0.0; 3];
            for (channel, direction) in layout.iter().enumerate() {
                let vector = direction.map_or([0.0; 3], Direction::vector);
                (0..3).for_each(|axis| sum[axis] += gains[channel] * vector[axis]);
            }
            let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
            let wanted = Direction { azimuth_degrees: azimuth, elevation_degrees: elevation }.vector();
            for axis in 0..3 {
                assert!((sum[axis] / length - wanted[axis]).abs() < 1e-9, "{azimuth} {elevation} {gains:?}");
            }
            assert_eq!(gains.iter().filter(|gain| **gain > 0.0).count(), 3);
        }
    }
}

#[test]
fn the_dome_is_its_own_mirror_image_and_has_no_seams() {
    for layout in layouts() {
        let panner = Panner::new(&layout);
        for elevation in [0.0, 7.0, 15.0, 29.0, 31.0, 60.0, 89.0, 90.0] {
            for azimuth in 0..=720 {
                let azimuth = f64::from(azimuth) * 0.25;
                let (left, right) = (point(&panner, azimuth, elevation), point(&panner, -azimuth, elevation));
                for channel in 0..layout.len() {
                    let other = right[mirror(&layout, channel)];
                    assert!((left[channel] - other).abs() < 1e-9, "{azimuth} {elevation} {left:?} {right:?}");
                }
                for (d, e) in [(0.001, 0.0), (0.0, 0.001)] {
                    let next = point(&panner, azimuth + d, elevation + e);
                    for channel in 0..layout.len() {
                        // Gains move by far less than a hundredth in a thousandth of a degree.
                        assert!((next[channel] - left[channel]).abs() < 5e-3, "{azimuth} {elevation}");
                    }
                }
            }
        }
    }
}

#[test]
fn on_the_horizon_a_dome_is_the_ring_below_it_and_straight_up_is_all_tops() {
    let layouts = layouts();
    for (ring, dome) in [(2, 4), (3, 5)] {
        let (ring, dome) = (Panner::new(&layouts[ring]), Panner::new(&layouts[dome]));
        for azimuth in -180..180 {
            let azimuth = f64::from(azimuth) + 0.5;
            let (a, b) = (point(&ring, azimuth, 0.0), point(&dome, azimuth, 0.0));
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9), "{azimuth} {a:?} {b:?}");
        }
        let gains = point(&dome, 77.0, 90.0);
        let tops = dome.channels() - 4;
        assert!(gains[..tops].iter().all(|gain| *gain < 1e-9));
        assert!(gains[tops..dome.channels()].iter().all(|gain| (gain - 0.5).abs() < 1e-9), "{gains:?}");
    }
}

#[test]
fn divergence_moves_the_centre_to_the_pair_around_it() {
    let five = Panner::new(&layouts()[2]);
    let of = |divergence| five.gains(Direction::horizontal(0.0), Extent { divergence, ..Extent::default() });
    let half = core::f64::consts::FRAC_1_SQRT_2;
    assert!((of(1.0)[0] - half).abs() < 1e-12 && (of(1.0)[1] - half).abs() < 1e-12 && of(1.0)[2] == 0.0);
    // A half: 1/3 each, so equal gains of power 1.
    assert!(of(0.5)[..3].iter().all(|gain| (gain - 1.0 / libm::sqrt(3.0)).abs() < 1e-12));
    assert_eq!(of(0.0)[2], 1.0);
    // A fifth: 2/3 to 1/6, a ratio of 4.
    assert!((of(0.2)[2] / of(0.2)[0] - 4.0).abs() < 1e-12);
}

#[test]
fn spread_widens_evenly_and_begins_at_the_point() {
    for layout in layouts() {
        let panner = Panner::new(&layout);
        let of = |spread_degrees| {
            panner.gains(Direction::horizontal(0.0), Extent { spread_degrees, ..Extent::default() })
        };
        let (tiny, none) = (of(1e-6), of(0.0));
        assert!(tiny.iter().zip(none).all(|(a, b)| (a - b).abs() < 1e-6));
        // The wider, the more of the power stands off the centre.
        let aside = |gains: &Gains| 1.0 - gains[2] * gains[2];
        if layout.len() >= 6 {
            let powers: Vec<f64> = [0.0, 20.0, 60.0, 120.0, 240.0, 360.0].map(|s| aside(&of(s))).to_vec();
            assert!(powers.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9), "{powers:?}");
            assert!(of(360.0).iter().filter(|gain| **gain > 0.05).count() >= 5);
        }
        assert!((of(90.0)[0] - of(90.0)[1]).abs() < 1e-9);
    }
}

#[test]
fn loudspeakers_in_front_hear_what_is_behind_in_front() {
    let lcr = Panner::new(&layouts()[0]);
    assert_eq!(point(&lcr, 180.0, 0.0)[2], 1.0);
    assert_eq!(point(&lcr, 90.0, 0.0)[0], 1.0);
    assert_eq!(point(&lcr, -120.0, 0.0)[1], 1.0);
    assert!((point(&lcr, 165.0, 0.0)[0] - point(&lcr, 15.0, 0.0)[0]).abs() < 1e-12);
    let mono = Panner::new(&[at(0.0, 0.0)]);
    assert_eq!(point(&mono, 77.0, 20.0)[0], 1.0);
    assert_eq!(point(&Panner::new(&[]), 1.0, 1.0), [0.0; MOST]);
    let sick = Direction { azimuth_degrees: f64::NAN, elevation_degrees: f64::NAN };
    let extent = Extent { spread_degrees: f64::NAN, divergence: f64::INFINITY };
    assert!(power_db(&lcr.gains(sick, extent)).abs() < 0.01);
}

#[test]
fn what_is_over_the_tops_comes_from_all_four_in_equal_shares_of_power() {
    // 60° up in front of 7.1.4, by hand: the front tops, at (0.6124, ±0.6124, 0.5), take 0.4082 each, the zenith what is
    // missing of the height, 0.4578; half of that goes to each of the four tops.
    let panner = Panner::new(&layouts()[5]);
    let gains = point(&panner, 0.0, 60.0);
    let ratio = (0.457_777 / 2.0) / (0.408_248 + 0.457_777 / 2.0);
    for (front, back) in [(8, 10), (9, 11)] {
        assert!((gains[back] / gains[front] - ratio).abs() < 1e-5, "{gains:?}");
    }
    assert!(gains[..8].iter().all(|gain| *gain == 0.0) && power_db(&gains).abs() < 1e-9);
}
