//! What moves the level.

use crate::report::portrait::To::{Is, N, W};
use crate::report::portrait::{Input, Portrait, View};

pub(super) const PORTRAITS: &[Portrait] = &[
    Portrait {
        key: "compressor",
        name: "curve",
        title: "Level out over level in, threshold −24 dBFS",
        view: View::Levels { hz: 1000.0 },
        input: Input::Both,
        base: &[("threshold_db", N(-24.0))],
        lines: &[
            ("2:1, knee 6 dB", &[("ratio", N(2.0))]),
            ("4:1, hard knee", &[("ratio", N(4.0)), ("knee_db", N(0.0))]),
            ("4:1, knee 18 dB", &[("ratio", N(4.0)), ("knee_db", N(18.0))]),
            ("10:1, range 12 dB", &[("ratio", N(10.0)), ("range_db", N(12.0))]),
        ],
    },
    Portrait {
        key: "compressor",
        name: "time",
        title: "Gain over time: a tone rises to −10 dBFS and falls back to −40 dBFS",
        view: View::Gain {
            hz: 1000.0,
            steps: &[(0.0, -40.0), (0.2, -10.0), (0.7, -40.0)],
            seconds: 1.5,
            span_db: (-12.0, 1.0),
        },
        input: Input::Both,
        base: &[("threshold_db", N(-24.0)), ("ratio", N(4.0))],
        lines: &[
            ("10 ms / 120 ms", &[]),
            ("50 ms / 400 ms", &[("attack_ms", N(50.0)), ("release_ms", N(400.0))]),
            (
                "1 ms / 60 ms, hold 100 ms",
                &[("attack_ms", N(1.0)), ("release_ms", N(60.0)), ("hold_ms", N(100.0))],
            ),
            ("5 ms look-ahead", &[("lookahead_ms", N(5.0))]),
        ],
    },
    Portrait {
        key: "multiband",
        name: "curve",
        title: "Level out over level in of the low band, at 60 Hz",
        view: View::Levels { hz: 60.0 },
        input: Input::Both,
        base: &[("low_threshold_db", N(-36.0))],
        lines: &[("1.5:1", &[("low_ratio", N(1.5))]), ("2:1, range 6 dB", &[("low_ratio", N(2.0))])],
    },
    Portrait {
        key: "multidynamics",
        name: "curve",
        title: "Level out over level in of band 3, at 2 kHz, threshold −36 dBFS",
        view: View::Levels { hz: 2000.0 },
        input: Input::Both,
        base: &[("band3.threshold_db", N(-36.0)), ("band3.ratio", N(3.0)), ("band3.solo", Is(true))],
        lines: &[
            ("compress", &[("band3.action", W("compress"))]),
            ("lift", &[("band3.action", W("lift"))]),
            ("expand", &[("band3.action", W("expand"))]),
        ],
    },
    Portrait {
        key: "limiter",
        name: "time",
        title: "Gain over time: 10 ms and 300 ms of a tone 6 dB over the ceiling",
        view: View::Gain {
            hz: 1000.0,
            steps: &[(0.0, -12.0), (0.1, 5.0), (0.11, -12.0), (0.3, 5.0), (0.6, -12.0)],
            seconds: 1.0,
            span_db: (-9.0, 1.0),
        },
        input: Input::Both,
        base: &[],
        lines: &[
            ("adaptive", &[]),
            ("release 200 ms", &[("release_auto", Is(false)), ("release_ms", N(200.0))]),
        ],
    },
    Portrait {
        key: "gate",
        name: "curve",
        title: "Level out over level in, threshold −40 dBFS",
        view: View::Levels { hz: 1000.0 },
        input: Input::Both,
        base: &[("range_db", N(60.0))],
        lines: &[
            ("gate", &[]),
            ("expander 2:1", &[("ratio", N(2.0)), ("hysteresis_db", N(0.0))]),
            ("gate, range 20 dB", &[("range_db", N(20.0))]),
        ],
    },
    Portrait {
        key: "gate",
        name: "time",
        title: "Gain over time: a tone of −20 dBFS between −60 dBFS",
        view: View::Gain {
            hz: 1000.0,
            steps: &[(0.0, -60.0), (0.2, -20.0), (0.5, -60.0)],
            seconds: 1.2,
            span_db: (-24.0, 3.0),
        },
        input: Input::Both,
        base: &[],
        lines: &[
            ("as it comes", &[]),
            ("hold 200 ms, release 300 ms", &[("hold_ms", N(200.0)), ("release_ms", N(300.0))]),
        ],
    },
    Portrait {
        key: "deesser",
        name: "time",
        title: "Gain on bursts of noise of −20 and −6 dBFS, threshold re full scale",
        view: View::Gain {
            hz: 0.0,
            steps: &[(0.0, -36.0), (0.2, -6.0), (0.4, -36.0), (0.6, -20.0), (0.8, -36.0)],
            seconds: 1.0,
            span_db: (-9.0, 3.0),
        },
        input: Input::Both,
        base: &[("reference", W("full_scale")), ("threshold_db", N(-24.0))],
        lines: &[("wide", &[("mode", W("wide"))]), ("split", &[])],
    },
    Portrait {
        key: "transient",
        name: "time",
        title: "Gain over time: a tone jumps up by 30 dB, and falls back",
        view: View::Gain {
            hz: 1000.0,
            steps: &[(0.0, -40.0), (0.3, -10.0), (0.9, -40.0)],
            seconds: 1.8,
            span_db: (-9.0, 9.0),
        },
        input: Input::Both,
        base: &[],
        lines: &[
            ("attack +6 dB", &[("attack_db", N(6.0))]),
            ("attack −6 dB", &[("attack_db", N(-6.0))]),
            ("sustain +6 dB", &[("sustain_db", N(6.0))]),
        ],
    },
    Portrait {
        key: "rider",
        name: "time",
        title: "Gain over time: phrases of −26 and −14 dBFS on their way to −20 dBFS",
        view: View::Gain {
            hz: 300.0,
            steps: &[(0.0, -26.0), (4.0, -14.0), (8.0, -26.0), (12.0, -14.0)],
            seconds: 16.0,
            span_db: (-9.0, 9.0),
        },
        input: Input::Both,
        base: &[("target", W("fixed")), ("target_dbfs", N(-23.0))],
        lines: &[("300 ms", &[]), ("1 s", &[("speed_ms", N(1000.0))])],
    },
];
