//! A steel plate.

use crate::reverb::space;

space! {
    /// Reverberation of a steel plate: no walls and no first echoes, bright and dense at once, bass late.
    ///
    /// For vocals and snares. Bending waves travel the slower the lower they are, so a click enters as a chirp and every turn
    /// draws it out further: all-pass chains on the way in and in every line of a feedback delay network. A plate has no early
    /// reflections; those of a chamber can be added. The level of the tail does not depend on its length. Channels as in
    /// `reverb`.
    pub struct Plate = "plate" on PLATE with Chamber {
        pre_delay_ms 0.0, low 1.8, mid 1.6, high 1.1, crossovers 200.0 5000.0, early_db -60.0, early_ms 15.0,
        early_width 100.0, diffusion 90.0, modulation 25.0 0.8, filters 80.0 18000.0,
    }
}
