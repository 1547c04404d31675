//! Correlation and mid/side balance.
