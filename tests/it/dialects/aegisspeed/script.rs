//! Stories: requests and their whole answers, byte by byte, so that the order of members shows.
//!
//! A story is a file in `stories/`, a step a line; its transcript is a golden file. Steps:
//!
//! ```text
//! # words                              are copied
//! - GET /test/check_server_state       a request without a token; ann in place of the - sends ann's
//! - POST /user/... {..} -> ann mark=mark_id   keeps the token of the answer as ann's, and a member of its data as $mark
//! with "Bearer x" GET /user/...        a request with this authorization header
//! wind 60                              sixty seconds pass
//! set aegis.enabled false              the operator changes a setting; `reset aegis.enabled` takes it back
//! role ann asac report_checks          the operator makes a role with permissions, unless it is there, and gives it to $ann
//! head ann lead manage_machines        as `role`, over the members of $ann's own organisation alone
//! member ann Lab                       the operator puts $ann into an organisation; `member ann` takes $ann out
//! ban 1 cheated                        the operator bans the machine of this number
//! alerts                               what those hear who look after machines, newest first
//! ```
//!
//! `$name` stands for what was kept: beside a token the number of its account. Times are the same in every run, because the
//! clock is wound by hand; tokens are masked.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use chatelaine_core::ids::{AccountId, MachineId};
use chatelaine_core::machines::alerts::{self, Raised};
use chatelaine_core::machines::bans;
use chatelaine_core::server_roles::{self, NewServerRole, Scope, ServerPermission, ServerPermissions};
use chatelaine_core::{Ask as PageAsk, Caller, Until, organisations, settings};
use serde_json::Value;

use crate::client::{Answer, Ask};
use crate::golden;
use crate::world::World;

/// Headers that are part of the protocol's promises.
const HEADERS: [&str; 2] = ["allow", "retry-after"];

/// One story under way.
struct Script<'w> {
    world: &'w World,
    text: String,
    /// What `$name` stands for.
    known: HashMap<String, String>,
    tokens: HashMap<String, String>,
}

/// Plays a story and compares its transcript.
pub fn play(world: &World, name: &str, story: &str) {
    let mut script = Script { world, text: String::new(), known: HashMap::new(), tokens: HashMap::new() };
    for line in story.lines().filter(|line| !line.is_empty()) {
        script.step(line);
    }
    golden::check(&format!("transcripts/aegisspeed/{name}.txt"), &script.text);
}

impl Script<'_> {
    fn step(&mut self, line: &str) {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match first {
            "#" => writeln!(self.text, "{}{line}", if self.text.is_empty() { "" } else { "\n" }).expect("text grows"),
            "wind" => {
                self.world.clock.wind(Duration::from_secs(rest.parse().expect("seconds")));
                self.write(">", line);
            }
            "set" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                settings::set(&self.world.core, &Caller::operator(), name, value).expect("a setting");
                self.write(">", line);
            }
            "reset" => {
                settings::reset(&self.world.core, &Caller::operator(), rest).expect("a setting");
                self.write(">", line);
            }
            "role" => {
                self.role(rest, Scope::Everybody);
                self.write(">", line);
            }
            "head" => {
                self.role(rest, Scope::OwnOrganisation);
                self.write(">", line);
            }
            "member" => {
                self.member(rest);
                self.write(">", line);
            }
            "ban" => {
                let (machine, reason) = rest.split_once(' ').expect("a machine and a reason");
                let machine = MachineId::new(machine.parse().expect("a number"));
                bans::ban(&self.world.core, &Caller::operator(), machine, (Until::Forever, reason)).expect("a ban");
                self.write(">", line);
            }
            "alerts" => {
                self.write(">", line);
                let alerts = alerts::list(&self.world.core, &Caller::operator(), PageAsk::default()).expect("alerts");
                for Raised { row, .. } in alerts.items {
                    let with =
                        row.alert.other.map(|(account, machine)| format!(", machine {machine} of account {account}"));
                    let said =
                        format!("{} account {}{}", row.alert.kind.name(), row.alert.account, with.unwrap_or_default());
                    self.write("<", &said);
                }
            }
            "with" => {
                let (header, call) = rest.trim_start_matches('"').split_once("\" ").expect("a header in quotes");
                let header = self.filled(header);
                self.call(&format!("with {header:?}"), Some(&header), call);
            }
            who => {
                let header = self.tokens.get(who).map(|token| format!("Bearer {token}"));
                assert!(who == "-" || header.is_some(), "{who} has no token");
                self.call(who, header.as_deref(), rest);
            }
        }
    }

    fn member(&self, words: &str) {
        let (who, name) = words.split_once(' ').map_or((words, None), |(who, name)| (who, Some(name)));
        organisations::set(&self.world.core, &Caller::operator(), self.account(who), name).expect("a member");
    }

    fn account(&self, who: &str) -> AccountId {
        AccountId::new(self.known[who].parse().expect("a number"))
    }

    fn role(&self, words: &str, scope: Scope) {
        let mut words = words.split(' ');
        let (who, name) = (words.next().expect("somebody"), words.next().expect("a role"));
        let id = self.account(who);
        let (core, operator) = (&self.world.core, Caller::operator());
        let permissions: Vec<_> =
            words.map(|word| ServerPermission::find_by_name(word).expect("a permission")).collect();
        let role = server_roles::find_by_name(core, &operator, name).unwrap_or_else(|_| {
            let permissions = ServerPermissions::of(&permissions);
            let new = NewServerRole { name: name.to_owned(), description: String::new(), permissions, scope };
            server_roles::make(core, &operator, new).expect("a role")
        });
        server_roles::grant(core, &operator, id, role.id).expect("the role is given");
    }

    fn call(&mut self, who: &str, header: Option<&str>, call: &str) {
        let (call, keeps) = call.rsplit_once(" -> ").map_or((call, ""), |(call, keeps)| (call, keeps));
        let call = self.filled(call);
        let (method, rest) = call.split_once(' ').expect("a method and a path");
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut ask = Ask::new(method, path).raw(body.as_bytes());
        if let Some(header) = header {
            ask = ask.header("authorization", header);
        }
        let shown = if call.len() <= 900 { call.clone() } else { format!("{method} {path} ({} bytes)", body.len()) };
        self.write(">", &format!("{who} {shown}"));
        let answer = ask.send(self.world.address);
        self.write_answer(&answer);
        self.keep(&answer, keeps);
    }

    fn keep(&mut self, answer: &Answer, keeps: &str) {
        for keep in keeps.split(' ').filter(|keep| !keep.is_empty()) {
            let body = answer.json();
            match keep.split_once('=') {
                Some((name, member)) => {
                    let value = &body["data"][member];
                    assert!(!value.is_null(), "no {member} in {body}");
                    self.known.insert(name.to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                }
                None => {
                    let token = body["token"].as_str().filter(|token| !token.is_empty()).expect("a token").to_owned();
                    self.known.insert(keep.to_owned(), subject(&token));
                    self.tokens.insert(keep.to_owned(), token);
                }
            }
        }
    }

    fn filled(&self, text: &str) -> String {
        let mut names: Vec<_> = self.known.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), value))
    }

    fn write_answer(&mut self, answer: &Answer) {
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let headers = HEADERS.iter().filter_map(|name| answer.header(name).map(|value| format!(" {name}: {value}")));
        let line = format!("{}{}", answer.status, headers.collect::<String>());
        self.write("<", &line);
        let body = String::from_utf8(answer.body.clone()).expect("UTF-8");
        let json: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(json["status"], answer.status, "the body repeats the status");
        let shown = match json["token"].as_str() {
            Some(token) if !token.is_empty() => body.replace(token, "(token)"),
            _ => body,
        };
        self.write("<", &shown);
    }

    fn write(&mut self, mark: &str, text: &str) {
        let text = self
            .tokens
            .iter()
            .fold(text.to_owned(), |text, (name, token)| text.replace(token.as_str(), &format!("(token of {name})")));
        writeln!(self.text, "{mark} {text}").expect("text grows");
    }
}

/// The number in a token.
fn subject(token: &str) -> String {
    use base64::Engine as _;
    let claims = token.split('.').nth(1).expect("claims");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["sub"].as_str().expect("a number").to_owned()
}
