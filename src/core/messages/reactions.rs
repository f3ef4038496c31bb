//! Reactions: one of each kind per person and message, a bounded number of kinds. One small row per message holds the kinds,
//! their counts and the first few names, so that a page of history reads reactions in one range.

use chatelaine_store::{Order, Read};

use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Limit, Reason, Result};
use crate::event::{Audience, What};
use crate::ids::{AccountId, Offset, RoomId};
use crate::limits::{EMOJI_BYTES_MAX, REACTION_KINDS_MAX, REACTION_NAMES_MAX};
use crate::messages::history::require_row;
use crate::messages::message::{ReactionRow, ReactionsRow, emoji_key};
use crate::messages::send::require_may_send;
use crate::page::Done;
use crate::rooms::members;
use crate::schema::{REACTION_BY_ACCOUNT, REACTIONS_BY_PLACE};
use crate::{Core, Tx, event_log};

/// Adds a reaction of the caller. Whoever may not send may not react either: a reaction is read like a word.
/// Fails with `Invalid(Emoji, ..)`, `NotFound(Message)`, `Refused(Recalled | Muted)`, `OverLimit(Reactions)`.
pub fn react(core: &Core, caller: &Caller, room: RoomId, offset: Offset, emoji: String) -> Result<Done> {
    let key = emoji_key(&emoji)?;
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        require_may_send(tx, now, &standing)?;
        if require_row(tx, room, offset)?.recalled.is_some() {
            return Err(Error::Refused(Reason::Recalled));
        }
        let account = standing.account;
        if REACTION_BY_ACCOUNT.has(tx, &(room, offset, key, account))? {
            return Ok(Done::AlreadySo);
        }
        let mut reactions = REACTIONS_BY_PLACE.get(tx, &(room, offset))?.unwrap_or_default();
        reactions.add(&emoji, account)?;
        REACTIONS_BY_PLACE.put(tx, &(room, offset), &reactions)?;
        REACTION_BY_ACCOUNT.put(tx, &(room, offset, key, account), &())?;
        let what = What::ReactionAdded { room, offset, account, emoji: emoji.clone() };
        event_log::record(tx, now, Audience::room(room), what)?;
        Ok(Done::Done)
    })
}

/// Takes a reaction of the caller back, if there is one.
pub fn unreact(core: &Core, caller: &Caller, room: RoomId, offset: Offset, emoji: String) -> Result<Done> {
    let key = emoji_key(&emoji)?;
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let account = members::require(tx, &settings, &who, room)?.account;
        require_row(tx, room, offset)?;
        if !REACTION_BY_ACCOUNT.has(tx, &(room, offset, key, account))? {
            return Ok(Done::AlreadySo);
        }
        REACTION_BY_ACCOUNT.remove(tx, &(room, offset, key, account))?;
        take_back(tx, (room, offset), (&emoji, &key), account)?;
        let what = What::ReactionRemoved { room, offset, account, emoji: emoji.clone() };
        event_log::record(tx, now, Audience::room(room), what)?;
        Ok(Done::Done)
    })
}

/// Takes every reaction of an account to one message back, and tells the room.
pub(super) fn remove_of(tx: &mut Tx<'_>, now: Stamp, place: (RoomId, Offset), account: AccountId) -> Result<()> {
    let (room, offset) = place;
    let kinds = REACTIONS_BY_PLACE.get(tx, &place)?.unwrap_or_default().list;
    for ReactionRow { emoji, .. } in kinds {
        let key = emoji_key(&emoji)?;
        if REACTION_BY_ACCOUNT.has(tx, &(room, offset, key, account))? {
            REACTION_BY_ACCOUNT.remove(tx, &(room, offset, key, account))?;
            take_back(tx, place, (&emoji, &key), account)?;
            let what = What::ReactionRemoved { room, offset, account, emoji };
            event_log::record(tx, now, Audience::room(room), what)?;
        }
    }
    Ok(())
}

/// Whether an account reacted to the message of this row.
pub(super) fn is_by(r: &impl Read, place: (RoomId, Offset), row: &ReactionsRow, account: AccountId) -> Result<bool> {
    for reaction in &row.list {
        let key = emoji_key(&reaction.emoji)?;
        if REACTION_BY_ACCOUNT.has(r, &(place.0, place.1, key, account))? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl ReactionsRow {
    fn add(&mut self, emoji: &str, account: AccountId) -> Result<()> {
        let kinds = self.list.len();
        match self.list.iter_mut().find(|reaction| reaction.emoji == emoji) {
            Some(reaction) => {
                reaction.count += 1;
                if reaction.accounts.len() < REACTION_NAMES_MAX {
                    reaction.accounts.push(account);
                }
            }
            None if kinds >= REACTION_KINDS_MAX => return Err(Error::OverLimit(Limit::Reactions)),
            None => self.list.push(ReactionRow { emoji: emoji.to_owned(), count: 1, accounts: vec![account] }),
        }
        Ok(())
    }
}

fn take_back(
    tx: &mut Tx<'_>,
    place: (RoomId, Offset),
    emoji: (&str, &[u8; EMOJI_BYTES_MAX]),
    account: AccountId,
) -> Result<()> {
    let mut reactions = REACTIONS_BY_PLACE.get(tx, &place)?.unwrap_or_default();
    if let Some(reaction) = reactions.list.iter_mut().find(|reaction| reaction.emoji == emoji.0) {
        reaction.count = reaction.count.saturating_sub(1);
        let was_named = reaction.accounts.contains(&account);
        reaction.accounts.retain(|named| *named != account);
        if was_named && reaction.accounts.len() < usize::try_from(reaction.count).unwrap_or(usize::MAX) {
            reaction.accounts = names(tx, place, emoji.1)?;
        }
    }
    reactions.list.retain(|reaction| reaction.count > 0);
    if reactions.list.is_empty() {
        REACTIONS_BY_PLACE.remove(tx, &place)?;
    } else {
        REACTIONS_BY_PLACE.put(tx, &place, &reactions)?;
    }
    Ok(())
}

fn names(r: &impl Read, place: (RoomId, Offset), key: &[u8; EMOJI_BYTES_MAX]) -> Result<Vec<AccountId>> {
    let prefix = (place.0, place.1, *key);
    let keys = REACTION_BY_ACCOUNT.keys(r, &prefix, None, Order::Ascending, REACTION_NAMES_MAX)?;
    Ok(keys.into_iter().map(|(_, _, _, account)| account).collect())
}
