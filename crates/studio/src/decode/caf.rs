//! Apple Core Audio Format: PCM is read here, ALAC through its packets.
//!
//! Apple, "Core Audio Format Specification 1.0".

use super::input::{Scan, be16, be32, be64};
use super::limits::{self, Claim, MAX_TAG_BYTES};
use super::pcm::Pcm;
use super::sample::{Form, Stored};
use super::{Options, alac, speakers, tags};
use crate::audio::{Layout, Metadata, Source, Speaker};
use crate::message::{Error, Finding, Result, Severity};

/// Opens a file that begins at byte `start`.
pub(super) fn open(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    scan.go(start)?;
    let head: [u8; 8] = scan.take()?;
    let version = be16(&head, 4);
    if version != 1 {
        return Err(Error::input("unsupported", format!("CAF of version {version}; version 1 is read")));
    }
    let file = walk(&mut scan)?;
    match &file.description.codec {
        b"lpcm" => pcm(file)?.open(scan, options),
        b"alac" => packets(file, scan, options),
        other => {
            let what = format!("CAF with \"{}\" is not read; lpcm and alac are", other.escape_ascii());
            Err(Error::input("unsupported", what).hint("convert it to PCM first"))
        }
    }
}

/// `desc` chunk.
#[derive(Debug, Clone, Copy)]
struct Description {
    sample_rate_hz: u32,
    codec: [u8; 4],
    flags: u32,
    packet_bytes: u32,
    packet_frames: u32,
    channels: u32,
    bits: u32,
}

/// `pakt` chunk: sizes of packets, and how many of their frames are audio.
#[derive(Debug)]
struct Table {
    frames: u64,
    priming: u64,
    sizes: Vec<u32>,
}

#[derive(Debug)]
struct File {
    description: Description,
    layout: Layout,
    data_at: u64,
    data_bytes: Option<u64>,
    cookie: Vec<u8>,
    table: Option<Table>,
    metadata: Metadata,
    findings: Vec<Finding>,
}

fn walk(scan: &mut Scan) -> Result<File> {
    let (mut description, mut data, mut layout, mut table) = (None, None, None, None);
    let (mut cookie, mut metadata, mut findings) = (Vec::new(), Metadata::default(), Vec::new());
    for chunks in 0.. {
        if scan.left() < 12 {
            break;
        }
        if chunks > limits::MAX_CHUNKS {
            return Err(limits::too_many_chunks());
        }
        let head: [u8; 12] = scan.take()?;
        let (id, size, at) = (&head[..4], be64(&head, 4), scan.at());
        if id == b"data" {
            if data.is_some() {
                return Err(Error::input("ambiguous", "the file has two data chunks"));
            }
            // Section "Audio Data Chunk": -1 only for the last chunk, up to the end of the file; then an edit count.
            let open = size == u64::MAX;
            if open {
                findings.push(
                    Finding::new(
                        "streamed_header",
                        Severity::Info,
                        "the data chunk leaves its size open (-1)",
                    )
                    .advice("everything up to the end of the file was taken"),
                );
            } else if size < 4 || size > i64::MAX as u64 {
                return Err(Error::input("bad_header", format!("the data chunk says {size} bytes")));
            }
            data = Some((at + 4, (!open).then_some(size.saturating_sub(4))));
            if open || size > scan.left() {
                break;
            }
        } else if size > scan.left() {
            let what = format!("chunk \"{}\" says {size} bytes; {} are left", id.escape_ascii(), scan.left());
            return Err(Error::input("bad_chunk", what));
        } else {
            match id {
                b"desc" if description.is_some() => return Err(Error::input("ambiguous", "two desc chunks")),
                b"desc" => description = Some(describe(scan, size)?),
                b"chan" if size <= MAX_TAG_BYTES => layout = Some(scan.take_vec(size)?),
                b"kuki" if size <= MAX_TAG_BYTES => cookie = scan.take_vec(size)?,
                b"info" if size <= MAX_TAG_BYTES => information(&scan.take_vec(size)?, &mut metadata),
                b"pakt" if table.is_none() => table = Some(packet_table(scan, size, description)?),
                _ => {}
            }
        }
        scan.go(at.saturating_add(size))?;
    }
    let description: Description =
        description.ok_or_else(|| Error::input("bad_header", "the file has no desc chunk"))?;
    let (data_at, data_bytes) =
        data.ok_or_else(|| Error::input("bad_header", "the file has no data chunk"))?;
    let channels = description.channels as usize;
    let layout = layout.and_then(|body| seats(&body, channels)).unwrap_or_else(|| Layout::of(channels));
    Ok(File { description, layout, data_at, data_bytes, cookie, table, metadata, findings })
}

fn describe(scan: &mut Scan, size: u64) -> Result<Description> {
    if size < 32 {
        return Err(Error::input("bad_header", format!("the desc chunk has {size} bytes, not 32")));
    }
    let body: [u8; 32] = scan.take()?;
    let rate = f64::from_bits(be64(&body, 0));
    let whole = rate >= 1.0 && rate <= f64::from(u32::MAX) && rate.floor() == rate;
    if !whole {
        return Err(Error::input("bad_sample_rate", format!("the header says {rate} Hz")));
    }
    let [flags, packet_bytes, packet_frames, channels, bits] = [12, 16, 20, 24, 28].map(|at| be32(&body, at));
    let sample_rate_hz = rate as u32;
    limits::validate(Claim { channels, sample_rate_hz, frames: None })?;
    let codec = [body[8], body[9], body[10], body[11]];
    Ok(Description { sample_rate_hz, codec, flags, packet_bytes, packet_frames, channels, bits })
}

fn pcm(file: File) -> Result<Pcm> {
    let Description { sample_rate_hz, flags, packet_bytes, packet_frames, channels, bits, .. } =
        file.description;
    // Section "Audio Description Chunk": bit 0 float, bit 1 little-endian.
    let form = if flags & 1 == 1 {
        Form::float_le(bits)
    } else {
        Form::int_le(bits.div_ceil(8)).filter(|_| bits > 0)
    };
    let form = form.filter(|form| {
        // At most 128 channels of 8 bytes.
        packet_frames == 1 && packet_bytes == form.bytes() as u32 * channels
    });
    let form = form.ok_or_else(|| {
        let what = format!("packets of {packet_bytes} bytes and {packet_frames} frames for {channels} channels of {bits} bits");
        Error::input("bad_header", what)
    })?;
    // Integers are signed, 8 bits too.
    let stored = if form.stored == Stored::U8 { Stored::I8 } else { form.stored };
    Ok(Pcm {
        container: "caf",
        form: Form { stored, big_endian: flags & 2 == 0 },
        valid_bits: bits as u16,
        layout: file.layout,
        sample_rate_hz,
        data_at: file.data_at,
        data_bytes: file.data_bytes,
        declared_frames: None,
        metadata: file.metadata,
        findings: file.findings,
    })
}

fn packet_table(scan: &mut Scan, size: u64, description: Option<Description>) -> Result<Table> {
    let Some(description) = description else {
        return Err(Error::input("bad_header", "the pakt chunk comes before the desc chunk"));
    };
    if size < 24 {
        return Err(Error::input("bad_header", format!("the pakt chunk has {size} bytes; 24 are needed")));
    }
    let head: [u8; 24] = scan.take()?;
    let (count, frames) = (be64(&head, 0), be64(&head, 8));
    let bytes = size - 24;
    // A size takes at least one byte and at most five.
    if count > bytes || bytes > count.saturating_mul(5).saturating_add(64) {
        return Err(Error::input(
            "bad_header",
            format!("the pakt chunk says {count} packets in {bytes} bytes"),
        ));
    }
    let claim = Claim {
        channels: description.channels,
        sample_rate_hz: description.sample_rate_hz,
        frames: Some(count.saturating_mul(u64::from(description.packet_frames.max(1))).max(frames)),
    };
    limits::validate(claim)?;
    let body = scan.take_vec(bytes)?;
    let mut sizes = Vec::new();
    let mut value = 0_u32;
    for byte in body {
        if sizes.len() as u64 == count {
            break;
        }
        if value >> 25 != 0 {
            return Err(Error::input("bad_header", "the pakt chunk has a size beyond 32 bits"));
        }
        value = (value << 7) | u32::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            sizes.push(value);
            value = 0;
        }
    }
    let priming = u64::try_from(be32(&head, 16) as i32).unwrap_or(0);
    Ok(Table { frames, priming, sizes })
}

fn packets(file: File, scan: Scan, options: Options) -> Result<Box<dyn Source>> {
    let table =
        file.table.ok_or_else(|| Error::input("bad_header", "compressed CAF without a pakt chunk"))?;
    let mut at = file.data_at;
    let mut index = Vec::new();
    for size in table.sizes {
        index.push((at, size));
        at = at.saturating_add(u64::from(size));
    }
    let Description { sample_rate_hz, channels, .. } = file.description;
    let track = alac::Track {
        container: "caf",
        cookie: file.cookie,
        sample_rate_hz,
        channels,
        index,
        priming: table.priming,
        frames: table.frames,
        metadata: file.metadata,
        findings: file.findings,
    };
    track.open(scan, Some(file.layout), options)
}

/// `chan` chunk: a layout tag, a bitmap, descriptions.
fn seats(body: &[u8], channels: usize) -> Option<Layout> {
    use Speaker::{Centre as C, Left as L, Lfe, Right as R, SurroundLeft as Sl, SurroundRight as Sr};
    let tag = be32(body, 0);
    let layout = match tag {
        // kAudioChannelLayoutTag_UseChannelBitmap: the bits of WAVEFORMATEXTENSIBLE.
        0x1_0000 => {
            let mask = be32(body, 4);
            (mask.count_ones() as usize == channels).then(|| speakers::of_mask(mask, channels).0)?
        }
        // kAudioChannelLayoutTag_MPEG_5_1_A to D.
        0x79_0006 => Layout(vec![L, R, C, Lfe, Sl, Sr]),
        0x7a_0006 => Layout(vec![L, R, Sl, Sr, C, Lfe]),
        0x7b_0006 => Layout(vec![L, C, R, Sl, Sr, Lfe]),
        0x7c_0006 => Layout(vec![C, L, R, Sl, Sr, Lfe]),
        _ => return None,
    };
    (layout.channels() == channels).then_some(layout)
}

/// `info` chunk: pairs of texts, each ended by a zero.
fn information(body: &[u8], metadata: &mut Metadata) {
    let Some(rest) = body.get(4..) else { return };
    let mut texts = rest.split(|&byte| byte == 0);
    while let (Some(key), Some(value)) = (texts.next(), texts.next()) {
        if let (Some(key), Some(value)) = (tags::text(key), tags::text(value)) {
            tags::push(metadata, &key, value);
        }
    }
}
