//! What a long-running call needs from its caller: a place to tell progress, a way to be stopped, a thread count.

use crate::message::{Error, Kind, Result};
use std::sync::atomic::{AtomicBool, Ordering};

/// Hears how far a job is.
pub trait Progress: Sync {
    /// `done` of `total` units of `stage` are finished. Called often; keep it cheap.
    fn at(&self, stage: &str, done: u64, total: u64);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn at(&self, _stage: &str, _done: u64, _total: u64) {}
}

/// Passed to everything that takes long.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    progress: &'a dyn Progress,
    stop: &'a AtomicBool,
    /// Threads that may be used. The result never depends on it.
    pub threads: usize,
}

static NEVER: AtomicBool = AtomicBool::new(false);

impl Job<'static> {
    /// No progress, cannot be stopped, two threads.
    #[must_use]
    pub fn quiet() -> Self {
        Self { progress: &Quiet, stop: &NEVER, threads: 2 }
    }
}

impl<'a> Job<'a> {
    /// A job that tells `progress`, stops when `stop` becomes true, and uses `threads` threads.
    #[must_use]
    pub fn new(progress: &'a dyn Progress, stop: &'a AtomicBool, threads: usize) -> Self {
        Self { progress, stop, threads: threads.max(1) }
    }

    /// The same job on another number of threads.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// Tells progress; fails with [`Kind::Interrupted`] if the job is to stop. Call at least ten times a second.
    pub fn step(&self, stage: &str, done: u64, total: u64) -> Result<()> {
        self.progress.at(stage, done, total);
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::new(
                Kind::Interrupted,
                "interrupted",
                "stopped; nothing was left half-written",
            ));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("threads", &self.threads).finish_non_exhaustive()
    }
}
