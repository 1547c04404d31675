//! Masters become files.
