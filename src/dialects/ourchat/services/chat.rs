//! The rpcs of `OurChatService`, in the order of the protocol: all that people do; each call needs the token of a live account.
//!
//! A table and nothing else: which operation, whether a token is needed, and where the handler lives.

use tonic::{Request, Streaming};

use chatelaine_ourchat_pb::Encoded;
use chatelaine_ourchat_pb::service::ourchat::delete::v1::DeleteFileRequest;
use chatelaine_ourchat_pb::service::ourchat::delete::v1::DeleteFileResponse;
use chatelaine_ourchat_pb::service::ourchat::download::v1::DownloadRequest;
use chatelaine_ourchat_pb::service::ourchat::download::v1::DownloadResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::AcceptFriendInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::AcceptFriendInvitationResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::delete_friend::v1::DeleteFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::delete_friend::v1::DeleteFriendResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::set_friend_info::v1::SetFriendInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::set_friend_info::v1::SetFriendInfoResponse;
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::GetAccountInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::GetAccountInfoResponse;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallMsgRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallMsgResponse;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::FetchMsgsRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::FetchMsgsResponse;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::SendMsgRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::SendMsgResponse;
use chatelaine_ourchat_pb::service::ourchat::session::accept_join_session_invitation::v1::AcceptJoinSessionInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::session::accept_join_session_invitation::v1::AcceptJoinSessionInvitationResponse;
use chatelaine_ourchat_pb::service::ourchat::session::add_role::v1::AddRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::add_role::v1::AddRoleResponse;
use chatelaine_ourchat_pb::service::ourchat::session::allow_user_join_session::v1::AllowUserJoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::allow_user_join_session::v1::AllowUserJoinSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::BanUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::BanUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::UnbanUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::UnbanUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::delete_session::v1::DeleteSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::delete_session::v1::DeleteSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::Dee2eeizeSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::Dee2eeizeSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::E2eeizeSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::E2eeizeSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::get_role::v1::GetRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_role::v1::GetRoleResponse;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::GetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::GetSessionInfoResponse;
use chatelaine_ourchat_pb::service::ourchat::session::invite_user_to_session::v1::InviteUserToSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::invite_user_to_session::v1::InviteUserToSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::kick::v1::KickUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::kick::v1::KickUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::leave_session::v1::LeaveSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::leave_session::v1::LeaveSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::MuteUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::MuteUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::UnmuteUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::UnmuteUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::session_room_key::v1::SendRoomKeyRequest;
use chatelaine_ourchat_pb::service::ourchat::session::session_room_key::v1::SendRoomKeyResponse;
use chatelaine_ourchat_pb::service::ourchat::session::set_role::v1::SetRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_role::v1::SetRoleResponse;
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoResponse;
use chatelaine_ourchat_pb::service::ourchat::set_account_info::v1::SetSelfInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::set_account_info::v1::SetSelfInfoResponse;
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::UnregisterRequest;
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::UnregisterResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CancelUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CancelUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CompleteUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CompleteUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::StartUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::StartUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadChunkRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadChunkResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadResponse;
use chatelaine_ourchat_pb::service::ourchat::v1::our_chat_service_server::OurChatService;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::accept_room_invitation::v1::AcceptRoomInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::accept_room_invitation::v1::AcceptRoomInvitationResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::create_room::v1::CreateRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::create_room::v1::CreateRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::demote_admin::v1::DemoteRoomAdminRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::demote_admin::v1::DemoteRoomAdminResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::get_room_members::v1::GetRoomMembersRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::get_room_members::v1::GetRoomMembersResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::invite_user::v1::InviteUserToRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::invite_user::v1::InviteUserToRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::join_room::v1::JoinRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::join_room::v1::JoinRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::kick_user::v1::KickUserFromRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::kick_user::v1::KickUserFromRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::leave_room::v1::LeaveRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::leave_room::v1::LeaveRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::promote_admin::v1::PromoteRoomAdminRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::promote_admin::v1::PromoteRoomAdminResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::signal::v1::SignalRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::signal::v1::SignalResponse;

use super::{Reply, Stream};
use crate::ops::Op;
use crate::{Ourchat, accounts, calls, files, friends, keys, members, messages, push, restrictions, roles, rooms};

/// The service over the dialect.
#[derive(Clone)]
pub(crate) struct Chat(pub(crate) Ourchat);

#[tonic::async_trait]
impl OurChatService for Chat {
    async fn unregister(&self, request: Request<UnregisterRequest>) -> Reply<UnregisterResponse> {
        self.0.user(Op::Unregister, request, accounts::unregister).await
    }

    async fn get_account_info(&self, request: Request<GetAccountInfoRequest>) -> Reply<GetAccountInfoResponse> {
        self.0.user(Op::GetAccountInfo, request, accounts::get_account_info).await
    }

    async fn set_self_info(&self, request: Request<SetSelfInfoRequest>) -> Reply<SetSelfInfoResponse> {
        self.0.user(Op::SetSelfInfo, request, accounts::set_self_info).await
    }

    async fn set_friend_info(&self, request: Request<SetFriendInfoRequest>) -> Reply<SetFriendInfoResponse> {
        self.0.user(Op::SetFriendInfo, request, friends::set_friend_info).await
    }

    type FetchMsgsStream = Stream<Encoded<FetchMsgsResponse>>;

    async fn fetch_msgs(&self, request: Request<FetchMsgsRequest>) -> Reply<Stream<Encoded<FetchMsgsResponse>>> {
        self.0.user(Op::FetchMsgs, request, push::fetch_msgs).await
    }

    async fn send_msg(&self, request: Request<SendMsgRequest>) -> Reply<SendMsgResponse> {
        self.0.user(Op::SendMsg, request, messages::send_msg).await
    }

    async fn upload(&self, request: Request<Streaming<UploadRequest>>) -> Reply<UploadResponse> {
        self.0.user(Op::Upload, request, files::upload).await
    }

    async fn start_upload(&self, request: Request<StartUploadRequest>) -> Reply<StartUploadResponse> {
        self.0.user(Op::StartUpload, request, files::start_upload).await
    }

    async fn upload_chunk(&self, request: Request<UploadChunkRequest>) -> Reply<UploadChunkResponse> {
        self.0.user(Op::UploadChunk, request, files::upload_chunk).await
    }

    async fn complete_upload(&self, request: Request<CompleteUploadRequest>) -> Reply<CompleteUploadResponse> {
        self.0.user(Op::CompleteUpload, request, files::complete_upload).await
    }

    async fn cancel_upload(&self, request: Request<CancelUploadRequest>) -> Reply<CancelUploadResponse> {
        self.0.user(Op::CancelUpload, request, files::cancel_upload).await
    }

    type DownloadStream = Stream<DownloadResponse>;

    async fn download(&self, request: Request<DownloadRequest>) -> Reply<Stream<DownloadResponse>> {
        self.0.user(Op::Download, request, files::download).await
    }

    async fn delete_file(&self, request: Request<DeleteFileRequest>) -> Reply<DeleteFileResponse> {
        self.0.user(Op::DeleteFile, request, files::delete_file).await
    }

    async fn accept_join_session_invitation(
        &self,
        request: Request<AcceptJoinSessionInvitationRequest>,
    ) -> Reply<AcceptJoinSessionInvitationResponse> {
        self.0.user(Op::AcceptJoinSessionInvitation, request, members::accept_join_session_invitation).await
    }

    async fn new_session(&self, request: Request<NewSessionRequest>) -> Reply<NewSessionResponse> {
        self.0.user(Op::NewSession, request, rooms::new_session).await
    }

    async fn get_session_info(&self, request: Request<GetSessionInfoRequest>) -> Reply<GetSessionInfoResponse> {
        self.0.user(Op::GetSessionInfo, request, rooms::get_session_info).await
    }

    async fn set_session_info(&self, request: Request<SetSessionInfoRequest>) -> Reply<SetSessionInfoResponse> {
        self.0.user(Op::SetSessionInfo, request, rooms::set_session_info).await
    }

    async fn delete_session(&self, request: Request<DeleteSessionRequest>) -> Reply<DeleteSessionResponse> {
        self.0.user(Op::DeleteSession, request, rooms::delete_session).await
    }

    async fn leave_session(&self, request: Request<LeaveSessionRequest>) -> Reply<LeaveSessionResponse> {
        self.0.user(Op::LeaveSession, request, members::leave_session).await
    }

    async fn recall_msg(&self, request: Request<RecallMsgRequest>) -> Reply<RecallMsgResponse> {
        self.0.user(Op::RecallMsg, request, messages::recall_msg).await
    }

    async fn set_role(&self, request: Request<SetRoleRequest>) -> Reply<SetRoleResponse> {
        self.0.user(Op::SetRole, request, roles::set_role).await
    }

    async fn add_role(&self, request: Request<AddRoleRequest>) -> Reply<AddRoleResponse> {
        self.0.user(Op::AddRole, request, roles::add_role).await
    }

    async fn get_role(&self, request: Request<GetRoleRequest>) -> Reply<GetRoleResponse> {
        self.0.user(Op::GetRole, request, roles::get_role).await
    }

    async fn mute_user(&self, request: Request<MuteUserRequest>) -> Reply<MuteUserResponse> {
        self.0.user(Op::MuteUser, request, restrictions::mute_user).await
    }

    async fn unmute_user(&self, request: Request<UnmuteUserRequest>) -> Reply<UnmuteUserResponse> {
        self.0.user(Op::UnmuteUser, request, restrictions::unmute_user).await
    }

    async fn ban_user(&self, request: Request<BanUserRequest>) -> Reply<BanUserResponse> {
        self.0.user(Op::BanUser, request, restrictions::ban_user).await
    }

    async fn unban_user(&self, request: Request<UnbanUserRequest>) -> Reply<UnbanUserResponse> {
        self.0.user(Op::UnbanUser, request, restrictions::unban_user).await
    }

    async fn add_friend(&self, request: Request<AddFriendRequest>) -> Reply<AddFriendResponse> {
        self.0.user(Op::AddFriend, request, friends::add_friend).await
    }

    async fn accept_friend_invitation(
        &self,
        request: Request<AcceptFriendInvitationRequest>,
    ) -> Reply<AcceptFriendInvitationResponse> {
        self.0.user(Op::AcceptFriendInvitation, request, friends::accept_friend_invitation).await
    }

    async fn delete_friend(&self, request: Request<DeleteFriendRequest>) -> Reply<DeleteFriendResponse> {
        self.0.user(Op::DeleteFriend, request, friends::delete_friend).await
    }

    async fn join_session(&self, request: Request<JoinSessionRequest>) -> Reply<JoinSessionResponse> {
        self.0.user(Op::JoinSession, request, members::join_session).await
    }

    async fn kick_user(&self, request: Request<KickUserRequest>) -> Reply<KickUserResponse> {
        self.0.user(Op::KickUser, request, members::kick_user).await
    }

    async fn allow_user_join_session(
        &self,
        request: Request<AllowUserJoinSessionRequest>,
    ) -> Reply<AllowUserJoinSessionResponse> {
        self.0.user(Op::AllowUserJoinSession, request, members::allow_user_join_session).await
    }

    async fn invite_user_to_session(
        &self,
        request: Request<InviteUserToSessionRequest>,
    ) -> Reply<InviteUserToSessionResponse> {
        self.0.user(Op::InviteUserToSession, request, members::invite_user_to_session).await
    }

    async fn create_room(&self, request: Request<CreateRoomRequest>) -> Reply<CreateRoomResponse> {
        self.0.user(Op::CreateRoom, request, calls::create_room).await
    }

    async fn join_room(&self, request: Request<JoinRoomRequest>) -> Reply<JoinRoomResponse> {
        self.0.user(Op::JoinRoom, request, calls::join_room).await
    }

    async fn leave_room(&self, request: Request<LeaveRoomRequest>) -> Reply<LeaveRoomResponse> {
        self.0.user(Op::LeaveRoom, request, calls::leave_room).await
    }

    async fn get_room_members(&self, request: Request<GetRoomMembersRequest>) -> Reply<GetRoomMembersResponse> {
        self.0.user(Op::GetRoomMembers, request, calls::get_room_members).await
    }

    async fn invite_user_to_room(&self, request: Request<InviteUserToRoomRequest>) -> Reply<InviteUserToRoomResponse> {
        self.0.user(Op::InviteUserToRoom, request, calls::invite_user_to_room).await
    }

    async fn accept_room_invitation(
        &self,
        request: Request<AcceptRoomInvitationRequest>,
    ) -> Reply<AcceptRoomInvitationResponse> {
        self.0.user(Op::AcceptRoomInvitation, request, calls::accept_room_invitation).await
    }

    async fn promote_room_admin(&self, request: Request<PromoteRoomAdminRequest>) -> Reply<PromoteRoomAdminResponse> {
        self.0.user(Op::PromoteRoomAdmin, request, calls::promote_room_admin).await
    }

    async fn demote_room_admin(&self, request: Request<DemoteRoomAdminRequest>) -> Reply<DemoteRoomAdminResponse> {
        self.0.user(Op::DemoteRoomAdmin, request, calls::demote_room_admin).await
    }

    async fn kick_user_from_room(&self, request: Request<KickUserFromRoomRequest>) -> Reply<KickUserFromRoomResponse> {
        self.0.user(Op::KickUserFromRoom, request, calls::kick_user_from_room).await
    }

    async fn signal(&self, request: Request<SignalRequest>) -> Reply<SignalResponse> {
        self.0.user(Op::Signal, request, calls::signal).await
    }

    async fn send_room_key(&self, request: Request<SendRoomKeyRequest>) -> Reply<SendRoomKeyResponse> {
        self.0.user(Op::SendRoomKey, request, keys::send_room_key).await
    }

    async fn e2eeize_session(&self, request: Request<E2eeizeSessionRequest>) -> Reply<E2eeizeSessionResponse> {
        self.0.user(Op::E2eeizeSession, request, keys::e2eeize_session).await
    }

    async fn dee2eeize_session(&self, request: Request<Dee2eeizeSessionRequest>) -> Reply<Dee2eeizeSessionResponse> {
        self.0.user(Op::Dee2eeizeSession, request, keys::dee2eeize_session).await
    }
}
