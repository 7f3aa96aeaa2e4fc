//! Looking for users: by the words that they are called, which an index finds at once, and by any part of those.

use std::collections::BTreeSet;

use super::secret::hex;
use super::user::User;

/// Words that are kept of one user at most: a name of 128 characters could have more, which are found as parts.
const MOST_WORDS: usize = 24;

/// What is kept of a word, in bytes.
const LONGEST_WORD: usize = 24;

/// Terms that count of what was typed.
const MOST_TERMS: usize = 8;

/// The words of a user, as the index has them.
#[must_use]
pub fn words(user: &User) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    add_words(&mut words, &user.username);
    add_words(&mut words, user.name.as_deref().unwrap_or_default());
    if let Some((local, domain)) = user.email.as_deref().and_then(|email| email.rsplit_once('@')) {
        add_words(&mut words, local);
        words.insert(encoded(domain));
    }
    words.into_iter().filter(|word| !word.is_empty()).take(MOST_WORDS).collect()
}

/// Each word as it stands, and what punctuation divides it into: `o'brien`, `o` and `brien`.
fn add_words(words: &mut BTreeSet<String>, text: &str) {
    for word in text.to_lowercase().split_whitespace() {
        words.insert(encoded(word));
        words.extend(word.split(|c: char| !c.is_alphanumeric()).map(encoded));
    }
}

/// The beginning of a word in hexadecimal: prefixes stay prefixes, and their order is that of the bytes everywhere.
fn encoded(word: &str) -> String {
    let mut end = word.len().min(LONGEST_WORD);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    hex(word.get(..end).unwrap_or_default().as_bytes())
}

/// What somebody looks for: users whose user name, address or name holds each of a few terms.
#[derive(Clone, Debug)]
pub struct UserSearch {
    terms: Vec<String>,
    lead: String,
}

impl UserSearch {
    /// Reads what was typed; none where that is nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let terms: Vec<String> =
            text.to_lowercase().split_whitespace().take(MOST_TERMS).map(str::to_owned).collect();
        let longest = terms.iter().max_by_key(|term| term.chars().count())?;
        // An address stands in the index as its two halves.
        let half = longest.split('@').find(|half| !half.is_empty()).unwrap_or(longest);
        let lead = encoded(half);
        Some(Self { terms, lead })
    }

    /// What a word in the index begins with, where it leads to a user who may be meant.
    #[must_use]
    pub fn lead(&self) -> &str {
        &self.lead
    }

    /// Above every word that begins with [`lead`](Self::lead): no hexadecimal digit comes after it in any collation.
    #[must_use]
    pub fn end(&self) -> String {
        format!("{}g", self.lead)
    }

    /// A term that every user who is meant has in one of the three texts; the longest.
    #[must_use]
    pub fn longest_term(&self) -> &str {
        self.terms.iter().max_by_key(|term| term.chars().count()).map_or("", String::as_str)
    }

    /// Is this user meant?
    #[must_use]
    pub fn means(&self, user: &User) -> bool {
        let name = user.name.as_deref().unwrap_or_default().to_lowercase();
        let email = user.email.as_deref().unwrap_or_default();
        let held = |term: &String| {
            user.username.contains(term.as_str())
                || email.contains(term.as_str())
                || name.contains(term.as_str())
        };
        self.terms.iter().all(held)
    }

    /// The word by which the index leads to this user first; none where it does not.
    #[must_use]
    pub fn first_word(&self, user: &User) -> Option<String> {
        words(user).into_iter().find(|word| word.starts_with(&self.lead))
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_WORD, MOST_WORDS, UserSearch, words};
    use crate::protocol::samples;
    use crate::protocol::secret::hex;
    use crate::protocol::user::User;

    fn user(username: &str, email: Option<&str>, name: Option<&str>) -> User {
        User {
            username: username.to_owned(),
            email: email.map(str::to_owned),
            name: name.map(str::to_owned),
            ..samples::user("u-1")
        }
    }

    #[test]
    fn a_user_has_the_words_of_name_address_and_user_name() {
        let found = words(&user("a.brien", Some("anna.b@mail.example.org"), Some("Änna-Marie O'Brien")));
        let expected = [
            "a.brien",
            "a",
            "brien",
            "anna.b",
            "anna",
            "b",
            "mail.example.org",
            "änna-marie",
            "änna",
            "marie",
            "o'brien",
            "o",
        ];
        assert_eq!(found, expected.iter().map(|word| hex(word.as_bytes())).collect());
        assert_eq!(words(&user("ada", None, None)).len(), 1);
    }

    #[test]
    fn words_are_bounded_and_cut_between_characters() {
        let many = (0..60).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(words(&user("ada", None, Some(&many))).len(), MOST_WORDS);
        let long = words(&user("ada", None, Some(&"漢".repeat(60))));
        assert!(long.contains(&hex("漢".repeat(LONGEST_WORD / 3).as_bytes())), "{long:?}");
    }

    #[test]
    fn the_index_leads_to_beginnings_of_words_and_the_search_means_any_part() {
        let anna = user("anna.s", Some("schmidt@example.org"), Some("Anna Müller Schmidt"));
        for (text, meant, by_index) in [
            ("schm", true, true),
            ("ANNA schmidt", true, true),
            ("mül", true, true),
            ("schmidt@example.org", true, true),
            ("@example", true, true),
            ("chmidt", true, false),
            ("example.com", false, false),
            ("anna jon", false, true),
            ("%", false, false),
            ("@", true, false),
        ] {
            let search = UserSearch::parse(text).unwrap();
            assert_eq!(search.means(&anna), meant, "{text}");
            let word = search.first_word(&anna);
            assert_eq!(word.is_some(), by_index, "{text}");
            if let Some(word) = word {
                assert!(*word >= *search.lead() && *word < *search.end(), "{text}");
            }
        }
        assert!(UserSearch::parse(" \t ").is_none());
        // However long: what is looked up is a part of a word that is kept.
        let long = "x".repeat(64);
        let search = UserSearch::parse(&long).unwrap();
        assert!(search.first_word(&user(&long, None, None)).is_some());
        assert!(!search.means(&user(&"x".repeat(63), None, None)));
    }
}
