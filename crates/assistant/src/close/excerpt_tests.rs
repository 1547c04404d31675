use super::*;
use crate::close::render;
use dsp::block::Buffer;
use studio::engine::Shelf;
use studio::job::Job;

/// Seconds of something at a power, then of something else.
fn steps(list: &[(usize, f64)]) -> Powers {
    list.iter().flat_map(|(seconds, power)| vec![*power; seconds * PER_SECOND]).collect()
}

#[test]
fn parts_of_a_long_song_have_everyone_in_them_and_a_short_one_is_heard_whole() {
    // One plays all along, one for 12 s in the bridge only, one is silent.
    let band = steps(&[(240, 1.0)]);
    let bridge = steps(&[(150, 0.0), (12, 0.5), (78, 0.0)]);
    let parts = parts(&[band, bridge, steps(&[(240, 0.0)])], &[]).unwrap();
    assert!((FEWEST..=MOST).contains(&parts.len()), "{parts:?}");
    assert!(parts.iter().any(|part| part.meets(Part { from: 150 * 20, to: 162 * 20 })), "{parts:?}");
    assert!(parts.windows(2).all(|pair| pair[0].to <= pair[1].from), "in order, none twice: {parts:?}");
    assert!(parts.iter().all(|part| part.to - part.from == PART));
    assert_eq!(super::parts(&[steps(&[(149, 1.0)])], &[]), None);
    assert_eq!(super::parts(&[], &[]), None);
}

#[test]
fn the_loudest_parts_are_taken_where_everyone_is_heard_anyway() {
    let powers = steps(&[(120, 0.25), (40, 1.0), (80, 0.25)]);
    let parts = parts(&[powers], &[]).unwrap();
    assert!(parts.iter().all(|part| (115 * 20..162 * 20).contains(&part.from)), "{parts:?}");
    // But where the largest peak is, there is always one.
    let mut peaks = vec![0.1; 240 * 20];
    peaks[10 * 20] = 0.9;
    let parts = super::parts(&[steps(&[(120, 0.25), (40, 1.0), (80, 0.25)])], &peaks).unwrap();
    assert!((parts[0].from..parts[0].to).contains(&200), "{parts:?}");
}

/// These parts of a song of so many values.
fn excerpt(parts: &[(usize, usize)], length: usize) -> Excerpt {
    let parts: Vec<Part> = parts.iter().map(|(from, to)| Part { from: *from, to: *to }).collect();
    let inside = |at: usize| parts.iter().any(|part| (part.from + SETTLES..part.to).contains(&at));
    let settled = (0..length).map(inside).collect();
    Excerpt { parts, settled }
}

#[test]
fn what_a_chain_made_of_parts_is_what_it_makes_of_the_rest() {
    // A chain that takes 3 dB of what is loud and nothing of what is 12 dB softer; both were heard for a second.
    let before = steps(&[(4, 1.0), (4, 0.063), (100, 1.0), (50, 0.063)]);
    let chain = |power: &f64| if *power > 0.5 { power * 0.501 } else { *power };
    let excerpt = excerpt(&[(40, 60), (100, 120)], before.len());
    let wanted: Powers = before.iter().map(chain).collect();
    let mut heard = excerpt.placed(&[&wanted[40..60], &wanted[100..120]].concat());
    assert!(heard[39] == 0.0 && heard[40] == wanted[40] && heard[119] == wanted[119] && heard[120] == 0.0);
    let all = excerpt.spread(&before, &heard);
    assert!(all.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-12));
    // What settles at the beginning of a part does not count.
    heard[40..40 + SETTLES].fill(100.0);
    assert_eq!(excerpt.spread(&before, &heard), all);
    // A sum that was 2 dB louder than what it is made of is so everywhere.
    let sum: Powers = wanted.iter().map(|power| 1.585 * power).collect();
    let placed = excerpt.placed(&[&sum[40..60], &sum[100..120]].concat());
    let all = excerpt.scaled_to(wanted, &placed);
    assert!(all.iter().zip(&sum).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn parts_that_are_rendered_are_those_of_the_whole() {
    // 8 s of tones 6 dB apart every second, on a track that begins at 1 s, ridden down from the fourth second on.
    let rate = 48_000_usize;
    let mut tone = Buffer::new(1, 8 * rate);
    for (n, x) in tone.channel_mut(0).iter_mut().enumerate() {
        let level = dsp::math::db_to_gain(-6.0 * (n / rate) as f64);
        *x = 0.5 * level * dsp::math::sin(2.0 * dsp::math::PI * 997.0 * n as f64 / rate as f64);
    }
    let mut shelf = Shelf::default();
    shelf.put("a.wav", tone, rate as u32);
    let text = "version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"a\"\n\
                clip = [{ file = \"a.wav\", start_seconds = 1.0 }]\n\
                [[automation]]\ntarget = \"a.ride_db\"\npoints = [[4.0, 0.0], [6.0, -12.0]]\n";
    let session = Session::parse(text, "x", std::path::Path::new(""), Default::default()).unwrap();
    let excerpt = excerpt(&[(0, 50), (70, 110), (160, 200)], 200);
    let short = excerpt.cut(&session, &|id| (id == "a").then_some(8.0)).unwrap();
    let whole = render(&session, (&[], &[]), &shelf, &Job::quiet()).unwrap();
    let heard = render(&short, (&[], &[]), &shelf, &Job::quiet()).unwrap();
    for strip in ["a", "mix"] {
        let (wanted, got) = (whole.of(strip).unwrap(), excerpt.placed(heard.of(strip).unwrap()));
        for (from, to) in [(22, 38), (42, 50), (72, 79), (82, 99), (162, 178)] {
            let sum = |list: &[f64]| list[from..to].iter().sum::<f64>();
            let apart = power_to_db(sum(&got) / sum(wanted));
            assert!(apart.abs() < 0.05, "{strip} {from}..{to}: {apart}");
        }
        assert!(got.iter().take(20).all(|power| *power < 1e-12), "it has not begun");
    }
}

#[test]
fn a_session_that_moves_in_time_is_not_cut() {
    let text = |more: &str| {
        format!("version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"a\"\n{more}\n")
    };
    let cut = |more: &str| {
        let session = Session::parse(&text(more), "x", std::path::Path::new(""), Default::default()).unwrap();
        excerpt(&[(0, 40)], 160).cut(&session, &|_| Some(8.0)).is_some()
    };
    assert!(cut("file = \"a.wav\""));
    assert!(!cut("clip = [{ file = \"a.wav\", speed = 2.0 }]"));
    assert!(!cut(
        "clip = [{ file = \"a.wav\", length_seconds = 2.0 }, { file = \"a.wav\", start_seconds = 3.0 }]"
    ));
    let ride =
        "file = \"a.wav\"\n[[automation]]\ntarget = \"a.fader_db\"\npoints = [[0.0, -3.0], [2.0, 0.0]]";
    assert!(cut(ride));
    assert!(!cut(&format!("{ride}\ncurve = \"hold\"")));
}
