//! What a file must measure before it gets its name.

use super::Loudness;
use crate::message::{Error, Kind, Result};
use crate::meters::Measurements;
use crate::targets::Target;

/// Limits for the file as it reads back. Without limits everything passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// No true peak above this, by the accurate and by the ITU meter.
    pub ceiling_dbtp: Option<f64>,
    /// Integrated loudness to be met.
    pub loudness_lufs: Option<f64>,
    /// How far the loudness may be off, either way.
    pub tolerance_lu: f64,
}

/// Dither is added after the limiter: at 16 bits with a strong shaper it can add 0.01 dB at full scale.
const CEILING_TOLERANCE_DB: f64 = 0.02;

impl Default for Gate {
    fn default() -> Self {
        Self { ceiling_dbtp: None, loudness_lufs: None, tolerance_lu: 0.1 }
    }
}

impl Gate {
    /// The limits of a target for a master that is meant to have `loudness_lufs` (which decides its ceiling).
    #[must_use]
    pub fn for_target(target: &Target, loudness_lufs: Option<f64>) -> Self {
        let ceiling_dbtp = loudness_lufs.map_or(target.ceiling_dbtp.value, |lufs| target.ceiling_for(lufs));
        Self { ceiling_dbtp: Some(ceiling_dbtp), loudness_lufs, tolerance_lu: target.tolerance() }
    }

    /// Refuses what is above the ceiling or off the loudness. A file too short to have a loudness is not held to one.
    ///
    /// # Errors
    /// `over_ceiling`, `off_target`.
    pub fn check(&self, measured: &Measurements) -> Result<()> {
        let peak_dbtp = measured.true_peak_worst_dbtp();
        if let Some(ceiling_dbtp) = self.ceiling_dbtp
            && peak_dbtp > ceiling_dbtp + CEILING_TOLERANCE_DB
        {
            let what = format!(
                "true peak is {peak_dbtp:.2} dBTP at {:.3} s, the ceiling is {ceiling_dbtp:.2} dBTP",
                measured.true_peak_seconds
            );
            return Err(refused("over_ceiling", what));
        }
        if let (Some(wanted), Some(found)) = (self.loudness_lufs, measured.integrated_lufs)
            && (found - wanted).abs() > self.tolerance_lu
        {
            let what =
                format!("loudness is {found:.2} LUFS, {wanted:.2} ± {:.2} was asked for", self.tolerance_lu);
            return Err(refused("off_target", what));
        }
        Ok(())
    }
}

fn refused(code: &'static str, what: String) -> Error {
    Error::new(Kind::Gate, code, what)
        .hint("the file was removed; the limiter and the level before it decide this")
}

impl Loudness {
    /// The fields as measured; what could not be measured is told as such.
    #[must_use]
    pub fn of(measured: &Measurements) -> Self {
        let or_untold = |value: Option<f64>| value.unwrap_or(f64::NAN);
        Self {
            integrated_lufs: or_untold(measured.integrated_lufs),
            range_lu: or_untold(measured.loudness_range_lu),
            true_peak_dbtp: measured.true_peak_worst_dbtp(),
            max_momentary_lufs: or_untold(measured.max_momentary_lufs),
            max_short_term_lufs: or_untold(measured.max_short_term_lufs),
        }
    }
}
