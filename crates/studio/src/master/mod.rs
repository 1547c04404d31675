//! A premaster becomes a master.
