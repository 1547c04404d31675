//! Streams through stages, each on its own thread when there are threads: same bits either way.

use crate::audio::Source;
use crate::job::Job;
use crate::message::{Error, Kind, Result};
use dsp::block::Buffer;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Frames handed from stage to stage at once: long enough that handing over costs nothing, short enough to stay in the
/// cache of a core.
pub(crate) const BLOCK_FRAMES: usize = 8192;

/// Blocks that may wait between two stages.
const WAITING_BLOCKS: usize = 8;

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
    if job.threads < 2 || stages.is_empty() {
        read(source, expected_frames, label, job, &mut |block| through(stages, block))?;
        return drain(stages);
    }
    std::thread::scope(|scope| {
        let (first, mut receiver) = sync_channel::<Buffer>(WAITING_BLOCKS);
        let mut threads = Vec::new();
        for stage in stages.iter_mut() {
            let (sender, next) = sync_channel(WAITING_BLOCKS);
            let input = std::mem::replace(&mut receiver, next);
            threads.push(scope.spawn(move || work(*stage, &input, &sender)));
        }
        // The last stage's output has to be taken so that it never blocks.
        threads.push(scope.spawn(move || {
            for _ in receiver {}
            Ok(())
        }));
        let fed =
            read(source, expected_frames, label, job, &mut |block| first.send(block).map_err(|_| hung_up()));
        drop(first);
        let mut worst = Ok(());
        for thread in threads {
            let result = thread.join().unwrap_or_else(|_| Err(panicked()));
            // A stage that failed hangs up on the one before it: its own error is the cause.
            if worst.as_ref().is_ok_and(|()| result.is_err()) || worst.as_ref().is_err_and(is_hung_up) {
                worst = result.and(worst);
            }
        }
        match fed {
            Err(error) if !is_hung_up(&error) => Err(error),
            _ => worst,
        }
    })
}

fn hung_up() -> Error {
    Error::new(Kind::Internal, "pipe_closed", "a stage of the pipeline ended early")
}

fn is_hung_up(error: &Error) -> bool {
    error.code == "pipe_closed"
}

fn panicked() -> Error {
    Error::new(Kind::Internal, "panic", "a stage of the pipeline panicked")
}

/// Reads to the end, block by block, with progress.
fn read(
    source: &mut dyn Source,
    expected_frames: u64,
    label: &str,
    job: &Job<'_>,
    next: &mut dyn FnMut(Buffer) -> Result<()>,
) -> Result<()> {
    let channels = source.info().channels();
    let mut done = 0;
    loop {
        let mut block = Buffer::new(channels, BLOCK_FRAMES);
        source.read(&mut block)?;
        if block.frames() == 0 {
            return Ok(());
        }
        done += block.frames() as u64;
        job.step(label, done, expected_frames.max(done))?;
        next(block)?;
    }
}

fn work(stage: &mut dyn Stage, input: &Receiver<Buffer>, output: &SyncSender<Buffer>) -> Result<()> {
    let mut next = |block| output.send(block).map_err(|_| hung_up());
    for block in input {
        stage.push(block, &mut next)?;
    }
    stage.finish(&mut next)
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
        assert_eq!(play(2, None).0, one);
    }

    #[test]
    fn the_error_of_a_stage_is_the_error_of_the_run() {
        for threads in [1, 2] {
            assert_eq!(play(threads, Some(50_000)).1.map_err(|error| error.code), Err("full"));
        }
    }
}
