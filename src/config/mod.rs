//! What the operator may set, and where each value came from.
//!
//! One table of settings (the `TABLE`s of the files here, joined in [`table`]) drives loading,
//! `config show`, the example file, `docs/settings.md` and run-time changes, so none of them can
//! disagree. A flag wins over the environment, that over the file, that over the default. Nothing
//! outside this folder reads a settings file or an environment variable.

mod aegis;
mod domain;
mod foreign;
mod listen;
pub mod load;
mod machines;
mod mail;
mod ourchat;
pub mod print;
mod run_time;
mod running;
mod setting;
mod store;
mod table;
mod tls;
pub(crate) mod units;

#[cfg(test)]
mod tests;

use chatelaine_aegisspeed::Options as Aegis;
use chatelaine_core::settings::Settings;
use chatelaine_ourchat::Options as Ourchat;

pub use foreign::{FOREIGN, Here};
pub use listen::Listen;
pub use load::{Flaw, Flaws, Loaded, Origin, Sources};
pub use mail::{Mail, Security};
pub use run_time::{run_time, with_changes};
pub use running::{Live, Log, LogFormat, Web};
use setting::Raw;
pub use setting::{Setting, When};
pub use store::{Durability, Engine, Store};
pub use table::{find, table};
pub use tls::{Plaintext, Tls, TlsMode};

/// All settings, checked. [`Config::default`] holds the defaults of the table.
#[derive(Debug, Clone)]
pub struct Config {
    /// The port and its limits.
    pub listen: Listen,
    /// TLS on the port.
    pub tls: Tls,
    /// The store.
    pub store: Store,
    /// Live connections.
    pub live: Live,
    /// The log.
    pub log: Log,
    /// The web UI.
    pub web: Web,
    /// Outgoing mail.
    pub mail: Mail,
    /// The ourchat dialect.
    pub ourchat: Ourchat,
    /// The aegisspeed dialect.
    pub aegis: Aegis,
    /// What the domain reads; the base that run-time changes lie over.
    pub domain: Settings,
}

impl Default for Config {
    fn default() -> Config {
        let mut config = Config {
            listen: Listen::BLANK,
            tls: Tls::BLANK,
            store: Store::BLANK,
            live: Live::BLANK,
            log: Log::BLANK,
            web: Web::BLANK,
            mail: Mail::blank(),
            ourchat: Ourchat::default(),
            aegis: Aegis::default(),
            domain: Settings::default(),
        };
        for setting in table() {
            // A default that its own setting refuses is caught by the table's test.
            let _canonical = setting.put(&mut config, &Raw::Text(setting.default.to_string()));
        }
        config
    }
}

/// A checked number as a length or count of things in memory.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A checked number as a small one.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// True if `text` has a fitting number of characters and none that control a terminal.
fn text_within(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
