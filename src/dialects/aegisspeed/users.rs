//! Registering, and what a user is told of himself and changes.

use chatelaine_core::Secret;
use chatelaine_core::accounts::identifiers::NewIdentifier;
use chatelaine_core::accounts::person::{self, Person, PersonChange};
use chatelaine_core::accounts::{self, NewAccount};

use crate::gate::Call;
use crate::ops::Op;
use crate::wire::{Fault, Good, Member, Reply};
use crate::{auth, ids, rules, views};

const ADDRESS_CHARS_MAX: usize = 200;
const LINE_CHARS_MAX: usize = 64;

/// Makes an account, and a token for it.
pub(crate) async fn register(call: Call) -> Reply {
    let options = &call.options;
    let user_id = call.identity()?;
    let name = call.need(Member::UserName, |text| rules::name(text, options.name_rule))?;
    let phone_number = call.need(Member::UserPhoneNumber, |text| rules::phone(text, options.phone_rule))?;
    let email = call.need(Member::UserEmail, rules::email)?;
    let password = call.need(Member::UserPassword, |text| {
        rules::is_password(text, options.password_rule).then(|| Secret::new(text.to_owned()))
    })?;
    let shown = rules::shown(&name).ok_or(Fault::Bad(Member::UserName))?;
    let new = NewAccount {
        email: Some(email),
        password: Some(password),
        // The rule of this protocol holds instead of the server's own.
        password_score: Some(0),
        identifiers: vec![NewIdentifier::identity_number(&user_id)?, NewIdentifier::phone(&phone_number)?],
        person: Person { legal_name: name.clone(), ..Person::default() },
        ..NewAccount::named(shown)
    };
    let caller = call.stranger();
    let proven = call.prove(move |core| accounts::register(core, &caller, new)).await?;
    call.count_against_address();
    let token = auth::token(call.at.core(), proven.account(), options.token_days, false)?;
    Good::new("10000", "Registration successful").token(token).with(&views::Registered {
        user_id: ids::mask_identity(&user_id),
        user_name: name,
        aegisspeed: ids::aegisspeed(proven.id(), options.id_style),
    })
}

/// Tells a user about himself.
pub(crate) async fn info(call: Call) -> Reply {
    let (user, options) = (call.user()?, call.options.clone());
    let profile = call.ask(move |core| core.read(|view| views::profile(view, user.account.id, &options)));
    Good::new("10000", "Retrieved successfully").with(&profile.await?)
}

/// Changes what is given, all or nothing.
pub(crate) async fn modify(call: Call) -> Reply {
    let user = call.user()?;
    let change = if call.op == Op::ModifyUserPhoneNumber {
        let phone = call.need(Member::UserPhoneNumber, |text| rules::phone(text, call.options.phone_rule))?;
        PersonChange { phone: Some(NewIdentifier::phone(&phone)?), ..PersonChange::default() }
    } else {
        change(&call)?
    };
    call.ask(move |core| person::change(core, &user.caller, change)).await?;
    Ok(Good::new("10000", "Modification successful"))
}

fn change(call: &Call) -> Result<PersonChange, Fault> {
    let line = |text: &str| rules::line(text, LINE_CHARS_MAX);
    let phone_number = |text: &str| rules::phone(text, call.options.phone_rule);
    Ok(PersonChange {
        display_name: call.may(Member::UserNickname, rules::nickname)?,
        gender: call.may(Member::UserGender, line)?,
        birthday: call.may(Member::UserBirthday, line)?,
        messenger_id: call.may(Member::UserWxId, rules::wx_id)?,
        address: call.may(Member::UserAddress, |text| rules::line(text, ADDRESS_CHARS_MAX))?,
        email: call.may(Member::UserEmail, rules::email)?,
        phone: call.may(Member::UserPhoneNumber, phone_number)?.as_deref().map(NewIdentifier::phone).transpose()?,
        ..PersonChange::default()
    })
}
