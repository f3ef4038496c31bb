//! What a body is: told from its first bytes, with the sender's word as a second opinion.
//!
//! A type that a browser would show (image, audio, video) is believed only if the bytes bear it out; everything that
//! could carry script (pages, vector images) is kept under its name but never shown in place. No decoding happens
//! here: the table looks at signatures, and the size of a picture is read from its head alone.
use serde::{Deserialize, Serialize};

use crate::limits::{FILE_PIXELS_MAX, MEDIA_TYPE_BYTES_MAX};

/// The type of a body about which nothing better is known.
pub const UNKNOWN: &str = "application/octet-stream";

/// Width and height of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    /// Dots from left to right.
    pub width: u32,
    /// Dots from top to bottom.
    pub height: u32,
}

/// Whether a browser may show a body in place or must offer it for saving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// A picture, sound or film of a kind that cannot carry script.
    Inline,
    /// Everything else.
    Attachment,
}

/// A signature: these bytes at this place mean this type.
struct Mark(usize, &'static [u8], &'static str);

/// Looked through from the top; the first that fits wins.
const MARKS: &[Mark] = &[
    Mark(0, b"\x89PNG\r\n\x1a\n", "image/png"),
    Mark(0, b"\xff\xd8\xff", "image/jpeg"),
    Mark(0, b"GIF87a", "image/gif"),
    Mark(0, b"GIF89a", "image/gif"),
    Mark(0, b"BM", "image/bmp"),
    Mark(0, b"II*\0", "image/tiff"),
    Mark(0, b"MM\0*", "image/tiff"),
    Mark(0, b"\0\0\x01\0", "image/x-icon"),
    Mark(0, b"OggS", "audio/ogg"),
    Mark(0, b"fLaC", "audio/flac"),
    Mark(0, b"ID3", "audio/mpeg"),
    Mark(0, b"\xff\xfb", "audio/mpeg"),
    Mark(0, b"\xff\xf3", "audio/mpeg"),
    Mark(0, b"\xff\xf1", "audio/aac"),
    Mark(0, b"\xff\xf9", "audio/aac"),
    Mark(0, b"#!AMR", "audio/amr"),
    Mark(0, b"\x1a\x45\xdf\xa3", "video/webm"),
    Mark(0, b"%PDF-", "application/pdf"),
    Mark(0, b"PK\x03\x04", "application/zip"),
    Mark(0, b"PK\x05\x06", "application/zip"),
    Mark(0, b"\x1f\x8b", "application/gzip"),
    Mark(0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    Mark(0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    Mark(0, b"\xfd7zXZ\0", "application/x-xz"),
    Mark(0, b"\x7fELF", "application/x-executable"),
    Mark(0, b"MZ", "application/vnd.microsoft.portable-executable"),
];

/// What may be shown in place. SVG and HTML are absent on purpose.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "audio/ogg",
    "audio/flac",
    "audio/mpeg",
    "audio/aac",
    "audio/mp4",
    "audio/wav",
    "audio/webm",
    "video/mp4",
    "video/webm",
    "video/ogg",
    "video/quicktime",
];

/// The type of a body from its first bytes, if they tell.
pub fn sniff(head: &[u8]) -> Option<&'static str> {
    let holds =
        |at: usize, bytes: &[u8]| head.get(at..at.saturating_add(bytes.len())).is_some_and(|part| part == bytes);
    if holds(0, b"RIFF") {
        return match head.get(8..12) {
            Some(b"WEBP") => Some("image/webp"),
            Some(b"WAVE") => Some("audio/wav"),
            Some(b"AVI ") => Some("video/x-msvideo"),
            _ => None,
        };
    }
    if holds(4, b"ftyp") {
        return Some(brand(head.get(8..12).unwrap_or_default()));
    }
    MARKS.iter().find(|Mark(at, bytes, _)| holds(*at, bytes)).map(|Mark(_, _, kind)| *kind)
}

/// The ISO container family tells its kind by a brand of four letters.
fn brand(brand: &[u8]) -> &'static str {
    match brand {
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"mif1" | b"msf1" => "image/heic",
        b"M4A " | b"M4B " => "audio/mp4",
        b"qt  " => "video/quicktime",
        _ => "video/mp4",
    }
}

/// The type to keep: what the bytes say, refined or replaced by what the sender declared where that is harmless.
pub fn decide(head: &[u8], declared: Option<&str>) -> String {
    let declared = declared.and_then(clean);
    match (sniff(head), declared) {
        (None, None) => if is_text(head) { "text/plain" } else { UNKNOWN }.to_owned(),
        (Some(found), None) => found.to_owned(),
        // A zip archive may be a document of many kinds, and the containers of sound and film are shared: the sender
        // knows better, as long as the family is one that the bytes allow.
        (Some("application/zip"), Some(word)) if word.starts_with("application/") => word,
        (Some("video/webm"), Some(word)) if matches!(word.as_str(), "audio/webm" | "video/x-matroska") => word,
        (Some("audio/ogg"), Some(word)) if word == "video/ogg" => word,
        (Some("video/mp4"), Some(word)) if word == "audio/mp4" => word,
        (Some(found), Some(_)) => found.to_owned(),
        (None, Some(word)) if is_active(&word) => "text/plain".to_owned(),
        (None, Some(word)) if is_media(&word) && word != "image/svg+xml" => UNKNOWN.to_owned(),
        (None, Some(word)) => word,
    }
}

/// How a body of this type may be handed out. A picture without a known, bearable size is not shown.
pub fn disposition(media_type: &str, pixels: Option<Pixels>) -> Disposition {
    let is_picture = media_type.starts_with("image/");
    // AVIF is the one picture whose size the head alone may not give.
    let is_bearable = !is_picture || pixels.is_some() || media_type == "image/avif";
    if SHOWN.contains(&media_type) && is_bearable { Disposition::Inline } else { Disposition::Attachment }
}

/// Width and height from the head of a picture; none if it is no picture or larger than `FILE_PIXELS_MAX`.
pub fn pixels(media_type: &str, head: &[u8]) -> Option<Pixels> {
    if !media_type.starts_with("image/") {
        return None;
    }
    let size = imagesize::blob_size(head).ok()?;
    let width = u32::try_from(size.width).ok()?;
    let height = u32::try_from(size.height).ok()?;
    let dots = u64::from(width).checked_mul(u64::from(height))?;
    (dots > 0 && dots <= FILE_PIXELS_MAX).then_some(Pixels { width, height })
}

/// A declared type without its parameters, lower case, or none if it is not of the form `word/word`.
fn clean(declared: &str) -> Option<String> {
    let bare = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (family, kind) = bare.split_once('/')?;
    let is_word = |word: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !word.is_empty() && word.bytes().all(fits)
    };
    let is_fine = bare.len() <= MEDIA_TYPE_BYTES_MAX && is_word(family) && is_word(kind) && bare != UNKNOWN;
    is_fine.then_some(bare)
}

/// Whether a browser runs, or lays out with scripts, what comes under this name.
fn is_active(word: &str) -> bool {
    let kind = word.split('/').nth(1).unwrap_or_default();
    let names = ["javascript", "ecmascript", "jscript", "livescript", "html", "css", "wasm", "manifest"];
    names.iter().any(|name| kind.contains(name))
}

fn is_media(word: &str) -> bool {
    ["image/", "audio/", "video/"].iter().any(|family| word.starts_with(family))
}

/// Text is UTF-8 without control characters other than the usual white space; a cut last character is forgiven.
fn is_text(head: &[u8]) -> bool {
    let sound = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(flaw) if flaw.error_len().is_none() => {
            std::str::from_utf8(head.get(..flaw.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !sound.is_empty() && !sound.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0";

    #[test]
    fn the_bytes_win_over_the_declared_type() {
        assert_eq!(decide(PNG, Some("text/html")), "image/png");
        assert_eq!(decide(PNG, None), "image/png");
        assert_eq!(decide(b"RIFF\0\0\0\0WEBPVP8 ", Some("image/png")), "image/webp");
        assert_eq!(decide(b"\0\0\0\x20ftypisom", Some("video/mp4; codecs=x")), "video/mp4");
    }

    #[test]
    fn a_page_that_claims_to_be_a_picture_is_unknown() {
        assert_eq!(decide(b"<script>alert(1)</script>", Some("image/png")), UNKNOWN);
        assert_eq!(decide(b"<html>", Some("audio/mpeg")), UNKNOWN);
    }

    #[test]
    fn scripts_styles_and_pages_are_kept_as_plain_text() {
        for active in ["text/javascript", "application/x-ecmascript", "text/css", "text/html", "application/xhtml+xml"]
        {
            assert_eq!(decide(b"alert(1)", Some(active)), "text/plain", "{active}");
        }
        assert_eq!(decide(b"{}", Some("application/json")), "application/json");
    }

    #[test]
    fn a_declared_type_refines_an_archive_and_names_the_unknown() {
        let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        assert_eq!(decide(b"PK\x03\x04....", Some(sheet)), sheet);
        assert_eq!(decide(b"PK\x03\x04....", Some("text/html")), "application/zip");
        assert_eq!(decide(b"a,b\n1,2\n", Some("Text/CSV; charset=utf-8")), "text/csv");
        assert_eq!(decide(b"\0\x01\x02", Some("no type at all")), UNKNOWN);
        assert_eq!(decide("plain \u{e9}".as_bytes(), None), "text/plain");
    }

    #[test]
    fn a_cut_last_character_is_still_text() {
        let cut = &"caf\u{e9}".as_bytes()[..4];
        assert_eq!(decide(cut, None), "text/plain");
        assert_eq!(decide(b"\xff\xfe\0\0", None), UNKNOWN);
    }

    #[test]
    fn only_harmless_kinds_are_shown_in_place() {
        let size = Some(Pixels { width: 2, height: 2 });
        assert_eq!(disposition("image/png", size), Disposition::Inline);
        assert_eq!(disposition("image/png", None), Disposition::Attachment);
        assert_eq!(disposition("audio/mpeg", None), Disposition::Inline);
        for kind in ["image/svg+xml", "text/html", "application/pdf", "text/plain", "image/tiff", UNKNOWN] {
            assert_eq!(disposition(kind, size), Disposition::Attachment, "{kind}");
        }
    }

    #[test]
    fn the_size_of_a_picture_comes_from_its_head() {
        assert_eq!(pixels("image/png", PNG), Some(Pixels { width: 640, height: 480 }));
        assert_eq!(pixels("text/plain", PNG), None);
        assert_eq!(pixels("image/png", b"\x89PNG"), None);
    }

    #[test]
    fn a_picture_above_the_limit_has_no_size() {
        let mut huge = PNG.to_vec();
        huge.splice(16..24, [0, 0, 0x20, 0, 0, 0, 0x20, 0]);
        assert_eq!(pixels("image/png", &huge), None, "8,192 x 8,192 is above 40 million");
    }
}
