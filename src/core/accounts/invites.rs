//! Sign-up invitations: a token that lets so many people make an account until it lapses. Administrators make them.
//! Only a hash of the token is kept, so a lost one cannot be shown again; it is revoked and a new one made.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::ids::{AccountId, InviteId};
use crate::limits::{NOTE_CHARS_MAX, SIGN_UP_INVITE_LIFE_MAX_S, SIGN_UP_INVITE_LIFE_S, SIGN_UP_INVITES_MAX};
use crate::page::{Ask, Page};
use crate::schema::{SIGN_UP_INVITE_BY_ID, SIGN_UP_INVITE_BY_TOKEN, SIGN_UP_INVITES};
use crate::secrets::{self, Secret};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// An invitation as it is stored and listed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SignUpInvite {
    /// Its number.
    pub id: InviteId,
    /// For whom or what it is, in the maker's words.
    pub note: String,
    /// Who made it; none for the operator.
    pub by: Option<AccountId>,
    /// When it was made.
    pub created_at: Stamp,
    /// When it lapses.
    pub expires_at: Stamp,
    /// How many more people it lets in.
    pub uses_left: u32,
    /// How many it has let in.
    pub used: u32,
    hash: [u8; 32],
}

impl Row for SignUpInvite {}

/// What a new invitation is made of.
#[derive(Clone, Debug)]
pub struct NewSignUpInvite {
    /// Seconds until it lapses; a week if not given.
    pub life_s: Option<u64>,
    /// How many people it lets in.
    pub uses: u32,
    /// For whom or what it is.
    pub note: String,
}

/// A new invitation with its token, which is shown this once.
#[derive(Clone, Debug)]
pub struct MadeSignUpInvite {
    /// The invitation.
    pub invite: SignUpInvite,
    /// What the invited person types.
    pub token: Secret<String>,
}

/// Makes an invitation. Needs the permission to assign roles or to be the operator, since it lets people in.
pub fn make(core: &Core, caller: &Caller, new: NewSignUpInvite) -> Result<MadeSignUpInvite> {
    let now = core.now();
    let life_s = new.life_s.unwrap_or(SIGN_UP_INVITE_LIFE_S);
    if life_s == 0 || life_s > SIGN_UP_INVITE_LIFE_MAX_S {
        return Err(Error::Invalid(Field::Duration, Flaw::Range));
    }
    if new.uses == 0 {
        return Err(Error::Invalid(Field::Uses, Flaw::Range));
    }
    if new.note.chars().count() > NOTE_CHARS_MAX {
        return Err(Error::Invalid(Field::Note, Flaw::TooLong));
    }
    let token = Secret::new(secrets::random_alphanumerics(20));
    let hash = core.keys().token_hash(token.reveal());
    let caller_again = caller.clone();
    let invite = core.write(caller, move |tx| {
        require_may_invite(tx, &caller_again)?;
        forget_lapsed(tx, now)?;
        if SIGN_UP_INVITE_BY_ID.count(tx, &(), SIGN_UP_INVITES_MAX)? >= SIGN_UP_INVITES_MAX {
            return Err(Error::OverLimit(Limit::Invites));
        }
        let invite = SignUpInvite {
            id: InviteId::new(tx.count_up(&SIGN_UP_INVITES)?),
            note: new.note.clone(),
            by: caller_again.account_id(),
            created_at: now,
            expires_at: now.plus_seconds(life_s),
            uses_left: new.uses,
            used: 0,
            hash,
        };
        SIGN_UP_INVITE_BY_ID.put(tx, &invite.id, &invite)?;
        SIGN_UP_INVITE_BY_TOKEN.put(tx, &hash, &invite.id)?;
        let target = format!("sign-up invite {}", invite.id);
        audit::record(tx, now, &caller_again, Verb::SignUpInviteMade, &target, "")?;
        Ok(invite)
    })?;
    Ok(MadeSignUpInvite { invite, token })
}

/// Lists invitations, newest first, lapsed ones included until they are swept away.
pub fn list(core: &Core, caller: &Caller, ask: Ask<InviteId>) -> Result<Page<SignUpInvite, InviteId>> {
    core.read(|view| {
        require_may_invite(view, caller)?;
        let wanted = ask.items();
        let rows = SIGN_UP_INVITE_BY_ID.list(view, &(), ask.after.as_ref(), Order::Descending, wanted + 1)?;
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Page::of(rows, wanted, |row: &SignUpInvite| row.id))
    })
}

/// Takes an invitation back. Fails with `NotFound(SignUpInvite)`.
pub fn revoke(core: &Core, caller: &Caller, id: InviteId) -> Result<()> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        require_may_invite(tx, &caller_again)?;
        let invite = SIGN_UP_INVITE_BY_ID.get(tx, &id)?.ok_or(Error::NotFound(Thing::SignUpInvite))?;
        remove(tx, &invite)?;
        let target = format!("sign-up invite {id}");
        audit::record(tx, now, &caller_again, Verb::SignUpInviteRevoked, &target, "")
    })
}

fn require_may_invite(r: &impl Read, caller: &Caller) -> Result<()> {
    server_roles::require(r, caller, ServerPermission::BanUser)
}

/// Passes while the invitation lets somebody in. Fails with `Refused(InviteNeeded)` if there is none, `Refused(Expired)` if it is used up.
pub(crate) fn require_usable(r: &impl Read, hash: &[u8; 32], now: Stamp) -> Result<()> {
    find(r, hash)?.map_or(Err(Error::Refused(Reason::InviteNeeded)), |invite| {
        if invite.uses_left == 0 || invite.expires_at <= now { Err(Error::Refused(Reason::Expired)) } else { Ok(()) }
    })
}

/// Counts one person let in. The caller has checked in the same transaction that the invitation is usable.
pub(crate) fn spend(tx: &mut Tx<'_>, hash: &[u8; 32], now: Stamp) -> Result<()> {
    require_usable(tx, hash, now)?;
    if let Some(mut invite) = find(tx, hash)? {
        invite.uses_left = invite.uses_left.saturating_sub(1);
        invite.used = invite.used.saturating_add(1);
        SIGN_UP_INVITE_BY_ID.put(tx, &invite.id, &invite)?;
    }
    Ok(())
}

fn find(r: &impl Read, hash: &[u8; 32]) -> Result<Option<SignUpInvite>> {
    match SIGN_UP_INVITE_BY_TOKEN.get(r, hash)? {
        Some(id) => Ok(SIGN_UP_INVITE_BY_ID.get(r, &id)?),
        None => Ok(None),
    }
}

fn remove(tx: &mut Tx<'_>, invite: &SignUpInvite) -> Result<()> {
    SIGN_UP_INVITE_BY_TOKEN.remove(tx, &invite.hash)?;
    Ok(SIGN_UP_INVITE_BY_ID.remove(tx, &invite.id)?)
}

fn forget_lapsed(tx: &mut Tx<'_>, now: Stamp) -> Result<()> {
    for (_, invite) in SIGN_UP_INVITE_BY_ID.list(tx, &(), None, Order::Ascending, SIGN_UP_INVITES_MAX)? {
        if invite.expires_at <= now || invite.uses_left == 0 {
            remove(tx, &invite)?;
        }
    }
    Ok(())
}
