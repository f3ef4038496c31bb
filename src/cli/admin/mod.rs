//! `chatelaine admin`: looks after a server, through its control socket while it runs and
//! directly on the data folder while it does not.

mod ask;
pub mod command;
mod lists;
pub mod maintain;
mod print;
mod run;

use std::path::Path;

use clap::Subcommand;

use super::config::Place;
use super::control::Client;
use super::data_dir::{self, Missing};
use super::{Exit, Failure, address, open};
use crate::config::Loaded;
use ask::Source;
use command::{Command, Reply, Table};
pub use run::run as run_command;

/// What to look after, in which data folder.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  chatelaine admin create --handle ada --name \"Ada L.\" --role admin   asks for the password
  chatelaine admin grant --account ada --role admin                   make an administrator
  chatelaine admin reset-link --account ada@example.org               for a forgotten password
  chatelaine admin invite create --uses 5 --expires 7d                let five people sign up
  chatelaine admin set accounts.sign_up=closed                        change a run-time setting
  chatelaine admin audit list                                         what administrators did

An account is named by its handle or its e-mail address; --data names the server's data folder.
Every command works while the server runs and while it does not.")]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Make an account.
    Create {
        /// The unique short name; made up if absent.
        #[arg(long)]
        handle: Option<String>,
        /// The e-mail address, if there is one.
        #[arg(long)]
        email: Option<String>,
        /// The name others see.
        #[arg(long)]
        name: String,
        /// A server role to grant at once, like admin.
        #[arg(long)]
        role: Option<String>,
        /// Read the password from standard input instead of asking for it.
        #[arg(long)]
        stdin: bool,
    },
    /// Give an account a server role.
    Grant {
        #[command(flatten)]
        who: Who,
        /// The name of the role.
        #[arg(long, default_value = "admin")]
        role: String,
    },
    /// Take a server role away from an account.
    Revoke {
        #[command(flatten)]
        who: Who,
        /// The name of the role.
        #[arg(long, default_value = "admin")]
        role: String,
    },
    /// Set a new password; signs the account out everywhere.
    SetPassword {
        #[command(flatten)]
        who: Who,
        /// Read the password from standard input instead of asking for it.
        #[arg(long)]
        stdin: bool,
    },
    /// Print a link by which the holder sets a new password, once.
    ResetLink {
        #[command(flatten)]
        who: Who,
    },
    /// List all accounts.
    List,
    /// Lock an account: it is signed out and cannot sign in.
    Lock {
        #[command(flatten)]
        who: Who,
        /// For how long, like 2h or 7d; for ever if absent.
        #[arg(long = "for", value_name = "TIME", value_parser = ask::seconds)]
        time: Option<u64>,
    },
    /// Unlock an account.
    Unlock {
        #[command(flatten)]
        who: Who,
    },
    /// End all logins of an account.
    SignOut {
        #[command(flatten)]
        who: Who,
    },
    /// Change a run-time setting; it holds, also after restarts, until it is reset.
    #[command(name = "set")]
    Change {
        /// The setting and its new value.
        #[arg(value_name = "KEY=VALUE", value_parser = ask::pair)]
        pair: (String, String),
    },
    /// Take the change of a run-time setting back.
    Reset {
        /// The setting.
        #[arg(value_name = "KEY")]
        name: String,
    },
    /// List the run-time settings and their values.
    Settings,
    /// Look at what administrators and room owners did.
    Audit {
        #[command(subcommand)]
        what: Audit,
    },
    /// Sign-up invites, for servers with accounts.sign_up=invite.
    Invite {
        #[command(subcommand)]
        what: Invite,
    },
    /// Server roles: what an account may do beyond its own rooms.
    Role {
        #[command(subcommand)]
        what: Role,
    },
    /// Organisations, whose administrators look after their members and after nobody else.
    Organisation {
        #[command(subcommand)]
        what: Organisation,
    },
}

#[derive(clap::Args, Debug)]
struct Who {
    /// The account: its handle or e-mail address.
    #[arg(long, value_name = "EMAIL_OR_HANDLE")]
    account: String,
}

#[derive(Subcommand, Debug)]
enum Audit {
    /// List what was done, newest first.
    List {
        /// At most this many rows.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
}

#[derive(Subcommand, Debug)]
enum Invite {
    /// Make an invite and print its link.
    Create {
        /// How many accounts it lets in.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// When it lapses, like 2d; after a week if absent.
        #[arg(long, value_name = "TIME", value_parser = ask::seconds)]
        expires: Option<u64>,
        /// A note that reminds you whom it was for.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List the invites.
    List,
    /// Take an invite back.
    Remove {
        /// Its number, as the list shows it.
        id: u64,
    },
}

#[derive(Subcommand, Debug)]
enum Role {
    /// Make a role; admin grant gives it to an account.
    Create {
        /// What it is called.
        #[arg(long)]
        name: String,
        /// What it allows, as admin role list names it; repeat it or part several by commas.
        #[arg(long = "permission", value_name = "PERMISSION", value_delimiter = ',')]
        permissions: Vec<String>,
        /// Allow it only over members of the organisation that the holder belongs to.
        #[arg(long)]
        own_organisation: bool,
    },
    /// List the roles and what they allow; admin, which is built in, has every permission.
    List,
    /// Remove a role that nobody has.
    Remove {
        /// What it is called.
        #[arg(long)]
        name: String,
    },
}

#[derive(Subcommand, Debug)]
enum Organisation {
    /// Put an account into an organisation, which begins with its first member, or take it out.
    Set {
        /// The account: its handle or e-mail address.
        #[arg(value_name = "EMAIL_OR_HANDLE")]
        account: String,
        /// The name of the organisation: 1 to 50 letters and digits.
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        name: Option<String>,
        /// Take it out of the organisation that it belongs to.
        #[arg(long)]
        none: bool,
    },
    /// List the organisations.
    List,
}

/// Runs one admin command and prints what came of it.
pub fn run(args: Args) -> Result<(), Failure> {
    let rows_max = match &args.what {
        What::Audit { what: Audit::List { limit } } => *limit,
        _ => usize::MAX,
    };
    let dir = data_dir::prepare(&args.place.data, Missing::Refuse)?;
    // The password is asked for before the store is opened, which keeps others out.
    let command = command_of(args.what)?;
    let loaded = args.place.settings(None)?;
    let reply = on_server(&dir, &loaded, |ask| all_pages(command, rows_max, ask))?;
    super::say(&print::reply(&reply, args.json))
}

/// What came of a command, as text for people or JSON for scripts.
pub fn printed(reply: &Reply, as_json: bool) -> String {
    print::reply(reply, as_json)
}

/// Has one command done on the data folder of `place`, by the server if it runs.
pub fn once(place: &Place, command: Command) -> Result<Reply, Failure> {
    let dir = data_dir::prepare(&place.data, Missing::Refuse)?;
    let loaded = place.settings(None)?;
    on_server(&dir, &loaded, |ask| ask(command))
}

/// Has a list made page by page, each of which `each` gets as it comes.
pub fn each_page(
    place: &Place,
    command: Command,
    mut each: impl FnMut(&Table) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let dir = data_dir::prepare(&place.data, Missing::Refuse)?;
    let loaded = place.settings(None)?;
    on_server(&dir, &loaded, |ask| {
        let mut command = command;
        while let Reply::Table(page) = ask(command.clone())? {
            each(&page)?;
            let Some(cursor) = page.next else { return Ok(()) };
            command = command.after(cursor);
        }
        Err(Failure::failed("the running server gave another answer than asked for"))
    })
}

/// Something that has commands done.
type Ask<'a> = &'a mut dyn FnMut(Command) -> Result<Reply, Failure>;

/// Lets `work` ask the running server, or the opened store if none runs.
fn on_server<T>(dir: &Path, loaded: &Loaded, work: impl FnOnce(Ask<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    if let Some(mut client) = Client::connect(dir)? {
        return work(&mut |command| client.ask(command));
    }
    let opened = open::open(dir, loaded).map_err(|failure| match failure.exit {
        // Held, but nobody listens: a server on its way up or down.
        Exit::Locked => Failure::new(
            Exit::Locked,
            format!(
                "data folder {} is held by a server that is starting or stopping; try again in a moment",
                dir.display()
            ),
        ),
        _ => failure,
    })?;
    let base = address::known_url(dir, &loaded.config);
    let done = work(&mut |command| run_command(&opened.core, &base, command).map_err(Failure::failed));
    opened.close();
    done
}

/// Has a command done; a list is followed page by page to its end or to `rows_max`.
fn all_pages(command: Command, rows_max: usize, ask: Ask<'_>) -> Result<Reply, Failure> {
    let mut whole = match ask(command.clone())? {
        Reply::Table(table) => table,
        other @ (Reply::Said(_) | Reply::Link { .. } | Reply::Verified { .. }) => return Ok(other),
    };
    while let Some(cursor) = whole.next.filter(|_| whole.rows.len() < rows_max) {
        let Reply::Table(page) = ask(command.clone().after(cursor))? else { break };
        whole.rows.extend(page.rows);
        whole.next = page.next;
    }
    whole.rows.truncate(rows_max);
    Ok(Reply::Table(whole))
}

fn command_of(what: What) -> Result<Command, Failure> {
    Ok(match what {
        What::Create { handle, email, name, role, stdin } => {
            Command::Create { handle, email, name, password: ask::password(Source::of(stdin))?, role }
        }
        What::Grant { who, role } => Command::Grant { account: who.account, role },
        What::Revoke { who, role } => Command::Revoke { account: who.account, role },
        What::SetPassword { who, stdin } => {
            Command::SetPassword { account: who.account, password: ask::password(Source::of(stdin))? }
        }
        What::ResetLink { who } => Command::ResetLink { account: who.account },
        What::List => Command::Accounts { after: None },
        What::Lock { who, time } => Command::Lock { account: who.account, for_s: time },
        What::Unlock { who } => Command::Unlock { account: who.account },
        What::SignOut { who } => Command::SignOut { account: who.account },
        What::Change { pair: (name, value) } => Command::Set { name, value },
        What::Reset { name } => Command::Reset { name },
        What::Settings => Command::Settings,
        What::Audit { what: Audit::List { .. } } => Command::Audit { after: None },
        What::Invite { what: Invite::Create { uses, expires, note } } => {
            Command::Invite { uses, life_s: expires, note }
        }
        What::Invite { what: Invite::List } => Command::Invites { after: None },
        What::Invite { what: Invite::Remove { id } } => Command::InviteRemove { id },
        What::Role { what: Role::Create { name, permissions, own_organisation } } => {
            Command::RoleMake { name, permissions, own_organisation }
        }
        What::Role { what: Role::List } => Command::Roles,
        What::Role { what: Role::Remove { name } } => Command::RoleRemove { name },
        What::Organisation { what: Organisation::Set { account, name, .. } } => {
            Command::OrganisationSet { account, name }
        }
        What::Organisation { what: Organisation::List } => Command::Organisations { after: None },
    })
}
