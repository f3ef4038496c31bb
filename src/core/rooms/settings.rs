//! How a room is set up. Each field asks for its own permission: title, description, picture, encryption; how the room is
//! entered, used and found goes with the title, because both protocols with such options give them to whoever may rename it.

use chatelaine_store::{Newest, Read};

use crate::accounts::picture::{self, PictureKey, Shown};
use crate::accounts::{fold, require_picture};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Result};
use crate::event::{Audience, What};
use crate::ids::{FileId, RoomId};
use crate::roles::{self, Acting, Permission};
use crate::rooms::room::{JoinRule, RoomKind, RoomOptions, RoomRow, checked_description, checked_title};
use crate::rooms::views::RoomView;
use crate::rooms::{keys, mine};
use crate::schema::{LISTED_ROOMS, PICTURE_KEY_BY_ROOM, ROOM_BY_ID};
use crate::{Core, Tx, event_log};

/// What is to change about a room; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct RoomChange {
    /// Another title.
    pub title: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another picture, or none.
    pub avatar: Option<Option<FileId>>,
    /// Another picture by the key of a protocol; the former one goes if it is the caller's own. Comes before `avatar`.
    pub picture: Option<PictureKey>,
    /// Another way in.
    pub join_rule: Option<JoinRule>,
    /// Other rules for plain members, and whether a search finds the room.
    pub options: Option<RoomOptions>,
    /// Whether end-to-end encrypted texts may be sent.
    pub encrypted: Option<bool>,
}

impl RoomChange {
    /// The permissions it takes, in the order in which their lack is reported.
    fn needs(&self) -> impl Iterator<Item = Permission> {
        let ways = self.join_rule.is_some() || self.options.is_some();
        [
            (self.title.is_some() || ways, Permission::SetTitle),
            (self.description.is_some(), Permission::SetDescription),
            (self.avatar.is_some() || self.picture.is_some(), Permission::SetAvatar),
            (self.encrypted.is_some(), Permission::Encrypt),
        ]
        .into_iter()
        .filter_map(|(asked, permission)| asked.then_some(permission))
    }

    fn checked(mut self) -> Result<Self> {
        self.title = self.title.as_deref().map(checked_title).transpose()?;
        self.description = self.description.map(checked_description).transpose()?;
        Ok(self)
    }

    fn apply(&self, row: &mut RoomRow) -> Result<()> {
        if row.kind == RoomKind::Private && (self.join_rule.is_some() || self.options.is_some()) {
            // A private room stays between its two, whatever its members are.
            return Err(Error::Invalid(Field::Room, Flaw::Mismatch));
        }
        row.title = self.title.clone().unwrap_or_else(|| std::mem::take(&mut row.title));
        row.description = self.description.clone().unwrap_or_else(|| std::mem::take(&mut row.description));
        row.join_rule = self.join_rule.unwrap_or(row.join_rule);
        row.options = self.options.unwrap_or(row.options);
        row.encrypted = self.encrypted.unwrap_or(row.encrypted);
        Ok(())
    }
}

/// Changes a room, all or nothing. Fails with `Denied` for the first field whose permission is missing, in the order title
/// and options, description, picture, encryption; with `NotFound(File)` for a picture that is none of the caller's own.
/// Without any field it does nothing.
pub fn change(core: &Core, caller: &Caller, room: RoomId, change: RoomChange) -> Result<RoomView> {
    let change = change.checked()?;
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let Acting { mut row, permissions, .. } = roles::require_seen(tx, &settings, &who, room)?;
        if let Some(missing) = change.needs().find(|permission| !permissions.has(*permission)) {
            return Err(missing.denied());
        }
        let before = row.clone();
        change.apply(&mut row)?;
        let other_key = show_picture(tx, &who, (room, &mut row), &change)?;
        if row != before || other_key {
            row.updated_at = now;
            put(tx, room, &row)?;
            if row.encrypted && !before.encrypted {
                keys::note_switched_on(tx, room)?;
            }
            event_log::record(tx, now, Audience::room(room), What::RoomChanged { room })?;
            audit::record(tx, now, &who, Verb::RoomChanged, &format!("room {room}"), "")?;
        }
        mine::room_view(tx, room)
    })
}

/// Puts the picture in its place; says whether a key in place of it is another one now.
fn show_picture(tx: &mut Tx<'_>, who: &Caller, of: (RoomId, &mut RoomRow), change: &RoomChange) -> Result<bool> {
    let (room, row) = of;
    let shown = match (&change.picture, change.avatar) {
        (Some(picture), _) => picture::show(tx, who.require_account()?, row.avatar, picture)?,
        (None, Some(avatar)) => {
            if let Some(picture) = avatar.filter(|_| avatar != row.avatar) {
                require_picture(tx, who.require_account()?, picture)?;
            }
            Shown { file: avatar, key: None }
        }
        (None, None) => return Ok(false),
    };
    row.avatar = shown.file;
    picture::keep_key(tx, &PICTURE_KEY_BY_ROOM, &room, shown.key.as_ref())
}

/// The key that a room has in place of a picture.
pub fn picture_key(r: &impl Read, room: RoomId) -> Result<Option<String>> {
    Ok(PICTURE_KEY_BY_ROOM.get(r, &room)?)
}

fn put(tx: &mut Tx<'_>, room: RoomId, row: &RoomRow) -> Result<()> {
    ROOM_BY_ID.put(tx, &room, row)?;
    if row.options.listed {
        LISTED_ROOMS.put(tx, &Newest(room), &fold(&row.title))?;
    } else {
        LISTED_ROOMS.remove(tx, &Newest(room))?;
    }
    Ok(())
}
