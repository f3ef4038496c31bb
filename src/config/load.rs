//! Reading settings from a file, the environment and flags, and saying exactly what is wrong.
//!
//! Every flaw is one line with the setting, where the value came from and what is allowed. All
//! flaws are found before anything is refused, so one run shows them all.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::foreign::{self, Here};
use super::setting::{Raw, Setting};
use super::{Config, table};

/// Environment variables of settings begin with this.
pub const PREFIX: &str = "CHATELAINE_";

/// A settings file is not larger than this.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table of settings.
    Default,
    /// A line of a settings file.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Environment(variable) => write!(f, "environment {variable}"),
            Origin::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// One thing that is wrong with the settings, as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw(String);

/// Everything that is wrong with the settings; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaws(pub Vec<Flaw>);

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Flaw(line)) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Flaws {}

/// Where to look for settings.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A settings file that must exist.
    pub file: Option<PathBuf>,
    /// A settings file that is read if it exists and no other is named.
    pub file_if_there: Option<PathBuf>,
    /// The environment; variables that are no settings are passed over.
    pub environment: Vec<(String, String)>,
    /// The values of `--set`, in order; the last of one name wins.
    pub set: Vec<String>,
    /// The value of `--listen`.
    pub listen: Option<String>,
}

/// A setting with its value and where that came from.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The line of the table.
    pub setting: Setting,
    /// The canonical text of the value.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
}

/// The settings, with the origin of each.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Every setting in the order of the table.
    pub resolved: Vec<Resolved>,
    /// The settings file that was read.
    pub file: Option<PathBuf>,
}

impl Loaded {
    /// Whether nobody said anything about the setting `name`.
    pub fn is_default(&self, name: &str) -> bool {
        self.resolved.iter().any(|one| one.setting.name == name && one.origin == Origin::Default)
    }
}

/// One value on its way in.
struct Given {
    name: String,
    raw: Raw,
    origin: Origin,
}

/// Reads all sources, the weakest first, and checks the whole.
pub fn load(sources: &Sources) -> Result<Loaded, Flaws> {
    let mut flaws = Vec::new();
    let file = sources.file.clone().or_else(|| sources.file_if_there.clone().filter(|path| path.exists()));
    let mut given = Vec::new();
    if let Some(path) = &file {
        match from_file(path) {
            Ok(values) => given.extend(values),
            Err(flaw) => flaws.push(flaw),
        }
    }
    given.extend(from_environment(&sources.environment));
    for text in &sources.set {
        match text.split_once('=') {
            Some((name, value)) => given.push(Given {
                name: name.trim().to_string(),
                raw: Raw::Text(value.to_string()),
                origin: Origin::Flag("--set"),
            }),
            None => {
                flaws.push(Flaw(format!("--set {text}: a setting and a value are needed, like --set log.level=debug")))
            }
        }
    }
    if let Some(address) = &sources.listen {
        let name = "listen.address".to_string();
        given.push(Given { name, raw: Raw::Text(address.clone()), origin: Origin::Flag("--listen") });
    }
    let mut loaded = Loaded { config: Config::default(), resolved: defaults(), file };
    for value in given {
        if let Err(flaw) = apply(&mut loaded, value) {
            flaws.push(flaw);
        }
    }
    if flaws.is_empty() {
        flaws = check_together(&loaded);
    }
    if flaws.is_empty() { Ok(loaded) } else { Err(Flaws(flaws)) }
}

fn defaults() -> Vec<Resolved> {
    table::table()
        .map(|setting| Resolved { setting, value: setting.default.to_string(), origin: Origin::Default })
        .collect()
}

/// Puts one value in, over what a weaker source said.
fn apply(loaded: &mut Loaded, mut given: Given) -> Result<(), Flaw> {
    match foreign::here(&given.name) {
        Some(Here::Named(ours)) => given.name = ours.to_string(),
        Some(Here::Nothing(why)) => {
            return Err(Flaw(format!("setting {} ({}) is none here: {why}", given.name, given.origin)));
        }
        None => {}
    }
    let Some(resolved) = loaded.resolved.iter_mut().find(|resolved| resolved.setting.name == given.name) else {
        let advice = match table::nearest(&given.name) {
            Some(name) => format!("did you mean {name}?"),
            None => "'chatelaine config show' lists all settings".to_string(),
        };
        return Err(Flaw(format!("unknown setting {} ({}): {advice}", given.name, given.origin)));
    };
    let Some(value) = resolved.setting.put(&mut loaded.config, &given.raw) else {
        return Err(bad_value(&resolved.setting, &given.raw, &given.origin));
    };
    resolved.value = value;
    resolved.origin = given.origin;
    Ok(())
}

fn bad_value(setting: &Setting, raw: &Raw, origin: &Origin) -> Flaw {
    let shown = match raw {
        _ if setting.secret => "***".to_string(),
        Raw::Text(text) => format!("\"{}\"", text.escape_debug()),
        Raw::Integer(number) => number.to_string(),
        Raw::Flag(on) => on.to_string(),
        Raw::List(items) => format!("\"{}\"", items.join(",").escape_debug()),
        Raw::Other => "this kind of value".to_string(),
    };
    Flaw(format!("setting {} ({origin}): {shown} is not allowed; allowed: {}", setting.name, setting.allowed()))
}

/// Settings whose names hold no `__` are none of ours: front programs put things like
/// `CHATELAINE_PORT` into the environment of everything they start.
fn from_environment(environment: &[(String, String)]) -> Vec<Given> {
    let mut given: Vec<Given> = environment
        .iter()
        .filter_map(|(variable, value)| {
            let name = variable.strip_prefix(PREFIX).filter(|name| name.contains("__"))?;
            Some(Given {
                name: name.replace("__", ".").to_ascii_lowercase(),
                raw: Raw::Text(value.clone()),
                origin: Origin::Environment(variable.clone()),
            })
        })
        .collect();
    given.sort_by(|a, b| a.name.cmp(&b.name));
    given
}

fn from_file(path: &Path) -> Result<Vec<Given>, Flaw> {
    let unreadable =
        |cause: &dyn fmt::Display| Flaw(format!("settings file {} cannot be read: {cause}", path.display()));
    let meta = std::fs::metadata(path).map_err(|e| unreadable(&e))?;
    if !meta.is_file() || meta.len() > FILE_BYTES_MAX {
        return Err(unreadable(&"it is not a file of at most 1 MiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| unreadable(&e))?;
    let table = DeTable::parse(&text).map_err(|e| {
        let line = line_at(&text, e.span().map_or(0, |span| span.start));
        let cause = e.message().lines().collect::<Vec<_>>().join("; ");
        Flaw(format!("settings file {}:{line} is not valid TOML: {cause}", path.display()))
    })?;
    let mut given = Vec::new();
    collect(&mut given, "", table.get_ref(), &text, path);
    Ok(given)
}

/// Walks a table; nested tables become dotted names.
fn collect(given: &mut Vec<Given>, prefix: &str, part: &DeTable<'_>, text: &str, path: &Path) {
    for (key, value) in part {
        let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        if let DeValue::Table(inner) = value.get_ref() {
            // A table that holds no setting is unknown as a whole.
            if prefix.is_empty() || table::is_section(&name) {
                collect(given, &name, inner, text, path);
                continue;
            }
        }
        let origin = Origin::File(path.to_path_buf(), line_at(text, key.span().start));
        given.push(Given { name, raw: raw(value.get_ref()), origin });
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).map_or(Raw::Other, Raw::Integer)
        }
        DeValue::Boolean(on) => Raw::Flag(*on),
        DeValue::Array(items) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            })
            .collect::<Option<Vec<String>>>()
            .map_or(Raw::Other, Raw::List),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => Raw::Other,
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Rules that need two settings.
fn check_together(loaded: &Loaded) -> Vec<Flaw> {
    let config = &loaded.config;
    let mut flaws = Vec::new();
    let mut need = |holds: bool, name: &str, rule: &str| {
        if !holds {
            let resolved = loaded.resolved.iter().find(|resolved| resolved.setting.name == name);
            let origin = resolved.map_or(String::new(), |resolved| format!(" ({})", resolved.origin));
            flaws.push(Flaw(format!("setting {name}{origin}: {rule}")));
        }
    };
    let own_files = config.tls.mode == super::TlsMode::Files;
    need(
        !own_files || !config.tls.certificate.as_os_str().is_empty(),
        "tls.certificate",
        "tls.mode = \"files\" needs the path of a PEM file here",
    );
    need(
        !own_files || !config.tls.key.as_os_str().is_empty(),
        "tls.key",
        "tls.mode = \"files\" needs the path of a PEM file here",
    );
    need(config.tls.renew_days < config.tls.leaf_days, "tls.renew_days", "must be less than tls.leaf_days");
    check_mail(&config.mail, &mut need);
    let oauth = &config.ourchat.oauth;
    let named = !oauth.client_id.is_empty() && !oauth.client_secret.reveal().is_empty();
    need(
        !oauth.enabled || named,
        "ourchat.oauth.enable",
        "needs ourchat.oauth.github_client_id and ourchat.oauth.github_client_secret",
    );
    need(config.live.ping_s < config.live.silence_s, "live.ping_s", "must be less than live.silence_s");
    flaws
}

fn check_mail(mail: &super::Mail, need: &mut impl FnMut(bool, &str, &str)) {
    let (password, file) = (!mail.password.reveal().is_empty(), !mail.password_file.as_os_str().is_empty());
    need(!mail.is_on() || !mail.from.is_empty(), "mail.from", "mail.server needs to know whom letters are from");
    need(!(password && file), "mail.password_file", "the password is given by mail.password already");
    need(mail.user.is_empty() || password || file, "mail.user", "needs mail.password or mail.password_file");
    need(!mail.user.is_empty() || !(password || file), "mail.user", "a password without a user is not sent anywhere");
    let readable = mail.security == super::Security::None && !mail.user.is_empty();
    let here = mail.server == "localhost" || mail.server.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    need(!readable || here, "mail.security", "a password goes to another machine only by starttls or tls");
}
