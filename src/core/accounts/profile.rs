//! What people see and change of accounts: their own in full, others' public side. A change of what others can see is told
//! to friends and to the members of common rooms; who is away sees it when looking next.

use chatelaine_store::{Read, Topic};

use super::account::{
    self, Account, DisplayName, Email, Handle, check_bio, check_locale, check_status, check_time_zone,
};
use super::index;
use super::picture::{self, PictureKey, Shown};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::event::{Audience, What, account_topic, room_topic};
use crate::event_log;
use crate::files;
use crate::friends::{self, Standing};
use crate::ids::{AccountId, FileId};
use crate::limits::{AUDIENCE_NEARBY_MAX, FACES_PER_TICK, PAGE_ITEMS_MAX, STATUS_LIFE_S};
use crate::rooms;
use crate::schema::{ACCOUNT_BY_ID, PICTURE_KEY_BY_ACCOUNT};
use crate::{Core, Tx};

/// What one person sees of another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicAccount {
    /// Its number.
    pub id: AccountId,
    /// Its unique short name.
    pub handle: Handle,
    /// The name shown.
    pub display_name: DisplayName,
    /// The picture shown.
    pub avatar: Option<FileId>,
    /// The status text that holds now; blank when none.
    pub status: String,
    /// The text about oneself.
    pub bio: String,
    /// Whether it was closed.
    pub closed: bool,
    /// When it was made.
    pub created_at: Stamp,
    /// When any of this last changed.
    pub public_updated_at: Stamp,
    /// How the two stand to each other.
    pub standing: Standing,
    /// The caller's private name for it; blank when none.
    pub alias: String,
}

/// Which parts of one's account change; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// Another handle.
    pub handle: Option<Handle>,
    /// Another e-mail address, or none; a new one is not verified.
    pub email: Option<Option<Email>>,
    /// Another name shown.
    pub display_name: Option<DisplayName>,
    /// Another picture, or none.
    pub avatar: Option<Option<FileId>>,
    /// Another picture by the key of a protocol; the former one goes if it is the account's own. Comes before `avatar`.
    pub picture: Option<PictureKey>,
    /// Another status text; blank for none. It is forgotten after a day, unless told otherwise.
    pub status: Option<String>,
    /// After how many seconds that text is forgotten.
    pub status_life_s: Option<u64>,
    /// Another text about oneself.
    pub bio: Option<String>,
    /// Another language.
    pub locale: Option<String>,
    /// Another time zone.
    pub time_zone: Option<String>,
}

/// The caller's own account.
pub fn get_me(core: &Core, caller: &Caller) -> Result<Account> {
    let id = caller.require_account()?;
    core.read(|view| account::get(view, id))
}

/// What the caller sees of an account. Fails with `NotFound(Account)`.
pub fn get_public(core: &Core, caller: &Caller, id: AccountId) -> Result<PublicAccount> {
    let me = caller.require_account()?;
    let now = core.now();
    core.read(|view| public_view(view, me, account::get(view, id)?, now))
}

/// As [`get_public`], for at most a page of accounts at once; those that do not exist are left out.
pub fn get_public_many(core: &Core, caller: &Caller, ids: &[AccountId]) -> Result<Vec<PublicAccount>> {
    let me = caller.require_account()?;
    if ids.len() > PAGE_ITEMS_MAX {
        return Err(Error::Invalid(Field::Page, Flaw::Range));
    }
    let now = core.now();
    core.read(|view| {
        let mut seen = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(account) = ACCOUNT_BY_ID.get(view, id)? {
                seen.push(public_view(view, me, account, now)?);
            }
        }
        Ok(seen)
    })
}

pub(crate) fn public_view(r: &impl Read, me: AccountId, account: Account, now: Stamp) -> Result<PublicAccount> {
    Ok(PublicAccount {
        standing: friends::standing(r, me, account.id, now)?,
        alias: friends::find_alias(r, me, account.id)?,
        status: account.status_at(now).to_owned(),
        closed: account.is_closed(),
        id: account.id,
        handle: account.handle,
        display_name: account.display_name,
        avatar: account.avatar,
        bio: account.bio,
        created_at: account.created_at,
        public_updated_at: account.public_updated_at,
    })
}

/// Changes the caller's own account, all of it or nothing. The caller's own clients hear it at once, others with the next tick.
/// Fails with `Taken(Handle)`, `Taken(Email)`, the flaw of a text, `NotFound(File)` for a picture that is none of one's own, or
/// `TooFast`.
pub fn change(core: &Core, caller: &Caller, change: AccountChange) -> Result<Account> {
    let id = caller.require_account()?;
    let change = checked(change)?;
    let now = core.now();
    core.faces().count(id, now)?;
    let (new, seen) = core.write(caller, move |tx| change_within(tx, now, id, &change))?;
    if seen {
        core.faces().changed(id, now);
    }
    Ok(new)
}

/// Changes an account by a checked change; says also whether others see it.
pub(super) fn change_within(
    tx: &mut Tx<'_>,
    now: Stamp,
    id: AccountId,
    change: &AccountChange,
) -> Result<(Account, bool)> {
    let old = account::get_open(tx, id)?;
    let mut new = changed(&old, change, now);
    // Names are asked for before anything of the pictures is touched.
    index::require_free(tx, &new)?;
    let other_key = show_picture(tx, (&old, &mut new), change)?;
    let is_same = new == old && !other_key;
    new.updated_at = now;
    if is_same {
        // Nobody need look again, but the owner asked for a change and it was made.
        ACCOUNT_BY_ID.put(tx, &id, &new)?;
        return Ok((new, false));
    }
    let seen = is_seen(&old, &new) || other_key;
    if seen {
        new.public_updated_at = now;
    }
    index::replace(tx, &old, &new)?;
    event_log::record(tx, now, Audience::account(id), What::AccountChanged { account: id })?;
    Ok((new, seen))
}

/// Puts the picture in its place; says whether a key in place of it is another one now.
fn show_picture(tx: &mut Tx<'_>, of: (&Account, &mut Account), change: &AccountChange) -> Result<bool> {
    let (old, new) = of;
    let shown = match (&change.picture, change.avatar) {
        (Some(picture), _) => picture::show(tx, old.id, old.avatar, picture)?,
        (None, Some(avatar)) => {
            if let Some(picture) = avatar {
                require_picture(tx, old.id, picture)?;
            }
            Shown { file: avatar, key: None }
        }
        (None, None) => return Ok(false),
    };
    new.avatar = shown.file;
    picture::keep_key(tx, &PICTURE_KEY_BY_ACCOUNT, &old.id, shown.key.as_ref())
}

/// Tells others of the profiles that changed since the last call, each once however often it changed; says of how many.
/// Called every second by the timetable.
pub fn tell_changes(core: &Core) -> Result<usize> {
    let now = core.now();
    let due = core.faces().take_due(now, FACES_PER_TICK);
    for (told, account) in due.iter().enumerate() {
        let account = *account;
        let telling = core.write(&Caller::system(), move |tx| {
            let audience = Audience::default().and_nearby(circle(tx, account)?);
            event_log::record(tx, now, audience, What::AccountChanged { account }).map(|_| ())
        });
        if let Err(failed) = telling {
            // Nobody may be left with an old name: the next tick tries again.
            due.iter().skip(told).for_each(|account| core.faces().changed(*account, now));
            return Err(failed);
        }
    }
    Ok(due.len())
}

/// A picture is a file of one's own that was sent as one: others can see those, and no other file by mistake.
/// Fails with `NotFound(File)`.
pub(crate) fn require_picture(r: &impl Read, owner: AccountId, picture: FileId) -> Result<()> {
    let file = files::require(r, owner, picture)?;
    if file.owner == owner && file.purpose == files::Purpose::Avatar {
        Ok(())
    } else {
        Err(Error::NotFound(Thing::File))
    }
}

fn checked(mut change: AccountChange) -> Result<AccountChange> {
    change.status = change.status.as_deref().map(check_status).transpose()?;
    change.bio = change.bio.as_deref().map(check_bio).transpose()?;
    change.locale = change.locale.as_deref().map(check_locale).transpose()?;
    change.time_zone = change.time_zone.as_deref().map(check_time_zone).transpose()?;
    Ok(change)
}

fn changed(old: &Account, change: &AccountChange, now: Stamp) -> Account {
    let mut new = old.clone();
    let change = change.clone();
    new.handle = change.handle.unwrap_or(new.handle);
    if let Some(email) = change.email {
        let same = email.as_ref().map(Email::folded) == old.email.as_ref().map(Email::folded);
        new.email_verified_at = new.email_verified_at.filter(|_| same);
        new.email = email;
    }
    new.display_name = change.display_name.unwrap_or(new.display_name);
    if let Some(status) = change.status {
        let life_s = change.status_life_s.unwrap_or(STATUS_LIFE_S);
        new.status_until = (!status.is_empty()).then(|| now.plus_seconds(life_s));
        new.status = status;
    }
    new.bio = change.bio.unwrap_or(new.bio);
    new.locale = change.locale.unwrap_or(new.locale);
    new.time_zone = change.time_zone.unwrap_or(new.time_zone);
    new
}

fn is_seen(old: &Account, new: &Account) -> bool {
    old.handle != new.handle
        || old.display_name != new.display_name
        || old.avatar != new.avatar
        || old.status != new.status
        || old.bio != new.bio
}

/// Tells friends and the members of common rooms that an account looks different now.
pub(crate) fn announce(tx: &mut Tx<'_>, now: Stamp, account: AccountId) -> Result<()> {
    let audience = Audience::account(account).and_nearby(circle(tx, account)?);
    event_log::record(tx, now, audience, What::AccountChanged { account }).map(|_| ())
}

/// The circles in which an account is seen: its friends and its rooms. Of very many the first are told; the rest look again anyway.
pub fn circle(r: &impl Read, account: AccountId) -> Result<Vec<Topic>> {
    let rooms = rooms::members::rooms_of(r, account)?.into_iter().map(room_topic);
    let friends = friends::ids_of(r, account)?.into_iter().map(account_topic);
    Ok(rooms.chain(friends).take(AUDIENCE_NEARBY_MAX).collect())
}

/// Marks that something of the account changed that only its owner sees: friends, rooms, settings.
pub(crate) fn touch(tx: &mut Tx<'_>, id: AccountId, now: Stamp) -> Result<()> {
    let Some(mut account) = ACCOUNT_BY_ID.get(tx, &id)? else { return Ok(()) };
    account.updated_at = now;
    Ok(ACCOUNT_BY_ID.put(tx, &id, &account)?)
}
