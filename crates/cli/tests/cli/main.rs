//! The program as people and other programs call it, from the outside only.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what helps a test may end it")]

mod advice;
mod again;
mod album;
mod assist;
mod bar;
mod check;
mod ddp;
mod delivery;
mod faults;
mod files;
mod help;
mod hostile;
mod kit;
mod master;
mod measure;
mod mix;
mod prepare;
mod produce;
mod progress;
mod reference;
mod report;
mod services;
mod stems;
mod variants;
