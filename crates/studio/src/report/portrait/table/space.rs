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
    Portrait {
        key: "room",
        name: "decay",
        title: "Energy left after an impulse",
        view: View::Decay { seconds: 1.5 },
        input: Input::Both,
        base: &[("mix_percent", N(100.0))],
        lines: &[
            (
                "RT60 0.3 s",
                &[("rt60_low_seconds", N(0.3)), ("rt60_mid_seconds", N(0.3)), ("rt60_high_seconds", N(0.2))],
            ),
            ("as it comes", &[]),
            (
                "RT60 0.8 s",
                &[("rt60_low_seconds", N(0.9)), ("rt60_mid_seconds", N(0.8)), ("rt60_high_seconds", N(0.6))],
            ),
        ],
    },
    Portrait {
        key: "hall",
        name: "decay",
        title: "Energy left after an impulse",
        view: View::Decay { seconds: 6.0 },
        input: Input::Both,
        base: &[("mix_percent", N(100.0))],
        lines: &[
            (
                "RT60 1.2 s",
                &[("rt60_low_seconds", N(1.4)), ("rt60_mid_seconds", N(1.2)), ("rt60_high_seconds", N(0.8))],
            ),
            ("as it comes", &[]),
            (
                "RT60 4.0 s",
                &[("rt60_low_seconds", N(4.5)), ("rt60_mid_seconds", N(4.0)), ("rt60_high_seconds", N(2.0))],
            ),
        ],
    },
    Portrait {
        key: "plate",
        name: "decay",
        title: "Energy left after an impulse",
        view: View::Decay { seconds: 4.0 },
        input: Input::Both,
        base: &[("mix_percent", N(100.0))],
        lines: &[
            (
                "RT60 0.8 s",
                &[("rt60_low_seconds", N(0.9)), ("rt60_mid_seconds", N(0.8)), ("rt60_high_seconds", N(0.6))],
            ),
            ("as it comes", &[]),
            (
                "RT60 3.0 s",
                &[("rt60_low_seconds", N(3.5)), ("rt60_mid_seconds", N(3.0)), ("rt60_high_seconds", N(2.0))],
            ),
        ],
    },
    Portrait {
        key: "spring",
        name: "decay",
        title: "Energy left after an impulse",
        view: View::Decay { seconds: 4.0 },
        input: Input::Both,
        base: &[("mix_percent", N(100.0))],
        lines: &[
            (
                "RT60 0.8 s",
                &[("rt60_low_seconds", N(0.9)), ("rt60_mid_seconds", N(0.8)), ("rt60_high_seconds", N(0.6))],
            ),
            ("as it comes", &[]),
            (
                "RT60 3.0 s",
                &[("rt60_low_seconds", N(3.5)), ("rt60_mid_seconds", N(3.0)), ("rt60_high_seconds", N(2.0))],
            ),
        ],
    },
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
