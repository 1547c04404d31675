//! Sample-rate conversion by overlap-save.
