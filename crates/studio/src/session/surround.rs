//! Layouts of buses, and how a wide one is heard over fewer loudspeakers.

use super::{BusLayout, MIX, Session};
use crate::audio::Layout;
use dsp::downmix::{Coefficients, Fold};

fx::choice! {
    /// A coefficient of a downmix.
    pub enum FoldLevel {
        /// -3.01 dB: a factor of 1/√2.
        Minus3 = "-3",
        /// 0 dB.
        Full = "0",
        /// -6.02 dB: a half.
        Minus6 = "-6",
        /// Dropped.
        Off = "off",
    }
}

fx::fields! {
    /// What the mix bus has besides its strip: its loudspeakers, and the coefficients of every downmix in the session.
    pub struct MixShape {
        /// Channels of the mix.
        layout: choice BusLayout = Stereo;
        /// Downmix: the centre, to left and right each.
        downmix_centre: choice FoldLevel = Minus3;
        /// Downmix: the surrounds, to the front of their side.
        downmix_surround: choice FoldLevel = Minus3;
        /// Downmix: the rears of 7.1, to the surrounds.
        downmix_rear: choice FoldLevel = Full;
        /// Downmix: the tops, to the plane under them.
        downmix_height: choice FoldLevel = Minus3;
        /// Downmix: the LFE, to left and right each.
        downmix_lfe: choice FoldLevel = Off;
    }
}

impl FoldLevel {
    fn fold(self) -> Fold {
        match self {
            Self::Minus3 => Fold::Minus3,
            Self::Full => Fold::Full,
            Self::Minus6 => Fold::Minus6,
            Self::Off => Fold::Off,
        }
    }
}

impl MixShape {
    /// The coefficients in the words of the kernels.
    #[must_use]
    pub fn coefficients(&self) -> Coefficients {
        Coefficients {
            centre: self.downmix_centre.fold(),
            surround: self.downmix_surround.fold(),
            rear: self.downmix_rear.fold(),
            height: self.downmix_height.fold(),
            lfe: self.downmix_lfe.fold(),
        }
    }
}

impl BusLayout {
    /// Its loudspeakers, in channel order (SMPTE: left, right, centre, LFE, surrounds, rears, tops).
    #[must_use]
    pub fn speakers(self) -> Layout {
        Layout::of(match self {
            Self::Mono => 1,
            Self::Stereo => 2,
            Self::Lcr => 3,
            Self::Quad => 4,
            Self::Surround51 => 6,
            Self::Surround71 => 8,
            Self::Surround514 => 10,
            Self::Surround714 => 12,
        })
    }
}

impl Session {
    /// Loudspeakers of the bus called `id`, or of the mix; stereo if there is none.
    #[must_use]
    pub fn layout_of(&self, id: &str) -> BusLayout {
        if id == MIX {
            return self.shape.layout;
        }
        self.buses.iter().find(|bus| bus.strip.id == id).map_or(BusLayout::Stereo, |bus| bus.layout)
    }
}
