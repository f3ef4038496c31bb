//! How success and failure look as bytes: the four forms of an answer, their members in the order of the protocol, and the
//! dialect's own faults. The HTTP status is always that of the body; a code is always text.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use chatelaine_core::Error;
use chatelaine_http::answers;
use serde::Serialize;

use crate::codes::{self, Answer};
use crate::ops::{Op, Shape};
use crate::options::{Language, Options};
use crate::texts;

/// What every handler returns.
pub(crate) type Reply = Result<Good, Fault>;

/// A member of a request.
#[expect(missing_docs, reason = "each is the member of that name")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    UserId,
    UserName,
    UserPhoneNumber,
    UserEmail,
    UserPassword,
    UserAegisspeedId,
    UserNickname,
    UserGender,
    UserBirthday,
    UserWxId,
    UserAddress,
    MachineCode,
    WindowsUuid,
    WindowsProductId,
    MachineOsName,
    MachineOsVersion,
    MachineArchitecture,
    MachineArchitectureType,
    MachinePlatform,
    MachineCpu,
    MachineMotherboard,
    MachineMacAddress,
    LaunchCode,
    CheckResult,
    CheckResultDetail,
    BanReason,
    Expires,
    MarkId,
    Reason,
    Limit,
    Before,
}

impl Member {
    /// Every member.
    pub const ALL: [Member; 31] = [
        Member::UserId,
        Member::UserName,
        Member::UserPhoneNumber,
        Member::UserEmail,
        Member::UserPassword,
        Member::UserAegisspeedId,
        Member::UserNickname,
        Member::UserGender,
        Member::UserBirthday,
        Member::UserWxId,
        Member::UserAddress,
        Member::MachineCode,
        Member::WindowsUuid,
        Member::WindowsProductId,
        Member::MachineOsName,
        Member::MachineOsVersion,
        Member::MachineArchitecture,
        Member::MachineArchitectureType,
        Member::MachinePlatform,
        Member::MachineCpu,
        Member::MachineMotherboard,
        Member::MachineMacAddress,
        Member::LaunchCode,
        Member::CheckResult,
        Member::CheckResultDetail,
        Member::BanReason,
        Member::Expires,
        Member::MarkId,
        Member::Reason,
        Member::Limit,
        Member::Before,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Member::UserId => "user_id",
            Member::UserName => "user_name",
            Member::UserPhoneNumber => "user_phone_number",
            Member::UserEmail => "user_email",
            Member::UserPassword => "user_password",
            Member::UserAegisspeedId => "user_AegisSpeed_id",
            Member::UserNickname => "user_nickname",
            Member::UserGender => "user_gender",
            Member::UserBirthday => "user_birthday",
            Member::UserWxId => "user_wx_id",
            Member::UserAddress => "user_address",
            Member::MachineCode => "machine_code",
            Member::WindowsUuid => "windows_uuid",
            Member::WindowsProductId => "windows_product_id",
            Member::MachineOsName => "machine_os_name",
            Member::MachineOsVersion => "machine_os_version",
            Member::MachineArchitecture => "machine_architecture",
            Member::MachineArchitectureType => "machine_architecture_type",
            Member::MachinePlatform => "machine_platform",
            Member::MachineCpu => "machine_cpu",
            Member::MachineMotherboard => "machine_motherboard",
            Member::MachineMacAddress => "machine_mac_address",
            Member::LaunchCode => "launch_code",
            Member::CheckResult => "check_result",
            Member::CheckResultDetail => "check_result_detail",
            Member::BanReason => "ban_reason",
            Member::Expires => "expires",
            Member::MarkId => "mark_id",
            Member::Reason => "reason",
            Member::Limit => "limit",
            Member::Before => "before",
        }
    }
}

/// Why a request failed: the domain's reason, or one of this protocol alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The domain refused.
    Core(Error),
    /// The whole dialect is switched off.
    Off,
    /// The endpoint is switched off.
    Closed,
    /// Requests come too fast.
    TooFast {
        /// How long to wait.
        retry_ms: u64,
    },
    /// The body is no JSON object.
    NotJson,
    /// The body is too long.
    TooLarge,
    /// There is no token, or it is not good.
    Token,
    /// The token is that of somebody else than the one named.
    Foreign,
    /// The secret of the state for developers is not the right one.
    DevSecret,
    /// A member is missing or breaks its rule.
    Bad(Member),
    /// The password is wrong, or one of the two things to sign in by is missing.
    WrongPassword,
    /// Nobody goes by that.
    NoUser,
    /// The password is right, and the account is none of an administrator.
    NotAdmin,
    /// The role of the caller, or the kind of his token, does not permit it.
    Role,
    /// Nothing lives at this path.
    NoPath,
    /// The path does not take the method.
    Method,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Core(error)
    }
}

impl From<chatelaine_http::TooFast> for Fault {
    fn from(fast: chatelaine_http::TooFast) -> Fault {
        Fault::TooFast { retry_ms: fast.retry_ms }
    }
}

/// A success.
#[derive(Clone, Debug)]
pub(crate) struct Good {
    code: &'static str,
    text: &'static str,
    token: String,
    flag: bool,
    /// A JSON object.
    data: String,
}

impl Good {
    /// A success without data.
    pub(crate) fn new(code: &'static str, text: &'static str) -> Good {
        Good { code, text, token: String::new(), flag: false, data: "{}".to_owned() }
    }

    /// A success whose only yes or no is this.
    pub(crate) fn flag(code: &'static str, text: &'static str, flag: bool) -> Good {
        Good { flag, ..Good::new(code, text) }
    }

    /// What is told of the server; only for answers of that form.
    pub(crate) fn state(data: &impl Serialize) -> Reply {
        Good::new("", "").with(data)
    }

    /// The same with this token.
    pub(crate) fn token(self, token: String) -> Good {
        Good { token, ..self }
    }

    /// The same with this data, which must become a JSON object.
    pub(crate) fn with(self, data: &impl Serialize) -> Reply {
        let data = serde_json::to_string(data).map_err(|error| Error::internal(&error))?;
        Ok(Good { data, ..self })
    }
}

/// Data that tells which member is at fault.
#[derive(Serialize)]
struct AtFault {
    field: &'static str,
}

/// Data that tells how many seconds to wait.
#[derive(Serialize)]
struct Wait {
    retry_after: u64,
}

/// The answer to a request.
pub(crate) fn answer(op: Op, reply: Reply, options: &Options) -> HttpResponse {
    match reply {
        Ok(good) => respond(200, good_body(op.shape(), &good, options.language), None),
        Err(fault) => {
            let answer = codes::answer(op, &fault, options);
            let mut response = respond(answer.status, bad_body(op, &fault, &answer, options.language), answer.retry_ms);
            if fault == Fault::Method {
                answers::set(response.headers_mut(), header::ALLOW, op.method().as_str());
            }
            response
        }
    }
}

fn respond(status: u16, body: String, retry_ms: Option<u64>) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(ms) = retry_ms {
        response.insert_header((header::RETRY_AFTER, seconds(ms)));
    }
    response.body(body)
}

fn seconds(ms: u64) -> u64 {
    ms.div_ceil(1_000).max(1)
}

fn good_body(shape: Shape, good: &Good, language: Language) -> String {
    match shape {
        // Here the data stands beside the status.
        Shape::State => good.data.replacen('{', "{\"status\":200,", 1),
        Shape::Token | Shape::Plain | Shape::Flag => body(shape, 200, good, language),
    }
}

fn bad_body(op: Op, fault: &Fault, answer: &Answer, language: Language) -> String {
    let text = texts::say(language, answer.text);
    let data = match (answer.field, answer.retry_ms) {
        (Some(field), _) => serde_json::to_string(&AtFault { field }),
        (None, Some(ms)) => serde_json::to_string(&Wait { retry_after: seconds(ms) }),
        (None, None) => Ok("{}".to_owned()),
    };
    let data = data.unwrap_or_else(|_| "{}".to_owned());
    match shape(op, fault) {
        Shape::State if text.is_empty() => object(&[("status", answer.status.to_string())]),
        Shape::State => object(&[("status", answer.status.to_string()), ("server_state", quoted(text))]),
        other => body(other, answer.status, &Good { data, ..Good::new(answer.code, answer.text) }, language),
    }
}

/// The members of an answer that has a code, in the order of its form.
fn body(shape: Shape, status: u16, told: &Good, language: Language) -> String {
    let (status, code) = (("status", status.to_string()), ("code", quoted(told.code)));
    let (text, data) = (quoted(texts::say(language, told.text)), ("data", told.data.clone()));
    match shape {
        Shape::Flag => object(&[status, code, ("info", text), ("result", told.flag.to_string())]),
        Shape::Token => object(&[status, ("token", quoted(&told.token)), code, ("result", text), data]),
        Shape::Plain | Shape::State => object(&[status, code, ("result", text), data]),
    }
}

/// The form of a failure: that of the endpoint, but for what is found before it is looked at.
fn shape(op: Op, fault: &Fault) -> Shape {
    if matches!(fault, Fault::NoPath | Fault::Method | Fault::TooLarge) { Shape::Plain } else { op.shape() }
}

/// An object of members that are JSON already, in this order.
fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_of_the_protocol() {
        let good = |op: Op, good: &Good| good_body(op.shape(), good, Language::English);
        let token = Good::new("10000", "Login successful").token("t".to_owned());
        assert_eq!(
            good(Op::LoginUserInfo, &token),
            r#"{"status":200,"token":"t","code":"10000","result":"Login successful","data":{}}"#
        );
        let flag = Good::flag("10003", "Machine code already bound", true);
        assert_eq!(
            good(Op::VerifyIsMachineCodeAvailable, &flag),
            r#"{"status":200,"code":"10003","info":"Machine code already bound","result":true}"#
        );
        let state = Good::state(&Wait { retry_after: 3 }).unwrap();
        assert_eq!(good(Op::CheckServerState, &state), r#"{"status":200,"retry_after":3}"#);
    }

    #[test]
    fn a_failure_has_the_form_of_its_endpoint_and_always_data() {
        let bad = |op: Op, fault: Fault| {
            let options = Options::default();
            bad_body(op, &fault, &codes::answer(op, &fault, &options), options.language)
        };
        assert_eq!(bad(Op::CheckServerStateDev, Fault::DevSecret), r#"{"status":401}"#);
        assert_eq!(
            bad(Op::CheckServerState, Fault::Closed),
            r#"{"status":403,"server_state":"Server has not opened this endpoint"}"#
        );
        assert_eq!(
            bad(Op::VerifyIsMachineCodeAvailable, Fault::Bad(Member::UserId)),
            r#"{"status":400,"code":"10002","info":"Invalid user ID format","result":false}"#
        );
        assert_eq!(
            bad(Op::ModifyUserInfo, Fault::Bad(Member::UserWxId)),
            r#"{"status":400,"code":"19001","result":"Invalid request parameters","data":{"field":"user_wx_id"}}"#
        );
        assert_eq!(
            bad(Op::LoginUserInfo, Fault::Method),
            r#"{"status":405,"code":"19008","result":"Method not allowed","data":{}}"#
        );
        assert_eq!(
            bad(Op::RegisterUserInfo, Fault::TooFast { retry_ms: 1_001 }),
            r#"{"status":429,"token":"","code":"19002","result":"Too many requests","data":{"retry_after":2}}"#
        );
    }
}
