//! Tables of noise shapers.

/// A noise shaper, made for 44.1 kHz; at 48 kHz its curve is stretched by 9 %, at higher rates it does not fit.
///
/// Each pushes noise out of the 2 … 6 kHz region where hearing is keenest into the top octave. The stronger ones belong on a final
/// product only: whatever is encoded, resampled or turned up afterwards is better served by plain triangular dither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shaper {
    /// Lipshitz, Vanderkooy and Wannamaker, minimally audible, 5 taps: +12.2 dB of noise in all.
    Lipshitz,
    /// Wannamaker F-weighted, 3 taps: +6.6 dB.
    FWeighted3,
    /// Wannamaker F-weighted, 9 taps: +18.4 dB.
    FWeighted9,
    /// Wannamaker F-weighted, 24 taps: +17.3 dB.
    FWeighted24,
    /// Modified E-weighted, 9 taps: +7.6 dB. The mild one.
    ModifiedE,
    /// Improved E-weighted, 9 taps: +23.1 dB. The strong one.
    ImprovedE,
}

/// Source: Lipshitz, Vanderkooy and Wannamaker, "Minimally audible noise shaping", JAES 39(11), 1991.
const LIPSHITZ: [f64; 5] = [2.033, -2.165, 1.959, -1.590, 0.6149];

/// Source: Wannamaker, "Psychoacoustically optimal noise shaping", JAES 40(7/8), 1992.
const F_WEIGHTED_3: [f64; 3] = [1.623, -0.982, 0.109];

/// Source: Wannamaker 1992.
const F_WEIGHTED_9: [f64; 9] = [2.412, -3.370, 3.937, -4.174, 3.353, -2.205, 1.281, -0.569, 0.0847];

/// Source: Wannamaker 1992. Twenty-four taps: a copy with "-0.749277, 0.512386" twice goes round, and it is not minimum phase.
const F_WEIGHTED_24: [f64; 24] = [
    2.391_510, -3.284_444, 3.679_506, -3.635_044, 2.524_185, -1.146_701, 0.115_354, 0.513_745, -0.749_277,
    0.512_386, -0.188_997, -0.043_705, 0.149_843, -0.151_186, 0.076_302, -0.012_070, -0.021_127, 0.025_232,
    -0.016_121, 0.004_453, 0.000_876, -0.001_799, 0.000_774, -0.000_128,
];

/// Source: Lipshitz, Vanderkooy and Wannamaker 1991, modified E-weighting.
const MODIFIED_E: [f64; 9] =
    [1.662, -1.263, 0.4827, -0.2913, 0.1268, -0.1124, 0.032_52, -0.012_65, -0.035_24];

/// Source: Lipshitz, Vanderkooy and Wannamaker 1991, improved E-weighting.
const IMPROVED_E: [f64; 9] = [2.847, -4.685, 6.214, -7.184, 6.639, -5.032, 3.263, -1.632, 0.4191];

impl Shaper {
    /// All of them, in order of declaration.
    pub const ALL: [Self; 6] = [
        Self::Lipshitz,
        Self::FWeighted3,
        Self::FWeighted9,
        Self::FWeighted24,
        Self::ModifiedE,
        Self::ImprovedE,
    ];

    /// Rate the curves are made for.
    pub const DESIGNED_FOR_HZ: f64 = 44_100.0;

    /// `c_1, c_2, …` of `N(z) = 1 - Σ c_j z^-j`.
    #[must_use]
    pub fn coefficients(self) -> &'static [f64] {
        match self {
            Self::Lipshitz => &LIPSHITZ,
            Self::FWeighted3 => &F_WEIGHTED_3,
            Self::FWeighted9 => &F_WEIGHTED_9,
            Self::FWeighted24 => &F_WEIGHTED_24,
            Self::ModifiedE => &MODIFIED_E,
            Self::ImprovedE => &IMPROVED_E,
        }
    }

    /// Name in settings and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lipshitz => "lipshitz",
            Self::FWeighted3 => "f_weighted_3",
            Self::FWeighted9 => "f_weighted_9",
            Self::FWeighted24 => "f_weighted_24",
            Self::ModifiedE => "modified_e",
            Self::ImprovedE => "improved_e",
        }
    }

    /// The shaper of a [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shaper| shaper.name() == name)
    }
}
