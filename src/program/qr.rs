//! Texts as QR codes made of blocks, for a phone that is held before the screen.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// The text as a code; a terminal is told to show black on white, whatever its colours are. Nothing for a text that is too long.
pub fn blocks(text: &str, terminal: bool) -> String {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else { return String::new() };
    let blocks = code.render::<Dense1x2>().quiet_zone(true).build();
    let (on, off) = if terminal { ("\u{1b}[30;107m", "\u{1b}[0m") } else { ("", "") };
    blocks.lines().map(|line| format!("{on}{line}{off}\n")).collect()
}
