//! Finding machines, for those who look after them: by the first and last letters of a code, which is what they are shown of it, by
//! number, by the handle of the owner. A word that fits in several ways is looked up in each, one way after the other.
//!
//! Every way is a range over keys made for it, and one request looks at a bounded number of them: a page may be short and still
//! have a next one. Who looks after one organisation goes through its members, each with his bound machines.

use std::ops::Bound;

use chatelaine_store::{Fault, Order, Read, Text};

use super::machine::{MachineCode, MachineRow, MachineState, StateKind};
use super::overview::{self, Overview};
use crate::accounts;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::{AccountId, MachineId, OrganisationId};
use crate::limits::{MACHINES_LOOKED_AT_MAX, PAGE_ITEMS_MAX};
use crate::page::{Ask, Page};
use crate::schema::{
    ACCOUNTS_BY_ORGANISATION, ID_BY_MACHINE_CODE, MACHINE_BY_ID, MACHINES_BY_ACCOUNT, MACHINES_BY_HEAD,
    MACHINES_BY_TAIL, RELEASES_BY_ACCOUNT,
};
use crate::server_roles::{self, Reach, ServerPermission};
use crate::{Core, Tx};

/// Letters of a code at each end by which it is found.
const ENDS: usize = 4;

/// The letters at one end of a code, folded; those of its tail from behind.
type End = [u8; ENDS];

/// Where a page of found machines ends: in which way, at which letters, at which machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The way, counted from 0.
    pub way: u8,
    /// The letters at the end of the code that the way goes by.
    pub end: End,
    /// The machine; 0 behind the last one of a member.
    pub machine: MachineId,
    /// The member whose machines the way was at; 0 where it does not go by members.
    pub member: AccountId,
}

/// One way to look.
enum Way {
    All,
    Number(MachineId),
    Code(MachineCode),
    Owner(AccountId),
    /// Released ones, by whose they were.
    PastOwner(AccountId),
    /// By the beginning of the code, and by its end where one is given.
    Head(Vec<u8>, Vec<u8>),
    Tail(Vec<u8>),
    /// Bound machines of the members of an organisation that fit one of these.
    Members(OrganisationId, Vec<Way>),
}

/// Machines that fit the words, those of one way after those of another, the newest first as far as the way allows; all for no
/// words. Needs the permission to manage machines; who holds it for the members of an organisation finds theirs, and of those that
/// were released only what is asked for by number or owner. `abcd*wxyz`, `abcd*` and `*wxyz` are letters of a code, `#7` a number,
/// `@ann` the owner, or who was; a plain word is any of these. Fails with `Invalid(Search, ..)`.
pub fn search(
    core: &Core,
    caller: &Caller,
    (words, state): (&str, Option<StateKind>),
    ask: Ask<Place>,
) -> Result<Page<Overview, Place>> {
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ManageMachines)?;
        let ways = narrowed(ways(view, words.trim())?, reach);
        Walk { ways, reach, state, wanted: ask.items() }.run(view, ask.after)
    })
}

/// For who looks after one organisation: ways that lead to few machines stay, the others go through the members.
fn narrowed(ways: Vec<Way>, reach: Reach) -> Vec<Way> {
    let Reach::Organisation(own) = reach else { return ways };
    let is_short = |way: &Way| matches!(way, Way::Number(_) | Way::Code(_) | Way::Owner(_) | Way::PastOwner(_));
    let (mut short, long): (Vec<_>, Vec<_>) = ways.into_iter().partition(is_short);
    if !long.is_empty() {
        short.push(Way::Members(own, long));
    }
    short
}

fn ways(r: &impl Read, words: &str) -> Result<Vec<Way>> {
    if words.is_empty() {
        return Ok(vec![Way::All]);
    }
    if let Some(number) = words.strip_prefix('#') {
        return Ok(number_way(number).into_iter().collect());
    }
    if let Some(handle) = words.strip_prefix('@') {
        return owner_way(r, handle);
    }
    if words.contains('*') {
        let head = words.split('*').next().unwrap_or_default();
        let tail = words.rsplit('*').next().unwrap_or_default();
        let (head, tail) = (letters(head)?, letters(tail)?.into_iter().rev().collect::<Vec<_>>());
        return Ok(match (head.is_empty(), tail.is_empty()) {
            (true, true) => vec![Way::All],
            (true, false) => vec![Way::Tail(tail)],
            (false, _) => vec![Way::Head(head, tail)],
        });
    }
    let mut ways: Vec<Way> = number_way(words).into_iter().collect();
    ways.extend(MachineCode::new(words).ok().map(Way::Code));
    ways.extend(owner_way(r, words)?);
    if let Ok(head) = letters(words) {
        let tail = head.iter().rev().copied().collect();
        ways.extend([Way::Head(head, Vec::new()), Way::Tail(tail)]);
    }
    Ok(ways)
}

fn number_way(text: &str) -> Option<Way> {
    text.parse().ok().and_then(|number| MachineId::parse(number).ok()).map(Way::Number)
}

fn owner_way(r: &impl Read, handle: &str) -> Result<Vec<Way>> {
    let ways = |account: AccountId| vec![Way::Owner(account), Way::PastOwner(account)];
    Ok(accounts::find_by_handle(r, handle)?.map_or_else(Vec::new, |account| ways(account.id)))
}

/// Up to four letters of a code, folded.
fn letters(text: &str) -> Result<Vec<u8>> {
    let flaw = if text.len() > ENDS {
        Flaw::TooLong
    } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Flaw::Malformed
    } else {
        return Ok(text.to_ascii_lowercase().into_bytes());
    };
    Err(Error::Invalid(Field::Search, flaw))
}

struct Walk {
    ways: Vec<Way>,
    reach: Reach,
    state: Option<StateKind>,
    wanted: usize,
}

impl Walk {
    fn run(&self, r: &impl Read, after: Option<Place>) -> Result<Page<Overview, Place>> {
        let (mut found, mut looked) = (Vec::new(), 0_usize);
        let first = after.map_or(0, |place| usize::from(place.way));
        for at in first..self.ways.len() {
            let place = after.filter(|place| usize::from(place.way) == at);
            if let Some(stopped) = self.go(r, (at, place), (&mut found, &mut looked))? {
                return Ok(page(found, self.wanted, Some(stopped)));
            }
        }
        Ok(page(found, self.wanted, None))
    }

    /// Goes one way from a place on; says where it stopped, unless it came to the end.
    fn go(
        &self,
        r: &impl Read,
        (at, mut place): (usize, Option<Place>),
        (found, looked): (&mut Vec<(Place, Overview)>, &mut usize),
    ) -> Result<Option<Place>> {
        let (Some(way), number) = (self.ways.get(at), u8::try_from(at).unwrap_or(u8::MAX)) else { return Ok(None) };
        loop {
            let keys = way.keys(r, place)?;
            let is_last = keys.len() < PAGE_ITEMS_MAX;
            for Key { end, machine, member } in keys {
                let here = Place { way: number, end, machine, member };
                found.extend(self.look(r, at, machine)?.map(|one| (here, one)));
                (*looked, place) = (looked.saturating_add(1), Some(here));
                if *looked >= MACHINES_LOOKED_AT_MAX || found.len() > self.wanted {
                    return Ok(place);
                }
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    /// A machine that belongs on the page.
    fn look(&self, r: &impl Read, at: usize, machine: MachineId) -> Result<Option<Overview>> {
        match MACHINE_BY_ID.get(r, &machine)?.filter(|row| self.fits(at, (machine, row))) {
            Some(row) if self.reach.takes_in(r, row.account)? => overview::of(r, machine),
            Some(_) | None => Ok(None),
        }
    }

    /// Whether a machine belongs on the page: it fits this way, none before, and is in the wanted state.
    fn fits(&self, at: usize, machine: (MachineId, &MachineRow)) -> bool {
        let is_it = |way: &Way| way.fits(machine);
        self.state.is_none_or(|state| state == machine.1.state.kind())
            && self.ways.get(at).is_some_and(is_it)
            && !self.ways.iter().take(at).any(is_it)
    }
}

/// The page of what was found; one more than wanted says that there is a next one, and so does a place where looking stopped.
fn page(mut found: Vec<(Place, Overview)>, wanted: usize, stopped: Option<Place>) -> Page<Overview, Place> {
    let next = if found.len() > wanted {
        found.truncate(wanted);
        found.last().map(|(place, _)| *place)
    } else {
        stopped
    };
    Page { items: found.into_iter().map(|(_, one)| one).collect(), next }
}

/// One step of a way: a machine, with that by which the way is ordered.
struct Key {
    end: End,
    machine: MachineId,
    member: AccountId,
}

impl Key {
    const fn plain(machine: MachineId) -> Self {
        Self { end: [0; ENDS], machine, member: AccountId::new(0) }
    }
}

impl Way {
    /// The next keys of this way.
    fn keys(&self, r: &impl Read, after: Option<Place>) -> Result<Vec<Key>> {
        let most = PAGE_ITEMS_MAX;
        let last = after.map(|place| place.machine);
        let plain = |ids: Vec<MachineId>| ids.into_iter().map(Key::plain).collect();
        Ok(match self {
            Way::All => plain(MACHINE_BY_ID.keys(r, &(), last.as_ref(), Order::Descending, most)?),
            Way::Number(_) | Way::Code(_) if last.is_some() => Vec::new(),
            Way::Number(id) => plain(vec![*id]),
            Way::Code(code) => plain(ID_BY_MACHINE_CODE.get(r, &Text(code.folded()))?.into_iter().collect()),
            Way::Owner(account) => {
                let last = last.map(|id| (*account, id));
                let keys = MACHINES_BY_ACCOUNT.keys(r, account, last.as_ref(), Order::Descending, most)?;
                plain(keys.into_iter().map(|(_, id)| id).collect())
            }
            Way::PastOwner(account) => plain(released(r, *account, last)?),
            Way::Head(head, _) => by_end(r, &MACHINES_BY_HEAD, head, after)?,
            Way::Tail(tail) => by_end(r, &MACHINES_BY_TAIL, tail, after)?,
            Way::Members(own, _) => by_member(r, *own, after.map(|place| (place.member, place.machine)))?,
        })
    }

    fn fits(&self, (id, row): (MachineId, &MachineRow)) -> bool {
        let (head, tail) = (head_of(&row.code), tail_of(&row.code));
        match self {
            Way::All => true,
            Way::Number(number) => *number == id,
            Way::Code(code) => code.folded() == row.code.folded() && row.is_bound(),
            Way::Owner(account) => row.account == *account && row.is_bound(),
            Way::PastOwner(account) => row.account == *account && !row.is_bound(),
            Way::Head(begin, end) => head.starts_with(begin) && tail.starts_with(end),
            Way::Tail(end) => tail.starts_with(end),
            Way::Members(_, ways) => row.is_bound() && ways.iter().any(|way| way.fits((id, row))),
        }
    }
}

/// The next released machines of an account, the last released first.
fn released(r: &impl Read, account: AccountId, after: Option<MachineId>) -> Result<Vec<MachineId>> {
    let after = match after {
        None => None,
        Some(id) => match MACHINE_BY_ID.get(r, &id)?.map(|row| row.state) {
            Some(MachineState::Released(released)) => Some((account, released.at, id)),
            // Only a made-up place names one that was not released.
            Some(_) | None => return Ok(Vec::new()),
        },
    };
    let keys = RELEASES_BY_ACCOUNT.keys(r, &account, after.as_ref(), Order::Descending, PAGE_ITEMS_MAX)?;
    Ok(keys.into_iter().map(|(_, _, id)| id).collect())
}

type Ends = chatelaine_store::Tree<(End, MachineId), ()>;

/// The next keys that begin with these letters.
fn by_end(r: &impl Read, tree: &Ends, letters: &[u8], after: Option<Place>) -> Result<Vec<Key>> {
    let filled = |fill: u8| -> End { std::array::from_fn(|at| letters.get(at).copied().unwrap_or(fill)) };
    let (first, last) = ((filled(0), MachineId::new(0)), (filled(u8::MAX), MachineId::new(u64::MAX)));
    let after = after.map(|place| (place.end, place.machine));
    let last = after.as_ref().map_or(Bound::Included(&last), Bound::Excluded);
    let rows = tree.range(r, Bound::Included(&first), last, Order::Descending, PAGE_ITEMS_MAX)?;
    Ok(rows.into_iter().map(|((end, machine), ())| Key { end, ..Key::plain(machine) }).collect())
}

/// The next bound machines of the members of an organisation, member by member; behind those of each stands one of the number 0, so
/// that who has none costs a look too.
fn by_member(r: &impl Read, own: OrganisationId, after: Option<(AccountId, MachineId)>) -> Result<Vec<Key>> {
    let most = PAGE_ITEMS_MAX;
    let mut found = Vec::new();
    if let Some((member, machine)) = after {
        add_machines(r, (member, Some(machine)), &mut found)?;
    }
    let mut last = after.map(|(member, _)| (own, member));
    while found.len() < most {
        let Some(next) = ACCOUNTS_BY_ORGANISATION.keys(r, &own, last.as_ref(), Order::Ascending, 1)?.pop() else {
            break;
        };
        add_machines(r, (next.1, None), &mut found)?;
        last = Some(next);
    }
    found.truncate(most);
    Ok(found)
}

fn add_machines(r: &impl Read, (member, after): (AccountId, Option<MachineId>), found: &mut Vec<Key>) -> Result<()> {
    if after == Some(MachineId::new(0)) {
        return Ok(());
    }
    let last = after.map(|machine| (member, machine));
    let keys = MACHINES_BY_ACCOUNT.keys(r, &member, last.as_ref(), Order::Descending, PAGE_ITEMS_MAX)?;
    let is_all = keys.len() < PAGE_ITEMS_MAX;
    found.extend(keys.into_iter().map(|(_, machine)| Key { member, ..Key::plain(machine) }));
    if is_all {
        found.push(Key { member, ..Key::plain(MachineId::new(0)) });
    }
    Ok(())
}

fn head_of(code: &MachineCode) -> End {
    let folded = code.folded();
    std::array::from_fn(|at| folded.as_bytes().get(at).copied().unwrap_or_default())
}

fn tail_of(code: &MachineCode) -> End {
    let folded = code.folded();
    let mut letters = folded.bytes().rev();
    std::array::from_fn(|_| letters.next().unwrap_or_default())
}

/// Makes a machine findable by the ends of its code.
pub(crate) fn index(tx: &mut Tx<'_>, machine: MachineId, code: &MachineCode) -> std::result::Result<(), Fault> {
    MACHINES_BY_HEAD.put(tx, &(head_of(code), machine), &())?;
    MACHINES_BY_TAIL.put(tx, &(tail_of(code), machine), &())
}

/// Takes a machine that goes out of what is findable.
pub(super) fn forget(tx: &mut Tx<'_>, machine: MachineId, code: &MachineCode) -> Result<()> {
    MACHINES_BY_HEAD.remove(tx, &(head_of(code), machine))?;
    Ok(MACHINES_BY_TAIL.remove(tx, &(tail_of(code), machine))?)
}
