//! Three-band compressor with linear-sum crossovers.
