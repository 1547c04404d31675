//! Pitch and repair.

use crate::report::portrait::To::{Is, N};
use crate::report::portrait::{Damage, Input, Portrait, View};

pub(super) const PORTRAITS: &[Portrait] = &[
    Portrait {
        key: "pitch",
        name: "tone",
        title: "A tone of 440 Hz, moved",
        view: View::Spectrum { hz: 440.0, dbfs: -12.0 },
        input: Input::Both,
        base: &[],
        lines: &[
            ("as it was", &[]),
            ("a fifth up", &[("semitones", N(7.0))]),
            ("an octave down", &[("semitones", N(-12.0))]),
        ],
    },
    Portrait {
        key: "harmoniser",
        name: "voices",
        title: "A tone of 440 Hz with a third and a fifth",
        view: View::Spectrum { hz: 440.0, dbfs: -12.0 },
        input: Input::Both,
        base: &[
            ("voice1.on", Is(true)),
            ("voice1.semitones", N(4.0)),
            ("voice2.on", Is(true)),
            ("voice2.semitones", N(7.0)),
            ("keep_formants_percent", N(0.0)),
        ],
        lines: &[("", &[])],
    },
    Portrait {
        key: "declick",
        name: "wave",
        title: "A click in a tone",
        view: View::Repair { damage: Damage::Clicks, part: (1.005, 1.017) },
        input: Input::Both,
        base: &[],
        lines: &[("", &[])],
    },
    Portrait {
        key: "declip",
        name: "wave",
        title: "A tone cut off 6 dB under its peak",
        view: View::Repair { damage: Damage::Clip, part: (1.0, 1.008) },
        input: Input::Both,
        base: &[],
        lines: &[("", &[])],
    },
    Portrait {
        key: "dehum",
        name: "wave",
        title: "A tone over the hum of the mains",
        view: View::Repair { damage: Damage::Hum, part: (4.0, 4.06) },
        input: Input::Both,
        base: &[],
        lines: &[("", &[])],
    },
    Portrait {
        key: "deplosive",
        name: "wave",
        title: "A blow of air in a tone",
        view: View::Repair { damage: Damage::Blow, part: (2.2, 2.36) },
        input: Input::Both,
        base: &[],
        lines: &[("", &[])],
    },
    Portrait {
        key: "denoise",
        name: "gain",
        title: "Gain on steady noise, limit 10 and 20 dB",
        view: View::Gain { hz: 0.0, steps: &[(0.0, -50.0)], seconds: 4.0, span_db: (-24.0, 3.0) },
        input: Input::Both,
        base: &[("active", Is(true))],
        lines: &[("10 dB", &[("reduction_db", N(10.0))]), ("20 dB", &[("reduction_db", N(20.0))])],
    },
];
