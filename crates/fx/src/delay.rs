//! Tempo-synced delay.
