//! A session becomes a print.
