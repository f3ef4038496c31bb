//! The audit trail: what administrators, room owners and the operator did, to what, when. Rows are only ever added, in the
//! transaction of the deed, and each is linked to the one before (`chain.rs`); once a day the last link is signed (`heads.rs`). They name numbers and settings, never texts of
//! people, addresses or e-mail.

mod chain;
mod heads;
#[cfg(test)]
mod heads_tests;

pub(crate) use chain::append_old;
pub use chain::{Link, Verified, export, fields, hashed, verify};
use chatelaine_store::{Order, Read, Row};
pub use heads::{Day, Head, HeadRow, list as list_heads, sign_due};
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Dialect, Who};
use crate::clock::Stamp;
use crate::error::Result;
use crate::ids::{AccountId, AuditId};
use crate::limits::AUDIT_DETAIL_BYTES_MAX;
use crate::page::{Ask, Page};
use crate::schema::{AUDIT, AUDIT_BY_ID, AUDIT_LINK_BY_ID};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// Who did it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Doer {
    /// An account.
    Account(AccountId),
    /// The person who runs the server.
    Operator,
    /// A job of the server.
    System,
    /// Somebody with a token and no account, as at first set-up.
    Anonymous,
}

/// What was done. Kinds are only ever added at the end, because rows hold their number; their names are part of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Verb {
    /// The first administrator was made.
    ServerSetUp,
    /// An account was made by an administrator.
    AccountMade,
    /// An account was locked.
    AccountLocked,
    /// An account was unlocked.
    AccountUnlocked,
    /// An account was closed.
    AccountClosed,
    /// A password was set by an administrator.
    PasswordSet,
    /// A one-time link was made.
    LinkMade,
    /// An account was signed out everywhere.
    SignedOutEverywhere,
    /// A role on the server was given.
    ServerRoleGranted,
    /// A role on the server was taken.
    ServerRoleRevoked,
    /// A role on the server was made.
    ServerRoleMade,
    /// A role on the server was changed.
    ServerRoleChanged,
    /// A role on the server was removed.
    ServerRoleRemoved,
    /// A setting was changed or reset.
    SettingChanged,
    /// A sign-up invitation was made.
    SignUpInviteMade,
    /// A sign-up invitation was revoked.
    SignUpInviteRevoked,
    /// An announcement was published.
    Announced,
    /// A report was closed.
    ReportClosed,
    /// A room was changed.
    RoomChanged,
    /// A room was deleted.
    RoomDeleted,
    /// A member was put out of a room.
    MemberKicked,
    /// Somebody was banned from a room.
    MemberBanned,
    /// A ban was lifted.
    MemberUnbanned,
    /// Somebody was muted in a room.
    MemberMuted,
    /// A mute was lifted.
    MemberUnmuted,
    /// A member of a room got another role.
    MemberRoleChanged,
    /// A role of a room was made.
    RoleMade,
    /// A role of a room was changed.
    RoleChanged,
    /// A role of a room was removed.
    RoleRemoved,
    /// Somebody else's message was recalled.
    MessageRecalled,
    /// A file of somebody else was removed.
    FileRemoved,
    /// The server was put into maintenance, or taken out of it.
    MaintenanceChanged,
    /// A machine was bound to an account.
    MachineBound,
    /// A machine was released.
    MachineReleased,
    /// A mark was set against an account.
    AccountMarked,
    /// A mark was lifted.
    MarkLifted,
    /// What is known of the person behind an account was changed by an administrator.
    PersonChanged,
    /// A file was attached to a mark.
    EvidenceAttached,
    /// A file was taken off a mark.
    EvidenceRemoved,
    /// The marked account appealed against a mark.
    MarkAppealed,
    /// An appeal was answered.
    AppealAnswered,
    /// A machine showed other components and was still recognised.
    MachineDrifted,
    /// A machine became active beyond a limit, within what is tolerated.
    MachineOverLimit,
    /// How many machines an account or a role may have was changed.
    MachineLimitsChanged,
    /// Another key signs from now on.
    SigningKeyRotated,
    /// A certificate was issued for a machine.
    MachineCertified,
    /// A machine showed no sign of life in time and became inactive.
    MachineInactive,
    /// An inactive machine showed a sign of life and is active again.
    MachineRevived,
    /// A machine went to another account.
    MachineTransferred,
    /// Another machine took the place of one.
    MachineReplaced,
    /// A machine was banned.
    MachineBanned,
    /// The ban of a machine was lifted, or ran out.
    MachineUnbanned,
    /// What a room is told about machines was changed.
    RoomAlertsChanged,
    /// The list of all machines was read.
    MachinesExported,
    /// An account was put into an organisation, or taken out of one.
    OrganisationChanged,
}

/// One row of the trail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number.
    pub id: AuditId,
    /// When.
    pub at: Stamp,
    /// Who.
    pub doer: Doer,
    /// In which tongue.
    pub dialect: Dialect,
    /// What.
    pub verb: Verb,
    /// To what, like `account 12`, `room 3`, `server.name`.
    pub target: String,
    /// A few more words; no personal data.
    pub detail: String,
}

impl Row for AuditRow {}

/// Adds a row in the transaction of the deed. A detail that is too long is cut.
#[expect(clippy::too_many_arguments, reason = "who, when, what, to what: each caller has them apart")]
pub fn record(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, verb: Verb, target: &str, detail: &str) -> Result<()> {
    let id = AuditId::new(tx.count_up(&AUDIT)?);
    let row = AuditRow {
        id,
        at: now,
        doer: match caller.who {
            Who::Account(account) => Doer::Account(account),
            Who::Operator => Doer::Operator,
            Who::System => Doer::System,
            Who::Anonymous => Doer::Anonymous,
        },
        dialect: caller.dialect,
        verb,
        target: cut(target),
        detail: cut(detail),
    };
    AUDIT_BY_ID.put(tx, &id, &row)?;
    chain::append(tx, &row)
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(AUDIT_DETAIL_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// Lists the trail, newest first. Needs the permission to view monitoring.
pub fn list(core: &Core, caller: &Caller, ask: Ask<AuditId>) -> Result<Page<AuditRow, AuditId>> {
    core.read(|view| page(view, caller, &ask))
}

/// A row with its link; none where it is missing.
pub type Linked = (AuditRow, Option<Link>);

/// As [`list`], each row with its link, which hashes the link of the row that follows it in the list.
pub fn list_linked(core: &Core, caller: &Caller, ask: Ask<AuditId>) -> Result<Page<Linked, AuditId>> {
    core.read(|view| {
        let Page { items, next } = page(view, caller, &ask)?;
        let linked = |row: AuditRow| {
            let link = AUDIT_LINK_BY_ID.get(view, &row.id)?;
            Ok((row, link))
        };
        Ok(Page { items: items.into_iter().map(linked).collect::<Result<_>>()?, next })
    })
}

fn page(r: &impl Read, caller: &Caller, ask: &Ask<AuditId>) -> Result<Page<AuditRow, AuditId>> {
    server_roles::require(r, caller, ServerPermission::ViewMonitoring)?;
    let wanted = ask.items();
    let rows = AUDIT_BY_ID.list(r, &(), ask.after.as_ref(), Order::Descending, wanted.saturating_add(1))?;
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Ok(Page::of(rows, wanted, |row: &AuditRow| row.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Right};
    use crate::testing::World;

    fn note(world: &World, target: &'static str) {
        let now = world.core.now();
        world
            .core
            .write(&Caller::operator(), move |tx| {
                record(tx, now, &Caller::operator(), Verb::SettingChanged, target, "")
            })
            .unwrap();
    }

    #[test]
    fn the_trail_is_read_newest_first_page_by_page() {
        let world = World::new();
        for target in ["one", "two", "three"] {
            note(&world, target);
        }
        let ask = Ask { after: None, limit: 2 };
        let page = list(&world.core, &Caller::operator(), ask).unwrap();
        let targets: Vec<_> = page.items.iter().map(|row| row.target.as_str()).collect();
        assert_eq!(targets, ["three", "two"]);
        let ask = Ask { after: page.next, limit: 2 };
        let rest = list(&world.core, &Caller::operator(), ask).unwrap();
        assert_eq!((rest.items.len(), rest.next), (1, None));
        assert_eq!(rest.items[0].target, "one");
    }

    #[test]
    fn a_plain_account_does_not_see_the_trail() {
        let world = World::new();
        let person = Caller::account(world.account("ada").id, Dialect::Web);
        assert_eq!(
            list(&world.core, &person, Ask::default()),
            Err(Error::Denied(Right::Server(ServerPermission::ViewMonitoring)))
        );
    }

    #[test]
    fn a_long_detail_is_cut_between_letters() {
        let text = "\u{e9}".repeat(AUDIT_DETAIL_BYTES_MAX);
        assert!(cut(&text).len() <= AUDIT_DETAIL_BYTES_MAX);
        assert!(text.starts_with(&cut(&text)));
    }
}
