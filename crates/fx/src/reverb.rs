//! Reverb from a feedback delay network.
