//! A concert hall.

use crate::reverb::space;

space! {
    /// Reverberation of a concert hall: side walls first, then a long and wide tail in which bass outlives treble.
    ///
    /// For strings, keys and ballads. Early reflections are those of a shoe-box hall, the tail a feedback delay network with
    /// long lines: many modes, a slow build-up. The level of the tail does not depend on its length. Channels as in `reverb`.
    pub struct Hall = "hall" on HALL with Hall {
        pre_delay_ms 25.0, low 2.6, mid 2.2, high 1.2, crossovers 250.0 3500.0, early_db -6.0, early_ms 85.0,
        early_width 100.0, diffusion 75.0, modulation 35.0 0.4, filters 40.0 12000.0,
    }
}
