//! Delay lines, whole and fractional.
