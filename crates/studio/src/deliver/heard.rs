//! What is written is heard on its way, so that reading it back has only to compare.

use super::{BLOCK_FRAMES, Writer};
use crate::audio::Encoding;
use crate::message::Result;
use crate::meters::{Halves, Setup};
use dsp::block::Buffer;

impl Writer {
    /// As [`write`](Self::write), and gives the audio as it will be read back: quantised, in the order of the file.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(crate) fn write_and_hear(&mut self, mut audio: Buffer) -> Result<Buffer> {
        if audio.channels() != self.order.len() {
            self.write(audio.view())?;
        }
        let mut start = 0;
        while start < audio.frames() {
            let block = audio.view().slice(start, BLOCK_FRAMES);
            let frames = block.frames();
            self.write_block(block)?;
            for channel in 0..audio.channels() {
                self.hear(channel, &mut audio.channel_mut(channel)[start..start + frames]);
            }
            start += frames;
        }
        Ok(audio)
    }

    /// A channel of the block that was written last.
    fn hear(&self, channel: usize, to: &mut [f64]) {
        let channels = self.order.len().max(1);
        match self.spec.encoding {
            Encoding::Int(bits) => {
                let step = 1.0 / (1_u64 << bits.clamp(1, 32).saturating_sub(1)) as f64;
                let from = self.interleaved.iter().skip(channel).step_by(channels);
                to.iter_mut().zip(from).for_each(|(to, integer)| *to = f64::from(*integer) * step);
            }
            Encoding::Float(32) => {
                let from = self.bytes.as_chunks().0.iter().skip(channel).step_by(channels);
                to.iter_mut().zip(from).for_each(|(to, bytes)| *to = f64::from(f32::from_le_bytes(*bytes)));
            }
            _ => {
                let from = self.bytes.as_chunks().0.iter().skip(channel).step_by(channels);
                to.iter_mut().zip(from).for_each(|(to, bytes)| *to = f64::from_le_bytes(*bytes));
            }
        }
    }

    /// Meters for what [`write_and_hear`](Self::write_and_hear) gives.
    pub(crate) fn meters(&self) -> Halves {
        let setup = Setup::of_render(self.spec.sample_rate_hz, self.spec.layout.clone());
        Halves::new(Setup { encoding: self.spec.encoding, ..setup })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::music;
    use super::super::{Container, Spec};
    use super::*;
    use crate::job::Job;

    #[test]
    fn what_is_measured_while_it_is_written_is_what_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let kinds = [
            (Container::Wav, Encoding::Int(16), 2),
            (Container::Wav, Encoding::Int(20), 1),
            (Container::Wav, Encoding::Int(32), 6),
            (Container::Wav, Encoding::Float(32), 2),
            (Container::Wav, Encoding::Float(64), 8),
            (Container::Flac, Encoding::Int(24), 2),
            (Container::Flac, Encoding::Int(16), 6),
        ];
        for (number, (container, encoding, channels)) in kinds.into_iter().enumerate() {
            // Over full scale at places, so that integers clip and floats do not.
            let mut audio = music(channels, 40_000);
            audio.channel_mut(0)[30_000..30_010].fill(1.2);
            let begin = |name: &str| {
                let path = folder.path().join(format!("{number}-{name}"));
                Writer::create(&path, Spec::new(container, encoding, 48_000, channels), false)
                    .expect("a file")
            };
            let mut plain = begin("plain");
            plain.write(audio.view()).expect("it is written");
            let wanted = plain.read_back(&Job::quiet()).expect("it reads back");
            for threads in [1, 2] {
                let mut writer = begin(&format!("heard-{threads}"));
                let mut meters = writer.meters();
                for start in (0..40_000).step_by(7000) {
                    let part = audio.view().slice(start, 7000);
                    let planes: Vec<_> = (0..channels).map(|c| part.channel(c).to_vec()).collect();
                    let heard = writer.write_and_hear(Buffer::from_planes(&planes)).expect("it is written");
                    let [levels, peaks] = meters.stages();
                    levels.push(heard, &mut |heard| peaks.push(heard, &mut |_| Ok(()))).expect("it is heard");
                }
                let job = Job::quiet().with_threads(threads);
                let found = writer.read_back_heard(Some(meters), &job).expect("it reads back");
                assert_eq!(found.measured(), wanted.measured(), "{encoding:?} {channels}");
                assert_eq!(found.written.audio_blake3, wanted.written.audio_blake3);
            }
        }
    }

    #[test]
    fn a_file_that_is_not_what_was_written_is_still_found_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        let spec = Spec::new(Container::Wav, Encoding::Int(16), 48_000, 2);
        let mut writer = Writer::create(&path, spec, false).expect("a file");
        let meters = writer.meters();
        writer.write_and_hear(music(2, 300_000)).expect("it is written");
        // By now most of it is in the file, and one bit of it turns over.
        let mut bytes = std::fs::read(writer.file.temporary()).expect("the file so far");
        bytes[200_000] ^= 1;
        std::fs::write(writer.file.temporary(), &bytes).expect("the file is changed");
        let error = writer.read_back_heard(Some(meters), &Job::quiet()).expect_err("it is another");
        assert_eq!(error.code, "read_back");
    }
}
