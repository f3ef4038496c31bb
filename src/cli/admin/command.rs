//! What an administrator can ask for, and the shape of the answers.
//!
//! The same values are run directly on the data folder and travel over the control socket, so a
//! command cannot behave differently while the server runs.

use std::path::PathBuf;

use chatelaine_core::secrets::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One thing to do. `account` is a handle or an e-mail address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Make an account.
    Create {
        /// The unique short name; made up if absent.
        handle: Option<String>,
        /// The e-mail address, if there is one.
        email: Option<String>,
        /// The name others see.
        name: String,
        /// The password.
        password: Password,
        /// A server role to grant at once.
        role: Option<String>,
    },
    /// Give an account a server role.
    Grant {
        /// Whom.
        account: String,
        /// The name of the role.
        role: String,
    },
    /// Take the server role away from an account.
    Revoke {
        /// From whom.
        account: String,
        /// The name of the role.
        role: String,
    },
    /// Set a new password and sign out everywhere.
    SetPassword {
        /// Whose.
        account: String,
        /// The new password.
        password: Password,
    },
    /// Make a link by which the holder sets a new password, once.
    ResetLink {
        /// Whose.
        account: String,
    },
    /// List accounts, one page.
    Accounts {
        /// The cursor of the page before.
        after: Option<u64>,
    },
    /// Lock an account.
    Lock {
        /// Whom.
        account: String,
        /// For how long; for ever if absent.
        for_s: Option<u64>,
    },
    /// Unlock an account.
    Unlock {
        /// Whom.
        account: String,
    },
    /// End all logins of an account.
    SignOut {
        /// Whose.
        account: String,
    },
    /// Change a run-time setting.
    Set {
        /// Its dotted name.
        name: String,
        /// Its new value.
        value: String,
    },
    /// Take the change of a run-time setting back.
    Reset {
        /// Its dotted name.
        name: String,
    },
    /// List the run-time settings.
    Settings,
    /// List audit rows, newest first, one page.
    Audit {
        /// The cursor of the page before.
        after: Option<u64>,
    },
    /// Go through the chain of the audit trail.
    AuditVerify,
    /// List audit rows with their links, oldest first, one page.
    AuditExport {
        /// The cursor of the page before.
        after: Option<u64>,
    },
    /// List the signed heads of the audit trail, newest first, one page.
    AuditHeads {
        /// The cursor of the page before.
        after: Option<u64>,
    },
    /// List the keys by which the server signs.
    Keys,
    /// Let a fresh key sign.
    KeyRotate {
        /// Trust the old one no longer.
        distrust: bool,
    },
    /// Make a sign-up invite.
    Invite {
        /// How many accounts it lets in.
        uses: u32,
        /// Until it lapses; a usual time if absent.
        life_s: Option<u64>,
        /// A note for the list.
        note: String,
    },
    /// List sign-up invites, one page.
    Invites {
        /// The cursor of the page before.
        after: Option<u64>,
    },
    /// Take a sign-up invite back.
    InviteRemove {
        /// Its number.
        id: u64,
    },
    /// Make a server role.
    RoleMake {
        /// What it is called.
        name: String,
        /// What it allows, by the names of the permissions.
        permissions: Vec<String>,
        /// Only over members of the organisation of who has it.
        own_organisation: bool,
    },
    /// List the server roles.
    Roles,
    /// Remove a server role that nobody has.
    RoleRemove {
        /// What it is called.
        name: String,
    },
    /// Put an account into an organisation, or take it out of its one.
    OrganisationSet {
        /// Whom.
        account: String,
        /// The name of the organisation; out of any if absent.
        name: Option<String>,
    },
    /// List organisations, one page.
    Organisations {
        /// The cursor of the page before.
        after: Option<u64>,
    },
    /// Write all rows into a file.
    Export {
        /// A full path; nothing may be there.
        path: PathBuf,
        /// Leave the key of the server out.
        without_key: bool,
    },
    /// Read every row and hash every file body.
    Verify,
}

impl Command {
    /// The same list from `cursor` on; a command that lists nothing stays as it is.
    pub fn after(self, cursor: u64) -> Command {
        let after = Some(cursor);
        match self {
            Command::Accounts { .. } => Command::Accounts { after },
            Command::Audit { .. } => Command::Audit { after },
            Command::AuditExport { .. } => Command::AuditExport { after },
            Command::AuditHeads { .. } => Command::AuditHeads { after },
            Command::Invites { .. } => Command::Invites { after },
            Command::Organisations { .. } => Command::Organisations { after },
            other => other,
        }
    }

    /// Whether it goes through all data, which takes as long as it takes.
    pub fn is_long(&self) -> bool {
        matches!(self, Command::Export { .. } | Command::Verify | Command::AuditVerify)
    }
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// A sentence for the operator.
    Said(String),
    /// A link with a one-time secret.
    Link {
        /// A sentence for the operator.
        said: String,
        /// The link.
        link: String,
    },
    /// What a verification came to.
    Verified {
        /// A sentence for the operator.
        said: String,
        /// What is wrong; nothing if the data are in order.
        troubles: Vec<String>,
    },
    /// One page of rows.
    Table(Table),
}

/// Rows of text under a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The names of the columns.
    pub head: Vec<String>,
    /// The rows; each is as long as the head.
    pub rows: Vec<Vec<String>>,
    /// The cursor of the next page, if there is one.
    pub next: Option<u64>,
}

impl Table {
    /// A page without rows.
    pub fn new(head: &[&str]) -> Table {
        Table { head: head.iter().map(ToString::to_string).collect(), rows: Vec::new(), next: None }
    }
}

/// A password on its way to the operation that hashes it.
#[derive(Clone, Debug)]
pub struct Password(pub Secret<String>);

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.reveal())
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Password, D::Error> {
        String::deserialize(deserializer).map(|text| Password(Secret::new(text)))
    }
}
