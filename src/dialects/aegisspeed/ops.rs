//! The endpoints: name, method, paths, form of the answer. The order is that of the protocol; the last eight are our own.

use actix_web::http::Method;

/// An endpoint; each has the name of its path.
#[expect(missing_docs, reason = "each is the endpoint of that name")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    CheckServerState,
    CheckServerStateDev,
    CheckServerApiState,
    VerifyClientVersionNumber,
    VerifyIsUserIdAvailable,
    VerifyUserIdAndName,
    VerifyIsMachineCodeAvailable,
    VerifyIsUserCheater,
    RegisterUserInfo,
    LoginUserInfo,
    LoginUserInfoByAegisspeedId,
    LoginAdminInfo,
    LoginAdminInfoByAegisspeedId,
    GetUserInfo,
    GetUserCheckInfo,
    GetUserMachineInfo,
    ModifyUserInfo,
    ModifyUserPhoneNumber,
    RegisterMachineInfo,
    RegisterMachineInfoByAegisspeedId,
    StartCheck,
    FinishCheck,
    MarkUserCheater,
    UnmarkUserCheater,
    ListMarks,
    ReleaseMachine,
    ReleaseMachineInfo,
    ListAudit,
    /// No endpoint: a path of the protocol where nothing lives.
    Nowhere,
}

/// The four forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `status`, `token`, `code`, `result`, `data`.
    Token,
    /// `status`, `code`, `result`, `data`.
    Plain,
    /// `status`, `code`, `info`, `result`, where the result is yes or no.
    Flag,
    /// `status`, `server_state` and what else is told of the server.
    State,
}

impl Op {
    /// Every endpoint, in the order of the protocol, and at the end none.
    pub const ALL: [Op; 29] = [
        Op::CheckServerState,
        Op::CheckServerStateDev,
        Op::CheckServerApiState,
        Op::VerifyClientVersionNumber,
        Op::VerifyIsUserIdAvailable,
        Op::VerifyUserIdAndName,
        Op::VerifyIsMachineCodeAvailable,
        Op::VerifyIsUserCheater,
        Op::RegisterUserInfo,
        Op::LoginUserInfo,
        Op::LoginUserInfoByAegisspeedId,
        Op::LoginAdminInfo,
        Op::LoginAdminInfoByAegisspeedId,
        Op::GetUserInfo,
        Op::GetUserCheckInfo,
        Op::GetUserMachineInfo,
        Op::ModifyUserInfo,
        Op::ModifyUserPhoneNumber,
        Op::RegisterMachineInfo,
        Op::RegisterMachineInfoByAegisspeedId,
        Op::StartCheck,
        Op::FinishCheck,
        Op::MarkUserCheater,
        Op::UnmarkUserCheater,
        Op::ListMarks,
        Op::ReleaseMachine,
        Op::ReleaseMachineInfo,
        Op::ListAudit,
        Op::Nowhere,
    ];

    /// Its path, then other paths that lead to it.
    #[must_use]
    pub const fn paths(self) -> &'static [&'static str] {
        match self {
            Op::CheckServerState => &["/test/check_server_state"],
            Op::CheckServerStateDev => &["/test/check_server_state_dev"],
            Op::CheckServerApiState => {
                &["/test/check_server_api_state", "/test/check_api_state", "/test/check_server_api_state_dev"]
            }
            Op::VerifyClientVersionNumber => &["/verify/verify_client_version_number"],
            Op::VerifyIsUserIdAvailable => &["/verify/verify_is_user_id_available"],
            Op::VerifyUserIdAndName => &[
                "/verify/verify_user_id_and_name",
                "/verify/verify_user_id_name",
                "/verify/verify_is_user_id_name_match",
            ],
            Op::VerifyIsMachineCodeAvailable => &["/verify/verify_is_machine_code_available"],
            Op::VerifyIsUserCheater => &["/verify/verify_is_user_cheater"],
            Op::RegisterUserInfo => &["/user/register/register_user_info"],
            Op::LoginUserInfo => &["/user/login/login_user_info"],
            Op::LoginUserInfoByAegisspeedId => &["/user/login/login_user_info_by_aegisspeed_id"],
            Op::LoginAdminInfo => &["/user/login/login_admin_info"],
            Op::LoginAdminInfoByAegisspeedId => &["/user/login/login_admin_info_by_aegisspeed_id"],
            Op::GetUserInfo => &["/user/info/get_user_info"],
            Op::GetUserCheckInfo => &["/user/info/get_user_check_info"],
            Op::GetUserMachineInfo => &["/user/info/get_user_machine_info", "/machine/info/get_machine_info"],
            Op::ModifyUserInfo => &["/user/modify/modify_user_info", "/user/update/modify_user_info"],
            Op::ModifyUserPhoneNumber => {
                &["/user/modify/modify_user_phone_number", "/user/update/modify_user_phone_number"]
            }
            Op::RegisterMachineInfo => &["/machine/register/register_machine_info"],
            Op::RegisterMachineInfoByAegisspeedId => &["/machine/register/register_machine_info_by_aegisspeed_id"],
            Op::StartCheck => &["/asac/check/start_check"],
            Op::FinishCheck => &["/asac/check/finish_check"],
            Op::MarkUserCheater => &["/admin/cheater/mark_user_cheater"],
            Op::UnmarkUserCheater => &["/admin/cheater/unmark_user_cheater"],
            Op::ListMarks => &["/admin/cheater/list_marks"],
            Op::ReleaseMachine => &["/admin/machine/release_machine"],
            Op::ReleaseMachineInfo => &["/machine/release/release_machine_info"],
            Op::ListAudit => &["/admin/audit/list"],
            Op::Nowhere => &[],
        }
    }

    /// The one method that it takes.
    #[must_use]
    pub fn method(self) -> Method {
        if self.reads() { Method::GET } else { Method::POST }
    }

    /// Whether it takes no body.
    const fn reads(self) -> bool {
        matches!(
            self,
            Op::CheckServerState
                | Op::CheckServerStateDev
                | Op::CheckServerApiState
                | Op::VerifyClientVersionNumber
                | Op::VerifyIsUserCheater
                | Op::GetUserInfo
                | Op::GetUserCheckInfo
                | Op::GetUserMachineInfo
                | Op::ListMarks
                | Op::ListAudit
        )
    }

    /// The form of its answers.
    #[must_use]
    pub const fn shape(self) -> Shape {
        match self {
            Op::CheckServerState | Op::CheckServerStateDev | Op::CheckServerApiState => Shape::State,
            Op::VerifyIsUserIdAvailable | Op::VerifyUserIdAndName | Op::VerifyIsMachineCodeAvailable => Shape::Flag,
            Op::RegisterUserInfo
            | Op::LoginUserInfo
            | Op::LoginUserInfoByAegisspeedId
            | Op::LoginAdminInfo
            | Op::LoginAdminInfoByAegisspeedId => Shape::Token,
            Op::VerifyClientVersionNumber
            | Op::VerifyIsUserCheater
            | Op::GetUserInfo
            | Op::GetUserCheckInfo
            | Op::GetUserMachineInfo
            | Op::ModifyUserInfo
            | Op::ModifyUserPhoneNumber
            | Op::RegisterMachineInfo
            | Op::RegisterMachineInfoByAegisspeedId
            | Op::StartCheck
            | Op::FinishCheck
            | Op::MarkUserCheater
            | Op::UnmarkUserCheater
            | Op::ListMarks
            | Op::ReleaseMachine
            | Op::ReleaseMachineInfo
            | Op::ListAudit
            | Op::Nowhere => Shape::Plain,
        }
    }

    /// The name of the switch by which the operator closes it; our own endpoints have none.
    #[must_use]
    pub fn switch(self) -> Option<&'static str> {
        let is_own = matches!(
            self,
            Op::StartCheck
                | Op::FinishCheck
                | Op::MarkUserCheater
                | Op::UnmarkUserCheater
                | Op::ListMarks
                | Op::ReleaseMachine
                | Op::ReleaseMachineInfo
                | Op::ListAudit
        );
        self.paths().first().filter(|_| !is_own).and_then(|path| path.rsplit('/').next())
    }

    /// What makes it cost: how it is counted against those who ask too fast.
    #[must_use]
    pub const fn pace(self) -> Paced {
        match self {
            Op::RegisterUserInfo
            | Op::LoginUserInfo
            | Op::LoginUserInfoByAegisspeedId
            | Op::LoginAdminInfo
            | Op::LoginAdminInfoByAegisspeedId => Paced::SignIn,
            Op::VerifyIsUserIdAvailable
            | Op::VerifyUserIdAndName
            | Op::VerifyIsMachineCodeAvailable
            | Op::RegisterMachineInfo
            // Its secret is one for all, and can be guessed at.
            | Op::CheckServerStateDev => Paced::Open,
            Op::CheckServerState
            | Op::CheckServerApiState
            | Op::VerifyClientVersionNumber
            | Op::VerifyIsUserCheater
            | Op::GetUserInfo
            | Op::GetUserCheckInfo
            | Op::GetUserMachineInfo
            | Op::ModifyUserInfo
            | Op::ModifyUserPhoneNumber
            | Op::RegisterMachineInfoByAegisspeedId
            | Op::StartCheck
            | Op::FinishCheck
            | Op::MarkUserCheater
            | Op::UnmarkUserCheater
            | Op::ListMarks
            | Op::ReleaseMachine
            | Op::ReleaseMachineInfo
            | Op::ListAudit
            | Op::Nowhere => Paced::Usual,
        }
    }

    /// Its place in sets of endpoints.
    pub(crate) const fn bit(self) -> u32 {
        1 << (self as u8)
    }
}

/// How requests are counted by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paced {
    /// As attempts to sign in or up.
    SignIn,
    /// As questions of somebody who shows nothing of himself.
    Open,
    /// As any request.
    Usual,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_path_leads_to_one_endpoint_and_every_endpoint_has_one() {
        let mut seen = BTreeSet::new();
        for op in Op::ALL {
            assert_eq!(op.paths().is_empty(), op == Op::Nowhere, "{op:?}");
            for path in op.paths() {
                assert!(seen.insert(*path), "{path} stands twice");
                assert!(path.starts_with('/') && !path.ends_with('/'), "{path}");
            }
        }
    }

    #[test]
    fn the_twenty_of_the_protocol_have_switches_of_their_own_name() {
        let names: BTreeSet<_> = Op::ALL.into_iter().filter_map(Op::switch).collect();
        assert_eq!(names.len(), 20);
        assert!(names.contains("login_user_info_by_aegisspeed_id") && !names.contains("start_check"));
    }

    #[test]
    fn the_list_is_in_order_and_whole() {
        for (place, op) in Op::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(op as u8), place);
        }
    }
}
