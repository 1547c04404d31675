//! Pan and balance.
