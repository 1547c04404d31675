//! Codes that identify: ISRC for a recording, EAN for the product.

use crate::message::{Error, Result};
use serde::Serialize;
use std::fmt;

/// International Standard Recording Code: twelve characters, `CCXXXYYNNNNN`.
///
/// Source: ISO 3901; IEC 60908 has room for two letters, three letters or digits, seven digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Isrc(String);

impl Isrc {
    /// Reads a code as people write it: dashes, spaces and small letters are taken.
    ///
    /// # Errors
    /// `isrc_malformed`.
    pub fn parse(text: &str) -> Result<Self> {
        let code: String =
            text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
        if Self::is_well_formed(&code) {
            return Ok(Self(code));
        }
        Err(Error::input(
            "isrc_malformed",
            format!(
                "`{text}` is no ISRC: twelve characters are expected, two letters, three letters or digits, seven digits"
            ),
        )
        .hint("the code is given with the recording: AA-6Q7-20-00047; leave it out when there is none"))
    }

    fn is_well_formed(code: &str) -> bool {
        let bytes = code.as_bytes();
        bytes.len() == 12
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                0 | 1 => byte.is_ascii_uppercase(),
                2..=4 => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
                _ => byte.is_ascii_digit(),
            })
    }

    /// The twelve characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With dashes, as people read it: `CC-XXX-YY-NNNNN`.
    #[must_use]
    pub fn dashed(&self) -> String {
        let part = |range: std::ops::Range<usize>| self.0.get(range).unwrap_or("");
        format!("{}-{}-{}-{}", part(0..2), part(2..5), part(5..7), part(7..12))
    }
}

impl fmt::Display for Isrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Product code of the release, called MCN or catalogue number on the disc: 13 digits (EAN-13, GTIN-13). The twelve digits of
/// a UPC-A become thirteen with a zero in front, which is the same product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Ean(String);

impl Ean {
    /// Reads 13 digits of EAN or 12 of UPC; spaces and dashes are taken. The check digit is not judged here: see
    /// [`check_digit_holds`](Self::check_digit_holds).
    ///
    /// # Errors
    /// `ean_malformed`.
    pub fn parse(text: &str) -> Result<Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        match (digits.len(), all_digits) {
            (13, true) => Ok(Self(digits)),
            (12, true) => Ok(Self(format!("0{digits}"))),
            _ => Err(Error::input(
                "ean_malformed",
                format!("`{text}` is no EAN or UPC: 13 digits are expected, or the 12 of a UPC-A"),
            )
            .hint("take the digits under the bar code, all of them; leave it out when there is none")),
        }
    }

    /// The thirteen digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the last digit has to be: the weights 1 and 3 in turn over the first twelve. Source: GS1 General Specifications,
    /// 7.9 (standard check digit calculation).
    #[must_use]
    pub fn check_digit(&self) -> u8 {
        let weighed = self.0.bytes().take(12).enumerate();
        let sum: u32 =
            weighed.map(|(at, d)| u32::from(d.wrapping_sub(b'0')) * if at % 2 == 0 { 1 } else { 3 }).sum();
        ((10 - sum % 10) % 10) as u8
    }

    /// Whether the last digit is what it has to be.
    #[must_use]
    pub fn check_digit_holds(&self) -> bool {
        self.0.bytes().last() == Some(b'0' + self.check_digit())
    }
}

impl fmt::Display for Ean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isrc_is_taken_as_people_write_it() {
        for text in ["USABC1234567", "us-abc-12-34567", "US ABC 12 34567"] {
            assert_eq!(Isrc::parse(text).unwrap().as_str(), "USABC1234567");
        }
        assert_eq!(Isrc::parse("QZ3DF0000001").unwrap().dashed(), "QZ-3DF-00-00001");
    }

    #[test]
    fn a_malformed_isrc_is_refused() {
        for text in [
            "",
            "USABC123456",
            "USABC12345678",
            "U1ABC1234567",
            "USAB!1234567",
            "USABC12345A7",
            "USABCé234567",
        ] {
            assert_eq!(Isrc::parse(text).unwrap_err().code, "isrc_malformed", "{text}");
        }
    }

    #[test]
    fn a_upc_becomes_an_ean_and_anything_else_is_refused() {
        assert_eq!(Ean::parse("036000291452").unwrap().as_str(), "0036000291452");
        assert_eq!(Ean::parse("4 006381 333931").unwrap().as_str(), "4006381333931");
        for text in ["", "12345678901", "12345678901234", "400638133393x", "４006381333931"] {
            assert_eq!(Ean::parse(text).unwrap_err().code, "ean_malformed", "{text}");
        }
    }

    #[test]
    fn check_digits_are_those_of_known_products() {
        // EAN-13 example of GS1's own calculator page, a pencil everyone knows, the UPC-A of Wrigley's gum.
        for text in ["6291041500213", "4006381333931", "036000291452", "9780201379624"] {
            assert!(Ean::parse(text).unwrap().check_digit_holds(), "{text}");
        }
        assert!(!Ean::parse("4006381333932").unwrap().check_digit_holds());
        // Two digits that change places, which an unweighted sum would not see.
        assert!(!Ean::parse("4060381333931").unwrap().check_digit_holds());
    }
}
