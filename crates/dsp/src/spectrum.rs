//! Long-term and short-term spectra.
