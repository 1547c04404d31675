//! Level, place, tone.

use crate::report::portrait::To::{Is, N, W};
use crate::report::portrait::{Input, Portrait, View};

const FLAT: View = View::Response { after_seconds: 0.0, span_db: (-24.0, 12.0) };

pub(super) const PORTRAITS: &[Portrait] = &[
    Portrait {
        key: "gain",
        name: "mono-below",
        title: "What is left of the side with mono_below_hz",
        view: View::Response { after_seconds: 0.0, span_db: (-48.0, 6.0) },
        input: Input::Side,
        base: &[],
        lines: &[
            ("80 Hz", &[("mono_below_hz", N(80.0))]),
            ("120 Hz", &[("mono_below_hz", N(120.0))]),
            ("200 Hz", &[("mono_below_hz", N(200.0))]),
        ],
    },
    Portrait {
        key: "pan",
        name: "laws",
        title: "Left and right over the position of a mono sound",
        view: View::Sweep { address: "position", label: "position", range: (-1.0, 1.0) },
        input: Input::Pair,
        base: &[("mode", W("mono"))],
        lines: &[("−3 dB", &[("law", W("-3"))]), ("−6 dB", &[("law", W("-6"))])],
    },
    Portrait {
        key: "pan",
        name: "balance",
        title: "Left and right over the position of a pair, mode `balance`",
        view: View::Sweep { address: "position", label: "position", range: (-1.0, 1.0) },
        input: Input::Pair,
        base: &[],
        lines: &[("", &[])],
    },
    Portrait {
        key: "eq",
        name: "bells",
        title: "Bells at 1 kHz and near the top of the range",
        view: View::Response { after_seconds: 0.0, span_db: (-18.0, 18.0) },
        input: Input::Both,
        base: &[],
        lines: &[
            ("+12 dB, Q 1", &[("band1.gain_db", N(12.0)), ("band1.q", N(1.0))]),
            ("+6 dB, Q 4", &[("band1.gain_db", N(6.0)), ("band1.q", N(4.0))]),
            ("−12 dB, Q 1", &[("band1.gain_db", N(-12.0)), ("band1.q", N(1.0))]),
            (
                "+9 dB at 16 kHz",
                &[("band1.gain_db", N(9.0)), ("band1.freq_hz", N(16_000.0)), ("band1.q", N(1.0))],
            ),
        ],
    },
    Portrait {
        key: "eq",
        name: "shelves",
        title: "Shelves and cuts",
        view: FLAT,
        input: Input::Both,
        base: &[],
        lines: &[
            (
                "low shelf +6",
                &[("band1.kind", W("low_shelf")), ("band1.freq_hz", N(150.0)), ("band1.gain_db", N(6.0))],
            ),
            (
                "high shelf −6",
                &[("band1.kind", W("high_shelf")), ("band1.freq_hz", N(6000.0)), ("band1.gain_db", N(-6.0))],
            ),
            ("high pass 80", &[("band1.kind", W("high_pass")), ("band1.freq_hz", N(80.0))]),
            ("low pass 8k", &[("band1.kind", W("low_pass")), ("band1.freq_hz", N(8000.0))]),
            ("notch 1k", &[("band1.kind", W("notch")), ("band1.q", N(4.0))]),
        ],
    },
    Portrait {
        key: "saturation",
        name: "shape",
        title: "Waveform out over waveform in, 50 Hz, drive 12 dB, no auto-gain",
        view: View::Shape,
        input: Input::Both,
        base: &[("drive_db", N(12.0)), ("auto_gain", Is(false)), ("output_db", N(-6.0))],
        lines: &[
            ("tape", &[("mode", W("tape"))]),
            ("tube", &[("mode", W("tube"))]),
            ("soft clip", &[("mode", W("soft_clip"))]),
        ],
    },
    Portrait {
        key: "saturation",
        name: "harmonics",
        title: "A tone of 1 kHz at −12 dBFS, drive 12 dB",
        view: View::Spectrum { hz: 1000.0, dbfs: -12.0 },
        input: Input::Both,
        base: &[("drive_db", N(12.0))],
        lines: &[("tape", &[("mode", W("tape"))]), ("tube", &[("mode", W("tube"))])],
    },
    Portrait {
        key: "exciter",
        name: "harmonics",
        title: "A tone of 5 kHz at −12 dBFS, treble amount 50 %",
        view: View::Spectrum { hz: 5000.0, dbfs: -12.0 },
        input: Input::Both,
        base: &[("high_amount_percent", N(50.0))],
        lines: &[
            ("second", &[("high_balance_percent", N(-100.0))]),
            ("third", &[("high_balance_percent", N(100.0))]),
        ],
    },
    Portrait {
        key: "imager",
        name: "width",
        title: "Gain of the side over the width of the middle band",
        view: View::Sweep {
            address: "band2.width_percent",
            label: "width of band 2, %",
            range: (0.0, 300.0),
        },
        input: Input::Side,
        base: &[],
        lines: &[("middle band", &[])],
    },
    Portrait {
        key: "generator",
        name: "waves",
        title: "Saw and square of 1 kHz at −12 dBFS",
        view: View::Spectrum { hz: 1000.0, dbfs: -200.0 },
        input: Input::Both,
        base: &[("active", Is(true)), ("mode", W("replace")), ("level_dbfs", N(-12.0))],
        lines: &[("saw", &[("wave", W("saw"))]), ("square", &[("wave", W("square"))])],
    },
    Portrait {
        key: "meter",
        name: "flat",
        title: "A meter changes nothing",
        view: FLAT,
        input: Input::Both,
        base: &[],
        lines: &[("", &[])],
    },
];
