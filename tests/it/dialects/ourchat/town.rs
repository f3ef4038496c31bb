//! People for tests of sessions and friends: each has a token of this protocol and one of our own API, so that what is done
//! in one tongue can be looked at in the other.

use chatelaine_core::ids::{AccountId, RoomId};
use chatelaine_core::server_roles::{self, NewServerRole, Scope, ServerPermission, ServerPermissions};
use chatelaine_core::{Caller, accounts};
use chatelaine_http::jwt::{self, Claims};
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::AcceptFriendInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::session::allow_user_join_session::v1::AllowUserJoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::{
    GetSessionInfoRequest, GetSessionInfoResponse, QueryValues,
};
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_role::v1::SetRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::v1::our_chat_service_client::OurChatServiceClient;
use chatelaine_ourchat_pb::service::server_manage::v1::server_manage_service_client::ServerManageServiceClient;
use serde_json::Value;
use tonic::Request;
use tonic::transport::Channel;

use super::harness::{Line, signed};
use crate::world::{Person, World};

/// A number that no account, session or role will ever have.
pub const NOBODY: u64 = u64::MAX;
/// A number that could be given and is not.
pub const LATER: u64 = 999_999;

/// A world and a line to it.
pub struct Town {
    pub world: World,
    line: Line,
}

/// Somebody in it.
#[derive(Clone)]
pub struct Citizen {
    pub id: u64,
    pub web: Person,
    line: Line,
    token: String,
}

impl Town {
    pub fn new() -> Town {
        Town::of(World::new())
    }

    /// In a world with settings of its own.
    pub fn of(world: World) -> Town {
        Town { line: Line::to(&world), world }
    }

    pub fn citizen(&self, name: &str) -> Citizen {
        let web = self.world.person(name);
        let account = self.world.core.read(|view| accounts::get(view, AccountId::new(web.id))).expect("an account");
        let key = self.world.core.keys().account_key(account.id, account.generation);
        let exp = u64::try_from(self.world.core.now().seconds()).expect("a time") + 100 * 86_400;
        let token = jwt::sign(&key, Claims { id: web.id, exp }).expect("a token");
        Citizen { id: web.id, web, line: self.line.clone(), token }
    }

    /// Three of them.
    pub fn three(&self) -> [Citizen; 3] {
        ["ann", "bob", "cid"].map(|name| self.citizen(name))
    }

    /// Somebody who looks after the whole server.
    pub fn administrator(&self, name: &str) -> Citizen {
        let one = self.citizen(name);
        let (account, role) = (AccountId::new(one.id), server_roles::ADMINISTRATOR);
        server_roles::grant(&self.world.core, &Caller::operator(), account, role).expect("a role");
        one
    }

    /// Somebody whose role on the server allows just this.
    pub fn holder(&self, name: &str, permissions: &[ServerPermission]) -> Citizen {
        let (one, operator) = (self.citizen(name), Caller::operator());
        let permissions = ServerPermissions::of(permissions);
        let new = NewServerRole {
            name: name.to_owned(),
            description: format!("as {name}"),
            permissions,
            scope: Scope::Everybody,
        };
        let role = server_roles::make(&self.world.core, &operator, new).expect("a role");
        server_roles::grant(&self.world.core, &operator, AccountId::new(one.id), role.id).expect("given");
        one
    }

    /// A session of the first with the others in it.
    pub async fn session(&self, owner: &Citizen, others: &[&Citizen]) -> u64 {
        let request = NewSessionRequest { name: Some("kitchen".to_owned()), ..NewSessionRequest::default() };
        let made = owner.chat().new_session(owner.ask(request)).await.expect("a session").into_inner();
        for other in others {
            owner.let_in(made.session_id, other).await;
        }
        made.session_id
    }

    /// Whether the room is still there.
    pub fn has_room(&self, session: u64) -> bool {
        let room = RoomId::new(session);
        self.world.core.read(|view| chatelaine_core::rooms::members::room_row(view, room)).is_ok()
    }
}

impl Citizen {
    pub fn chat(&self) -> OurChatServiceClient<Channel> {
        self.line.chat()
    }

    /// The token as a header has it.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    pub fn manage(&self) -> ServerManageServiceClient<Channel> {
        self.line.manage()
    }

    /// A request with the token.
    pub fn ask<Q>(&self, request: Q) -> Request<Q> {
        signed(&self.token, request)
    }

    /// Lets somebody in who need not have asked.
    pub async fn let_in(&self, session_id: u64, other: &Citizen) {
        let request = AllowUserJoinSessionRequest { session_id, user_id: other.id, accepted: true, room_key: None };
        self.chat().allow_user_join_session(self.ask(request)).await.expect("let in");
    }

    /// Gives a member a role.
    pub async fn give_role(&self, session_id: u64, other: &Citizen, role_id: u64) {
        let request = SetRoleRequest { session_id, role_id, member_id: other.id };
        self.chat().set_role(self.ask(request)).await.expect("the role");
    }

    /// Becomes friends with somebody; the session of the two.
    pub async fn befriend(&self, other: &Citizen) -> u64 {
        let request = AddFriendRequest { friend_id: other.id, leave_message: None, display_name: None };
        self.chat().add_friend(self.ask(request)).await.expect("asked");
        let request = AcceptFriendInvitationRequest { friend_id: self.id, status: 1, leave_message: None };
        let answer = other.chat().accept_friend_invitation(other.ask(request)).await.expect("friends");
        answer.into_inner().session_id.expect("a session")
    }

    /// What the server tells of a session.
    pub async fn info(&self, session_id: u64, values: &[QueryValues]) -> GetSessionInfoResponse {
        let query_values = values.iter().map(|value| i32::from(*value)).collect();
        let request = GetSessionInfoRequest { session_id, query_values };
        self.chat().get_session_info(self.ask(request)).await.expect("the facts").into_inner()
    }

    /// Who is in a session, as another member sees it.
    pub async fn members(&self, session: u64) -> Vec<u64> {
        self.info(session, &[QueryValues::Members]).await.members
    }

    /// The rooms that our own API lists for this person.
    pub fn rooms(&self) -> Vec<u64> {
        numbers(&self.web.get("/rooms").expect(200).json()["items"], |item| &item["room"]["id"])
    }

    /// The invitations that our own API lists: room and inviter.
    pub fn invites(&self) -> Vec<(u64, u64)> {
        let items = self.web.get("/invites").expect(200).json();
        let items = items["items"].as_array().expect("items").iter();
        items.map(|item| (number(&item["room"]), number(&item["inviter"]["id"]))).collect()
    }

    /// The status with which our own API takes a message.
    pub fn says(&self, session: u64, text: &str) -> u16 {
        self.web.post(&format!("/rooms/{session}/messages"), &serde_json::json!({ "text": text })).status
    }
}

/// One number out of each item of a list.
pub fn numbers(items: &Value, of: impl Fn(&Value) -> &Value) -> Vec<u64> {
    items.as_array().expect("items").iter().map(|item| number(of(item))).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}
