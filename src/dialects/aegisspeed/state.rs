//! Whether the server is there: for everybody, for developers, and which endpoints are open.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chatelaine_core::secrets;
use serde::Serialize;

use crate::gate::Call;
use crate::ops::Op;
use crate::wire::{Fault, Good, Reply};

const RUNNING: &str = "running";
/// What clients of the protocol parse. This server is neither; its own name and version stand in further members.
const FAST_API: &str = "0.115.0";
const PYTHON: (u8, u8, u8, &str, u8, u8) = (3, 14, 0, "final", 0, 0);

#[derive(Serialize)]
struct State {
    server_state: &'static str,
    #[serde(rename = "FastApi_version")]
    fast_api: &'static str,
    // aegisspeed section 5.2: six elements in the protocol's own example, though five would be usual.
    #[serde(rename = "Python_version")]
    python: (u8, u8, u8, &'static str, u8, u8),
    server_name: &'static str,
    server_version: &'static str,
}

/// Tells that the server runs.
pub(crate) fn server() -> Reply {
    Good::state(&State {
        server_state: RUNNING,
        fast_api: FAST_API,
        python: PYTHON,
        server_name: "Chatelaine",
        server_version: env!("CARGO_PKG_VERSION"),
    })
}

/// The same for whoever knows the secret of the developers.
pub(crate) fn developer(call: &Call) -> Reply {
    let secret = call.query("secret_order").and_then(|text| decoded(&text)).ok_or(Fault::DevSecret)?;
    if !secrets::same(&secret, call.options.dev_public_token.reveal().as_bytes()) {
        return Err(Fault::DevSecret);
    }
    server()
}

/// Base64 in either alphabet, padded or not; a blank is a plus that went through a form.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let usual = |c: char| match c {
        '-' | ' ' => '+',
        '_' => '/',
        other => other,
    };
    let text: String = text.trim_end_matches('=').chars().map(usual).collect();
    STANDARD_NO_PAD.decode(text).ok().filter(|secret| !secret.is_empty())
}

#[derive(Serialize)]
struct ApiState {
    server_state: &'static str,
    api_state: BTreeMap<&'static str, bool>,
}

/// Tells which endpoints are open.
pub(crate) fn switches(call: &Call) -> Reply {
    let named = Op::ALL.into_iter().filter_map(|op| op.switch().map(|name| (name, op)));
    let api_state = named.map(|(name, op)| (name, call.at.is_open(op, &call.options))).collect();
    Good::state(&ApiState { server_state: RUNNING, api_state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_in_every_spelling_of_base64() {
        let secret = "SHICTHRS-AegisSpeed-DEV".as_bytes();
        for text in ["U0hJQ1RIUlMtQWVnaXNTcGVlZC1ERVY=", "U0hJQ1RIUlMtQWVnaXNTcGVlZC1ERVY"] {
            assert_eq!(decoded(text).as_deref(), Some(secret), "{text}");
        }
        for text in ["+/+/", "-_-_", " / /", "+_ /"] {
            assert_eq!(decoded(text), Some(vec![0xfb, 0xff, 0xbf]), "{text}");
        }
        for text in ["", "=", "!", "\u{e9}"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
