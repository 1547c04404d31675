//! Quantisation with dither and noise shaping.
