//! What comes before a handler, in the order that the protocol's specification fixes: the whole dialect off, no such path or
//! method, the endpoint closed, too fast, no JSON. After that a handler looks at the token and then at the members in their
//! order, so that a closed endpoint reveals nothing and a stranger hears nothing about values.

use std::sync::Arc;

use actix_web::http::{Method, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chatelaine_core::accounts::{self, Named};
use chatelaine_core::ask::{ask, ask_hashing};
use chatelaine_core::error::{Error, SignInFlaw};
use chatelaine_core::machines::MachineCode;
use chatelaine_core::{Caller, Core, Dialect};
use chatelaine_http::{BodyFault, Peer};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::auth::{self, User};
use crate::ops::Op;
use crate::options::Options;
use crate::wire::{self, Fault, Member};
use crate::{Aegis, rules};

/// The longest body; everything in the protocol is far shorter.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Where everything is found a second time.
const ALIAS: &str = "/aegis";

/// One request on its way through a handler.
pub(crate) struct Call {
    pub(crate) at: Data<Aegis>,
    pub(crate) op: Op,
    pub(crate) options: Arc<Options>,
    peer: Peer,
    request: HttpRequest,
    body: Map<String, Value>,
}

/// Answers any request below the paths of the dialect.
pub(crate) async fn serve(at: Data<Aegis>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let options = at.options();
    let op = at.find(plain_path(request.path()));
    let reply = match enter(at, op, Arc::clone(&options), (request, payload)).await {
        Ok(call) => crate::run(call).await,
        Err(fault) => Err(fault),
    };
    wire::answer(op, reply, &options)
}

/// The path without the alias in front and the slash behind.
fn plain_path(path: &str) -> &str {
    let path = path.strip_prefix(ALIAS).filter(|rest| rest.starts_with('/')).unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path)
}

async fn enter(
    at: Data<Aegis>,
    op: Op,
    options: Arc<Options>,
    (request, payload): (HttpRequest, Payload),
) -> Result<Call, Fault> {
    if !options.enabled {
        return Err(Fault::Off);
    }
    if op == Op::Nowhere {
        return Err(Fault::NoPath);
    }
    if *request.method() != op.method() {
        return Err(Fault::Method);
    }
    if !at.is_open(op, &options) {
        return Err(Fault::Closed);
    }
    let peer = Peer::of(&request);
    at.count(op, peer.address)?;
    let body = if op.method() == Method::POST { read(&at, payload).await? } else { Map::new() };
    Ok(Call { at, op, options, peer, request, body })
}

/// The body as an object, whatever its media type says. Of a member that is given twice the last counts.
async fn read(at: &Aegis, payload: Payload) -> Result<Map<String, Value>, Fault> {
    let read = at.bodies().read(payload, BODY_BYTES_MAX).await;
    let (bytes, _held) = read.map_err(|fault| match fault {
        BodyFault::TooLarge => Fault::TooLarge,
        BodyFault::Broken | BodyFault::Slow => Fault::NotJson,
        BodyFault::Busy => Fault::Core(Error::Busy),
    })?;
    serde_json::from_slice(&bytes).map_err(|_| Fault::NotJson)
}

impl Call {
    /// Somebody who has not shown who he is.
    pub(crate) fn stranger(&self) -> Caller {
        Caller::anonymous(Dialect::Aegisspeed).from_address(self.peer.address)
    }

    /// Who shows a good token.
    pub(crate) fn user(&self) -> Result<User, Fault> {
        let user = self.shown()?;
        self.at.count_account(user.account.id)?;
        Ok(user)
    }

    /// Who shows a good token, where none is asked for: a bad one is like none, and what it is shown for has its own count.
    pub(crate) fn user_if_any(&self) -> Result<Option<User>, Fault> {
        match self.shown() {
            Ok(user) => Ok(Some(user)),
            Err(Fault::Token) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn shown(&self) -> Result<User, Fault> {
        let header = self.request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        auth::user(self.at.core(), header, self.stranger())
    }

    /// Who shows a good token of a login as administrator.
    pub(crate) fn administrator(&self) -> Result<User, Fault> {
        let user = self.user()?;
        if user.admin { Ok(user) } else { Err(Fault::Role) }
    }

    /// A member that is text.
    pub(crate) fn text(&self, member: Member) -> Option<&str> {
        self.body.get(member.name()).and_then(Value::as_str)
    }

    /// A member that must be there and keep its rule.
    pub(crate) fn need<T>(&self, member: Member, rule: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
        self.text(member).and_then(rule).ok_or(Fault::Bad(member))
    }

    /// A member that may be missing; as nothing else of its kind, null is like missing.
    pub(crate) fn may<T>(&self, member: Member, rule: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Fault> {
        match self.body.get(member.name()) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.need(member, rule).map(Some),
        }
    }

    /// The identity number of the body.
    pub(crate) fn identity(&self) -> Result<String, Fault> {
        let today = self.at.zones().day(self.options.time_zone, self.at.core().now());
        self.need(Member::UserId, |text| rules::identity(text, today))
    }

    /// The machine code of the body.
    pub(crate) fn machine_code(&self) -> Result<MachineCode, Fault> {
        self.need(Member::MachineCode, |text| MachineCode::new(text).ok())
    }

    /// A member that is a whole number, or text of its digits.
    pub(crate) fn number(&self, member: Member) -> Option<u64> {
        let value = self.body.get(member.name())?;
        value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// A count in the query: `usual` where none is given, from 1 to `most`.
    pub(crate) fn count(&self, name: &str, usual: usize, most: usize) -> Option<usize> {
        let Some(text) = self.query(name) else { return Some(usual) };
        text.parse().ok().filter(|count| (1..=most).contains(count))
    }

    /// A value of the query, decoded; of several the last.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let pairs = self.request.query_string().split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next_back()?;
        percent_decode_str(value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    }

    /// Runs an operation.
    pub(crate) async fn ask<R, F>(&self, operation: F) -> Result<R, Fault>
    where
        R: Send + 'static,
        F: FnOnce(&Core) -> chatelaine_core::Result<R> + Send + 'static,
    {
        Ok(ask(self.at.core(), operation).await?)
    }

    /// Runs an operation that hashes a password, and counts against the address what failed.
    pub(crate) async fn prove<R, F>(&self, operation: F) -> Result<R, Fault>
    where
        R: Send + 'static,
        F: FnOnce(&Core) -> chatelaine_core::Result<R> + Send + 'static,
    {
        let answer = ask_hashing(self.at.core(), operation).await;
        if let Err(Error::SignIn(SignInFlaw::UnknownAccount | SignInFlaw::WrongPassword | SignInFlaw::NoPassword)) =
            &answer
        {
            self.count_against_address();
        }
        Ok(answer?)
    }

    /// Counts that this address guessed wrong, or made an account.
    pub(crate) fn count_against_address(&self) {
        self.at.rates().sign_in_failed(self.peer.address);
    }

    /// Lets pass what is not asked too often under one name, from wherever it comes.
    pub(crate) fn slow_enough_for(&self, named: &Named) -> Result<(), Fault> {
        Ok(self.at.rates().sign_in_name(accounts::tries_key(self.at.core(), named))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_below_the_alias_and_with_a_slash_behind() {
        for path in ["/a/b", "/a/b/", "/aegis/a/b", "/aegis/a/b/"] {
            assert_eq!(plain_path(path), "/a/b");
        }
        assert_eq!(plain_path("/aegisa/b"), "/aegisa/b");
        assert_eq!(plain_path("/A/b//"), "/A/b/");
    }
}
