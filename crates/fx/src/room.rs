//! A small room.

use crate::reverb::space;

space! {
    /// Reverberation of a small room: walls near enough to be one with the sound, a short tail that is dense from the start.
    ///
    /// For drums and guitars that should stand somewhere. Early reflections are those of a living room or studio, the tail a
    /// feedback delay network with short lines. The level of the tail does not depend on its length. Channels as in `reverb`.
    pub struct Room = "room" on ROOM with Room {
        pre_delay_ms 0.0, low 0.5, mid 0.45, high 0.35, crossovers 250.0 5000.0, early_db 0.0, early_ms 28.0,
        early_width 100.0, diffusion 85.0, modulation 20.0 0.7, filters 60.0 16000.0,
    }
}
