//! The declaration of a processor: every knob with unit, range, default and words, in one place.

use std::fmt;

/// Unit of a number; the suffix of its key says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Gain in decibels (`_db`).
    Db,
    /// Level re digital full scale (`_dbfs`).
    Dbfs,
    /// True-peak level (`_dbtp`).
    Dbtp,
    /// Frequency (`_hz`).
    Hz,
    /// Time (`_ms`).
    Ms,
    /// Time (`_seconds`).
    Seconds,
    /// Musical time (`_beats`).
    Beats,
    /// Per cent of a whole (`_percent`).
    Percent,
    /// A pure number: a ratio, a Q, a position from -1 to 1.
    Plain,
}

impl Unit {
    /// How the unit is written after a number.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Db => "dB",
            Self::Dbfs => "dBFS",
            Self::Dbtp => "dBTP",
            Self::Hz => "Hz",
            Self::Ms => "ms",
            Self::Seconds => "s",
            Self::Beats => "beats",
            Self::Percent => "%",
            Self::Plain => "",
        }
    }
}

/// How a control travels through its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taper {
    /// Equal steps are equal differences.
    Linear,
    /// Equal steps are equal ratios.
    Log,
}

/// What a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A number in `min..=max`.
    Number {
        /// Unit.
        unit: Unit,
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Value when not given.
        default: f64,
        /// Travel.
        taper: Taper,
    },
    /// One of some words; the value is the index.
    Choice {
        /// The words and what each means.
        names: &'static [(&'static str, &'static str)],
        /// Index of the word when not given.
        default: usize,
    },
    /// On or off; the value is 1 or 0.
    Switch {
        /// State when not given.
        default: bool,
    },
}

/// One knob.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Param {
    /// Name in sessions and automation addresses.
    pub key: &'static str,
    /// What it does, as lines of text.
    pub doc: &'static [&'static str],
    /// What it accepts.
    pub kind: Kind,
}

impl Param {
    /// The value when not given (a choice as its index, a switch as 0 or 1).
    #[must_use]
    pub fn default_value(&self) -> f64 {
        match self.kind {
            Kind::Number { default, .. } => default,
            Kind::Choice { default, .. } => default as f64,
            Kind::Switch { default } => f64::from(u8::from(default)),
        }
    }

    /// Whether `value` is allowed.
    #[must_use]
    pub fn allows(&self, value: f64) -> bool {
        match self.kind {
            Kind::Number { min, max, .. } => value >= min && value <= max,
            Kind::Choice { names, .. } => {
                value >= 0.0 && value.fract() == 0.0 && (value as usize) < names.len()
            }
            Kind::Switch { .. } => value == 0.0 || value == 1.0,
        }
    }
}

/// A row of equal bands, each with the same parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandSet {
    /// Name of the list in sessions (`band`).
    pub key: &'static str,
    /// How many there are.
    pub count: usize,
    /// Parameters of each.
    pub params: &'static [Param],
}

/// A whole processor as declared.
///
/// Flat parameter indices run over `params` first, then band by band over the band's parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Description {
    /// Name in sessions.
    pub key: &'static str,
    /// What it is, as lines of text.
    pub doc: &'static [&'static str],
    /// Its knobs.
    pub params: &'static [Param],
    /// Its bands, if it has any.
    pub bands: Option<BandSet>,
    /// Whether it takes an impulse response from a file.
    pub impulse: bool,
}

impl Description {
    /// Number of flat parameter indices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.params.len() + self.bands.map_or(0, |bands| bands.count * bands.params.len())
    }

    /// Whether it has no parameter at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parameter at a flat index.
    #[must_use]
    pub fn param(&self, index: usize) -> Option<&'static Param> {
        self.params.get(index).or_else(|| {
            let bands = self.bands?;
            let inner = index.checked_sub(self.params.len())?;
            (inner < bands.count * bands.params.len()).then(|| &bands.params[inner % bands.params.len()])
        })
    }

    /// Flat index of `threshold_db`, or of `band3.gain_db` (bands count from 1).
    #[must_use]
    pub fn index_of(&self, address: &str) -> Option<usize> {
        if let Some(index) = self.params.iter().position(|param| param.key == address) {
            return Some(index);
        }
        let bands = self.bands?;
        let (band, key) = address.split_once('.')?;
        let number: usize = band.strip_prefix(bands.key)?.parse().ok()?;
        let inner = bands.params.iter().position(|param| param.key == key)?;
        (1..=bands.count)
            .contains(&number)
            .then(|| self.params.len() + (number - 1) * bands.params.len() + inner)
    }

    /// Address of a flat index, the inverse of [`index_of`](Self::index_of).
    #[must_use]
    pub fn address(&self, index: usize) -> Option<String> {
        let param = self.param(index)?;
        match (index.checked_sub(self.params.len()), self.bands) {
            (Some(inner), Some(bands)) => {
                Some(format!("{}{}.{}", bands.key, inner / bands.params.len() + 1, param.key))
            }
            _ => Some(param.key.to_owned()),
        }
    }
}

/// A value that can stand in a settings struct.
pub trait Field: Copy {
    /// As a number (a choice as its index, a switch as 0 or 1).
    fn to_number(self) -> f64;
    /// From a number; what is not allowed becomes the nearest that is.
    fn from_number(value: f64) -> Self;
}

impl Field for f64 {
    fn to_number(self) -> f64 {
        self
    }
    fn from_number(value: f64) -> Self {
        value
    }
}

impl Field for bool {
    fn to_number(self) -> f64 {
        f64::from(u8::from(self))
    }
    fn from_number(value: f64) -> Self {
        value >= 0.5
    }
}

/// One of some words. Declared with [`choice!`](crate::choice).
pub trait Choice: Copy + 'static {
    /// Every word with its meaning, in order.
    const NAMES: &'static [(&'static str, &'static str)];
    /// Position in [`NAMES`](Self::NAMES).
    fn index(self) -> usize;
    /// The choice at a position; past the end, the last.
    fn from_index(index: usize) -> Self;
}

/// Plain settings with numbered fields. Implemented by [`fields!`](crate::fields).
pub trait Fields: Default + Clone + Send + Sync + 'static {
    /// The scalar fields.
    const PARAMS: &'static [Param];
    /// The bands, if any.
    const BANDS: Option<BandSet>;
    /// Value at a flat index; NaN past the end.
    fn get(&self, index: usize) -> f64;
    /// Sets the value at a flat index; past the end nothing happens. Ranges are not checked here.
    fn set(&mut self, index: usize, value: f64);
}

/// A value outside its declared range.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Address of the parameter.
    pub address: String,
    /// The value found.
    pub value: f64,
    /// The parameter as declared.
    pub param: &'static Param,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} is not allowed", self.address, self.value)?;
        if let Kind::Number { min, max, unit, .. } = self.param.kind {
            write!(f, " (from {min} to {max} {})", unit.symbol())?;
        }
        Ok(())
    }
}

/// Settings that know their declaration. Implemented by [`processor!`](crate::processor).
pub trait Describe: Fields {
    /// Name in sessions.
    const KEY: &'static str;
    /// What it is, as lines of text.
    const DOC: &'static [&'static str];
    /// Whether it takes an impulse response from a file.
    const IMPULSE: bool = false;
    /// The whole declaration.
    const DESCRIPTION: Description = Description {
        key: Self::KEY,
        doc: Self::DOC,
        params: Self::PARAMS,
        bands: Self::BANDS,
        impulse: Self::IMPULSE,
    };

    /// The whole declaration, to keep.
    #[must_use]
    fn description() -> &'static Description {
        const { &Self::DESCRIPTION }
    }

    /// Every value outside its declared range, in order.
    fn check(&self) -> Vec<Violation> {
        let description = Self::description();
        (0..description.len())
            .filter_map(|index| {
                let (param, value) = (description.param(index)?, self.get(index));
                (!param.allows(value)).then(|| Violation {
                    address: description.address(index).unwrap_or_default(),
                    value,
                    param,
                })
            })
            .collect()
    }
}

/// Declares an enum whose variants are words of a session.
#[macro_export]
macro_rules! choice {
    ($(#[doc = $doc:literal])* pub enum $name:ident { $(#[doc = $vdoc:literal] $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $(#[doc = $vdoc] $variant),+ }
        impl $crate::Choice for $name {
            const NAMES: &'static [(&'static str, &'static str)] = &[$(($word, $vdoc)),+];
            fn index(self) -> usize { self as usize }
            fn from_index(index: usize) -> Self {
                const ALL: &[$name] = &[$($name::$variant),+];
                ALL[index.min(ALL.len() - 1)]
            }
        }
        impl $crate::Field for $name {
            fn to_number(self) -> f64 { $crate::Choice::index(self) as f64 }
            fn from_number(value: f64) -> Self { <Self as $crate::Choice>::from_index(value as usize) }
        }
    };
}

/// Declares a settings struct. Fields are one of
///
/// ```text
/// /// Words.
/// threshold_db: Db = -18.0 in -60.0..=0.0;      a number with Unit::Db, append `log` for a logarithmic taper
/// detector: choice Detector = Rms;              a `choice!` enum
/// listen: switch = false;                       on or off
/// band: bands [EqBand; 12];                     at most one row of bands, itself declared with `fields!`
/// ```
#[macro_export]
macro_rules! fields {
    ($(#[doc = $doc:literal])* pub struct $name:ident { $($body:tt)* }) => {
        $crate::fields!{@munch [[$($doc)*] $name] {} {} {} {} {} $($body)*}
    };
    (@taper) => { $crate::Taper::Linear };
    (@taper log) => { $crate::Taper::Log };
    (@munch $head:tt {$($s:tt)*} {$($d:tt)*} {$($p:tt)*} {$($a:ident)*} $b:tt
        $(#[doc = $doc:literal])* $f:ident : $unit:ident = $default:literal in $lo:literal ..= $hi:literal $($taper:ident)?; $($rest:tt)*) => {
        $crate::fields!{@munch $head
            {$($s)* $(#[doc = $doc])* pub $f: f64,} {$($d)* $f: $default,}
            {$($p)* $crate::Param { key: stringify!($f), doc: &[$($doc),*], kind: $crate::Kind::Number {
                unit: $crate::Unit::$unit, min: $lo, max: $hi, default: $default, taper: $crate::fields!(@taper $($taper)?) } },}
            {$($a)* $f} $b $($rest)*}
    };
    (@munch $head:tt {$($s:tt)*} {$($d:tt)*} {$($p:tt)*} {$($a:ident)*} $b:tt
        $(#[doc = $doc:literal])* $f:ident : choice $choice:ident = $default:ident; $($rest:tt)*) => {
        $crate::fields!{@munch $head
            {$($s)* $(#[doc = $doc])* pub $f: $choice,} {$($d)* $f: $choice::$default,}
            {$($p)* $crate::Param { key: stringify!($f), doc: &[$($doc),*], kind: $crate::Kind::Choice {
                names: <$choice as $crate::Choice>::NAMES, default: $choice::$default as usize } },}
            {$($a)* $f} $b $($rest)*}
    };
    (@munch $head:tt {$($s:tt)*} {$($d:tt)*} {$($p:tt)*} {$($a:ident)*} $b:tt
        $(#[doc = $doc:literal])* $f:ident : switch = $default:literal; $($rest:tt)*) => {
        $crate::fields!{@munch $head
            {$($s)* $(#[doc = $doc])* pub $f: bool,} {$($d)* $f: $default,}
            {$($p)* $crate::Param { key: stringify!($f), doc: &[$($doc),*], kind: $crate::Kind::Switch { default: $default } },}
            {$($a)* $f} $b $($rest)*}
    };
    (@munch $head:tt {$($s:tt)*} {$($d:tt)*} $p:tt $a:tt {}
        $(#[doc = $doc:literal])* $f:ident : bands [$band:ident; $count:literal]; $($rest:tt)*) => {
        $crate::fields!{@munch $head
            {$($s)* $(#[doc = $doc])* pub $f: [$band; $count],} {$($d)* $f: std::array::from_fn(|_| $band::default()),}
            $p $a {$f $band $count} $($rest)*}
    };
    (@munch [[$($doc:literal)*] $name:ident] {$($s:tt)*} {$($d:tt)*} {$($p:tt)*} {$($a:ident)*} {$($bf:ident $bt:ident $bn:literal)?}) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($s)* }
        impl Default for $name { fn default() -> Self { Self { $($d)* } } }
        impl $crate::Fields for $name {
            const PARAMS: &'static [$crate::Param] = &[$($p)*];
            const BANDS: Option<$crate::BandSet> = $crate::fields!(@bands $($bf $bt $bn)?);
            fn get(&self, index: usize) -> f64 {
                const GET: &[fn(&$name) -> f64] = &[$(|s| $crate::Field::to_number(s.$a)),*];
                if let Some(get) = GET.get(index) { return get(self); }
                $({
                    let (inner, width) = (index - GET.len(), <$bt as $crate::Fields>::PARAMS.len());
                    if let Some(band) = self.$bf.get(inner / width) { return band.get(inner % width); }
                })?
                f64::NAN
            }
            fn set(&mut self, index: usize, value: f64) {
                const SET: &[fn(&mut $name, f64)] = &[$(|s, v| s.$a = $crate::Field::from_number(v)),*];
                if let Some(set) = SET.get(index) { set(self, value); return; }
                $({
                    let (inner, width) = (index - SET.len(), <$bt as $crate::Fields>::PARAMS.len());
                    if let Some(band) = self.$bf.get_mut(inner / width) { band.set(inner % width, value); }
                })?
            }
        }
    };
    (@bands) => { None };
    (@bands $bf:ident $bt:ident $bn:literal) => {
        Some($crate::BandSet { key: stringify!($bf), count: $bn, params: <$bt as $crate::Fields>::PARAMS })
    };
}

/// Declares a processor: `processor! { /// Words. pub struct Compressor = "compressor" { …fields… } }`, with `with impulse`
/// before the fields if it takes an impulse response from a file.
/// See [`fields!`](crate::fields) for what a field looks like.
#[macro_export]
macro_rules! processor {
    ($(#[doc = $doc:literal])* pub struct $name:ident = $key:literal $(with $file:ident)? { $($body:tt)* }) => {
        $crate::fields! { $(#[doc = $doc])* pub struct $name { $($body)* } }
        impl $crate::Describe for $name {
            const KEY: &'static str = $key;
            const DOC: &'static [&'static str] = &[$($doc),*];
            $($crate::processor!(@with $file);)?
        }
    };
    (@with impulse) => { const IMPULSE: bool = true; };
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macros write `pub`, as processors need it")]
mod tests {
    use super::*;

    choice! {
        /// Words.
        pub enum Shape {
            /// Round.
            Round = "round",
            /// Square.
            Square = "square",
        }
    }
    fields! {
        /// A band.
        pub struct Band {
            /// Level.
            gain_db: Db = 0.0 in -12.0..=12.0;
            /// In use.
            on: switch = true;
        }
    }
    processor! {
        /// A toy.
        /// With two lines.
        pub struct Toy = "toy" {
            /// Time.
            attack_ms: Ms = 10.0 in 0.1..=100.0 log;
            /// Shape.
            shape: choice Shape = Square;
            /// Rows.
            band: bands [Band; 3];
            /// Listen.
            listen: switch = false;
        }
    }

    #[test]
    fn addresses_and_indices_are_inverse() {
        let description = Toy::description();
        assert_eq!(description.len(), 3 + 3 * 2);
        for index in 0..description.len() {
            let address = description.address(index).unwrap();
            assert_eq!(description.index_of(&address), Some(index), "{address}");
        }
        assert_eq!(description.index_of("band2.on"), Some(3 + 2 + 1));
        assert_eq!(description.index_of("band4.on"), None);
        assert_eq!(description.index_of("band0.on"), None);
        assert_eq!(description.doc.len(), 2);
    }

    #[test]
    fn values_set_by_index_land_in_their_fields() {
        let mut toy = Toy::default();
        assert_eq!((toy.attack_ms, toy.shape, toy.listen), (10.0, Shape::Square, false));
        toy.set(1, 0.0);
        toy.set(2, 1.0);
        toy.set(3 + 2, -6.0);
        toy.set(999, 1.0);
        assert_eq!((toy.shape, toy.listen, toy.band[1].gain_db), (Shape::Round, true, -6.0));
        assert_eq!(toy.get(5), -6.0);
        assert!(toy.get(999).is_nan());
    }

    #[test]
    fn check_names_the_value_out_of_range() {
        let mut toy = Toy::default();
        assert!(toy.check().is_empty());
        toy.band[2].gain_db = 13.0;
        toy.attack_ms = f64::NAN;
        let found: Vec<_> = toy.check().into_iter().map(|v| v.address).collect();
        assert_eq!(found, ["attack_ms", "band3.gain_db"]);
    }
}
