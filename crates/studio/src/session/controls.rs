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
        /// Left, right, centre.
        Lcr = "lcr",
        /// Left, right, and two surrounds.
        Quad = "quad",
        /// Left, right, centre, LFE, two surrounds at 110°.
        Surround51 = "5.1",
        /// Left, right, centre, LFE, two sides at 90°, two rears at 135°.
        Surround71 = "7.1",
        /// 5.1 and four tops.
        Surround514 = "5.1.4",
        /// 7.1 and four tops.
        Surround714 = "7.1.4",
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
        /// Where it stands in a surround bus: 0 is the front, 90 left, -90 right, 180 behind; on round beyond that.
        /// `pan` adds -30 to 30 to one channel and balances two.
        azimuth_degrees: Plain = 0.0 in -720.0..=720.0;
        /// How far up it stands in a bus with tops: 90 is overhead.
        elevation_degrees: Plain = 0.0 in 0.0..=90.0;
        /// Angle between the two channels of a stereo strip in a surround bus: 60 is left and right.
        span_degrees: Plain = 60.0 in 0.0..=360.0;
        /// Angle of the circle it fills in a surround bus: 0 is a point, 360 everything.
        spread_degrees: Plain = 0.0 in 0.0..=360.0;
        /// How much of it leaves its place in a surround bus for those 30° to either side: 0 nothing, 1 all.
        divergence: Plain = 0.0 in 0.0..=1.0;
        /// Send to the LFE of a surround bus, after the fader. -144 is off. Nothing is filtered.
        lfe_db: Db = -144.0 in -144.0..=12.0;
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

/// A gain in decibels at or below this is off. By our own convention: under the noise of 24 bits.
pub const OFF_DB: f64 = -144.0;

/// Linear gain of a fader's decibels.
#[must_use]
pub fn fader_gain(db: f64) -> f64 {
    if db <= OFF_DB { 0.0 } else { dsp::math::db_to_gain(db) }
}
