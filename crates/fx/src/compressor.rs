//! Compressor.
