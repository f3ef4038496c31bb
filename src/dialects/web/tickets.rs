//! Tickets for the live socket: a short text that stands for a caller once, for half a minute.
//!
//! They live in memory only; a restart forgets them, and the client asks for another.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chatelaine_core::caller::Caller;
use chatelaine_core::clock::Stamp;
use chatelaine_core::secrets;

/// Seconds that a ticket is good for.
pub const TICKET_LIFE: u64 = 30;
/// Tickets that wait at most.
const TICKETS_MAX: usize = 10_000;
/// Tickets of one account that wait at most.
const TICKETS_PER_ACCOUNT_MAX: usize = 8;

/// The tickets that wait to be used.
#[derive(Debug, Default)]
pub struct Tickets(Mutex<HashMap<String, (Caller, Stamp)>>);

impl Tickets {
    /// A new ticket for a caller; none while too many wait.
    pub fn make(&self, caller: Caller, now: Stamp) -> Option<String> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The life of a ticket is short, so what waits is little and may be looked through.
        waiting.retain(|_, (_, until)| now < *until);
        let own = waiting.values().filter(|(other, _)| other.who == caller.who).count();
        if waiting.len() >= TICKETS_MAX || own >= TICKETS_PER_ACCOUNT_MAX {
            return None;
        }
        let ticket = format!("{:016x}{:016x}", secrets::random_u64(), secrets::random_u64());
        waiting.insert(ticket.clone(), (caller, now.plus_seconds(TICKET_LIFE)));
        Some(ticket)
    }

    /// The caller of a ticket, which is used up by it.
    pub fn take(&self, ticket: &str, now: Stamp) -> Option<Caller> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(ticket);
        found.filter(|(_, until)| now < *until).map(|(caller, _)| caller)
    }
}

#[cfg(test)]
mod tests {
    use chatelaine_core::caller::{Dialect, Who};
    use chatelaine_core::ids::AccountId;

    use super::*;

    #[test]
    fn one_account_cannot_use_up_the_tickets_of_all() {
        let tickets = Tickets::default();
        let of =
            |account: u64| Caller { who: Who::Account(AccountId::new(account)), ..Caller::anonymous(Dialect::Web) };
        let now = Stamp::from_seconds(100);
        let made = (0..20).filter_map(|_| tickets.make(of(1), now)).count();
        assert_eq!(made, TICKETS_PER_ACCOUNT_MAX);
        assert!(tickets.make(of(2), now).is_some());
        assert!(tickets.make(of(1), now.plus_seconds(TICKET_LIFE)).is_some(), "old ones do not count");
    }

    #[test]
    fn a_ticket_is_good_once_and_not_for_long() {
        let tickets = Tickets::default();
        let caller = Caller::anonymous(Dialect::Web);
        let now = Stamp::from_seconds(100);
        let ticket = tickets.make(caller.clone(), now).expect("a ticket");
        assert_eq!(tickets.take(&ticket, now), Some(caller.clone()));
        assert_eq!(tickets.take(&ticket, now), None);
        let late = tickets.make(caller, now).expect("a ticket");
        assert_eq!(tickets.take(&late, now.plus_seconds(TICKET_LIFE)), None);
    }
}
