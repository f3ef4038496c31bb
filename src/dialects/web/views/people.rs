//! Accounts, logins and friends as our own API shows them.
//!
//! What others may see of an account (`Account`) and what its owner sees (`Me`) are two types, so that an address can
//! never slip into a list of members.

use std::collections::HashMap;

use chatelaine_core::accounts::{self, PublicAccount};
use chatelaine_core::caller::Caller;
use chatelaine_core::error::Result;
use chatelaine_core::event::Presence;
use chatelaine_core::friends::Standing;
use chatelaine_core::ids::AccountId;
use chatelaine_core::{Core, friends, logins, organisations, presence, server_roles};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::views::Time;

/// One's own account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// Number of the account.
    pub id: u64,
    /// Name by which others find the account.
    pub handle: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the address was confirmed.
    pub email_verified: bool,
    /// Name that others read.
    pub display_name: String,
    /// File number of the picture.
    pub avatar: Option<u64>,
    /// What the person is up to.
    pub status: String,
    /// About the person.
    pub bio: String,
    /// Preferred language as a BCP 47 tag.
    pub locale: String,
    /// Time zone by its IANA name.
    pub time_zone: String,
    /// Role on this server, if any.
    pub server_role: Option<u64>,
    /// Server permissions by name; empty for most.
    pub permissions: Vec<String>,
    /// Name of the organisation that the account belongs to.
    pub organisation: Option<String>,
    /// Server permissions that hold over the members of that organisation alone; empty for most.
    pub organisation_permissions: Vec<String>,
    /// When the account was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// An account as others see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Number of the account.
    pub id: u64,
    /// Name by which the account is found.
    pub handle: String,
    /// Name to show.
    pub display_name: String,
    /// File number of the picture.
    pub avatar: Option<u64>,
    /// What the person is up to.
    pub status: String,
    /// About the person.
    pub bio: String,
    /// Whether the person is there; `null` where the caller may not know.
    pub presence: Option<PresenceWord>,
    /// When the person was last here, where the caller may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Time>,
    /// How the caller stands to the account.
    pub friend: FriendWord,
    /// The caller's own name for a friend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceWord {
    /// Connected and active.
    Online,
    /// Connected, but not looking.
    Away,
    /// Not connected.
    Offline,
}

/// How the caller stands to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FriendWord {
    /// Not at all.
    None,
    /// It is the caller's own.
    Me,
    /// They are friends.
    Friend,
    /// The caller asked for friendship.
    Asked,
    /// The other asks the caller.
    Asks,
    /// The caller blocked the other.
    Blocked,
}

/// Who asked whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// They ask me.
    In,
    /// I asked them.
    Out,
}

/// The answer to a sign-in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Signed {
    /// Token for `Authorization: Bearer`; absent when the cookie carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Number of the login.
    pub login_id: u64,
    /// The account that signed in.
    pub account: Me,
}

/// One signed-in client.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Login {
    /// Number of the login.
    pub id: u64,
    /// By which door it came: `web`, `ourchat` and so on
    pub dialect: String,
    /// When it signed in.
    pub created_at: Time,
    /// When it was last used; exact to the hour.
    pub last_seen_at: Time,
    /// When it ends unless used.
    pub expires_at: Time,
    /// Network address it signed in from.
    pub address: Option<String>,
    /// What the client called itself.
    pub agent: String,
    /// Whether this request came by it.
    pub current: bool,
}

/// A friend.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Friend {
    /// Who it is.
    pub account: Account,
    /// The private room of the two, if it exists.
    pub room: Option<u64>,
    /// Friends since.
    pub since: Time,
}

/// A friend request, either way.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FriendRequest {
    /// The other person.
    pub account: Account,
    /// Who asked whom.
    pub direction: Direction,
    /// Words sent along.
    pub note: String,
    /// When it was sent.
    pub created_at: Time,
    /// When it lapses.
    pub expires_at: Time,
}

/// Somebody the caller blocked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// Who it is.
    pub account: Account,
    /// Since when.
    pub since: Time,
}

/// One's own account with the permissions of its server role.
pub fn me(core: &Core, account: accounts::Account) -> Result<Me> {
    let (power, organisation) = core.read(|view| -> Result<_> {
        Ok((server_roles::power_held(view, &account)?, organisations::whole_of(view, account.id)?))
    })?;
    let names = |held: server_roles::ServerPermissions| {
        held.list().into_iter().map(|permission| permission.name().to_owned()).collect()
    };
    let status = account.status_at(core.now()).to_owned();
    Ok(Me {
        id: account.id.get(),
        handle: account.handle.as_str().to_owned(),
        email: account.email.as_ref().map(|email| email.as_str().to_owned()),
        email_verified: account.email_verified_at.is_some(),
        display_name: account.display_name.as_str().to_owned(),
        avatar: account.avatar.map(|file| file.get()),
        status,
        bio: account.bio,
        locale: account.locale,
        time_zone: account.time_zone,
        server_role: account.server_role.map(|role| role.get()),
        permissions: names(power.over_everybody()),
        organisation: organisation.map(|one| one.row.name.as_str().to_owned()),
        organisation_permissions: names(power.over_members()),
        created_at: account.created_at.into(),
        updated_at: account.updated_at.into(),
    })
}

/// The answer to a sign-in, token included.
pub fn signed(core: &Core, account: accounts::Account, opened: logins::Opened) -> Result<Signed> {
    let token = Some(opened.token.reveal().clone());
    Ok(Signed { token, login_id: opened.login.id.get(), account: me(core, account)? })
}

/// A login; `current` when the caller came by it.
pub fn login(login: logins::Login, caller: &Caller) -> Login {
    Login {
        current: caller.login == Some(login.id),
        id: login.id.get(),
        dialect: login.dialect.name().to_owned(),
        created_at: login.created_at.into(),
        last_seen_at: login.last_seen_at.into(),
        expires_at: login.expires_at.into(),
        address: login.address.map(|address| address.to_string()),
        agent: login.agent,
    }
}

/// Accounts as one caller sees them, read in one go.
pub struct People(HashMap<AccountId, Account>);

impl People {
    /// Looks up all of these; whoever is gone is left out.
    pub fn look_up(core: &Core, caller: &Caller, ids: &[AccountId]) -> Result<People> {
        if ids.is_empty() {
            return Ok(People(HashMap::new()));
        }
        let found = accounts::get_public_many(core, caller, ids)?;
        Ok(People(found.into_iter().map(|row| (row.id, account(core, caller, row))).collect()))
    }

    /// One of them.
    pub fn find(&self, id: AccountId) -> Option<Account> {
        self.0.get(&id).cloned()
    }
}

/// An account as the caller sees it, with presence where the caller may know.
pub fn account(core: &Core, caller: &Caller, row: PublicAccount) -> Account {
    let seen = presence::look(core, caller, row.id).ok().flatten();
    Account {
        id: row.id.get(),
        handle: row.handle.as_str().to_owned(),
        display_name: row.display_name.as_str().to_owned(),
        avatar: row.avatar.map(|file| file.get()),
        status: row.status,
        bio: row.bio,
        presence: seen.as_ref().map(|seen| presence_word(seen.state)),
        last_seen_at: seen.and_then(|seen| seen.last_seen_at).map(Time::from),
        friend: standing(row.standing),
        alias: Some(row.alias).filter(|alias| !alias.is_empty()),
    }
}

fn presence_word(state: Presence) -> PresenceWord {
    match state {
        Presence::Online => PresenceWord::Online,
        Presence::Away => PresenceWord::Away,
        Presence::Offline => PresenceWord::Offline,
    }
}

fn standing(standing: Standing) -> FriendWord {
    match standing {
        Standing::Stranger => FriendWord::None,
        Standing::Oneself => FriendWord::Me,
        Standing::Friend => FriendWord::Friend,
        Standing::Asked => FriendWord::Asked,
        Standing::Asks => FriendWord::Asks,
        Standing::Blocked => FriendWord::Blocked,
    }
}

/// Friends with their accounts.
pub fn friends(core: &Core, caller: &Caller, rows: Vec<friends::FriendView>) -> Result<Vec<Friend>> {
    let ids: Vec<_> = rows.iter().map(|row| row.account).collect();
    let people = People::look_up(core, caller, &ids)?;
    let view = |row: friends::FriendView| {
        Some(Friend {
            account: people.find(row.account)?,
            room: row.room.map(|room| room.get()),
            since: row.since.into(),
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

/// Friend requests with the other person.
pub fn friend_requests(core: &Core, caller: &Caller, requests: friends::Requests) -> Result<Vec<FriendRequest>> {
    let incoming = requests.incoming.into_iter().map(|row| (row.from, Direction::In, row));
    let outgoing = requests.outgoing.into_iter().map(|row| (row.to, Direction::Out, row));
    let rows: Vec<_> = incoming.chain(outgoing).collect();
    let mut requests = Vec::with_capacity(rows.len());
    for part in rows.chunks(200) {
        let ids: Vec<_> = part.iter().map(|(other, _, _)| *other).collect();
        let people = People::look_up(core, caller, &ids)?;
        let view = |(other, direction, row): &(AccountId, Direction, friends::FriendRequest)| {
            Some(FriendRequest {
                account: people.find(*other)?,
                direction: *direction,
                note: row.note.clone(),
                created_at: row.at.into(),
                expires_at: row.expires_at.into(),
            })
        };
        requests.extend(part.iter().filter_map(view));
    }
    Ok(requests)
}
