//! Streams through stages, shared by workers when there are threads: same bits either way.
//!
//! A worker takes the stage with the most waiting blocks, lets it work some of them off, and looks again; a stage is with one
//! worker at a time and gets its blocks in order. So as many threads as there are cores are busy as long as there is work,
//! wherever it is, and hardly any time goes into waking them.

use crate::audio::Source;
use crate::job::Job;
use crate::message::{Error, Kind, Result};
use dsp::block::Buffer;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, PoisonError};

/// Frames handed from stage to stage at once: long enough that handing over costs nothing, short enough to stay in the
/// cache of a core.
pub(crate) const BLOCK_FRAMES: usize = 8192;

/// Blocks that may wait before a stage.
const WAITING_BLOCKS: usize = 8;
/// Blocks a worker takes from a stage at once: fewer changes of place than one by one, small enough to share the work.
const BATCH_BLOCKS: usize = 4;

/// Where a stage puts what it made.
pub(crate) type Next<'a> = &'a mut dyn FnMut(Buffer) -> Result<()>;

/// A step on the way: takes blocks, gives blocks (of any length, none included).
pub(crate) trait Stage: Send {
    /// Takes one block.
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()>;
    /// The input has ended; what is still inside comes out.
    fn finish(&mut self, next: Next<'_>) -> Result<()> {
        let _ = next;
        Ok(())
    }
}

/// Runs `source` through `stages`; what comes out of the last is dropped (a sink keeps it to itself).
///
/// `expected_frames` is for the progress only.
pub(crate) fn run(
    source: &mut dyn Source,
    stages: &mut [&mut dyn Stage],
    expected_frames: u64,
    label: &str,
    job: &Job<'_>,
) -> Result<()> {
    let mut reader = Reader { source, done_frames: 0, expected_frames, label, job };
    if job.threads < 2 || stages.is_empty() {
        while let Some(block) = reader.read()? {
            through(stages, block)?;
        }
        return drain(stages);
    }
    let workers = job.threads.min(stages.len() + 1);
    let shop = Shop::new(reader, stages);
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(|| shop.work());
        }
        shop.work();
    });
    shop.outcome()
}

/// Reads block by block, with progress.
struct Reader<'a> {
    source: &'a mut dyn Source,
    done_frames: u64,
    expected_frames: u64,
    label: &'a str,
    job: &'a Job<'a>,
}

impl Reader<'_> {
    /// `None` at the end.
    fn read(&mut self) -> Result<Option<Buffer>> {
        let mut block = Buffer::new(self.source.info().channels(), BLOCK_FRAMES);
        self.source.read(&mut block)?;
        if block.frames() == 0 {
            return Ok(None);
        }
        self.done_frames += block.frames() as u64;
        self.job.step(self.label, self.done_frames, self.expected_frames.max(self.done_frames))?;
        Ok(Some(block))
    }
}

/// Where the workers find their work.
struct Shop<'a> {
    state: Mutex<State<'a>>,
    changed: Condvar,
}

struct State<'a> {
    /// Away while a worker reads; dropped at the end.
    reader: Option<Reader<'a>>,
    all_read: bool,
    places: Vec<Place<'a>>,
    sleeping: usize,
    failed: Option<Error>,
}

/// A stage and what waits for it.
struct Place<'a> {
    /// Away while a worker is at it.
    stage: Option<&'a mut dyn Stage>,
    waiting: VecDeque<Buffer>,
    ended: bool,
}

/// What a worker takes away, to do without holding up the others.
enum Task<'a> {
    Read(Reader<'a>),
    Push(usize, &'a mut dyn Stage, Vec<Buffer>),
    Finish(usize, &'a mut dyn Stage),
}

impl<'a> Shop<'a> {
    fn new(reader: Reader<'a>, stages: &'a mut [&mut dyn Stage]) -> Self {
        let place = |stage| Place { stage: Some(stage), waiting: VecDeque::new(), ended: false };
        let places = stages.iter_mut().map(|stage| place(&mut **stage as &mut dyn Stage)).collect();
        let state = State { reader: Some(reader), all_read: false, places, sleeping: 0, failed: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Works until everything is done or something failed.
    fn work(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.over() {
            let Some(task) = state.take() else {
                state.sleeping += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.sleeping -= 1;
                continue;
            };
            if state.sleeping > 0 && state.best().is_some() {
                self.changed.notify_one();
            }
            drop(state);
            let done = task.run();
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.put(done);
        }
        self.changed.notify_all();
    }

    fn outcome(self) -> Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.failed.map_or(Ok(()), Err)
    }
}

/// A stage or the reader brought back, with what it gave.
enum Done<'a> {
    Read(Reader<'a>, Result<Option<Buffer>>),
    Pushed(usize, &'a mut dyn Stage, Vec<Buffer>, Result<()>),
    Finished(usize, Vec<Buffer>, Result<()>),
}

impl<'a> Task<'a> {
    fn run(self) -> Done<'a> {
        match self {
            Self::Read(mut reader) => {
                let block = guarded(|| reader.read());
                Done::Read(reader, block)
            }
            Self::Push(index, stage, blocks) => {
                let mut out = Vec::with_capacity(blocks.len());
                let mut keep = |block| {
                    out.push(block);
                    Ok(())
                };
                let result =
                    guarded(|| blocks.into_iter().try_for_each(|block| stage.push(block, &mut keep)));
                Done::Pushed(index, stage, out, result)
            }
            Self::Finish(index, stage) => {
                let mut out = Vec::new();
                let mut keep = |block| {
                    out.push(block);
                    Ok(())
                };
                let result = guarded(|| stage.finish(&mut keep));
                Done::Finished(index, out, result)
            }
        }
    }
}

/// A panic of a stage must not leave the other workers waiting for it.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "panic", "a stage of the pipeline panicked")))
}

impl<'a> State<'a> {
    fn over(&self) -> bool {
        self.failed.is_some() || self.places.last().is_none_or(|place| place.ended)
    }

    /// Room behind a stage, in blocks.
    fn room(&self, index: usize) -> usize {
        self.places
            .get(index + 1)
            .map_or(WAITING_BLOCKS, |place| WAITING_BLOCKS.saturating_sub(place.waiting.len()))
    }

    /// How much a stage has to do that it can do now.
    fn urgency(&self, index: usize) -> usize {
        let place = &self.places[index];
        if place.stage.is_none() || self.room(index) == 0 {
            return 0;
        }
        let fed_up = match index.checked_sub(1) {
            None => self.all_read,
            Some(before) => self.places[before].ended,
        };
        // The end is worth as much as a block.
        place.waiting.len() + usize::from(fed_up)
    }

    /// Where the most blocks wait, the later of equals; `None` stands for reading, which fills the first queue.
    fn best(&self) -> Option<Option<usize>> {
        let stages = (0..self.places.len()).map(|index| (self.urgency(index), Some(index)));
        let to_read = if self.reader.is_some() && !self.all_read {
            self.places.first().map_or(0, |first| WAITING_BLOCKS.saturating_sub(first.waiting.len()))
        } else {
            0
        };
        let all = std::iter::once((to_read, None)).chain(stages);
        all.filter(|(urgency, _)| *urgency > 0).max_by_key(|(urgency, _)| *urgency).map(|(_, what)| what)
    }

    fn take(&mut self) -> Option<Task<'a>> {
        let Some(index) = self.best()? else {
            return self.reader.take().map(Task::Read);
        };
        let room = self.room(index);
        let place = &mut self.places[index];
        let stage = place.stage.take()?;
        if place.waiting.is_empty() {
            return Some(Task::Finish(index, stage));
        }
        let count = place.waiting.len().min(room).min(BATCH_BLOCKS);
        Some(Task::Push(index, stage, place.waiting.drain(..count).collect()))
    }

    fn put(&mut self, done: Done<'a>) {
        let (to, blocks, result) = match done {
            Done::Read(reader, Ok(block)) => {
                self.all_read = block.is_none();
                self.reader = Some(reader);
                (0, block.into_iter().collect(), Ok(()))
            }
            Done::Read(_, Err(error)) => (0, Vec::new(), Err(error)),
            Done::Pushed(index, stage, blocks, result) => {
                self.places[index].stage = Some(stage);
                (index + 1, blocks, result)
            }
            Done::Finished(index, blocks, result) => {
                self.places[index].ended = true;
                (index + 1, blocks, result)
            }
        };
        if let Some(place) = self.places.get_mut(to) {
            place.waiting.extend(blocks);
        }
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }
}

/// One block through all stages, one after the other.
fn through(stages: &mut [&mut dyn Stage], block: Buffer) -> Result<()> {
    match stages.split_first_mut() {
        None => Ok(()),
        Some((stage, rest)) => stage.push(block, &mut |block| through(rest, block)),
    }
}

fn drain(stages: &mut [&mut dyn Stage]) -> Result<()> {
    match stages.split_first_mut() {
        None => Ok(()),
        Some((stage, rest)) => {
            stage.finish(&mut |block| through(rest, block))?;
            drain(rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::MemorySource;

    /// Doubles, and gives one more block at the end.
    struct Twice;
    impl Stage for Twice {
        fn push(&mut self, mut block: Buffer, next: Next<'_>) -> Result<()> {
            for x in block.channel_mut(0) {
                *x *= 2.0;
            }
            next(block)
        }
        fn finish(&mut self, next: Next<'_>) -> Result<()> {
            next(Buffer::from_planes(&[vec![7.0; 3]]))
        }
    }
    struct Keep(Vec<f64>, Option<usize>);
    impl Stage for Keep {
        fn push(&mut self, block: Buffer, _next: Next<'_>) -> Result<()> {
            self.0.extend_from_slice(block.channel(0));
            match self.1 {
                Some(limit) if self.0.len() > limit => Err(Error::input("full", "enough")),
                _ => Ok(()),
            }
        }
    }

    fn play(threads: usize, limit: Option<usize>) -> (Vec<f64>, Result<()>) {
        let plane: Vec<f64> = (0..200_000).map(f64::from).collect();
        let mut source = MemorySource::new(Buffer::from_planes(&[plane]), 48_000);
        let (mut a, mut b, mut keep) = (Twice, Twice, Keep(Vec::new(), limit));
        let result = run(
            &mut source,
            &mut [&mut a, &mut b, &mut keep],
            0,
            "test",
            &Job::quiet().with_threads(threads),
        );
        (keep.0, result)
    }

    #[test]
    fn threads_do_not_change_the_stream() {
        let (one, result) = play(1, None);
        assert!(result.is_ok());
        assert_eq!(one.len(), 200_006);
        assert_eq!((one[10], one[200_000], one[200_005]), (40.0, 14.0, 7.0));
        for threads in [2, 3, 8] {
            assert_eq!(play(threads, None).0, one);
        }
    }

    #[test]
    fn the_error_of_a_stage_is_the_error_of_the_run() {
        for threads in [1, 2] {
            assert_eq!(play(threads, Some(50_000)).1.map_err(|error| error.code), Err("full"));
        }
    }
    struct Bad;
    impl Stage for Bad {
        fn push(&mut self, _block: Buffer, _next: Next<'_>) -> Result<()> {
            panic!("on purpose")
        }
    }

    #[test]
    fn a_panic_in_a_stage_ends_the_run_instead_of_hanging_it() {
        let mut source = MemorySource::new(Buffer::from_planes(&[vec![0.0; 200_000]]), 48_000);
        let (mut a, mut b, mut bad) = (Twice, Twice, Bad);
        let job = Job::quiet().with_threads(3);
        let result = run(&mut source, &mut [&mut a, &mut b, &mut bad], 0, "test", &job);
        assert_eq!(result.map_err(|error| error.code), Err("panic"));
    }
}
