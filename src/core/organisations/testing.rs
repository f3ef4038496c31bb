//! Builders for tests about organisations: members, their administrators, and what the rows must agree on.

use chatelaine_store::Order;

use super::{of, set};
use crate::Core;
use crate::caller::{Caller, Dialect};
use crate::ids::{AccountId, MarkId, ServerRoleId};
use crate::rooms::testing::id;
use crate::schema::{
    ACCOUNTS_BY_ORGANISATION, APPEAL_BY_MARK, ID_BY_ORGANISATION_NAME, MARK_BY_ID, MARKS_BY_ACCOUNT,
    MARKS_BY_ORGANISATION, OPEN_APPEALS_BY_ORGANISATION, ORGANISATION_BY_ACCOUNT, ORGANISATION_BY_ID,
};
use crate::server_roles::{self, NewServerRole, Scope, ServerPermission, ServerPermissions};
use crate::testing::World;

const ALL: usize = 9_999;

/// Puts somebody into an organisation.
pub(super) fn put(core: &Core, account: AccountId, name: &str) {
    set(core, &Caller::operator(), account, Some(name)).unwrap();
}

/// Takes somebody out of his organisation.
pub(super) fn take_out(core: &Core, account: AccountId) {
    set(core, &Caller::operator(), account, None).unwrap();
}

/// Somebody who belongs to an organisation.
pub(super) fn member(world: &World, handle: &str, name: &str) -> Caller {
    let person = world.person(handle);
    put(&world.core, id(&person), name);
    person
}

/// A role with these permissions over members alone.
pub(super) fn role(world: &World, name: &str, permissions: &[ServerPermission]) -> ServerRoleId {
    let permissions = ServerPermissions::of(permissions);
    let new =
        NewServerRole { name: name.into(), description: String::new(), permissions, scope: Scope::OwnOrganisation };
    server_roles::make(&world.core, &Caller::operator(), new).unwrap().id
}

/// Somebody with these permissions over the members of an organisation to which he belongs.
pub(super) fn administrator(world: &World, handle: &str, name: &str, permissions: &[ServerPermission]) -> Caller {
    let account = world.account(handle).id;
    let role = role(world, &format!("as {handle}"), permissions);
    server_roles::grant(&world.core, &Caller::operator(), account, role).unwrap();
    put(&world.core, account, name);
    Caller::account(account, Dialect::Web)
}

/// Whether all rows about organisations say the same.
pub(super) fn agrees(core: &Core) {
    let up = Order::Ascending;
    let read = core.read(|view| {
        let members = ACCOUNTS_BY_ORGANISATION.keys(view, &(), None, up, ALL)?;
        let mut inverse = ORGANISATION_BY_ACCOUNT.list(view, &(), None, up, ALL)?;
        inverse.sort_by_key(|(account, organisation)| (*organisation, *account));
        let inverse: Vec<_> = inverse.into_iter().map(|(account, organisation)| (organisation, account)).collect();
        assert_eq!(members, inverse, "members");
        let known = ORGANISATION_BY_ID.keys(view, &(), None, up, ALL)?;
        let mut peopled: Vec<_> = members.iter().map(|(organisation, _)| *organisation).collect();
        peopled.dedup();
        assert_eq!(known, peopled, "an organisation is there while it has members");
        assert_eq!(ID_BY_ORGANISATION_NAME.count(view, &(), ALL)?, known.len(), "names");
        let (mut marks, mut appeals) = (Vec::new(), Vec::new());
        for (account, mark) in MARKS_BY_ACCOUNT.keys(view, &(), None, up, ALL)? {
            let Some(organisation) = of(view, account)? else { continue };
            assert!(MARK_BY_ID.has(view, &mark)?);
            marks.push((organisation, mark));
            if let Some(appeal) = APPEAL_BY_MARK.get(view, &mark)?.filter(|appeal| appeal.answer.is_none()) {
                appeals.push((organisation, appeal.at, mark));
            }
        }
        marks.sort();
        appeals.sort();
        assert_eq!(MARKS_BY_ORGANISATION.keys(view, &(), None, up, ALL)?, marks, "marks");
        assert_eq!(OPEN_APPEALS_BY_ORGANISATION.keys(view, &(), None, up, ALL)?, appeals, "open appeals");
        Ok::<_, crate::Error>(())
    });
    read.unwrap();
}

/// The numbers of marks.
pub(super) fn numbers(ids: impl IntoIterator<Item = MarkId>) -> Vec<u64> {
    ids.into_iter().map(MarkId::get).collect()
}
