//! Evaluation of the mix assistant: songs with known truth and known damage, measured mixes, one table.
//!
//! ```text
//! genre → score → instruments → a folder of WAV files and truth.json → an assistant's session → rendered groups → metrics → bars
//! ```

pub mod corpus;
pub mod damage;
pub mod features;
pub mod genre;
pub mod instruments;
pub mod invariances;
pub mod judge;
pub mod metrics;
pub mod mixers;
pub mod names;
pub mod parts;
pub mod real;
pub mod run;
pub mod score;
pub mod table;
pub mod truth;
pub mod wav;
