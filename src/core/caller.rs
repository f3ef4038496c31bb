//! Who asks: every operation is told, and decides from it what is allowed.
//! A caller is made by a dialect's `auth.rs`, the command line or a job; nothing in here proves anything.

use std::net::IpAddr;

use crate::error::{Error, Reason, Result, Right, SignInFlaw};
use crate::ids::{AccountId, LoginId};

/// On whose behalf an operation runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// Nobody has signed in.
    Anonymous,
    /// A signed-in account.
    Account(AccountId),
    /// The person who runs the server, by command line or control socket; holds every server right.
    Operator,
    /// A recurring job of the server itself.
    System,
}

/// The tongue in which the request was made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Dialect {
    /// Our own API.
    Web,
    /// The ourchat protocol.
    Ourchat,
    /// The aiursoft protocol.
    Aiursoft,
    /// The aegisspeed protocol.
    Aegisspeed,
    /// The ubibot protocol.
    Ubibot,
    /// The command line and the jobs.
    Console,
}

impl Dialect {
    /// How many dialects there are; one slot each in a live event.
    pub const COUNT: usize = 6;

    /// A small number per dialect, below [`Self::COUNT`].
    pub const fn index(self) -> usize {
        match self {
            Dialect::Web => 0,
            Dialect::Ourchat => 1,
            Dialect::Aiursoft => 2,
            Dialect::Aegisspeed => 3,
            Dialect::Ubibot => 4,
            Dialect::Console => 5,
        }
    }

    /// A short name for logs and listings.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Web => "web",
            Dialect::Ourchat => "ourchat",
            Dialect::Aiursoft => "aiursoft",
            Dialect::Aegisspeed => "aegisspeed",
            Dialect::Ubibot => "ubibot",
            Dialect::Console => "console",
        }
    }
}

/// One request's author.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// On whose behalf.
    pub who: Who,
    /// In which tongue.
    pub dialect: Dialect,
    /// From which address, when the request came by network.
    pub address: Option<IpAddr>,
    /// By which login, when the tongue has revocable ones.
    pub login: Option<LoginId>,
}

impl Caller {
    /// Somebody who has not signed in.
    pub const fn anonymous(dialect: Dialect) -> Self {
        Self { who: Who::Anonymous, dialect, address: None, login: None }
    }

    /// A signed-in account.
    pub const fn account(account: AccountId, dialect: Dialect) -> Self {
        Self { who: Who::Account(account), dialect, address: None, login: None }
    }

    /// The person who runs the server.
    pub const fn operator() -> Self {
        Self { who: Who::Operator, dialect: Dialect::Console, address: None, login: None }
    }

    /// A job of the server.
    pub const fn system() -> Self {
        Self { who: Who::System, dialect: Dialect::Console, address: None, login: None }
    }

    /// The same caller, from this address.
    #[must_use]
    pub const fn from_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The same caller, by this login.
    #[must_use]
    pub const fn with_login(mut self, login: LoginId) -> Self {
        self.login = Some(login);
        self
    }

    /// The signed-in account. Fails with `SignIn(Missing)` for anybody else, also for the operator, who is no person here.
    pub const fn require_account(&self) -> Result<AccountId> {
        match self.who {
            Who::Account(id) => Ok(id),
            Who::Anonymous => Err(Error::SignIn(SignInFlaw::Missing)),
            Who::Operator | Who::System => Err(Error::Refused(Reason::NotAPerson)),
        }
    }

    /// The signed-in account, if there is one.
    pub const fn account_id(&self) -> Option<AccountId> {
        match self.who {
            Who::Account(id) => Some(id),
            Who::Anonymous | Who::Operator | Who::System => None,
        }
    }

    /// Passes for the operator and the server's own jobs, else fails with `Denied(Operate)`.
    pub const fn require_operator(&self) -> Result<()> {
        if self.is_operator() { Ok(()) } else { Err(Error::Denied(Right::Operate)) }
    }

    /// Whether this is the operator or a job, to whom every server right is given.
    pub const fn is_operator(&self) -> bool {
        matches!(self.who, Who::Operator | Who::System)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_account_passes_as_a_person() {
        let id = AccountId::new(7);
        assert_eq!(Caller::account(id, Dialect::Web).require_account(), Ok(id));
        assert_eq!(Caller::anonymous(Dialect::Web).require_account(), Err(Error::SignIn(SignInFlaw::Missing)));
        assert!(Caller::operator().require_account().is_err());
    }

    #[test]
    fn only_operator_and_jobs_operate() {
        assert!(Caller::operator().require_operator().is_ok());
        assert!(Caller::system().require_operator().is_ok());
        let person = Caller::account(AccountId::new(1), Dialect::Web);
        assert_eq!(person.require_operator(), Err(Error::Denied(Right::Operate)));
    }
}
