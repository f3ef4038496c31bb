//! The rules of values, with what each must take and refuse.

use time::macros::date;

use super::*;

const TODAY: Date = date!(2027 - 01 - 15);

fn takes(number: &str) -> bool {
    identity(number, TODAY).is_some()
}

#[test]
fn an_identity_number_has_a_day_of_birth_and_a_check_character() {
    assert_eq!(identity(" 11010519491231002x ", TODAY).as_deref(), Some("11010519491231002X"));
    assert!(takes("110101199003070011"));
    for wrong in [
        "",
        "110105194912310021",
        "11010519491231002",
        "1101051949123100200",
        "11010519491331002X",
        "X1010519491231002X",
    ] {
        assert!(!takes(wrong), "{wrong}");
    }
    assert!(!takes("\u{ff11}10105194912310"), "digits are ASCII");
    assert!(!takes("130503670401001"), "the old form has 15");
}

/// Seventeen digits with their check character, counted in another way than the rule does it.
fn checked(digits: &str) -> String {
    let mut sum = 0u64;
    for (place, digit) in digits.bytes().rev().enumerate() {
        let weight = (0..=place).fold(1u64, |power, _| power * 2 % 11);
        sum += weight * u64::from(digit - b'0');
    }
    let check = (12 - sum % 11) % 11;
    format!("{digits}{}", if check == 10 { "X".to_owned() } else { check.to_string() })
}

#[test]
fn of_eleven_check_characters_exactly_one_fits() {
    for serial in 0..200 {
        let digits = format!("44052418800101{serial:03}");
        let right = checked(&digits);
        for check in "0123456789X".chars() {
            let number = format!("{digits}{check}");
            assert_eq!(takes(&number), number == right, "{number}");
        }
    }
}

#[test]
fn nobody_is_born_on_no_day_or_in_the_future() {
    for (day, fits) in [
        ("20000229", true),
        ("19000229", false),
        ("20270115", true),
        ("20270116", false),
        ("20260001", false),
        ("20260431", false),
    ] {
        assert_eq!(takes(&checked(&format!("110105{day}001"))), fits, "{day}");
    }
}

#[test]
fn the_vendors_rule_takes_chinese_names_of_common_characters() {
    let vendor = |text: &str| name(text, NameRule::Vendor).is_some();
    // Zhang San; one character alone; two groups around a dot.
    for good in ["\u{5f20}\u{4e09}", "\u{738b}", "\u{963f}\u{91cc}\u{b7}\u{4e70}\u{4e70}\u{63d0}", " \u{5f20}\u{4e09} "]
    {
        assert!(vendor(good), "{good}");
    }
    for bad in [
        "",
        "\u{b7}\u{5f20}",
        "\u{5f20}\u{b7}",
        "\u{5f20}\u{b7}\u{b7}\u{4e09}",
        "Zhang",
        "\u{5f20} \u{4e09}",
        // Rare: in the younger encoding and not in the older.
        "\u{6731}\u{9555}\u{57fa}",
        "\u{9fa5}",
    ] {
        assert!(!vendor(bad), "{bad}");
    }
    assert!(name("\u{6731}\u{9555}\u{57fa}", NameRule::Either).is_some(), "a name of letters all the same");
}

#[test]
fn any_name_of_letters_passes_and_markup_does_not() {
    let either = |text: &str| name(text, NameRule::Either).is_some();
    for good in ["Zhang San", "Jos\u{e9} O'Neil-Smith Jr.", "Ay\u{15f}e", "e\u{301}a", &"x".repeat(64)] {
        assert!(either(good), "{good}");
    }
    for bad in ["", " ", "R2D2", "a  b", "<b>", "a\tb", "a&b", "...", &"x".repeat(65), "a@b", "a/b", "\u{663}"] {
        assert!(!either(bad), "{bad}");
    }
}

#[test]
fn a_name_is_shown_as_far_as_it_fits() {
    let long = "\u{5f20}".repeat(64);
    assert_eq!(shown(&long).unwrap().as_str().chars().count(), 20);
    assert_eq!(shown("Zhang San").unwrap().as_str(), "Zhang San");
}

#[test]
fn a_phone_number_is_a_chinese_one_unless_the_operator_takes_others() {
    let cn = |text: &str| phone(text, PhoneRule::Cn);
    assert_eq!(cn(" 13800138001 ").as_deref(), Some("13800138001"));
    for bad in ["", "12800138001", "1380013800", "138001380011", "+8613800138001", "138 0013 8001", "1380013800a"] {
        assert_eq!(cn(bad), None, "{bad}");
    }
    let world = |text: &str| phone(text, PhoneRule::E164);
    assert_eq!(world("+8613800138001").as_deref(), Some("13800138001"), "one number has one form");
    assert_eq!(world("13800138001").as_deref(), Some("13800138001"));
    assert_eq!(world("+4915112345678").as_deref(), Some("+4915112345678"));
    for bad in ["4915112345678", "+0491511234567", "+123456", "+1234567890123456", "+49 151"] {
        assert_eq!(world(bad), None, "{bad}");
    }
}

#[test]
fn an_address_is_ascii_and_has_a_host_with_an_ending() {
    for good in ["a@example.com", " A.b_c%d+e-f@mail.example.co.uk "] {
        assert!(email(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "a",
        "a@",
        "@b.com",
        "a@b",
        "a@b.c",
        "a@b.c0m",
        "a b@c.com",
        "\u{e9}@b.com",
        "a@b@c.com",
        "a@.com",
        "a..b@c.com",
    ] {
        assert!(email(bad).is_none(), "{bad}");
    }
}

#[test]
fn passwords_have_8_to_128_characters_and_more_only_where_it_is_asked_for() {
    for (text, min8, standard) in [
        ("Passw0rd1", true, true),
        ("5f4dcc3b5aa765d61d8327deb882cf99", true, false),
        ("Pass0rd", false, false),
        ("password1", true, false),
        ("PASSWORD1", true, false),
        ("Password", true, false),
    ] {
        assert_eq!(is_password(text, PasswordRule::Min8), min8, "{text}");
        assert_eq!(is_password(text, PasswordRule::Standard), standard, "{text}");
    }
    assert!(is_password(&"x".repeat(128), PasswordRule::Min8) && !is_password(&"x".repeat(129), PasswordRule::Min8));
    assert!(is_password(&"\u{5f20}".repeat(8), PasswordRule::Min8), "characters are counted, not bytes");
}

#[test]
fn small_values_have_their_own_rules() {
    assert!(nickname("Rider7").is_some() && nickname(&"\u{5f20}".repeat(20)).is_some());
    for bad in ["", "a b", "a_b", &"x".repeat(21)] {
        assert!(nickname(bad).is_none(), "{bad}");
    }
    assert_eq!(wx_id(" zhang_san-1 ").as_deref(), Some("zhang_san-1"));
    for bad in ["zhang", "1zhang", "zhang.san", &"z".repeat(21)] {
        assert_eq!(wx_id(bad), None, "{bad}");
    }
    assert_eq!(line(" Street 1 ", 200).as_deref(), Some("Street 1"));
    assert_eq!((line(&"x".repeat(201), 200), line("a\nb", 200)), (None, None));
    assert_eq!(opaque("").as_deref(), Some(""));
    assert_eq!((opaque(&"x".repeat(513)), opaque("a\u{0}b")), (None, None));
}
