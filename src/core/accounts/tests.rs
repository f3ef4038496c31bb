//! What accounts promise: names belong to one person, passwords are guessed slowly, the first administrator is the operator's.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Reason, Right, SignInFlaw, Unique};
use crate::ids::AccountId;
use crate::logins;
use crate::page::{Ask, Done};
use crate::secrets::Secret;
use crate::server_roles::{ADMINISTRATOR, ServerPermission};
use crate::settings::SignUp;
use crate::testing::World;
use crate::{Core, Result};

const PASSWORD: &str = "chatterbox-magnolia-7";
const OTHER: &str = "thimble-orchestra-41";

pub(super) fn stranger() -> Caller {
    Caller::anonymous(Dialect::Web)
}

pub(super) fn new(handle: &str) -> NewAccount {
    NewAccount {
        handle: Some(Handle::new(handle).unwrap()),
        email: Some(Email::new(&format!("{handle}@example.org")).unwrap()),
        password: Some(PASSWORD.into()),
        locale: "en".into(),
        time_zone: "Europe/Berlin".into(),
        ..NewAccount::named(DisplayName::new(handle).unwrap())
    }
}

pub(super) fn sign_up(core: &Core, handle: &str) -> Result<Proven> {
    register(core, &stranger(), new(handle))
}

pub(super) fn as_person(proven: &Proven) -> Caller {
    Caller::account(proven.id(), Dialect::Web)
}

fn try_password(core: &Core, name: &str, password: &str) -> Result<Proven> {
    sign_in(core, &stranger(), &Named::Any(name.into()), &password.into())
}

fn wrong() -> Result<Proven> {
    Err(Error::SignIn(SignInFlaw::WrongPassword))
}

#[test]
fn who_signs_up_can_sign_in_by_handle_and_by_address_in_any_case() {
    let world = World::new();
    let ada = sign_up(&world.core, "Ada").unwrap();
    for name in ["Ada", "ada", "ADA@Example.org"] {
        assert_eq!(try_password(&world.core, name, PASSWORD).unwrap().id(), ada.id(), "{name}");
    }
    assert_eq!(try_password(&world.core, "ada", OTHER), wrong());
    assert_eq!(try_password(&world.core, "bob", PASSWORD), Err(Error::SignIn(SignInFlaw::UnknownAccount)));
}

#[test]
fn a_handle_or_address_in_another_case_is_taken() {
    let world = World::new();
    sign_up(&world.core, "ada").unwrap();
    assert_eq!(sign_up(&world.core, "ADA"), Err(Error::Taken(Unique::Handle)));
    let again = NewAccount { handle: None, email: Some(Email::new("Ada@EXAMPLE.org").unwrap()), ..new("x1") };
    assert_eq!(register(&world.core, &stranger(), again), Err(Error::Taken(Unique::Email)));
}

#[test]
fn of_many_who_want_one_handle_at_once_one_gets_it() {
    let world = World::new();
    let core = Arc::new(world.core.clone());
    let tries: Vec<_> = (0..16)
        .map(|n| {
            let core = Arc::clone(&core);
            thread::spawn(move || {
                let email = Some(Email::new(&format!("{n}@example.org")).unwrap());
                let wish = NewAccount { email, ..new("wanted") };
                register(&core, &stranger(), wish).map(|proven| proven.id())
            })
        })
        .collect();
    let results: Vec<_> = tries.into_iter().map(|handle| handle.join().unwrap()).collect();
    let won = results.iter().filter(|result| result.is_ok()).count();
    let lost = results.iter().filter(|result| **result == Err(Error::Taken(Unique::Handle))).count();
    assert_eq!((won, lost), (1, 15), "{results:?}");
}

#[test]
fn ids_are_given_in_order_and_a_refused_sign_up_spends_none() {
    let world = World::new();
    assert_eq!(sign_up(&world.core, "ada").unwrap().id(), AccountId::new(1));
    sign_up(&world.core, "ada").unwrap_err();
    assert_eq!(sign_up(&world.core, "bob").unwrap().id(), AccountId::new(2));
}

#[test]
fn a_missing_handle_is_made_up() {
    let world = World::new();
    let made = register(&world.core, &stranger(), NewAccount { handle: None, ..new("x") }).unwrap();
    assert_eq!(made.account().handle.as_str().len(), 10);
}

#[test]
fn a_weak_password_is_refused_and_leaves_nothing() {
    let world = World::new();
    let weak = NewAccount { password: Some("password".into()), ..new("ada") };
    let refused = register(&world.core, &stranger(), weak);
    assert_eq!(refused, Err(Error::Invalid(Field::Password, Flaw::Weak)));
    assert!(sign_up(&world.core, "ada").is_ok());
}

#[test]
fn closed_sign_up_lets_only_administrators_make_accounts() {
    let world = World::with_settings(|s| s.accounts.sign_up = SignUp::Closed);
    assert_eq!(sign_up(&world.core, "ada"), Err(Error::Refused(Reason::SignUpClosed)));
    assert!(register(&world.core, &Caller::operator(), new("ada")).is_ok());
    let chief = Caller::account(world.administrator("chief").id, Dialect::Web);
    assert!(register(&world.core, &chief, new("bob")).is_ok());
    let person = world.person("eve");
    assert_eq!(register(&world.core, &person, new("eve2")), Err(Error::Refused(Reason::SignUpClosed)));
}

fn invite(world: &World, uses: u32) -> Secret<String> {
    let wish = invites::NewSignUpInvite { life_s: Some(60), uses, note: String::new() };
    invites::make(&world.core, &Caller::operator(), wish).unwrap().token
}

#[test]
fn an_invitation_lets_in_as_many_as_it_says_and_no_more() {
    let world = World::with_settings(|s| s.accounts.sign_up = SignUp::Invite);
    assert_eq!(sign_up(&world.core, "ada"), Err(Error::Refused(Reason::InviteNeeded)));
    let token = invite(&world, 2);
    let with = |handle: &str| {
        let wish = NewAccount { invite: Some(token.clone()), ..new(handle) };
        register(&world.core, &stranger(), wish)
    };
    assert!(with("ada").is_ok());
    assert!(with("bob").is_ok());
    assert_eq!(with("cleo"), Err(Error::Refused(Reason::Expired)));
    let listed = invites::list(&world.core, &Caller::operator(), Ask::default()).unwrap();
    assert_eq!((listed.items[0].used, listed.items[0].uses_left), (2, 0));
}

#[test]
fn a_lapsed_or_revoked_invitation_lets_nobody_in() {
    let world = World::with_settings(|s| s.accounts.sign_up = SignUp::Invite);
    let (lapsed, revoked) = (invite(&world, 9), invite(&world, 9));
    let listed = invites::list(&world.core, &Caller::operator(), Ask::default()).unwrap();
    invites::revoke(&world.core, &Caller::operator(), listed.items[0].id).unwrap();
    let with = |token: &Secret<String>| {
        let wish = NewAccount { invite: Some(token.clone()), ..new("ada") };
        register(&world.core, &stranger(), wish)
    };
    assert_eq!(with(&revoked), Err(Error::Refused(Reason::InviteNeeded)));
    world.clock.wind(Duration::from_secs(60));
    assert_eq!(with(&lapsed), Err(Error::Refused(Reason::Expired)));
}

#[test]
fn the_first_administrator_needs_the_newest_set_up_token_and_there_is_one_first() {
    let world = World::new();
    assert_eq!(setup_needed(&world.core), Ok(true));
    let old = make_setup_token(&world.core, &Caller::operator()).unwrap().unwrap();
    let token = make_setup_token(&world.core, &Caller::operator()).unwrap().unwrap();
    let bad = Err(Error::SignIn(SignInFlaw::BadToken));
    assert_eq!(set_up(&world.core, &stranger(), &old, new("chief")), bad);
    let chief = set_up(&world.core, &stranger(), &token, new("chief")).unwrap();
    assert_eq!(chief.account().server_role, Some(ADMINISTRATOR));
    assert_eq!(setup_needed(&world.core), Ok(false));
    let second = set_up(&world.core, &stranger(), &token, new("thief"));
    assert_eq!(second, Err(Error::Refused(Reason::SetUpAlready)));
    assert!(make_setup_token(&world.core, &Caller::operator()).unwrap().is_none());
    assert!(make_setup_token(&world.core, &as_person(&chief)).is_err());
}

#[test]
fn five_wrong_passwords_lock_the_account_for_the_rest_of_the_window_even_for_the_right_one() {
    let world = World::new();
    sign_up(&world.core, "ada").unwrap();
    for _ in 0..5 {
        assert_eq!(try_password(&world.core, "ada", OTHER), wrong());
        world.clock.wind(Duration::from_secs(60));
    }
    let locked = Err(Error::SignIn(SignInFlaw::Locked { retry_ms: 600_000 }));
    assert_eq!(try_password(&world.core, "ada", PASSWORD), locked);
    let again = world.reopen();
    assert_eq!(try_password(&again, "ada", PASSWORD), locked);
    world.clock.wind(Duration::from_secs(600));
    assert!(try_password(&again, "ada", PASSWORD).is_ok());
}

#[test]
fn a_name_that_nobody_has_is_locked_like_one_that_somebody_has() {
    let world = World::new();
    sign_up(&world.core, "ada").unwrap();
    let answers = |core: &Core, name: &str| -> Vec<Option<Error>> {
        (0..7).map(|_| try_password(core, name, OTHER).err()).collect()
    };
    let (known, unknown) = (answers(&world.core, "Ada"), answers(&world.core, "Nobody"));
    let locked = Some(Error::SignIn(SignInFlaw::Locked { retry_ms: 900_000 }));
    assert_eq!(unknown[..5], [Some(Error::SignIn(SignInFlaw::UnknownAccount)); 5]);
    assert_eq!(known[..5], [Some(Error::SignIn(SignInFlaw::WrongPassword)); 5]);
    assert!(known[5..] == [locked; 2] && unknown[5..] == [locked; 2], "{known:?} {unknown:?}");
    let again = world.reopen();
    for name in ["ada", "NOBODY"] {
        assert_eq!(try_password(&again, name, OTHER).err(), locked, "{name} after a restart");
    }
    let by_address = try_password(&again, "ada@example.org", OTHER);
    assert_eq!(by_address, wrong(), "a lock of one name does not tell that another leads to the same account");
    world.clock.wind(Duration::from_secs(900));
    assert_eq!(try_password(&again, "nobody", OTHER).err(), unknown[0]);
    assert!(try_password(&again, "ada", PASSWORD).is_ok());
}

#[test]
fn wrong_passwords_under_a_typed_number_lock_neither_the_name_nor_the_account_itself() {
    let world = World::new();
    let ada = sign_up(&world.core, "ada").unwrap().id();
    let by = |named: Named, password: &str| sign_in(&world.core, &stranger(), &named, &password.into());
    for _ in 0..5 {
        assert_eq!(by(Named::Number(ada), OTHER), wrong());
    }
    let locked = by(Named::Number(ada), PASSWORD);
    assert!(matches!(locked, Err(Error::SignIn(SignInFlaw::Locked { .. }))), "{locked:?}");
    assert!(by(Named::Id(ada), PASSWORD).is_ok() && try_password(&world.core, "ada", PASSWORD).is_ok());
}

#[test]
fn the_right_password_clears_the_count_and_others_are_not_locked() {
    let world = World::new();
    sign_up(&world.core, "ada").unwrap();
    sign_up(&world.core, "bob").unwrap();
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(try_password(&world.core, "ada", OTHER), wrong());
        }
        assert!(try_password(&world.core, "ada", PASSWORD).is_ok());
    }
    for _ in 0..5 {
        assert_eq!(try_password(&world.core, "ada", OTHER), wrong());
    }
    assert!(try_password(&world.core, "bob", PASSWORD).is_ok());
}

#[test]
fn guesses_made_at_the_same_moment_count_like_guesses_in_a_row() {
    let world = World::new();
    sign_up(&world.core, "ada").unwrap();
    let guesses: Vec<_> = (0..12)
        .map(|_| {
            let core = world.core.clone();
            thread::spawn(move || try_password(&core, "ada", OTHER))
        })
        .collect();
    for guess in guesses {
        assert!(guess.join().unwrap().is_err());
    }
    assert!(matches!(try_password(&world.core, "ada", PASSWORD), Err(Error::SignIn(SignInFlaw::Locked { .. }))));
}

#[test]
fn without_a_lock_setting_nothing_is_counted() {
    let world = World::with_settings(|s| s.accounts.lock_after = 0);
    sign_up(&world.core, "ada").unwrap();
    for _ in 0..10 {
        assert_eq!(try_password(&world.core, "ada", OTHER), wrong());
    }
    assert!(try_password(&world.core, "ada", PASSWORD).is_ok());
}

#[test]
fn a_password_hashed_at_another_cost_is_hashed_anew_at_sign_in() {
    let world = World::new();
    let before = sign_up(&world.core, "ada").unwrap().account().password.clone().unwrap();
    let dearer = world.reopen_with_settings(|s| s.accounts.hash_memory_kib = 16);
    assert!(before.is_dated(&dearer.settings().accounts));
    let after = try_password(&dearer, "ada", PASSWORD).unwrap().account().password.clone().unwrap();
    assert!(!after.is_dated(&dearer.settings().accounts));
    assert!(try_password(&dearer, "ada", PASSWORD).is_ok());
}

#[test]
fn a_changed_password_ends_the_other_logins_and_the_old_one_no_longer_works() {
    let world = World::new();
    let ada = sign_up(&world.core, "ada").unwrap();
    let mine = logins::open(&world.core, &stranger(), &ada, "here").unwrap();
    let thief = logins::open(&world.core, &stranger(), &ada, "there").unwrap();
    let me = as_person(&ada).with_login(mine.login.id);
    assert_eq!(
        change_password(&world.core, &me, &OTHER.into(), OTHER.into()),
        Err(Error::SignIn(SignInFlaw::WrongPassword))
    );
    change_password(&world.core, &me, &PASSWORD.into(), OTHER.into()).unwrap();
    assert!(logins::resolve(&world.core, mine.token.reveal()).is_ok());
    assert!(logins::resolve(&world.core, thief.token.reveal()).is_err());
    assert_eq!(try_password(&world.core, "ada", PASSWORD), wrong());
    assert!(try_password(&world.core, "ada", OTHER).is_ok());
}

#[test]
fn a_reset_link_works_once_until_tomorrow_and_lifts_the_lock_of_wrong_guesses() {
    let world = World::new();
    let ada = sign_up(&world.core, "ada").unwrap();
    for _ in 0..5 {
        try_password(&world.core, "ada", OTHER).unwrap_err();
    }
    let token = reset_link(&world.core, &Caller::operator(), ada.id()).unwrap();
    let weak = reset_password(&world.core, &stranger(), &token, "ada".into());
    assert_eq!(weak, Err(Error::Invalid(Field::Password, Flaw::Weak)));
    reset_password(&world.core, &stranger(), &token, OTHER.into()).unwrap();
    assert!(try_password(&world.core, "ada", OTHER).is_ok());
    let bad = Err(Error::SignIn(SignInFlaw::BadToken));
    assert_eq!(reset_password(&world.core, &stranger(), &token, PASSWORD.into()), bad);
    let late = reset_link(&world.core, &Caller::operator(), ada.id()).unwrap();
    world.clock.wind(Duration::from_secs(24 * 3_600));
    assert_eq!(reset_password(&world.core, &stranger(), &late, PASSWORD.into()), bad);
}

#[test]
fn a_closed_account_is_out_for_good_and_its_names_stay_taken() {
    let world = World::new();
    let ada = sign_up(&world.core, "ada").unwrap();
    let login = logins::open(&world.core, &stranger(), &ada, "here").unwrap();
    let me = as_person(&ada);
    assert_eq!(close(&world.core, &me, &OTHER.into()), Err(Error::SignIn(SignInFlaw::WrongPassword)));
    close(&world.core, &me, &PASSWORD.into()).unwrap();
    assert!(logins::resolve(&world.core, login.token.reveal()).is_err());
    let closed = Err(Error::SignIn(SignInFlaw::Closed));
    assert_eq!(try_password(&world.core, "ada", PASSWORD), closed);
    assert_eq!(try_password(&world.core, "ada", OTHER), wrong(), "a guess learns nothing");
    let proven = logins::open(&world.core, &stranger(), &ada, "again").err();
    assert_eq!(proven, Some(Error::Refused(Reason::AccountClosed)));
    assert_eq!(sign_up(&world.core, "ada"), Err(Error::Taken(Unique::Handle)));
    let seen = get_public(&world.core, &world.person("bob"), ada.id()).unwrap();
    assert!(seen.closed && seen.handle.as_str() == "ada");
    let found = search(&world.core, &world.person("cleo"), "ada", Ask::default()).unwrap();
    assert!(found.items.is_empty());
}

#[test]
fn a_locked_account_is_out_until_it_is_unlocked() {
    let world = World::new();
    let ada = sign_up(&world.core, "ada").unwrap();
    let login = logins::open(&world.core, &stranger(), &ada, "here").unwrap();
    assert!(logins::look(&world.core, login.token.reveal()).is_none());
    logins::resolve(&world.core, login.token.reveal()).unwrap();
    assert!(logins::look(&world.core, login.token.reveal()).is_some());
    lock(&world.core, &Caller::operator(), ada.id(), Until::Forever).unwrap();
    assert!(logins::look(&world.core, login.token.reveal()).is_none());
    let locked = Err(Error::SignIn(SignInFlaw::LockedOut { retry_ms: None }));
    assert_eq!(try_password(&world.core, "ada", PASSWORD), locked);
    assert_eq!(try_password(&world.core, "ada", OTHER), wrong(), "a guess learns nothing");
    let token = reset_link(&world.core, &Caller::operator(), ada.id()).unwrap();
    let proven = reset_password(&world.core, &stranger(), &token, PASSWORD.into()).unwrap();
    let opened = logins::open(&world.core, &stranger(), &proven, "here").err();
    assert_eq!(opened, Some(Error::SignIn(SignInFlaw::LockedOut { retry_ms: None })), "a link lifts no lock");
    assert_eq!(unlock(&world.core, &Caller::operator(), ada.id()), Ok(Done::Done));
    assert_eq!(unlock(&world.core, &Caller::operator(), ada.id()), Ok(Done::AlreadySo));
    assert!(try_password(&world.core, "ada", PASSWORD).is_ok());
}

#[test]
fn the_last_administrator_can_be_neither_locked_nor_closed() {
    let world = World::new();
    let chief = world.administrator("chief");
    let last = Err(Error::Refused(Reason::LastAdministrator));
    let operator = Caller::operator();
    assert_eq!(lock(&world.core, &operator, chief.id, Until::Forever), last);
    assert_eq!(close_other(&world.core, &operator, chief.id), last);
    world.administrator("deputy");
    assert_eq!(close_other(&world.core, &operator, chief.id), Ok(()));
}

#[test]
fn a_plain_account_manages_nobody() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.account("bob"));
    let denied = |permission| Error::Denied(Right::Server(permission));
    let ban = denied(ServerPermission::BanUser);
    assert_eq!(lock(&world.core, &ada, bob.id, Until::Forever), Err(ban));
    assert_eq!(close_other(&world.core, &ada, bob.id), Err(ban));
    assert_eq!(reset_link(&world.core, &ada, bob.id).err(), Some(ban));
    assert_eq!(set_password(&world.core, &ada, bob.id, PASSWORD.into()), Err(ban));
    assert_eq!(unlock(&world.core, &ada, bob.id), Err(ban));
    let view = denied(ServerPermission::ViewUsers);
    assert_eq!(list(&world.core, &ada, Ask::default()).err(), Some(view));
    assert_eq!(find(&world.core, &ada, "bob").err(), Some(view));
    let nobody = stranger();
    assert_eq!(get_public(&world.core, &nobody, bob.id).err(), Some(Error::SignIn(SignInFlaw::Missing)));
}
