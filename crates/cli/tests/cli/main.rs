//! The program as people and other programs call it, from the outside only.

mod bar;
mod check;
mod faults;
mod files;
mod help;
mod kit;
mod master;
mod measure;
mod mix;
mod progress;
