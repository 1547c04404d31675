//! The gate between mixing and mastering.
