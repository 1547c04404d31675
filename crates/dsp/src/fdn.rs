//! Feedback delay network with a reverberation time per band.
