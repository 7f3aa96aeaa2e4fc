//! The standard claims about a user beyond name and e-mail address: OpenID Connect Core §5.1.

use serde::{Deserialize, Serialize};
use time::{Date, Month};
use url::Url;
use utoipa::ToSchema;

use super::registration::FieldProblem;
use super::user::changes_the_text_around;

/// Characters in one line at most.
const LONGEST_LINE: usize = 128;
/// Characters in a text of several lines at most.
const LONGEST_LINES: usize = 512;
/// Bytes in a web address at most.
const LONGEST_ADDRESS: usize = 2048;
/// Characters in a language tag that have to be supported (BCP 47 §4.4.1).
const LONGEST_LOCALE: usize = 35;
/// Digits of a number with its country code (E.164 §6.2.1), and of the shortest that anybody has.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Standard claims (Core §5.1). What the account does not have is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct StandardClaims {
    /// Given names; 128 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Family names; 128 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// Middle names; 128 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Casual name; 128 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Web address of the user's profile page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Web address of a picture of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Web address of the user's own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Gender, in any words; 128 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// `YYYY-MM-DD`, `0000-MM-DD` without the year, or `YYYY` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    /// Time zone by its IANA name, such as `Europe/Paris`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    /// Language tag (BCP 47), such as `en-US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Telephone number (E.164), such as `+14255551212`, perhaps with an extension: `;ext=5678`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Was the number shown to be the user's? When left out, a new number is not. A stored number always has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
    /// Postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// A postal address (Core §5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    /// All of it as on a letter; 512 characters at most, in several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street, house number, post-office box; 512 characters at most, in several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State, province or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl StandardClaims {
    /// Every claim that is a text, with its name; parts of the address are named as `address.country` is.
    #[must_use]
    pub fn texts(&self) -> [(&'static str, Option<&str>); 18] {
        let part = |of: fn(&Address) -> &Option<String>| self.address.as_ref().and_then(|a| of(a).as_deref());
        [
            ("given_name", self.given_name.as_deref()),
            ("family_name", self.family_name.as_deref()),
            ("middle_name", self.middle_name.as_deref()),
            ("nickname", self.nickname.as_deref()),
            ("profile", self.profile.as_deref()),
            ("picture", self.picture.as_deref()),
            ("website", self.website.as_deref()),
            ("gender", self.gender.as_deref()),
            ("birthdate", self.birthdate.as_deref()),
            ("zoneinfo", self.zoneinfo.as_deref()),
            ("locale", self.locale.as_deref()),
            ("phone_number", self.phone_number.as_deref()),
            ("address.formatted", part(|address| &address.formatted)),
            ("address.street_address", part(|address| &address.street_address)),
            ("address.locality", part(|address| &address.locality)),
            ("address.region", part(|address| &address.region)),
            ("address.postal_code", part(|address| &address.postal_code)),
            ("address.country", part(|address| &address.country)),
        ]
    }

    /// The claims whose texts these are, by the names that [`texts`](Self::texts) gives them; without an address when
    /// it has no part.
    pub fn from_texts(mut text: impl FnMut(&'static str) -> Option<String>) -> Self {
        let address = Address {
            formatted: text("address.formatted"),
            street_address: text("address.street_address"),
            locality: text("address.locality"),
            region: text("address.region"),
            postal_code: text("address.postal_code"),
            country: text("address.country"),
        };
        Self {
            given_name: text("given_name"),
            family_name: text("family_name"),
            middle_name: text("middle_name"),
            nickname: text("nickname"),
            profile: text("profile"),
            picture: text("picture"),
            website: text("website"),
            gender: text("gender"),
            birthdate: text("birthdate"),
            zoneinfo: text("zoneinfo"),
            locale: text("locale"),
            phone_number: text("phone_number"),
            phone_number_verified: None,
            address: Some(address).filter(|address| *address != Address::default()),
        }
    }
}

/// What is wrong with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum ClaimProblem {
    #[error("{LONGEST_LINE} characters at most, without control, direction or invisible characters")]
    Line,
    #[error(
        "{LONGEST_LINES} characters at most, without direction, invisible or control characters other than line breaks"
    )]
    Lines,
    #[error(
        "must be an https:// or http:// address, in ASCII, without user name, of {LONGEST_ADDRESS} characters at most"
    )]
    WebAddress,
    #[error("must be a date as in 1990-12-31, or 0000-12-31 without the year, or the year alone")]
    Birthdate,
    #[error("must be the name of a time zone, such as Europe/Paris")]
    TimeZone,
    #[error("must be a language tag, such as en or en-US")]
    Locale,
    #[error("must be a number with its country code, such as +1 425 555 1212, or +1 425 555 1212;ext=5678")]
    PhoneNumber,
}

/// Judges new claims, or, with `before`, changed ones, and brings them into the form that is kept. Blank texts are
/// none.
///
/// # Errors
/// Every rule that they break.
pub fn check(
    wanted: &StandardClaims,
    before: Option<&StandardClaims>,
) -> Result<StandardClaims, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let mut kept = Vec::new();
    for (name, text) in wanted.texts() {
        match text.map(str::trim).filter(|text| !text.is_empty()).map(rule_of(name)).transpose() {
            Ok(text) => kept.push((name, text)),
            Err(problem) => problems.push(FieldProblem::new(name, problem)),
        }
    }
    let mut claims = StandardClaims::from_texts(|name| {
        kept.iter().find(|(known, _)| *known == name).and_then(|(_, text)| text.clone())
    });
    let same_number = before.filter(|before| before.phone_number == claims.phone_number);
    let follows = same_number.and_then(|before| before.phone_number_verified).unwrap_or(false);
    let verified = wanted.phone_number_verified.unwrap_or(follows);
    if wanted.phone_number_verified == Some(true)
        && wanted.phone_number.as_deref().is_none_or(|number| number.trim().is_empty())
    {
        let what = "there is no number that could be verified";
        problems.push(FieldProblem::new("phone_number_verified", what));
    }
    claims.phone_number_verified = claims.phone_number.is_some().then_some(verified);
    if problems.is_empty() { Ok(claims) } else { Err(problems) }
}

/// The rule that a claim keeps; it answers the form that is kept.
fn rule_of(name: &str) -> fn(&str) -> Result<String, ClaimProblem> {
    match name {
        "profile" | "picture" | "website" => web_address,
        "birthdate" => birthdate,
        "zoneinfo" => time_zone,
        "locale" => locale,
        "phone_number" => phone_number,
        "address.formatted" | "address.street_address" => lines,
        _ => line,
    }
}

fn line(text: &str) -> Result<String, ClaimProblem> {
    let fits = text.chars().count() <= LONGEST_LINE && !text.chars().any(changes_the_text_around);
    if fits { Ok(text.to_owned()) } else { Err(ClaimProblem::Line) }
}

/// Core §5.1.1: "Newlines can be represented either as a carriage return/line feed pair or as a single line feed
/// character"; the latter is kept, so that a form which sends the former changes nothing.
fn lines(text: &str) -> Result<String, ClaimProblem> {
    let text = text.replace("\r\n", "\n");
    let unfit = |c: char| c != '\n' && changes_the_text_around(c);
    let fits = text.chars().count() <= LONGEST_LINES && !text.chars().any(unfit);
    if fits { Ok(text) } else { Err(ClaimProblem::Lines) }
}

/// Applications show it as a link or load it: nothing but the web, and nothing that reads like another host.
fn web_address(text: &str) -> Result<String, ClaimProblem> {
    let characters =
        text.len() <= LONGEST_ADDRESS && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if characters && !authority.is_empty() && !authority.contains('@') && Url::parse(text).is_ok() {
        Ok(text.to_owned())
    } else {
        Err(ClaimProblem::WebAddress)
    }
}

/// Core §5.1: "The year MAY be 0000, indicating that it is omitted. To represent only the year, YYYY format is allowed."
fn birthdate(text: &str) -> Result<String, ClaimProblem> {
    let number = |text: &str, digits: usize| {
        let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<u16>().ok()).flatten()
    };
    let parts: Vec<&str> = text.split('-').collect();
    let is_a_date = match parts.as_slice() {
        [year] => number(year, 4).is_some_and(|year| year > 0),
        [year, month, day] => number(year, 4)
            .zip(number(month, 2).and_then(|month| u8::try_from(month).ok()))
            .zip(number(day, 2).and_then(|day| u8::try_from(day).ok()))
            .is_some_and(|((year, month), day)| {
                // The year 0000 has a 29th of February.
                Month::try_from(month)
                    .is_ok_and(|month| Date::from_calendar_date(year.into(), month, day).is_ok())
            }),
        _ => false,
    };
    if is_a_date { Ok(text.to_owned()) } else { Err(ClaimProblem::Birthdate) }
}

/// Names as in the IANA time zone database. Which of them there are changes every year, so only the form is judged.
fn time_zone(text: &str) -> Result<String, ClaimProblem> {
    let part_is_fine = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    if text.len() <= 64 && text.split('/').all(part_is_fine) {
        Ok(text.to_owned())
    } else {
        Err(ClaimProblem::TimeZone)
    }
}

/// BCP 47 §2.1, as far as its form: subtags of at most eight letters and digits, the language first.
fn locale(text: &str) -> Result<String, ClaimProblem> {
    let mut subtags = text.split('-');
    let language_is_fine = subtags.next().is_some_and(|language| {
        (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic())
    });
    let subtag_is_fine =
        |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric());
    // A single letter announces more subtags.
    let is_complete = text.rsplit('-').next().is_some_and(|last| last.len() > 1);
    if text.len() <= LONGEST_LOCALE && language_is_fine && subtags.all(subtag_is_fine) && is_complete {
        Ok(text.to_owned())
    } else {
        Err(ClaimProblem::Locale)
    }
}

/// E.164, without what people write between the digits; an extension as in RFC 3966 §3 (Core §5.1).
fn phone_number(text: &str) -> Result<String, ClaimProblem> {
    let (number, extension) = match text.split_once(";ext=") {
        Some((number, extension)) => (number, Some(extension)),
        None => (text, None),
    };
    let digits: String =
        number.chars().skip(1).filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let extension_is_fine =
        extension.is_none_or(|extension| (1..=8).contains(&extension.len()) && all_digits(extension));
    // No country code begins with a zero.
    let number_is_fine = number.starts_with('+')
        && DIGITS.contains(&digits.len())
        && all_digits(&digits)
        && !digits.starts_with('0');
    if !number_is_fine || !extension_is_fine {
        return Err(ClaimProblem::PhoneNumber);
    }
    Ok(match extension {
        Some(extension) => format!("+{digits};ext={extension}"),
        None => format!("+{digits}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Address, StandardClaims, check};
    use crate::protocol::samples;

    /// Claims with one text.
    fn with(name: &'static str, text: &str) -> StandardClaims {
        StandardClaims::from_texts(|known| (known == name).then(|| text.to_owned()))
    }

    /// The form in which a text is kept; or what is said about it.
    fn kept(name: &'static str, text: &str) -> Result<Option<String>, String> {
        let checked = check(&with(name, text), None).map_err(|problems| {
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].field, name);
            problems[0].message.clone()
        })?;
        Ok(checked.texts().iter().find(|(known, _)| *known == name).unwrap().1.map(str::to_owned))
    }

    #[test]
    fn openid_core_5_1_what_is_fine_is_kept_in_one_form() {
        let long = "x".repeat(128);
        let address = format!("https://ada.example/{}", "x".repeat(2028));
        for (name, text, expected) in [
            ("given_name", " Augusta Ada ", "Augusta Ada"),
            ("family_name", "O’Neill-Señán 李", "O’Neill-Señán 李"),
            ("middle_name", &long, &long),
            ("nickname", "<b>", "<b>"),
            ("profile", "https://ada.example/~ada?x=1#y", "https://ada.example/~ada?x=1#y"),
            ("picture", "http://ada.example:8080/ada.png", "http://ada.example:8080/ada.png"),
            ("website", &address, &address),
            ("gender", "female", "female"),
            ("birthdate", "1815-12-10", "1815-12-10"),
            ("birthdate", "0000-02-29", "0000-02-29"),
            ("birthdate", "2000-02-29", "2000-02-29"),
            ("birthdate", "1815", "1815"),
            ("zoneinfo", "America/Argentina/ComodRivadavia", "America/Argentina/ComodRivadavia"),
            ("zoneinfo", "Etc/GMT+5", "Etc/GMT+5"),
            ("zoneinfo", "UTC", "UTC"),
            ("locale", "en", "en"),
            ("locale", "zh-Hant-TW", "zh-Hant-TW"),
            ("locale", "sl-rozaj-biske-1994", "sl-rozaj-biske-1994"),
            ("locale", "de-DE-u-co-phonebk", "de-DE-u-co-phonebk"),
            ("phone_number", "+1 (425) 555-1212", "+14255551212"),
            ("phone_number", "+56 (2) 687 2400", "+5626872400"),
            ("phone_number", "+1 (604) 555.1234;ext=5678", "+16045551234;ext=5678"),
            ("address.formatted", "1 Rue Une\r\n75001 Paris\n", "1 Rue Une\n75001 Paris"),
            ("address.street_address", "House\nStreet 1", "House\nStreet 1"),
            ("address.locality", "Åsgårdstrand", "Åsgårdstrand"),
            ("address.region", "Vestfold", "Vestfold"),
            ("address.postal_code", "3167", "3167"),
            ("address.country", "Norway", "Norway"),
        ] {
            assert_eq!(kept(name, text), Ok(Some(expected.to_owned())), "{name} {text}");
        }
        for (name, _) in StandardClaims::default().texts() {
            assert_eq!(kept(name, " \t "), Ok(None), "{name}: blank is none");
        }
        assert_eq!(check(&with("address.country", " "), None).unwrap(), StandardClaims::default());
    }

    /// Each of these texts is refused with words that begin so.
    fn refuses(name: &'static str, expected: &str, texts: &[&str]) {
        for text in texts {
            let message = kept(name, text).expect_err(&format!("{name} {text:?}"));
            assert!(message.starts_with(expected), "{name} {text:?}: {message}");
        }
    }

    #[test]
    fn openid_core_5_1_texts_are_short_and_cannot_change_the_text_around_them() {
        for name in [
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "gender",
            "address.locality",
            "address.region",
            "address.postal_code",
            "address.country",
        ] {
            let bad =
                ["a\nb", "a\u{0}b", "a\u{7f}b", "a\u{202e}b", "a\u{200b}b", "a\u{2028}b", &"x".repeat(129)];
            refuses(name, "128 characters at most", &bad);
        }
        for name in ["address.formatted", "address.street_address"] {
            let bad = ["a\rb", "a\tb", "a\u{0}b", "a\u{202e}b", "a\u{2029}b", &"x\n".repeat(300)];
            refuses(name, "512 characters at most", &bad);
        }
    }

    #[test]
    fn openid_core_5_1_addresses_lead_to_the_web_and_nowhere_else() {
        for name in ["profile", "picture", "website"] {
            let bad = [
                "javascript:alert(1)",
                "JavaScript://ada.example/%0aalert(1)",
                "data:text/html,x",
                "ftp://ada.example/",
                "//ada.example/",
                "ada.example",
                "https:ada.example",
                "https://",
                "https:///path",
                "https://ada.example:x/",
                "https://bank.example@evil.example/",
                "https://bank.example\\@evil.example/",
                "https://ada.example/a b",
                "https://ada.example/a\nb",
                "https://ada.example/\u{202e}",
                "https://bücher.example/",
                &format!("https://ada.example/{}", "x".repeat(2029)),
            ];
            refuses(name, "must be an https:// or http:// address", &bad);
        }
    }

    #[test]
    fn openid_core_5_1_dates_zones_languages_and_numbers_have_their_form() {
        let bad = [
            "0000",
            "90",
            "19900",
            "1990-12",
            "1990-13-01",
            "1990-00-01",
            "1990-04-31",
            "1990-04-00",
            "1900-02-29",
            "1990-1-1",
            "1990-12-31T00:00:00Z",
            "31.12.1990",
            "+199-12-31",
            "١٩٩٠-١٢-٣١",
            "1990-12-31-1",
            "-1990-12-31",
        ];
        refuses("birthdate", "must be a date as in 1990-12-31", &bad);
        let bad = [
            "Europe/",
            "/Paris",
            "../etc/passwd",
            "Europe//Paris",
            "Europe/Par is",
            "+01:00",
            "Europe/Pa\u{0}ris",
            &format!("Europe/{}", "x".repeat(64)),
        ];
        refuses("zoneinfo", "must be the name of a time zone", &bad);
        let bad = [
            "e",
            "en_US",
            "en-",
            "-US",
            "en--US",
            "en-a",
            "englishlang",
            "en-US-toolongsubtag",
            "e1",
            "français",
            "en-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa",
        ];
        refuses("locale", "must be a language tag", &bad);
        let bad = [
            "14255551212",
            "0014255551212",
            "+0425551212",
            "+123456",
            "+1234567890123456",
            "+1425555a212",
            "+",
            "+1 425 555 1212 ext 5",
            "+14255551212;ext=",
            "+14255551212;ext=123456789",
            "+14255551212;ext=a",
            "++14255551212",
            "+1425\u{0}5551212",
            "+١٤٢٥٥٥٥١٢١٢",
            "tel:+14255551212",
        ];
        refuses("phone_number", "must be a number with its country code", &bad);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let wanted = StandardClaims {
            picture: Some("javascript:alert(1)".to_owned()),
            address: Some(Address { country: Some("a\u{202e}b".to_owned()), ..Address::default() }),
            phone_number_verified: Some(true),
            ..with("locale", "?")
        };
        let fields: Vec<_> = check(&wanted, None).unwrap_err().iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["picture", "locale", "address.country", "phone_number_verified"]);
    }

    #[test]
    fn a_new_number_is_not_a_verified_one() {
        let before = samples::claims();
        assert_eq!(before.phone_number_verified, Some(true));
        let edit = |number: Option<&str>, verified| {
            let wanted = StandardClaims {
                phone_number: number.map(str::to_owned),
                phone_number_verified: verified,
                ..before.clone()
            };
            check(&wanted, Some(&before)).map(|claims| claims.phone_number_verified)
        };
        let same = before.phone_number.as_deref();
        assert_eq!(edit(same, None), Ok(Some(true)));
        assert_eq!(
            edit(Some("+1 (604) 555-1234;ext=5678"), None),
            Ok(Some(true)),
            "the same, otherwise written"
        );
        assert_eq!(edit(same, Some(false)), Ok(Some(false)));
        assert_eq!(edit(Some("+4721234567"), None), Ok(Some(false)));
        assert_eq!(edit(Some("+4721234567"), Some(true)), Ok(Some(true)), "vouched for");
        assert_eq!(edit(None, None), Ok(None));
        assert_eq!(edit(Some("+4721234567"), None), Ok(Some(false)));
        assert_eq!(edit(None, Some(true)).unwrap_err()[0].field, "phone_number_verified");
    }

    #[test]
    fn texts_and_claims_are_the_same_thing_twice() {
        let claims = StandardClaims { phone_number_verified: None, ..samples::claims() };
        assert!(claims.texts().iter().all(|(_, text)| text.is_some()));
        let texts = claims.texts();
        let again = StandardClaims::from_texts(|name| {
            texts.iter().find(|(known, _)| *known == name).unwrap().1.map(str::to_owned)
        });
        assert_eq!(again, claims);
    }

    #[test]
    fn what_is_not_there_is_not_written() {
        assert_eq!(serde_json::to_string(&StandardClaims::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<StandardClaims>("{}").unwrap(), StandardClaims::default());
    }
}
