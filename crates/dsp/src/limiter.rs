//! True-peak limiter.
