//! What moves.

use crate::report::portrait::To::{N, W};
use crate::report::portrait::{Input, Portrait, View};

/// A steady tone for so many seconds.
const fn steady(seconds: f64, low_db: f64) -> View {
    View::Gain { hz: 1000.0, steps: &[(0.0, -12.0)], seconds, span_db: (low_db, 6.0) }
}

pub(super) const PORTRAITS: &[Portrait] = &[
    Portrait {
        key: "chorus",
        name: "comb",
        title: "The comb of one voice and of two against the sound",
        view: View::Response { after_seconds: 0.0, span_db: (-30.0, 6.0) },
        input: Input::Both,
        base: &[("delay_ms", N(4.0))],
        lines: &[("2 voices", &[]), ("1 voice", &[("voices", N(1.0))])],
    },
    Portrait {
        key: "flanger",
        name: "comb",
        title: "The comb at rest, 1 ms",
        view: View::Response { after_seconds: 0.0, span_db: (-30.0, 12.0) },
        input: Input::Both,
        base: &[("delay_ms", N(1.0)), ("depth_ms", N(0.0))],
        lines: &[("feedback 30 %", &[]), ("feedback −70 %", &[("feedback_percent", N(-70.0))])],
    },
    Portrait {
        key: "phaser",
        name: "notches",
        title: "The notches at rest",
        view: View::Response { after_seconds: 0.0, span_db: (-30.0, 12.0) },
        input: Input::Both,
        base: &[("sweep_octaves", N(0.0))],
        lines: &[
            ("6 stages", &[]),
            ("12 stages, feedback 60 %", &[("stages", N(12.0)), ("feedback_percent", N(60.0))]),
        ],
    },
    Portrait {
        key: "tremolo",
        name: "gain",
        title: "Gain over time, 2 turns a second, depth 70 %",
        view: steady(1.5, -12.0),
        input: Input::Both,
        base: &[("rate_hz", N(2.0)), ("depth_percent", N(70.0))],
        lines: &[
            ("sine", &[]),
            ("triangle", &[("wave", W("triangle"))]),
            ("square", &[("wave", W("square"))]),
            ("drift", &[("wave", W("drift"))]),
        ],
    },
    Portrait {
        key: "auto_pan",
        name: "gain",
        title: "Left and right over one turn",
        view: steady(2.0, -24.0),
        input: Input::Pair,
        base: &[("depth_percent", N(100.0))],
        lines: &[("", &[])],
    },
    Portrait {
        key: "rotary",
        name: "gain",
        title: "A tone of 1 kHz at slow speed, both microphones",
        view: steady(3.0, -12.0),
        input: Input::Pair,
        base: &[],
        lines: &[("", &[])],
    },
    Portrait {
        key: "doubler",
        name: "copies",
        title: "When and how loud the copies come",
        view: View::Echoes { seconds: 0.06 },
        input: Input::Pair,
        base: &[("voices", N(4.0)), ("width_percent", N(100.0)), ("detune_cents", N(0.0))],
        lines: &[("", &[])],
    },
];
