//! All rooms, page by page by number, for those who look after the whole server. Rooms of one owner come from the list of his
//! rooms; else rows are read in the order of their numbers, a bounded number of them in memory at a time and
//! `LISTED_ROWS_MAX` in all, until the page is full.

use std::ops::RangeInclusive;

use chatelaine_store::{Order, Read};

use crate::Core;
use crate::accounts::fold;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::ids::{AccountId, RoomId};
use crate::limits::{LISTED_MEMBERS_MAX, LISTED_ROWS_MAX, LISTED_ROWS_PAGE, ROOMS_PER_ACCOUNT_MAX};
use crate::page::PageNumber;
use crate::roles::OWNER;
use crate::rooms::facts::{Facts, Roll, members_of};
use crate::rooms::members;
use crate::rooms::mine::room_view;
use crate::rooms::room::{RoomKind, RoomRow};
use crate::schema::{ROOM_BY_ID, ROOMS_BY_ACCOUNT};
use crate::server_roles::{self, ServerPermission};

/// Which rooms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomFilter {
    /// Of these kinds.
    pub kinds: Vec<RoomKind>,
    /// A part of the title, in any case of letters; blank for all.
    pub title: String,
    /// Opened then or later.
    pub opened_from: Option<Stamp>,
    /// Opened then or earlier.
    pub opened_to: Option<Stamp>,
    /// Owned by this account.
    pub owner: Option<AccountId>,
    /// With so many members.
    pub members: RangeInclusive<u32>,
}

impl Default for RoomFilter {
    fn default() -> Self {
        RoomFilter {
            kinds: vec![RoomKind::Private, RoomKind::Group],
            title: String::new(),
            opened_from: None,
            opened_to: None,
            owner: None,
            members: 0..=u32::MAX,
        }
    }
}

/// A page of all rooms that pass the filter, in the order in which they were opened. Needs the permission to manage rooms. When
/// the rolls of a page come to `LISTED_MEMBERS_MAX` members, those of its later rooms are left empty.
pub fn list_all(
    core: &Core,
    caller: &Caller,
    filter: &RoomFilter,
    (page, roll): (PageNumber, Roll),
) -> Result<Vec<Facts>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ManageRooms)?;
        let mut rooms = Rooms { filter, title: fold(&filter.title), page, passed: 0, found: Vec::new() };
        match filter.owner {
            Some(owner) => rooms.of_owner(view, owner)?,
            None => rooms.of_all(view)?,
        }
        let mut left = if roll == Roll::Wanted { LISTED_MEMBERS_MAX } else { 0 };
        let facts = rooms.found.into_iter().map(|room| {
            let members = if roll == Roll::Wanted { members_of(view, room, left)? } else { Vec::new() };
            left = left.saturating_sub(members.len());
            Ok(Facts { room: room_view(view, room)?, members: Some(members) })
        });
        facts.collect()
    })
}

/// The page while it fills.
struct Rooms<'a> {
    filter: &'a RoomFilter,
    title: String,
    page: PageNumber,
    passed: u64,
    found: Vec<RoomId>,
}

impl Rooms<'_> {
    fn of_owner(&mut self, r: &impl Read, owner: AccountId) -> Result<()> {
        for (_, room) in ROOMS_BY_ACCOUNT.keys(r, &owner, None, Order::Ascending, ROOMS_PER_ACCOUNT_MAX)? {
            let owned = members::find(r, room, owner)?.is_some_and(|member| member.role == OWNER);
            if owned && let Some(row) = ROOM_BY_ID.get(r, &room)? {
                self.take(r, room, &row)?;
            }
            if self.is_full() {
                break;
            }
        }
        Ok(())
    }

    fn of_all(&mut self, r: &impl Read) -> Result<()> {
        let (mut after, mut read) = (None, 0);
        while read < LISTED_ROWS_MAX && !self.is_full() {
            let rows = ROOM_BY_ID.list(r, &(), after.as_ref(), Order::Ascending, LISTED_ROWS_PAGE)?;
            let is_last = rows.len() < LISTED_ROWS_PAGE;
            after = rows.last().map(|(room, _)| *room);
            read += rows.len();
            for (room, row) in &rows {
                self.take(r, *room, row)?;
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.page.items()
    }

    fn take(&mut self, r: &impl Read, room: RoomId, row: &RoomRow) -> Result<()> {
        if self.is_full() || !self.passes(r, room, row)? {
            return Ok(());
        }
        self.passed += 1;
        if self.passed > self.page.skipped() {
            self.found.push(room);
        }
        Ok(())
    }

    fn passes(&self, r: &impl Read, room: RoomId, row: &RoomRow) -> Result<bool> {
        let RoomFilter { kinds, opened_from, opened_to, members: wanted, .. } = self.filter;
        let fits = kinds.contains(&row.kind)
            && opened_from.is_none_or(|from| row.created_at >= from)
            && opened_to.is_none_or(|to| row.created_at <= to)
            && (self.title.is_empty() || fold(&row.title).contains(&self.title));
        if !fits || *wanted == (0..=u32::MAX) {
            return Ok(fits);
        }
        Ok(wanted.contains(&members::counts(r, room)?.members))
    }
}
