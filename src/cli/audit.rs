//! `chatelaine audit`: is the audit trail as it was written, and the trail as lines of JSON for keeping elsewhere.

use serde_json::{Map, Value};

use super::admin::command::{Command, Reply, Table};
use super::config::Place;
use super::{Exit, Failure, admin, say};

/// What to do with the trail, of which data folder.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  chatelaine audit verify                  is every row as it was written?
  chatelaine audit export > trail.jsonl    all rows with their links, oldest first, then the signed heads

Works while the server runs and while it does not. Note the head that verify prints at another place: who
can write the whole data folder can also write a new chain, but not the old head.")]
pub struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Go through the chain and name the first row that was changed, taken out or put in, or the first day whose signed head
    /// does not fit.
    Verify,
    /// Print all rows with their links and all signed heads, one JSON object a line.
    Export,
}

/// Verifies or exports.
pub fn run(args: &Args) -> Result<(), Failure> {
    match args.what {
        What::Verify => verify(&args.place),
        What::Export => [Command::AuditExport { after: None }, Command::AuditHeads { after: None }]
            .into_iter()
            .try_for_each(|list| admin::each_page(&args.place, list, |page| say(&lines(page)))),
    }
}

fn verify(place: &Place) -> Result<(), Failure> {
    match admin::once(place, Command::AuditVerify)? {
        Reply::Verified { said, troubles } if troubles.is_empty() => say(&format!("{said}\n")),
        Reply::Verified { troubles, .. } => Err(Failure::new(Exit::Damaged, troubles.join("; "))),
        Reply::Said(_) | Reply::Link { .. } | Reply::Table(_) => {
            Err(Failure::failed("the running server gave another answer than asked for"))
        }
    }
}

/// Each row as one object, its members named by the head.
fn lines(page: &Table) -> String {
    let object = |row: &Vec<String>| {
        let members = page.head.iter().cloned().zip(row.iter().cloned().map(Value::String));
        format!("{}\n", Value::Object(members.collect::<Map<_, _>>()))
    };
    page.rows.iter().map(object).collect()
}
