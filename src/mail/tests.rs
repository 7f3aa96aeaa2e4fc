//! What mails say in every language, and that nothing in them comes from somebody else.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mail_parser::{MessageParser, MimeHeaders as _};

use super::messages::{Change, Happened, Link, Message};
use super::transport::Parcel;
use crate::config::Sender;
use crate::i18n::Language;
use crate::protocol::issuer::Issuer;
use crate::protocol::timestamp::Timestamp;

const SITE: &str = "id.example.com";

fn link(path: &str) -> Link {
    Link::to(&Issuer::parse("https://id.example.com").unwrap(), path)
}

fn happened(device: &str) -> Happened {
    Happened {
        at: Timestamp(1_767_225_600),
        device: device.to_owned(),
        ip: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
    }
}

fn changed(name: &str, change: Change) -> Message {
    let link = link("/there?token=a&b=\"c\"");
    Message::MethodsChanged { account: name.to_owned(), change, happened: happened(name), link }
}

/// One of each, about somebody of this name.
fn messages(name: &str) -> Vec<Message> {
    let account = || name.to_owned();
    let (link, works_for) = (link("/there?token=a&b=\"c\""), Duration::from_mins(30));
    let happened = happened(name);
    vec![
        Message::VerifyAddress { account: account(), link: link.clone(), works_for },
        Message::ResetPassword { account: account(), link: link.clone(), works_for },
        Message::SignInCode { code: "493 027".to_owned(), link: link.clone(), works_for },
        Message::PasswordChanged { account: account(), happened: happened.clone(), link: link.clone() },
        Message::PasskeyAdded {
            account: account(),
            passkey: account(),
            happened: happened.clone(),
            link: link.clone(),
        },
        Message::AddressChanged { account: account(), happened: happened.clone(), link: link.clone() },
        changed(name, Change::AppAdded),
        changed(name, Change::AppRemoved),
        changed(name, Change::RecoveryCodesMade),
        changed(name, Change::RecoveryCodeUsed),
        changed(name, Change::PasskeyRemoved { passkey: account() }),
        changed(name, Change::AccountLinked { provider: account(), label: account() }),
        changed(name, Change::AccountUnlinked { provider: account(), label: account() }),
        Message::Invitation { inviter: account(), link: link.clone(), works_for: Duration::from_hours(168) },
        Message::Invitation {
            inviter: String::new(),
            link: link.clone(),
            works_for: Duration::from_hours(168),
        },
        Message::SignUp { link: link.clone(), works_for },
        Message::AccountExists { account: account(), link: link.clone() },
        Message::SecondFactorRefused { account: account(), happened: happened.clone(), link: link.clone() },
        Message::AccountDeleted { account: account(), happened: happened.clone(), link: link.clone() },
        Message::NewSignIn { account: account(), happened, link },
    ]
}

#[test]
fn every_message_reads_well_in_every_language() {
    for language in Language::ALL {
        for message in messages("ada") {
            let letter = message.letter(language, SITE);
            let (text, html) = (letter.text().unwrap(), letter.html().unwrap());
            let what = format!("{} in {}:\n{text}\n{html}", message.kind(), language.tag());
            assert!(letter.subject.contains(SITE), "{what}");
            for whole in [&text, &html] {
                assert!(
                    !whole.contains("mail-") && !whole.contains('{'.to_string().repeat(2).as_str()),
                    "{what}"
                );
                assert!(!whole.contains("{ $"), "{what}");
            }
            assert!(text.starts_with(&letter.subject), "{what}");
            assert!(text.contains("\nhttps://id.example.com/there?token=a&b=\"c\"\n"), "{what}");
            assert!(
                html.contains("href=\"https://id.example.com/there?token=a&#38;b=&#34;c&#34;\""),
                "{what}"
            );
            assert!(html.contains(&format!(
                "<html lang=\"{}\" dir=\"{}\">",
                language.tag(),
                direction(language)
            )));
            assert!(message.code().is_none_or(|code| text.contains(code) && html.contains(code)), "{what}");
            assert!(!text.contains("\n\n\n"), "{what}");
        }
    }
}

fn direction(language: Language) -> &'static str {
    if language.is_right_to_left() { "rtl" } else { "ltr" }
}

#[test]
fn the_text_of_a_mail() {
    let Some(message) = messages("ada").into_iter().find(|one| one.kind() == "new_sign_in") else { panic!() };
    assert_eq!(
        message.letter(Language::English, SITE).text().unwrap(),
        "New sign-in to your account at id.example.com

Your account ada at id.example.com was signed in to on a device that is new to us.

Time: 2026-01-01 00:00 UTC
Device: ada
IP address: 192.0.2.7

If it was you, there is nothing to do.

If it was not you, somebody else knows your password. Sign that device out and change your password at once.

Look at my account:
https://id.example.com/there?token=a&b=\"c\"

-- 
This message was sent automatically by id.example.com. Replies are not read."
    );
}

#[test]
fn the_time_a_mail_works_for_is_told_in_its_largest_unit() {
    for (seconds, expected) in [
        (0, "one minute"),
        (60, "one minute"),
        (600, "10 minutes"),
        (5400, "90 minutes"),
        (3600, "one hour"),
        (7200, "2 hours"),
        (86_400, "one day"),
        (604_800, "7 days"),
    ] {
        let works_for = Duration::from_secs(seconds);
        let message = Message::Invitation { inviter: "Ada".to_owned(), link: link("/"), works_for };
        let text = message.letter(Language::English, SITE).text().unwrap();
        assert!(text.contains(&format!("It works once, for {expected}.")), "{seconds}: {text}");
    }
}

/// Names that want to be more than names.
fn hostile() -> Vec<String> {
    let mut names: Vec<String> = [
        "<a href=\"https://evil.example\">x</a>",
        "a\r\nBcc: victim@example.com",
        "a\r\n\r\n<script>alert(1)</script>",
        "=?utf-8?q?=0d=0aBcc:_victim@example.com?=",
        "\u{202e}moc.elpmaxe",
        "x\u{2069} y \u{2068}",
        "a\u{0}b\u{85}c\u{2028}d\u{2029}e",
        "--countersign-id--",
        "{ $site }",
        "{{ 7 * 7 }}",
    ]
    .map(ToOwned::to_owned)
    .into();
    names.push("x".repeat(100_000));
    names.push("a\u{301}".repeat(10_000));
    names
}

#[test]
fn a_name_is_a_name_and_nothing_else() {
    for name in hostile() {
        for message in messages(&name) {
            for language in [Language::English, Language::Arabic] {
                let letter = message.letter(language, SITE);
                let (text, html) = (letter.text().unwrap(), letter.html().unwrap());
                let what = format!("{} about {:.60}", message.kind(), name);
                assert!(!letter.subject.contains(char::is_control), "{what}");
                assert!(!html.contains("<a href=\"https://evil") && !html.contains("<script"), "{what}");
                assert!(!text.contains("\nBcc") && !text.contains('\r'), "{what}");
                assert!(!text.contains("https://evil"), "{what}: a mail program would make a link of it");
                assert!(!text.contains('\u{202e}') && !html.contains('\u{202e}'), "{what}");
                let opened = text.matches('\u{2068}').count();
                assert_eq!(opened, text.matches('\u{2069}').count(), "{what}");
                assert!(text.len() < 4_000 && html.len() < 12_000, "{what}");
            }
        }
    }
}

fn parcel<'a>(from: &'a Sender, letter: &'a super::Letter, link: &'a Link) -> Parcel<'a> {
    Parcel {
        id: "0123abc",
        from,
        to: "ada@example.com",
        created_at: Timestamp(1_767_225_600),
        letter,
        language: "en",
        link,
        code: None,
    }
}

#[test]
fn rfc5322_3_6_4_a_repeat_is_the_same_message() {
    let from = Sender {
        name: Some("Bücherei, „Löwe“".to_owned()),
        address: "no-reply@example.org".to_owned(),
    };
    let link = link("/there");
    for message in messages("Ада") {
        let letter = message.letter(Language::Japanese, SITE);
        let make = || parcel(&from, &letter, &link).message().unwrap().formatted();
        let bytes = make();
        assert_eq!(bytes, make(), "{}", message.kind());
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.is_ascii(), "no mail server needs to know more");
        assert!(text.lines().all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
        let parsed = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(parsed.message_id(), Some("0123abc@example.org"));
        assert_eq!(parsed.date().unwrap().to_timestamp(), 1_767_225_600);
        assert_eq!(parsed.subject(), Some(letter.subject.as_str()));
        assert_eq!(parsed.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
        let sender = parsed.from().unwrap().first().unwrap();
        assert_eq!(sender.name(), Some("Bücherei, „Löwe“"));
        assert_eq!(sender.address(), Some("no-reply@example.org"));
        assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("ada@example.com"));
        let crlf = |text: String| text.replace('\n', "\r\n");
        assert_eq!(parsed.body_text(0).unwrap(), crlf(letter.text().unwrap()));
        assert_eq!(parsed.body_html(0).unwrap(), crlf(letter.html().unwrap()));
        let kinds: Vec<_> = parsed.parts.iter().filter_map(|part| part.content_type()?.subtype()).collect();
        assert_eq!(kinds, ["alternative", "plain", "html"]);
    }
}

#[test]
fn header_fields_are_as_many_as_this_server_wrote_whatever_a_name_holds() {
    let from = Sender { name: None, address: "no-reply@localhost".to_owned() };
    let link = link("/there");
    for name in hostile() {
        for message in messages(&name) {
            let letter = message.letter(Language::English, &name);
            let bytes = parcel(&from, &letter, &link).message().unwrap().formatted();
            let parsed = MessageParser::default().parse(&bytes).unwrap();
            let names: Vec<_> = parsed.headers().iter().map(mail_parser::Header::name).collect();
            assert_eq!(
                names,
                [
                    "Message-ID",
                    "Date",
                    "From",
                    "To",
                    "Subject",
                    "Auto-Submitted",
                    "Content-Language",
                    "MIME-Version",
                    "Content-Type"
                ],
                "{name:.60}"
            );
            assert_eq!(parsed.parts.len(), 3, "{name:.60}");
        }
    }
}

#[test]
fn nothing_secret_is_printed_by_accident() {
    for message in messages("ada") {
        assert_eq!(format!("{message:?}"), format!("Message({})", message.kind()));
    }
    assert_eq!(format!("{:?}", link("/reset?token=secret")), "Link(…)");
}

#[test]
fn a_message_is_read_back_as_it_was_written_down() {
    for message in messages("ada") {
        let text = serde_json::to_string(&message).unwrap();
        // What changed stands in it by the name that it goes by in the outbox.
        let named = if text.contains("\"kind\":\"methods_changed\"") { "" } else { "\"kind\":" };
        assert!(text.contains(&format!("{named}\"{}\"", message.kind())), "one name everywhere");
        assert!(serde_json::from_str::<Message>(&text).unwrap() == message);
    }
}
