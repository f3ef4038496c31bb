//! Announcements: what the server says to everyone, now and to those who come later. They are kept in order and never changed.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::Core;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, AnnouncementId};
use crate::limits::{ANNOUNCEMENT_BYTES_MAX, ANNOUNCEMENT_TITLE_CHARS_MAX};
use crate::page::{Ask, Page};
use crate::schema::{ANNOUNCEMENT_BY_ID, ANNOUNCEMENTS, TITLE_BY_ANNOUNCEMENT};
use crate::server_roles::{self, ServerPermission};

/// One announcement as it is stored; its title is apart, for most have none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnnouncementRow {
    /// Its number.
    pub id: AnnouncementId,
    /// What is said.
    pub text: String,
    /// Who says it; none for the operator.
    pub by: Option<AccountId>,
    /// When.
    pub at: Stamp,
}

impl Row for AnnouncementRow {}

/// One announcement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Announcement {
    /// Its number.
    pub id: AnnouncementId,
    /// What stands above it; blank for none.
    pub title: String,
    /// What is said.
    pub text: String,
    /// Who says it; none for the operator.
    pub by: Option<AccountId>,
    /// When.
    pub at: Stamp,
}

impl AnnouncementRow {
    fn titled(self, r: &impl Read) -> Result<Announcement> {
        let AnnouncementRow { id, text, by, at } = self;
        let title = TITLE_BY_ANNOUNCEMENT.get(r, &id)?.unwrap_or_default();
        Ok(Announcement { id, title, text, by, at })
    }
}

/// Says something to everyone. Needs the permission to publish announcements. Fails with `Invalid(Text, ..)`.
pub fn publish(core: &Core, caller: &Caller, text: &str) -> Result<Announcement> {
    publish_titled(core, caller, "", text)
}

/// As [`publish`], with a title; one of the two may be blank. Fails with `Invalid(Title | Text, ..)`.
pub fn publish_titled(core: &Core, caller: &Caller, title: &str, text: &str) -> Result<Announcement> {
    core.read(|view| server_roles::require(view, caller, ServerPermission::PublishAnnouncement))?;
    let (title, text) = (title.trim().to_owned(), text.trim().to_owned());
    if title.is_empty() && text.is_empty() {
        return Err(Error::Invalid(Field::Text, Flaw::Empty));
    }
    if title.chars().count() > ANNOUNCEMENT_TITLE_CHARS_MAX {
        return Err(Error::Invalid(Field::Title, Flaw::TooLong));
    }
    if text.len() > ANNOUNCEMENT_BYTES_MAX {
        return Err(Error::Invalid(Field::Text, Flaw::TooLong));
    }
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::PublishAnnouncement)?;
        let id = AnnouncementId::new(tx.count_up(&ANNOUNCEMENTS)?);
        let at = event_log::record(tx, now, Audience::everyone(), What::Announcement { id })?.at;
        let row = AnnouncementRow { id, text: text.clone(), by: caller_again.account_id(), at };
        ANNOUNCEMENT_BY_ID.put(tx, &id, &row)?;
        if !title.is_empty() {
            TITLE_BY_ANNOUNCEMENT.put(tx, &id, &title)?;
        }
        audit::record(tx, now, &caller_again, Verb::Announced, &format!("announcement {id}"), "")?;
        row.titled(tx)
    })
}

/// One announcement, for who has signed in. Fails with `NotFound(Announcement)`.
pub fn get(core: &Core, caller: &Caller, id: AnnouncementId) -> Result<Announcement> {
    if !caller.is_operator() {
        caller.require_account()?;
    }
    core.read(|view| match ANNOUNCEMENT_BY_ID.get(view, &id)? {
        Some(row) => row.titled(view),
        None => Err(Error::NotFound(Thing::Announcement)),
    })
}

/// Lists announcements, newest first, for who has signed in.
pub fn list(core: &Core, caller: &Caller, ask: Ask<AnnouncementId>) -> Result<Page<Announcement, AnnouncementId>> {
    if !caller.is_operator() {
        caller.require_account()?;
    }
    core.read(|view| {
        let wanted = ask.items();
        let rows = ANNOUNCEMENT_BY_ID.list(view, &(), ask.after.as_ref(), Order::Descending, wanted + 1)?;
        let rows = rows.into_iter().map(|(_, row)| row.titled(view)).collect::<Result<Vec<_>>>()?;
        Ok(Page::of(rows, wanted, |row: &Announcement| row.id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Dialect;
    use crate::error::Right;
    use crate::event_log::ids_for_everyone;
    use crate::ids::EventId;
    use crate::testing::World;

    #[test]
    fn an_announcement_is_kept_and_told_to_everyone() {
        let world = World::new();
        let chief = Caller::account(world.administrator("chief").id, Dialect::Web);
        let said = publish(&world.core, &chief, " The lights go out at ten. ").unwrap();
        assert_eq!(said.text, "The lights go out at ten.");
        let reader = world.person("ada");
        assert_eq!(get(&world.core, &reader, said.id), Ok(said.clone()));
        assert_eq!(list(&world.core, &reader, Ask::default()).unwrap().items, [said]);
        let told = world.core.read(|view| ids_for_everyone(view, EventId::new(0))).unwrap();
        assert_eq!(told.len(), 1);
    }

    #[test]
    fn a_title_is_kept_beside_the_text_and_one_of_the_two_is_enough() {
        let world = World::new();
        let say = |title: &str, text: &str| publish_titled(&world.core, &Caller::operator(), title, text);
        let said = say(" Lights ", "out").unwrap();
        assert_eq!((said.title.as_str(), said.text.as_str()), ("Lights", "out"));
        assert_eq!(get(&world.core, &Caller::operator(), said.id), Ok(said.clone()));
        let bare = say("Only this", "").unwrap();
        assert_eq!(list(&world.core, &world.person("ada"), Ask::default()).unwrap().items, [bare, said]);
        let long = "x".repeat(ANNOUNCEMENT_TITLE_CHARS_MAX + 1);
        assert_eq!(say(&long, "x").map(drop), Err(Error::Invalid(Field::Title, Flaw::TooLong)));
        assert_eq!(say(" ", " ").map(drop), Err(Error::Invalid(Field::Text, Flaw::Empty)));
    }

    #[test]
    fn only_who_may_speaks_to_everyone() {
        let world = World::new();
        let denied = Err(Error::Denied(Right::Server(ServerPermission::PublishAnnouncement)));
        let ada = world.person("ada");
        assert_eq!(publish(&world.core, &ada, "hi"), denied);
        assert_eq!(publish(&world.core, &ada, " "), denied, "whatever it is");
        let stranger = Caller::anonymous(Dialect::Web);
        assert!(list(&world.core, &stranger, Ask::default()).is_err());
    }

    #[test]
    fn blank_and_overlong_announcements_are_refused() {
        let world = World::new();
        let say = |text: &str| publish(&world.core, &Caller::operator(), text).map(|_| ());
        assert_eq!(say("  "), Err(Error::Invalid(Field::Text, Flaw::Empty)));
        let long = "x".repeat(ANNOUNCEMENT_BYTES_MAX + 1);
        assert_eq!(say(&long), Err(Error::Invalid(Field::Text, Flaw::TooLong)));
        assert_eq!(say(&long[1..]), Ok(()));
    }
}
