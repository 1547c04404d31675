//! Delivery targets as data.
