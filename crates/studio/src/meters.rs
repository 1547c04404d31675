//! Everything that is measured about a stream, in one pass.
