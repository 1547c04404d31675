//! Peaks, crest, clipped runs and the bits really used.
