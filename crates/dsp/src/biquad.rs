//! Second-order sections.
