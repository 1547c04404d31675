//! The loop is closed on what is rendered: one rendering through the engine, an ear on every strip, and faders solved from what
//! the ears heard.

mod apart;
mod excerpt;
mod power;
mod render;
mod solve;
mod tap;

#[cfg(test)]
mod tests;

pub use apart::{Party, share_of, whole_of};
pub use excerpt::Excerpt;
pub use power::{Powers, active, active_lufs, gated_lufs, momentary_lufs, scaled, sum};
pub use render::{Heard, render};
pub use solve::{Part, Solution, solve};
