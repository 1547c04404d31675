//! Compliance signals of EBU Tech 3341 and 3342.
