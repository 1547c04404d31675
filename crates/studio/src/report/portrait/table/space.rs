//! Echo, reverberation.

use crate::report::portrait::To::{N, W};
use crate::report::portrait::{Input, Portrait, Set, View};

/// Decay times of bass, middle and treble.
macro_rules! times {
    ($low:literal $mid:literal $high:literal) => {
        &[("rt60_low_seconds", N($low)), ("rt60_mid_seconds", N($mid)), ("rt60_high_seconds", N($high))]
    };
}

const AS_IT_COMES: (&str, Set) = ("as it comes", &[]);

/// How a reverberator decays.
const fn decay(key: &'static str, seconds: f64, lines: &'static [(&'static str, Set)]) -> Portrait {
    Portrait {
        key,
        name: "decay",
        title: "Energy left after an impulse",
        view: View::Decay { seconds },
        input: Input::Both,
        base: &[("mix_percent", N(100.0))],
        lines,
    }
}

pub(super) const PORTRAITS: &[Portrait] = &[
    Portrait {
        key: "delay",
        name: "echoes",
        title: "Answer to one impulse on the left, 250 ms, feedback 50 %",
        view: View::Echoes { seconds: 2.0 },
        input: Input::Left,
        base: &[
            ("timing", W("free")),
            ("time_ms", N(250.0)),
            ("feedback_percent", N(50.0)),
            ("mix_percent", N(100.0)),
        ],
        lines: &[("ping-pong", &[("routing", W("ping_pong"))])],
    },
    decay(
        "reverb",
        4.0,
        &[("RT60 0.8 s", times!(0.8 0.8 0.5)), AS_IT_COMES, ("RT60 3 s", times!(3.5 3.0 1.5))],
    ),
    Portrait {
        key: "reverb",
        name: "onset",
        title: "The first 200 ms: pre-delay, early reflections, the tail growing in",
        view: View::Echoes { seconds: 0.2 },
        input: Input::Both,
        base: &[("mix_percent", N(100.0))],
        lines: &[
            ("hall", &[]),
            (
                "room, 5 ms",
                &[("early_pattern", W("room")), ("pre_delay_ms", N(5.0)), ("early_size_ms", N(25.0))],
            ),
        ],
    },
    decay(
        "room",
        1.5,
        &[("RT60 0.3 s", times!(0.3 0.3 0.2)), AS_IT_COMES, ("RT60 0.8 s", times!(0.9 0.8 0.6))],
    ),
    decay(
        "hall",
        6.0,
        &[("RT60 1.2 s", times!(1.4 1.2 0.8)), AS_IT_COMES, ("RT60 4.0 s", times!(4.5 4.0 2.0))],
    ),
    decay(
        "plate",
        4.0,
        &[("RT60 0.8 s", times!(0.9 0.8 0.6)), AS_IT_COMES, ("RT60 3.0 s", times!(3.5 3.0 2.0))],
    ),
    decay(
        "spring",
        4.0,
        &[("RT60 0.8 s", times!(0.9 0.8 0.6)), AS_IT_COMES, ("RT60 3.0 s", times!(3.5 3.0 2.0))],
    ),
    Portrait {
        key: "convolution",
        name: "filters",
        title: "Filters on the response of a single impulse",
        view: View::Response { after_seconds: 0.0, span_db: (-36.0, 6.0) },
        input: Input::Both,
        base: &[("mix_percent", N(100.0))],
        lines: &[
            ("as it comes", &[]),
            ("300 Hz to 6 kHz", &[("highpass_hz", N(300.0)), ("lowpass_hz", N(6000.0))]),
        ],
    },
];
