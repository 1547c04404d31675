//! Evaluation of the mix assistant: songs with known truth and known damage, one table, one JSON.

fn main() {}
