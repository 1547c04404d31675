//! Saturation, alias-suppressed.
