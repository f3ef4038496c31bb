//! What a starting server tells the person in front of it: addresses, and on a fresh server the
//! setup token with a QR code of the setup page.

use std::fmt::Write;
use std::io::IsTerminal;

use super::super::qr;

/// When the QR code is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// If standard output is a terminal.
    OnTerminal,
    /// Always.
    Always,
}

/// What there is to tell.
pub struct Facts<'a> {
    /// The addresses, the best first.
    pub urls: &'a [String],
    /// The fingerprint of the local authority, if that is used.
    pub fingerprint: Option<&'a str>,
    /// The setup token, while nobody administers the server.
    pub token: Option<&'a str>,
    /// When the QR code is shown.
    pub code: Code,
}

/// The text for standard output.
pub fn text(facts: &Facts<'_>) -> String {
    let first = facts.urls.first().map_or("", String::as_str);
    let mut out = String::from("Chatelaine is ready:\n");
    for url in facts.urls {
        let _ = writeln!(out, "  {url}");
    }
    if let Some(fingerprint) = facts.fingerprint {
        let _ = writeln!(
            out,
            "\nBrowsers do not know this server's authority yet: /trust explains how to trust it. Its fingerprint (SHA-256):\n  {fingerprint}"
        );
    }
    let Some(token) = facts.token else { return out };
    let page = format!("{first}/#/setup?token={token}");
    let _ = write!(
        out,
        "\nNobody administers this server yet. Open this page to make the first administrator:\n  {page}\n\
         or open any of the addresses and enter the setup token:\n  {token}\n\
         The token works once and changes with every start.\n"
    );
    let terminal = std::io::stdout().is_terminal();
    if facts.code == Code::Always || terminal {
        let _ = write!(out, "\n{}", qr::blocks(&page, terminal));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(urls: &'a [String], token: Option<&'a str>) -> Facts<'a> {
        Facts { urls, fingerprint: None, token, code: Code::Always }
    }

    #[test]
    fn a_fresh_server_shows_its_setup_page_and_token() {
        let urls = ["https://a.local:7777".to_owned(), "https://localhost:7777".to_owned()];
        let text = text(&facts(&urls, Some("tok")));
        assert!(text.contains("https://a.local:7777/#/setup?token=tok\n"));
        assert!(text.contains('\u{2588}'), "a QR code is made of blocks");
    }

    #[test]
    fn a_server_with_an_administrator_shows_only_its_addresses() {
        let urls = ["https://a:1".to_owned()];
        assert_eq!(text(&facts(&urls, None)), "Chatelaine is ready:\n  https://a:1\n");
    }

    #[test]
    fn the_fingerprint_of_the_authority_is_shown_to_be_compared() {
        let urls = ["https://a:1".to_owned()];
        let text = text(&Facts { fingerprint: Some("AB:CD"), ..facts(&urls, None) });
        assert!(text.contains("/trust") && text.contains("  AB:CD\n"), "{text}");
    }
}
