//! A song made by machines.
