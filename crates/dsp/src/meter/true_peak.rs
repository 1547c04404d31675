//! Inter-sample peaks: the ITU filter and an accurate one.
