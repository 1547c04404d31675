//! Echo, reverberation.

use crate::report::portrait::To::{N, W};
use crate::report::portrait::{Input, Portrait, View};

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
    Portrait {
        key: "reverb",
        name: "decay",
        title: "Energy left after an impulse",
        view: View::Decay { seconds: 4.0 },
        input: Input::Both,
        base: &[("mix_percent", N(100.0))],
        lines: &[
            (
                "RT60 0.8 s",
                &[("rt60_low_seconds", N(0.8)), ("rt60_mid_seconds", N(0.8)), ("rt60_high_seconds", N(0.5))],
            ),
            ("as it comes", &[]),
            (
                "RT60 3 s",
                &[("rt60_low_seconds", N(3.5)), ("rt60_mid_seconds", N(3.0)), ("rt60_high_seconds", N(1.5))],
            ),
        ],
    },
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
];
