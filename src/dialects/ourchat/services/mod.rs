//! The four services as tables of rpcs, and what every call goes through: who asks, the handler, the status of a refusal.

mod auth;
mod basic;
mod chat;
mod manage;

use std::pin::Pin;

use chatelaine_core::{Caller, Dialect};
use chatelaine_http::Peer;
use tonic::{Request, Response, Status};

pub(crate) use auth::Auth;
pub(crate) use basic::Basic;
pub(crate) use chat::Chat;
pub(crate) use manage::Manage;

use crate::ops::Op;
use crate::wire::{Fault, status};
use crate::{Ourchat, auth as tokens};

/// What an rpc answers.
pub(crate) type Reply<A> = Result<Response<A>, Status>;
/// What a server-streaming rpc answers with: boxed, so that each kind of stream is compiled once.
pub(crate) type Stream<A> = Pin<Box<dyn futures_util::Stream<Item = Result<A, Status>> + Send>>;

impl Ourchat {
    /// A call that needs no token.
    async fn anyone<Q, A, W>(&self, op: Op, request: Request<Q>, handler: fn(Ourchat, Caller, Q) -> W) -> Reply<A>
    where
        W: Future<Output = Result<A, Fault>> + Send,
    {
        let caller = stranger(&request);
        let answer = handler(self.clone(), caller, request.into_inner()).await;
        answer.map(Response::new).map_err(|fault| status(op, &fault))
    }

    /// A call that needs the token of a live account.
    async fn user<Q, A, W>(&self, op: Op, request: Request<Q>, handler: fn(Ourchat, Caller, Q) -> W) -> Reply<A>
    where
        W: Future<Output = Result<A, Fault>> + Send,
    {
        let caller = tokens::user(self, request.metadata(), stranger(&request)).map_err(|fault| status(op, &fault))?;
        let answer = handler(self.clone(), caller, request.into_inner()).await;
        answer.map(Response::new).map_err(|fault| status(op, &fault))
    }
}

/// Who calls, before anything is proved.
fn stranger<Q>(request: &Request<Q>) -> Caller {
    let caller = Caller::anonymous(Dialect::Ourchat);
    match request.extensions().get::<Peer>() {
        Some(peer) => caller.from_address(peer.address),
        None => caller,
    }
}
