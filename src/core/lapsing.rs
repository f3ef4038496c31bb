//! What has run out. [`due`] reads it from an index by time; [`sweep`] clears away what has none and nobody would look at again:
//! one-time links, friend requests, offers of machines, counts of wrong passwords and of how often somebody was asked for the same.
//! The operations themselves refuse what has lapsed at once; this only frees the space.
//!
//! The trees that are swept have no index by time. They hold what is open and little else, so a walk over them now and then, page by page and
//! outside the writer, costs less than a second row for each of their rows would. Only what lapsed is written about.

use chatelaine_store::{Key, Order, Read, Row, Tree};

use crate::accounts::{self, Failures, is_counting};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::friends::{Asked, remove_request};
use crate::limits::PAGE_ITEMS_MAX;
use crate::logins::one_time;
use crate::machines::transfer;
use crate::schema::{
    ASKED_BY_PEOPLE, FAILURES_BY_NAME, FRIEND_REQUEST_BY_PAIR, OFFER_BY_MACHINE, ONE_TIME_LINK_BY_TOKEN,
};
use crate::{Core, Tx};

/// The keys of an index by time whose moment has come at `now`, the longest due first, at most so many.
pub fn due<K>(r: &impl Read, index: &Tree<(Stamp, K), ()>, now: Stamp, most: usize) -> Result<Vec<(Stamp, K)>>
where
    (Stamp, K): Key,
{
    let first = index.keys(r, &(), None, Order::Ascending, most)?;
    Ok(first.into_iter().take_while(|(at, _)| *at <= now).collect())
}

/// Clears away once what has lapsed; says how many rows. Safe to repeat and to break off.
pub fn sweep(core: &Core) -> Result<usize> {
    let (now, settings) = (core.now(), core.settings());
    let links = walk(core, &ONE_TIME_LINK_BY_TOKEN, move |link| link.expires_at <= now, one_time::remove)?;
    let requests = walk(
        core,
        &FRIEND_REQUEST_BY_PAIR,
        move |request| request.expires_at <= now,
        |tx, key, _| remove_request(tx, key.0, key.1),
    )?;
    let is_over = move |failures: &Failures| !is_counting(*failures, &settings.accounts, now);
    let failures = walk(core, &FAILURES_BY_NAME, is_over, |tx, name, _| accounts::remove_failures(tx, name))?;
    let is_past = move |asked: &Asked| !asked.is_running(now);
    let asked = walk(core, &ASKED_BY_PEOPLE, is_past, |tx, key, _| Ok(ASKED_BY_PEOPLE.remove(tx, key)?))?;
    let offers = walk(core, &OFFER_BY_MACHINE, move |offer| offer.has_lapsed(now), transfer::clear)?;
    Ok(links + requests + failures + asked + offers)
}

/// Reads a tree page by page and has the lapsed rows of each page removed in one command, which looks at each row again: it may
/// have been renewed meanwhile.
fn walk<K, V>(
    core: &Core,
    tree: &'static Tree<K, V>,
    is_lapsed: impl Fn(&V) -> bool + Clone + Send + 'static,
    remove: fn(&mut Tx<'_>, &K, &V) -> Result<()>,
) -> Result<usize>
where
    K: Key + Clone + Send + 'static,
    V: Row + 'static,
{
    let (mut removed, mut after) = (0, None);
    loop {
        let rows = core.read(|view| tree.list(view, &(), after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX))?;
        let Some((last, _)) = rows.last() else { return Ok(removed) };
        after = Some(last.clone());
        let lapsed: Vec<K> = rows.into_iter().filter(|(_, row)| is_lapsed(row)).map(|(key, _)| key).collect();
        if lapsed.is_empty() {
            continue;
        }
        let is_lapsed = is_lapsed.clone();
        removed += core.write(&Caller::system(), move |tx| {
            let mut count = 0;
            for key in &lapsed {
                if let Some(row) = tree.get(tx, key)?.filter(&is_lapsed) {
                    remove(tx, key, &row)?;
                    count += 1;
                }
            }
            Ok(count)
        })?;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::accounts::{Named, reset_link, sign_in};
    use crate::friends;
    use crate::rooms::testing::id;
    use crate::schema::{FAILURES_BY_TIME, FRIEND_REQUESTERS, ONE_TIME_LINKS_BY_ACCOUNT};
    use crate::testing::World;

    /// Links, requests and counts, each with their index rows.
    fn rows(core: &Core) -> [usize; 7] {
        core.read(|view| {
            [
                ONE_TIME_LINK_BY_TOKEN.count(view, &(), 999).unwrap(),
                ONE_TIME_LINKS_BY_ACCOUNT.count(view, &(), 999).unwrap(),
                FRIEND_REQUEST_BY_PAIR.count(view, &(), 999).unwrap(),
                FRIEND_REQUESTERS.count(view, &(), 999).unwrap(),
                FAILURES_BY_NAME.count(view, &(), 999).unwrap(),
                FAILURES_BY_TIME.count(view, &(), 999).unwrap(),
                ASKED_BY_PEOPLE.count(view, &(), 999).unwrap(),
            ]
        })
    }

    #[test]
    fn what_has_lapsed_goes_with_its_index_and_what_is_open_stays() {
        let world = World::new();
        let ann = world.person("ann");
        let people: Vec<Caller> = (0..PAGE_ITEMS_MAX + 20).map(|n| world.person(&format!("p{n}"))).collect();
        let ask = |from: &Caller| friends::ask(&world.core, from, id(&ann), "").unwrap();
        let link = |of: &Caller| reset_link(&world.core, &Caller::operator(), id(of)).unwrap();
        let password = world.core.hasher().hash(&"right".into(), &world.core.settings().accounts).unwrap();
        let ann_id = id(&ann);
        let set = move |tx: &mut Tx<'_>| {
            let old = crate::accounts::get(tx, ann_id)?;
            let new = crate::accounts::Account { password: Some(password.clone()), ..old.clone() };
            crate::accounts::index::replace(tx, &old, &new)
        };
        world.core.write(&Caller::system(), set).unwrap();
        let guess = || sign_in(&world.core, &Caller::system(), &Named::Id(ann_id), &"wrong".into()).unwrap_err();
        for person in &people {
            ask(person);
            link(person);
        }
        guess();
        assert_eq!(rows(&world.core), [220, 220, 220, 220, 1, 1, 220]);
        assert_eq!(sweep(&world.core), Ok(0));
        world.clock.wind(Duration::from_secs(901));
        assert_eq!(sweep(&world.core), Ok(1), "the count of wrong passwords");
        world.clock.wind(Duration::from_secs(86_400));
        link(&people[3]);
        guess();
        assert_eq!(sweep(&world.core), Ok(440), "links and askings of a day");
        assert_eq!(rows(&world.core), [1, 1, 220, 220, 1, 1, 0]);
        world.clock.wind(Duration::from_secs(2 * 86_400));
        ask(&people[5]);
        assert_eq!(sweep(&world.core), Ok(219 + 1 + 1), "requests of three days, the link and the count");
        assert_eq!(rows(&world.core), [0, 0, 1, 1, 0, 0, 1]);
    }
}
