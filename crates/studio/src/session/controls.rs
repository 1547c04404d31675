//! What a strip, a clip and a send have, declared the way processors are.

fx::choice! {
    /// Polarity of a strip.
    pub enum Polarity {
        /// As recorded.
        Normal = "normal",
        /// Turned over: every sample times -1.
        Inverted = "inverted",
    }
}

fx::choice! {
    /// What panning does to the level of one channel in the centre.
    pub enum PanLaw {
        /// -3 dB in the centre, sine and cosine: constant power.
        Minus3 = "-3",
        /// 0 dB in the centre: the far side is turned down, nothing else.
        Balance = "0",
        /// -2.5 dB in the centre.
        Minus2_5 = "-2.5",
        /// -4.5 dB in the centre: between power and amplitude.
        Minus4_5 = "-4.5",
        /// -6 dB in the centre: constant amplitude, for mono compatibility.
        Minus6 = "-6",
    }
}

fx::choice! {
    /// What panning does with two channels. One channel is always placed by `pan`.
    pub enum PanMode {
        /// `pan` turns the far side down.
        Balance = "balance",
        /// Both sides are sounds of their own, `pan_width` apart around `pan`.
        Width = "width",
        /// Both sides are sounds of their own, at `pan_left` and `pan_right`.
        Dual = "dual",
    }
}

fx::choice! {
    /// What of two channels goes along a send. One channel counts as the same on both sides.
    pub enum SendChannels {
        /// Both.
        Both = "both",
        /// The left one alone, placed by the send's pan.
        Left = "left",
        /// The right one alone.
        Right = "right",
        /// Half their sum.
        Mid = "mid",
        /// Half their difference.
        Side = "side",
        /// Both, exchanged.
        Swap = "swap",
    }
}

fx::choice! {
    /// Channels of a bus.
    pub enum BusLayout {
        /// Left and right.
        Stereo = "stereo",
        /// One channel; stereo that comes in is folded to half the sum.
        Mono = "mono",
    }
}

fx::choice! {
    /// Where a send or a key leaves its strip.
    pub enum Tap {
        /// After fader and mute, before pan.
        Post = "post",
        /// After the inserts, before ride and fader.
        Pre = "pre",
        /// After trim, polarity, delay and width, before the inserts.
        PreFx = "pre_fx",
        /// After pan: what goes to the output.
        PostPan = "post_pan",
    }
}

fx::choice! {
    /// Course of a fade, from 0 to 1 over its length.
    pub enum FadeShape {
        /// x: two of them across a cut keep the amplitude.
        Linear = "linear",
        /// sin(πx/2): two of them across a cut keep the power.
        EqualPower = "equal_power",
        /// (1 - cos πx)/2: no corner at either end.
        Smooth = "smooth",
        /// x²: slow at first.
        Slow = "slow",
        /// 1 - (1 - x)²: fast at first.
        Fast = "fast",
        /// 60 dB in equal steps, silent at the very end.
        Decibel = "decibel",
    }
}

fx::choice! {
    /// What a curve does between two points.
    pub enum Curve {
        /// A straight line in the parameter's own unit (for gains: in decibels).
        Linear = "linear",
        /// Stays until the next point.
        Hold = "hold",
        /// A straight line in decibels: equal ratios in equal times.
        Decibel = "decibel",
        /// A straight line in linear gain, for what is in decibels.
        Amplitude = "amplitude",
        /// Slow at first, then ever faster, or the other way round.
        Exponential = "exponential",
        /// Level at both ends.
        S = "s",
        /// As two handles draw it.
        Bezier = "bezier",
    }
}

fx::choice! {
    /// What the times of points are.
    pub enum TimeBase {
        /// Seconds from the start of the session.
        Seconds = "seconds",
        /// Beats (quarter notes) from the start of the session, along its tempo.
        Beats = "beats",
        /// Bars from 1, along its time signatures and tempo: 5.5 is halfway through the fifth.
        Bars = "bars",
    }
}

fx::fields! {
    /// Controls of a track, a bus or the mix bus, in the order of the signal.
    pub struct Controls {
        /// Gain ahead of everything else, to bring a recording to working level.
        trim_db: Db = 0.0 in -60.0..=48.0;
        /// Polarity.
        polarity: choice Polarity = Normal;
        /// Delay in whole samples at the session's rate.
        delay_samples: Plain = 0.0 in 0.0..=192000.0;
        /// Delay in time, rounded to whole samples; added to `delay_samples`.
        delay_ms: Ms = 0.0 in 0.0..=1000.0;
        /// Side against mid: 0 is mono, 1 as it is, 2 twice the side. Stereo strips only.
        width: Plain = 1.0 in 0.0..=2.0;
        /// Ride: a second fader, for automation, so that the fader stays free.
        ride_db: Db = 0.0 in -144.0..=24.0;
        /// Fader. -144 is off.
        fader_db: Db = 0.0 in -144.0..=12.0;
        /// Pan of one channel, balance of two: -1 is left, 1 is right.
        pan: Plain = 0.0 in -1.0..=1.0;
        /// What panning does to the level.
        pan_law: choice PanLaw = Minus3;
        /// What panning does with two channels.
        pan_mode: choice PanMode = Balance;
        /// With `pan_mode = "width"`: how far apart the sides stand; 0 is one place, -1 exchanged.
        pan_width: Plain = 1.0 in -1.0..=1.0;
        /// With `pan_mode = "dual"`: where the left channel stands.
        pan_left: Plain = -1.0 in -1.0..=1.0;
        /// With `pan_mode = "dual"`: where the right channel stands.
        pan_right: Plain = 1.0 in -1.0..=1.0;
        /// Silent from the fader on.
        mute: switch = false;
        /// Only soloed strips, what feeds them and what they feed are heard.
        solo: switch = false;
        /// Heard as if soloed when others are: for returns, a click, a reference.
        solo_safe: switch = false;
    }
}

fx::fields! {
    /// Controls of a send.
    pub struct SendControls {
        /// Gain. -144 is off.
        gain_db: Db = 0.0 in -144.0..=12.0;
        /// Pan of one channel, balance of two, on the way to the bus (not after `post_pan`).
        pan: Plain = 0.0 in -1.0..=1.0;
        /// Where it leaves the strip.
        tap: choice Tap = Post;
        /// Polarity.
        polarity: choice Polarity = Normal;
        /// Which of two channels go.
        channels: choice SendChannels = Both;
        /// Silent.
        mute: switch = false;
    }
}

fx::fields! {
    /// Controls of a group of faders without audio of its own.
    pub struct VcaControls {
        /// Decibels added to the fader of every member. -144 is off.
        fader_db: Db = 0.0 in -144.0..=12.0;
        /// Mutes every member.
        mute: switch = false;
    }
}

fx::fields! {
    /// Numbers of a clip.
    pub struct ClipControls {
        /// Where it begins, from the start of the session.
        start_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// Where it begins, in beats; instead of seconds.
        start_beats: Beats = 0.0 in 0.0..=3000000.0;
        /// What is left out at the beginning of the file.
        offset_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// How much of the file is played; 0 is all of it.
        length_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// Gain.
        gain_db: Db = 0.0 in -144.0..=48.0;
        /// Fade at the beginning.
        fade_in_ms: Ms = 0.0 in 0.0..=600000.0;
        /// Fade at the end.
        fade_out_ms: Ms = 0.0 in 0.0..=600000.0;
        /// Course of the fade at the beginning.
        fade_in_shape: choice FadeShape = Linear;
        /// Course of the fade at the end.
        fade_out_shape: choice FadeShape = Linear;
    }
}

/// A gain in decibels at or below this is off. By our own convention: under the noise of 24 bits.
pub const OFF_DB: f64 = -144.0;

/// Linear gain of a fader's decibels.
#[must_use]
pub fn fader_gain(db: f64) -> f64 {
    if db <= OFF_DB { 0.0 } else { dsp::math::db_to_gain(db) }
}

impl FadeShape {
    /// Gain at `x` of the way in, 0 to 1.
    #[must_use]
    pub fn gain(self, x: f64) -> f64 {
        use dsp::math::{FRAC_PI_2, PI, cos, sin};
        let x = x.clamp(0.0, 1.0);
        match self {
            Self::Linear => x,
            Self::EqualPower => sin(FRAC_PI_2 * x),
            Self::Smooth => 0.5 - 0.5 * cos(PI * x),
            Self::Slow => x * x,
            Self::Fast => 1.0 - (1.0 - x) * (1.0 - x),
            // 60 dB: below that a fade is taken for silence (the range of a reverberation time, ISO 3382-1).
            Self::Decibel if x > 0.0 => dsp::math::db_to_gain(-60.0 * (1.0 - x)),
            Self::Decibel => 0.0,
        }
    }
}
