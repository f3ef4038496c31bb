//! Roles in a session: AddRole, SetRole, GetRole.

use chatelaine_ourchat_pb::service::ourchat::session::add_role::v1::{AddRoleRequest, AddRoleResponse};
use chatelaine_ourchat_pb::service::ourchat::session::get_role::v1::{GetRoleRequest, GetRoleResponse};
use chatelaine_ourchat_pb::service::ourchat::session::leave_session::v1::LeaveSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_role::v1::SetRoleRequest;
use serde_json::json;
use tonic::{Code, Response, Status};

use super::harness::refused;
use super::rooms::ROLES;
use super::town::{Citizen, LATER, NOBODY, Town};

async fn add(by: &Citizen, request: AddRoleRequest) -> Result<Response<AddRoleResponse>, Status> {
    by.chat().add_role(by.ask(request)).await
}

async fn set(by: &Citizen, session_id: u64, member_id: u64, role_id: u64) -> Result<Response<()>, Status> {
    let request = SetRoleRequest { session_id, role_id, member_id };
    by.chat().set_role(by.ask(request)).await.map(|_| Response::new(()))
}

async fn get(by: &Citizen, role_id: u64) -> Result<Response<GetRoleResponse>, Status> {
    by.chat().get_role(by.ask(GetRoleRequest { role_id })).await
}

fn new(session_id: u64, name: &str, permissions: &[u64]) -> AddRoleRequest {
    AddRoleRequest { description: None, permissions: permissions.to_vec(), name: name.to_owned(), session_id }
}

/// Makes a role of a session's own.
pub async fn own_role(by: &Citizen, session_id: u64, name: &str, permissions: &[u64]) -> u64 {
    add(by, new(session_id, name, permissions)).await.expect("a role").into_inner().role_id
}

#[tokio::test]
async fn everybody_reads_the_three_built_in_roles() {
    let town = Town::new();
    let ann = town.citizen("ann");
    let table: [(u64, &str, &str, &[u64]); 3] = [
        (1, "member", "common member", &[1, 2]),
        (2, "admin", "have almost all permissions to manage the session", &[1, 2, 3, 4, 5, 11, 12, 13, 14]),
        (3, "owner", "have all permissions to manage the session", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
    ];
    for (id, name, description, permissions) in table {
        let expected = GetRoleResponse {
            description: Some(description.to_owned()),
            permissions: permissions.to_vec(),
            name: name.to_owned(),
            session_id: None,
        };
        assert_eq!(get(&ann, id).await.expect("a role").into_inner(), expected);
    }
    for missing in [0, 4, NOBODY] {
        refused(get(&ann, missing).await, Code::NotFound, "Role Not Found");
    }
}

#[tokio::test]
async fn a_session_makes_roles_of_its_own_that_its_members_read() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    let request = AddRoleRequest { description: Some("sweeps".to_owned()), ..new(session, " cleaner ", &[5, 11, 5]) };
    let role = add(&ann, request).await.expect("a role").into_inner().role_id;
    assert!(role > 3, "built-in ones take the first three");
    let expected = GetRoleResponse {
        description: Some("sweeps".to_owned()),
        permissions: vec![5, 11],
        name: "cleaner".to_owned(),
        session_id: Some(session),
    };
    assert_eq!(get(&bob, role).await.expect("a role").into_inner(), expected);
    refused(get(&cid, role).await, Code::PermissionDenied, "Not In Session");
    let idle = own_role(&ann, session, "idle", &[]).await;
    assert_eq!(get(&bob, idle).await.expect("a role").into_inner().permissions, [0_u64; 0]);
    assert_eq!(get(&bob, idle).await.expect("a role").into_inner().description, None);
    let listed = bob.web.get(&format!("/rooms/{session}/roles")).expect(200).json();
    let names: Vec<_> = listed["items"].as_array().expect("roles").iter().map(|role| role["name"].clone()).collect();
    assert_eq!(names, ["member", "admin", "owner", "cleaner", "idle"]);
}

#[tokio::test]
async fn making_a_role_needs_a_name_known_permissions_and_the_right() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    for blank in ["", "  "] {
        refused(add(&ann, new(session, blank, &[1])).await, Code::InvalidArgument, "Role Name Empty");
    }
    for unknown in [0, 15, NOBODY] {
        let request = new(session, "x", &[1, unknown]);
        refused(add(&ann, request).await, Code::InvalidArgument, "Request Invalid Value");
    }
    ann.give_role(session, &bob, 2).await;
    for (who, session) in [(&bob, session), (&cid, session), (&ann, LATER), (&ann, 0), (&ann, NOBODY)] {
        refused(add(who, new(session, "x", &[1])).await, Code::PermissionDenied, "Permission Denied");
    }
    refused(add(&ann, new(session, &"x".repeat(61), &[1])).await, Code::InvalidArgument, "Request Invalid Value");
}

#[tokio::test]
async fn a_role_is_given_by_those_who_may_and_holds_at_once_in_both_tongues() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    for (who, session) in [(&bob, session), (&cid, session), (&ann, LATER), (&ann, 0), (&ann, NOBODY)] {
        for member in [bob.id, NOBODY] {
            refused(set(who, session, member, 2).await, Code::PermissionDenied, "Permission Denied");
        }
    }
    for stranger in [cid.id, LATER, NOBODY, 0] {
        refused(set(&ann, session, stranger, 2).await, Code::NotFound, "User Not In Session");
        refused(set(&ann, session, stranger, NOBODY).await, Code::NotFound, "User Not In Session");
    }
    let elsewhere = town.session(&ann, &[]).await;
    let foreign = own_role(&ann, elsewhere, "foreign", &[1]).await;
    for role in [0, LATER, NOBODY, foreign] {
        refused(set(&ann, session, bob.id, role).await, Code::NotFound, "Role Not Found");
    }
    set(&ann, session, bob.id, 2).await.expect("given");
    set(&ann, session, bob.id, 2).await.expect("given again");
    let summary = bob.web.get(&format!("/rooms/{session}/summary")).expect(200).json();
    assert_eq!(summary["me"]["role"], json!(2));
    let silent = own_role(&ann, session, "silent", &[4]).await;
    set(&ann, session, bob.id, silent).await.expect("given");
    assert_eq!(bob.says(session, "hello"), 403, "without the permission to send");
}

#[tokio::test]
async fn the_owner_may_be_given_away_freely_and_roles_go_with_the_membership() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    set(&ann, session, bob.id, 3).await.expect("a second owner");
    set(&ann, session, ann.id, 1).await.expect("gives up");
    refused(set(&ann, session, ann.id, 3).await, Code::PermissionDenied, "Permission Denied");
    set(&bob, session, bob.id, 1).await.expect("nobody is left who could");
    let roles = ann.info(session, &[ROLES]).await.roles;
    assert!(roles.iter().all(|one| one.role == 1), "{roles:?}");
    let other = town.session(&ann, &[&bob]).await;
    set(&ann, other, bob.id, 3).await.expect("an owner");
    bob.chat().leave_session(bob.ask(LeaveSessionRequest { session_id: other })).await.expect("left");
    ann.let_in(other, &bob).await;
    assert_eq!(ann.info(other, &[ROLES]).await.roles[1].role, 1, "comes back without the old powers");
}
