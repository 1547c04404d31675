//! Gain computer and ballistics of the compressor.
