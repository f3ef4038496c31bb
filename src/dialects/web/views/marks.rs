//! Checks and marks as our own API shows them. The code of a machine is shown whole to whose it is and hidden in the middle to
//! everybody else; who set or answered something only to those who look after machines.

use chatelaine_core::ids::AccountId;
use chatelaine_core::machines::appeals::{AnsweredBy, Verdict};
use chatelaine_core::machines::{appeals, checks, marks};
use chatelaine_core::{Stamp, files};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids;
use crate::views::Time;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Nothing was found.
    Passed,
    /// Something was found.
    Failed,
    /// It did not come to an end by itself.
    Aborted,
}

/// A check of a machine.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// By which it is known.
    #[schema(example = "LAUNCH202701150001")]
    pub launch: String,
    /// Whose machine it was.
    pub account: u64,
    /// Number of the machine.
    pub machine: u64,
    /// How it came out; `null` while it runs.
    pub outcome: Option<CheckOutcome>,
    /// What was found, in the words of who checked.
    pub detail: String,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub finished_at: Option<Time>,
}

impl From<CheckOutcome> for checks::Outcome {
    fn from(outcome: CheckOutcome) -> checks::Outcome {
        match outcome {
            CheckOutcome::Passed => checks::Outcome::Passed,
            CheckOutcome::Failed => checks::Outcome::Failed,
            CheckOutcome::Aborted => checks::Outcome::Aborted,
        }
    }
}

impl From<checks::Check> for Check {
    fn from(check: checks::Check) -> Check {
        let outcome = check.outcome.map(|outcome| match outcome {
            checks::Outcome::Passed => CheckOutcome::Passed,
            checks::Outcome::Failed => CheckOutcome::Failed,
            checks::Outcome::Aborted => CheckOutcome::Aborted,
        });
        Check {
            launch: check.launch.to_string(),
            account: check.account.get(),
            machine: check.machine.get(),
            outcome,
            detail: check.detail,
            started_at: check.started_at.into(),
            finished_at: check.finished_at.map(Time::from),
        }
    }
}

/// How much weight a mark has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkSeverity {
    /// Something to know.
    Notice,
    /// What a mark usually is.
    #[default]
    Serious,
    /// The worst.
    Grave,
}

impl From<marks::Severity> for MarkSeverity {
    fn from(severity: marks::Severity) -> MarkSeverity {
        match severity {
            marks::Severity::Notice => MarkSeverity::Notice,
            marks::Severity::Serious => MarkSeverity::Serious,
            marks::Severity::Grave => MarkSeverity::Grave,
        }
    }
}

impl From<MarkSeverity> for marks::Severity {
    fn from(severity: MarkSeverity) -> marks::Severity {
        match severity {
            MarkSeverity::Notice => marks::Severity::Notice,
            MarkSeverity::Serious => marks::Severity::Serious,
            MarkSeverity::Grave => marks::Severity::Grave,
        }
    }
}

/// A mark against an account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Mark {
    /// Number of the mark.
    pub id: u64,
    /// Against whom.
    pub account: u64,
    /// Who set it; `null` for whoever runs the server, and in one's own marks.
    pub by: Option<u64>,
    /// When.
    pub at: Time,
    /// Why.
    pub reason: String,
    /// Kind of offence, as a word; may be blank.
    pub category: String,
    /// How much weight it has.
    pub severity: MarkSeverity,
    /// Code of the machine because of which; hidden in the middle but in one's own marks.
    pub code: Option<String>,
    /// Check because of which.
    pub launch: Option<String>,
    /// Until when it is in force: a time or `forever`.
    pub until: String,
    /// Whether it is in force now.
    pub active: bool,
    /// How it was lifted.
    pub lift: Option<MarkLift>,
    /// Files that speak for it.
    pub evidence: Vec<Evidence>,
    /// What the account says against it.
    pub appeal: Option<Appeal>,
}

/// The end of a mark before its time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MarkLift {
    /// Who lifted it; `null` for whoever runs the server, and in one's own marks.
    pub by: Option<u64>,
    /// When.
    pub at: Time,
    /// Why.
    pub reason: String,
}

/// A file that speaks for a mark.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// Number of the file.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Media type.
    pub media_type: String,
    /// Where its bytes are.
    pub url: String,
}

impl From<files::File> for Evidence {
    fn from(file: files::File) -> Evidence {
        Evidence {
            id: file.id.get(),
            name: file.name.as_str().to_owned(),
            size: file.size,
            media_type: file.media_type,
            url: format!("/api/v1/files/{}/content", file.id.get()),
        }
    }
}

/// An appeal against a mark.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Appeal {
    /// What the account says.
    pub text: String,
    /// When.
    pub at: Time,
    /// What became of it; `null` while it waits.
    pub answer: Option<AppealAnswer>,
}

/// The answer to an appeal.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AppealAnswer {
    /// Who answered; `null` for whoever runs the server, and in one's own marks.
    pub by: Option<u64>,
    /// When.
    pub at: Time,
    /// Whether the mark was lifted.
    pub lift: bool,
    /// The words.
    pub text: String,
}

/// For whom a mark is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// The marked account.
    Marked,
    /// Somebody who looks after machines.
    Manager,
}

impl For {
    fn who(self, by: Option<AccountId>) -> Option<u64> {
        by.filter(|_| self == For::Manager).map(AccountId::get)
    }
}

impl Mark {
    /// A mark at `now`, as it is shown to the marked account or to others.
    pub fn at(now: Stamp, case: marks::Case, to: For) -> Mark {
        let active = case.mark.holds(now);
        let marks::Mark { id, row, lift } = case.mark;
        let code = row.code.map(|code| match to {
            For::Marked => code.as_str().to_owned(),
            For::Manager => code.masked(),
        });
        Mark {
            id: id.get(),
            account: row.account.get(),
            by: to.who(row.by),
            at: row.at.into(),
            reason: row.reason,
            category: row.category,
            severity: row.severity.into(),
            code,
            launch: row.launch.map(|launch| launch.to_string()),
            until: ids::until(row.until),
            active,
            lift: lift.map(|lift| MarkLift { by: to.who(lift.by), at: lift.at.into(), reason: lift.reason }),
            evidence: case.evidence.into_iter().map(Evidence::from).collect(),
            appeal: case.appeal.map(|appeal| shown(appeal, to)),
        }
    }
}

fn shown(appeal: appeals::Appeal, to: For) -> Appeal {
    let answer = appeal.answer.map(|answer| {
        let by = match answer.by {
            AnsweredBy::Manager(account) => to.who(Some(account)),
            AnsweredBy::Operator => None,
        };
        AppealAnswer { by, at: answer.at.into(), lift: answer.verdict == Verdict::Lifted, text: answer.text }
    });
    Appeal { text: appeal.text, at: appeal.at.into(), answer }
}
