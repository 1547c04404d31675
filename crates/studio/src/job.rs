//! What a long-running call needs from its caller: a place to tell progress, a way to be stopped, a thread count.

use crate::message::{Error, Kind, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

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
    /// Where others wait for this one, if they do.
    gate: Option<&'a Gate>,
    /// Threads that may be used. The result never depends on it.
    pub threads: usize,
}

/// Others wait until it is open; it is never closed again.
#[derive(Debug, Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    fn wait(&self) {
        let mut is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_open {
            is_open = self.opened.wait(is_open).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

static NEVER: AtomicBool = AtomicBool::new(false);

impl Job<'static> {
    /// No progress, cannot be stopped, two threads.
    #[must_use]
    pub fn quiet() -> Self {
        Self { progress: &Quiet, stop: &NEVER, gate: None, threads: 2 }
    }
}

impl<'a> Job<'a> {
    /// A job that tells `progress`, stops when `stop` becomes true, and uses `threads` threads.
    #[must_use]
    pub fn new(progress: &'a dyn Progress, stop: &'a AtomicBool, threads: usize) -> Self {
        Self { progress, stop, gate: None, threads: threads.max(1) }
    }

    /// The same job on another number of threads.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// What is left of this keeps one thread busy: those that wait for it ([`each_behind_the_first`]) may begin.
    pub(crate) fn let_others_begin(&self) {
        if let Some(gate) = self.gate {
            gate.open();
        }
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

/// Parts of a stretch of progress: 1000 for each stage of each of several things.
const PARTS: u64 = 1000;

/// Progress of one of several things done side by side, told as that of all.
struct Share<'a> {
    whole: &'a dyn Progress,
    label: &'a str,
    stages: u64,
    /// Of each, where it is; the stage it is at is in `at`.
    places: &'a [AtomicU64],
    own: usize,
    at: Mutex<(String, u64)>,
}

impl Progress for Share<'_> {
    fn at(&self, stage: &str, done: u64, total: u64) {
        let most = self.stages * PARTS;
        let base = {
            let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
            if at.0 != stage {
                let next = if at.0.is_empty() { 0 } else { at.1 + PARTS };
                *at = (stage.to_owned(), next.min(most.saturating_sub(PARTS)));
            }
            at.1
        };
        let within = (done.min(total) * PARTS).checked_div(total).unwrap_or(0);
        self.places[self.own].fetch_max((base + within).min(most), Ordering::Relaxed);
        let sum = self.places.iter().map(|place| place.load(Ordering::Relaxed)).sum();
        self.whole.at(self.label, sum, most * self.places.len() as u64);
    }
}

/// Does the same to `count` things, the longest first, several at a time when there are threads; what came out is in their order. `stages` says how
/// many stages of progress one of them has. After an error nothing new is begun; the first in order is told.
///
/// # Errors
/// Those of `work`; `panic` when it panicked.
pub fn each<T: Send>(
    count: usize,
    stages: u64,
    label: &str,
    job: &Job<'_>,
    work: impl Fn(usize, &Job<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    several(count, stages, label, job, &Gate { is_open: Mutex::new(true), ..Gate::default() }, work)
}

/// As [`each`], but the first has all threads until it [lets the others begin](Job::let_others_begin) or is done: for one that has
/// as much to do as all the others, and an end that no second thread can help with.
pub(crate) fn each_behind_the_first<T: Send>(
    count: usize,
    stages: u64,
    label: &str,
    job: &Job<'_>,
    work: impl Fn(usize, &Job<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    several(count, stages, label, job, &Gate::default(), work)
}

fn several<T: Send>(
    count: usize,
    stages: u64,
    label: &str,
    job: &Job<'_>,
    gate: &Gate,
    work: impl Fn(usize, &Job<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    if count < 2 || job.threads < 2 {
        return (0..count).map(|index| work(index, job)).collect();
    }
    let workers = job.threads.min(count);
    let ahead = !*gate.is_open.lock().unwrap_or_else(PoisonError::into_inner);
    let each = (job.threads / workers).max(1);
    let places: Vec<AtomicU64> = (0..count).map(|_| AtomicU64::new(0)).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results: Vec<Mutex<Option<Result<T>>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let run = || {
        while !failed.load(Ordering::Relaxed) {
            let own = next.fetch_add(1, Ordering::Relaxed);
            let Some(place) = results.get(own) else { break };
            let at = Mutex::default();
            let share = Share { whole: job.progress, label, stages, places: &places, own, at };
            // The first is the longest and shall be done early; the last ones shall not leave a core idle.
            let threads = match own {
                0 if ahead => job.threads,
                0 => each.max(2),
                _ if own + workers >= count => each.max(2),
                _ => each,
            };
            let part = Job { progress: &share, stop: job.stop, gate: (own == 0).then_some(gate), threads };
            if own > 0 {
                gate.wait();
            }
            let done = catch_unwind(AssertUnwindSafe(|| work(own, &part)))
                .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "panic", "a part of the work panicked")));
            if own == 0 {
                gate.open();
            }
            places[own].store(stages * PARTS, Ordering::Relaxed);
            failed.fetch_or(done.is_err(), Ordering::Relaxed);
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(run);
        }
        run();
    });
    let done: Vec<Result<T>> = results
        .into_iter()
        .filter_map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect();
    done.into_iter().collect()
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("threads", &self.threads).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers the largest share and whether it ever went back.
    #[derive(Default)]
    struct Watch(Mutex<Vec<(String, u64, u64)>>);
    impl Progress for Watch {
        fn at(&self, stage: &str, done: u64, total: u64) {
            self.0.lock().unwrap().push((stage.to_owned(), done, total));
        }
    }

    #[test]
    fn things_done_side_by_side_come_out_in_their_order_whatever_the_threads() {
        for threads in [1, 2, 3, 16] {
            let job = Job::quiet().with_threads(threads);
            let out = each(7, 1, "square", &job, |n, part| {
                assert!(part.threads >= 1);
                Ok(n * n)
            });
            assert_eq!(out, Ok(vec![0, 1, 4, 9, 16, 25, 36]));
        }
        assert_eq!(each(0, 1, "none", &Job::quiet(), |n, _| Ok(n)), Ok(vec![]));
    }

    #[test]
    fn the_first_goes_ahead_until_it_lets_the_others_begin() {
        let events = Mutex::new(Vec::new());
        let note = |event: &str| events.lock().unwrap().push(event.to_owned());
        let out = each_behind_the_first(3, 1, "queue", &Job::quiet(), |n, part| {
            note(&format!("{n} begins"));
            if n == 0 {
                std::thread::sleep(std::time::Duration::from_millis(30));
                note("0 lets go");
                part.let_others_begin();
            }
            Ok(n)
        });
        assert_eq!(out, Ok(vec![0, 1, 2]));
        assert_eq!(events.into_inner().unwrap()[..2], ["0 begins", "0 lets go"]);
        // Whoever forgets to, or fails, keeps nobody waiting for ever.
        for fails in [false, true] {
            let out = each_behind_the_first(3, 1, "queue", &Job::quiet(), |n, _| match n {
                0 if fails => Err(Error::input("first", "on purpose")),
                n => Ok(n),
            });
            assert_eq!(out.is_err(), fails);
        }
    }

    #[test]
    fn the_first_error_in_order_is_told_and_a_panic_is_one() {
        let fail = |n: usize, _: &Job<'_>| match n {
            0 => Ok(()),
            1 => {
                std::thread::sleep(std::time::Duration::from_millis(30));
                Err(Error::input("first", "of two"))
            }
            _ => Err(Error::input("second", "of two")),
        };
        for threads in [1, 2] {
            let job = Job::quiet().with_threads(threads);
            assert_eq!(each(3, 1, "fail", &job, fail).map_err(|error| error.code), Err("first"));
        }
        let panics =
            each(2, 1, "panic", &Job::quiet(), |n, _| if n == 1 { panic!("on purpose") } else { Ok(()) });
        assert_eq!(panics.map_err(|error| error.code), Err("panic"));
    }

    #[test]
    fn progress_of_several_is_one_that_never_goes_back() {
        let (watch, stop) = (Watch::default(), AtomicBool::new(false));
        let job = Job::new(&watch, &stop, 2);
        let _ = each(3, 2, "masters", &job, |_, part| {
            for stage in ["render", "measure"] {
                for done in 0..=10 {
                    part.step(stage, done, 10)?;
                }
            }
            Ok(())
        });
        let seen = std::mem::take(&mut *watch.0.lock().unwrap());
        assert!(
            seen.iter().all(|(label, done, total)| label == "masters" && done <= total && *total == 6000)
        );
        assert!(seen.iter().any(|(_, done, _)| *done == 6000), "it reaches its end");
        stop.store(true, Ordering::Relaxed);
        let stopped = each(3, 2, "masters", &job, |_, part| part.step("render", 0, 1));
        assert_eq!(stopped.map_err(|error| error.code), Err("interrupted"));
    }
}
