//! Tables of noise shapers.

/// A noise shaper, made for 44.1 kHz where its name does not say 48; at another rate its curve is stretched (9 % from 44.1 to 48 kHz), and
/// from 88.2 kHz up it does not fit.
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
    /// Shibata, 20 taps: +24.2 dB. The deepest, at 44.1 kHz.
    Shibata44,
    /// Shibata, low amplitude, 15 taps: +15.8 dB.
    LowShibata44,
    /// Shibata for 48 kHz, 16 taps: +21.3 dB.
    Shibata48,
    /// Shibata for 48 kHz, low amplitude, 16 taps: +15.9 dB.
    LowShibata48,
    /// Gesemann, four poles and four zeros: +14.0 dB.
    Gesemann44,
    /// Gesemann for 48 kHz: +13.4 dB.
    Gesemann48,
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

/// Source: N. Shibata, SSRC, as tabled in SoX 14.4.2, `dither.c`, 44.1 kHz, 20 taps.
const SHIBATA_44: [f64; 20] = [
    2.677_319_765_090_942_4,
    -4.830_892_562_866_211,
    6.570_110_321_044_922,
    -7.457_201_480_865_478_5,
    6.726_327_419_281_006,
    -4.848_165_035_247_803,
    2.041_208_982_467_651_4,
    0.700_635_910_034_179_7,
    -2.953_756_570_816_04,
    4.080_038_547_515_869,
    -4.184_521_675_109_863,
    3.331_181_287_765_503,
    -2.117_992_639_541_626,
    0.879_302_978_515_625,
    -0.031_759_146_600_961_685,
    -0.423_827_886_581_420_9,
    0.478_821_039_199_829_1,
    -0.354_908_138_513_565_06,
    0.174_968_391_656_875_6,
    -0.060_908_168_554_306_03,
];

/// Source: N. Shibata, SSRC, as tabled in SoX 14.4.2, `dither.c`, low, 44.1 kHz, 15 taps.
const LOW_SHIBATA_44: [f64; 15] = [
    2.083_391_666_412_353_5,
    -3.041_845_083_236_694_3,
    3.204_789_876_937_866,
    -2.757_192_611_694_336,
    1.497_863_054_275_512_7,
    -0.342_759_460_210_800_17,
    -0.717_337_489_128_112_8,
    1.073_705_792_427_063,
    -1.022_581_577_301_025_4,
    0.566_499_948_501_586_9,
    -0.209_686_920_046_806_34,
    -0.065_378_531_813_621_52,
    0.103_224_381_804_466_25,
    -0.067_442_022_264_003_75,
    -0.004_951_973_445_713_52,
];

/// Source: N. Shibata, SSRC, as tabled in SoX 14.4.2, `dither.c`, 48 kHz, 16 taps.
const SHIBATA_48: [f64; 16] = [
    2.872_072_935_104_37,
    -5.041_323_184_967_041,
    6.244_299_411_773_682,
    -5.848_398_685_455_322,
    3.706_754_207_611_084,
    -1.049_511_909_484_863_3,
    -1.183_023_691_177_368_2,
    2.112_679_243_087_768_6,
    -1.909_453_153_610_229_5,
    0.999_130_845_069_885_3,
    -0.170_908_063_650_131_23,
    -0.326_156_020_164_489_75,
    0.391_276_448_965_072_63,
    -0.268_764_615_058_898_9,
    0.097_676_105_797_290_8,
    -0.023_473_845_794_796_944,
];

/// Source: N. Shibata, SSRC, as tabled in SoX 14.4.2, `dither.c`, low, 48 kHz, 16 taps.
const LOW_SHIBATA_48: [f64; 16] = [
    2.392_577_409_744_262_7,
    -3.435_029_745_101_928_7,
    3.185_370_922_088_623,
    -1.811_727_166_175_842_3,
    -0.201_247_707_009_315_5,
    1.475_990_772_247_314_5,
    -1.721_090_435_981_750_5,
    0.977_467_000_484_466_6,
    -0.137_901_380_658_149_72,
    -0.381_859_034_299_850_46,
    0.274_212_419_986_724_85,
    0.066_584_214_568_138_12,
    -0.352_233_022_451_400_76,
    0.376_723_438_501_358_03,
    -0.239_642_769_098_281_86,
    0.068_674_825_131_893_16,
];

/// Source: S. Gesemann, "Noise shaping" (pole-zero), as tabled in SoX 14.4.2, `dither.c`, 44.1 kHz.
const GESEMANN_44: [f64; 4] = [2.206_1, -0.470_6, -0.253_4, -0.621_4];

/// Its feedback of what was fed back.
const GESEMANN_44_POLES: [f64; 4] = [1.058_7, 0.067_6, -0.605_4, -0.273_8];

/// Source: S. Gesemann, "Noise shaping" (pole-zero), as tabled in SoX 14.4.2, `dither.c`, 48 kHz.
const GESEMANN_48: [f64; 4] = [2.237_4, -0.733_9, -0.125_1, -0.603_3];

/// Its feedback of what was fed back.
const GESEMANN_48_POLES: [f64; 4] = [0.903, 0.011_6, -0.585_3, -0.257_1];

impl Shaper {
    /// All of them, in order of declaration.
    pub const ALL: [Self; 12] = [
        Self::Lipshitz,
        Self::FWeighted3,
        Self::FWeighted9,
        Self::FWeighted24,
        Self::ModifiedE,
        Self::ImprovedE,
        Self::Shibata44,
        Self::LowShibata44,
        Self::Shibata48,
        Self::LowShibata48,
        Self::Gesemann44,
        Self::Gesemann48,
    ];

    /// Rate the curve is made for.
    #[must_use]
    pub fn designed_for_hz(self) -> f64 {
        match self {
            Self::Shibata48 | Self::LowShibata48 | Self::Gesemann48 => 48_000.0,
            _ => 44_100.0,
        }
    }

    /// `c_1, c_2, …` of `N(z) = 1 - Σ c_j z^-j / (1 + Σ a_j z^-j)`, with the [`poles`](Self::poles) `a`.
    #[must_use]
    pub fn coefficients(self) -> &'static [f64] {
        match self {
            Self::Lipshitz => &LIPSHITZ,
            Self::FWeighted3 => &F_WEIGHTED_3,
            Self::FWeighted9 => &F_WEIGHTED_9,
            Self::FWeighted24 => &F_WEIGHTED_24,
            Self::ModifiedE => &MODIFIED_E,
            Self::ImprovedE => &IMPROVED_E,
            Self::Shibata44 => &SHIBATA_44,
            Self::LowShibata44 => &LOW_SHIBATA_44,
            Self::Shibata48 => &SHIBATA_48,
            Self::LowShibata48 => &LOW_SHIBATA_48,
            Self::Gesemann44 => &GESEMANN_44,
            Self::Gesemann48 => &GESEMANN_48,
        }
    }

    /// `a_1, a_2, …`: how much of what was fed back comes again; empty for all that have zeros only.
    #[must_use]
    pub fn poles(self) -> &'static [f64] {
        match self {
            Self::Gesemann44 => &GESEMANN_44_POLES,
            Self::Gesemann48 => &GESEMANN_48_POLES,
            _ => &[],
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
            Self::Shibata44 => "shibata_44",
            Self::LowShibata44 => "low_shibata_44",
            Self::Shibata48 => "shibata_48",
            Self::LowShibata48 => "low_shibata_48",
            Self::Gesemann44 => "gesemann_44",
            Self::Gesemann48 => "gesemann_48",
        }
    }

    /// The shaper of a [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shaper| shaper.name() == name)
    }
}
