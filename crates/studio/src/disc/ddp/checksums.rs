//! Checksum files beside a fileset: not part of DDP, but plants compare them.

use super::super::image::Hashes;
use std::fmt::Write;

/// A file with its hashes.
pub(super) type Hashed = (String, Hashes);

/// `CHECKSUM.MD5`: as `md5sum -b` writes it.
pub(super) fn md5_file(files: &[Hashed]) -> String {
    files.iter().fold(String::new(), |mut text, (name, hashes)| {
        let _ = writeln!(text, "{} *{name}", hashes.md5);
        text
    })
}

/// `CHECKSUM.TXT`: CRC-32 of zlib in capital hexadecimal digits.
pub(super) fn crc_file(files: &[Hashed]) -> String {
    files.iter().fold("[CRC32 Checksum]\n".to_owned(), |mut text, (name, hashes)| {
        let _ = writeln!(text, "{name}={:08X}", hashes.crc32);
        text
    })
}

/// What a checksum file asks of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// An MD5 in small letters.
    Md5(String),
    /// A CRC-32.
    Crc32(u32),
}

/// Names and checksums of a checksum file in any of the forms in use: `md5sum`'s with `*`, `\*` or blanks, with its marks for
/// odd names, BSD's `MD5 (name) = …`, and lines of `name=CRC`. Lines that are neither are left out.
pub(super) fn parse(text: &str) -> Vec<(String, Asked)> {
    text.lines().filter_map(|line| line_of(line.trim())).collect()
}

fn line_of(line: &str) -> Option<(String, Asked)> {
    let is_hex =
        |text: &str, digits: usize| text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some((head, sum)) = line.rsplit_once(") = ")
        && let Some((_, name)) = head.split_once('(')
        && is_hex(sum, 32)
    {
        return Some((bare(name), Asked::Md5(sum.to_ascii_lowercase())));
    }
    if let Some((name, sum)) = line.rsplit_once('=') {
        let (name, sum) = (name.trim(), sum.trim().trim_start_matches("0x"));
        return is_hex(sum, 8)
            .then(|| u32::from_str_radix(sum, 16).ok().map(|crc| (bare(name), Asked::Crc32(crc))))
            .flatten();
    }
    let line = line.strip_prefix('\\').unwrap_or(line);
    let (sum, name) = line.split_once([' ', '\t'])?;
    is_hex(sum, 32).then(|| (bare(name), Asked::Md5(sum.to_ascii_lowercase())))
}

/// A name without marks of `md5sum` and without folders.
fn bare(name: &str) -> String {
    let name = name.trim().trim_start_matches(['*', '\\']).trim();
    name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_files_of_every_writer_are_read() {
        let sum = "d41d8cd98f00b204e9800998ecf8427e";
        let md5 = |name: &str| vec![(name.to_owned(), Asked::Md5(sum.to_owned()))];
        for line in [
            format!("{sum} *DDPID\n"),
            format!("{sum}  DDPID\r\n"),
            format!("{sum} \\*DDPID\r\n"),
            format!("{} *./DDPID", sum.to_uppercase()),
            format!("{sum}\tC:\\master\\DDPID"),
            format!("\\{sum} *DDPID"),
            format!("MD5 (DDPID) = {sum}"),
        ] {
            assert_eq!(parse(&line), md5("DDPID"), "{line:?}");
        }
        let crc = parse("[CRC32 Checksum]\r\nDDPID=0A1B2C3D\r\nIMAGE.DAT = 00000001\r\n");
        assert_eq!(
            crc,
            [("DDPID".to_owned(), Asked::Crc32(0x0A1B_2C3D)), ("IMAGE.DAT".to_owned(), Asked::Crc32(1))]
        );
        assert_eq!(parse("; a remark\n\nnothing\nxyz *DDPID\nDDPID=12\n"), []);
    }

    #[test]
    fn what_is_written_is_read() {
        let hashes = super::super::super::image::hashes(b"abc");
        let files = [("A".to_owned(), hashes.clone())];
        assert_eq!(md5_file(&files), "900150983cd24fb0d6963f7d28e17f72 *A\n");
        // CRC-32 of "abc" as zlib gives it.
        assert_eq!(crc_file(&files), "[CRC32 Checksum]\nA=352441C2\n");
        assert_eq!(parse(&md5_file(&files)), [("A".to_owned(), Asked::Md5(hashes.md5))]);
        assert_eq!(parse(&crc_file(&files)), [("A".to_owned(), Asked::Crc32(0x3524_41C2))]);
    }
}
