//! Peak and RMS detectors.
