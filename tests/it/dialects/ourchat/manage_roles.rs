//! Roles on the server: who has which, what they allow, giving and taking them.

use chatelaine_core::ids::AccountId;
use chatelaine_core::server_roles::ServerPermission;
use chatelaine_core::{Caller, accounts};
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::{
    AssignServerRoleRequest, ListServerRolePermissionsRequest, ListServerRolesRequest, ListUserServerRolesRequest,
    RemoveServerRoleRequest,
};
use tonic::{Code, Response, Status};

use super::harness::refused;
use super::town::{Citizen, LATER, NOBODY, Town};

/// The number of the built-in role.
const ADMIN: u64 = 1;

impl Citizen {
    async fn assigns(&self, user_id: u64, role_id: u64) -> Result<Response<()>, Status> {
        let wish = AssignServerRoleRequest { user_id, role_id };
        self.manage().assign_server_role(self.ask(wish)).await.map(|_| Response::new(()))
    }

    async fn removes(&self, user_id: u64, role_id: u64) -> Result<Response<()>, Status> {
        let wish = RemoveServerRoleRequest { user_id, role_id };
        self.manage().remove_server_role(self.ask(wish)).await.map(|_| Response::new(()))
    }

    async fn roles_of(&self, user_id: u64) -> Vec<u64> {
        let wish = ListUserServerRolesRequest { user_id };
        self.manage().list_user_server_roles(self.ask(wish)).await.expect("roles").into_inner().role_ids
    }

    async fn allows(&self, role_id: u64) -> Vec<(u64, String, String)> {
        let wish = ListServerRolePermissionsRequest { role_id };
        let allowed = self.manage().list_server_role_permissions(self.ask(wish)).await.expect("permissions");
        allowed.into_inner().permissions.into_iter().map(|one| (one.id, one.name, one.description)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_role_has_all_nine_permissions_and_anybody_may_read_them() {
    let town = Town::new();
    let ann = town.citizen("ann");
    let guard = town.holder("guard", &[ServerPermission::BanUser]);
    let listed = ann.manage().list_server_roles(ann.ask(ListServerRolesRequest {})).await.expect("roles").into_inner();
    let roles: Vec<_> =
        listed.roles.iter().map(|role| (role.id, role.name.as_str(), role.description.as_str())).collect();
    assert_eq!(roles, [(ADMIN, "admin", "administrator"), (2, "guard", "as guard")]);
    let allowed = ann.allows(ADMIN).await;
    let told: Vec<String> = allowed.iter().map(|(id, name, text)| format!("{id} {name}: {text}")).collect();
    assert_eq!(
        told,
        [
            "1 publish_announcement: publish announcement",
            "2 ban_user: ban user",
            "3 mute_user: mute user",
            "4 view_configuration: view server configuration",
            "5 modify_configuration: modify server configuration",
            "6 view_monitoring: view server monitoring metrics",
            "7 view_users: view user list and details",
            "8 manage_sessions: manage sessions (view, delete, remove users)",
            "9 assign_role: assign server management roles to users",
        ]
    );
    assert_eq!(ann.allows(2).await.len(), 1);
    for unknown in [LATER, NOBODY, 0] {
        assert_eq!(ann.allows(unknown).await, []);
        assert_eq!(ann.roles_of(unknown).await, [0_u64; 0]);
    }
    assert_eq!(ann.roles_of(guard.id).await, [2]);
    let keeper = [ServerPermission::BanUser, ServerPermission::ManageMachines, ServerPermission::ReportChecks];
    town.holder("keeper", &keeper);
    assert_eq!(ann.allows(3).await, ann.allows(2).await, "what this protocol does not know is not told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_given_kept_replaced_and_taken() {
    let town = Town::new();
    let (chief, ann) = (town.administrator("chief"), town.citizen("ann"));
    let guard = town.holder("guard", &[ServerPermission::BanUser]);
    let guards = chief.roles_of(guard.id).await[0];
    chief.assigns(ann.id, guards).await.expect("given");
    chief.assigns(ann.id, guards).await.expect("the same again");
    assert_eq!(ann.roles_of(ann.id).await, [guards]);
    chief.assigns(ann.id, ADMIN).await.expect("replaced");
    assert_eq!(ann.roles_of(ann.id).await, [ADMIN]);
    ann.web.get("/admin/accounts").expect(200);
    chief.removes(ann.id, guards).await.expect("that one she has not");
    assert_eq!(ann.roles_of(ann.id).await, [ADMIN]);
    chief.removes(ann.id, ADMIN).await.expect("taken");
    chief.removes(ann.id, ADMIN).await.expect("there is none any more");
    assert_eq!(ann.roles_of(ann.id).await, [0_u64; 0]);
    ann.web.get("/admin/accounts").expect(403);
    for user in [LATER, NOBODY] {
        chief.removes(user, ADMIN).await.expect("nobody has it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_and_a_role_are_needed_and_nobody_gives_more_than_he_has() {
    let town = Town::new();
    let (chief, ann) = (town.administrator("chief"), town.citizen("ann"));
    for user in [LATER, NOBODY, 0] {
        refused(chief.assigns(user, LATER).await, Code::NotFound, "User Not Found");
    }
    for role in [LATER, NOBODY, 0] {
        refused(chief.assigns(ann.id, role).await, Code::NotFound, "Role Not Found");
    }
    let clerk = town.holder("clerk", &[ServerPermission::AssignRole]);
    refused(clerk.assigns(ann.id, ADMIN).await, Code::PermissionDenied, "Permission Denied");
    refused(clerk.removes(chief.id, ADMIN).await, Code::PermissionDenied, "Permission Denied");
    refused(chief.removes(chief.id, ADMIN).await, Code::PermissionDenied, "Permission Denied");
    let gone = town.citizen("gone");
    accounts::close_other(&town.world.core, &Caller::operator(), AccountId::new(gone.id)).expect("closed");
    refused(chief.assigns(gone.id, ADMIN).await, Code::NotFound, "User Not Found");
}
