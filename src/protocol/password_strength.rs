//! How hard a password is to guess: judged by what it is made of (dictionaries of words, names and leaked passwords, rows of
//! keys, dates, repetitions), not by which kinds of characters it has (NIST SP 800-63B §5.1.1.2).

use std::collections::HashSet;
use std::sync::LazyLock;

use zxcvbn::feedback::{Feedback, Warning};
use zxcvbn::{Score, zxcvbn};

use super::user::User;

/// So many guesses a password must take: more than 10^8, so that no online attack and no cheap offline one gets there.
const STRONG_ENOUGH: Score = Score::Three;

/// A password is judged by so many of its first characters: judging takes the longer the more there are, and what follows
/// does not make it easier to guess.
const JUDGED: usize = 64;

/// Shorter words about a user are in any password by chance.
const SHORTEST_WORD: usize = 3;

/// Passwords that are tried first; the file says whose list it is.
const COMMON: &str = include_str!("common_passwords.txt");

/// Is it one of those, in capitals or not, or one with digits and marks behind it?
fn is_common(password: &str) -> bool {
    static LIST: LazyLock<HashSet<&str>> =
        LazyLock::new(|| COMMON.lines().filter(|line| !line.starts_with('#')).collect());
    let password = password.to_lowercase();
    let word = password.trim_end_matches(|c: char| !c.is_alphabetic());
    LIST.contains(password.as_str()) || LIST.contains(word)
}

/// Why a password is too easy to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// In the lists that are tried first, or close to what is in them.
    #[error("this password, or one like it, is among the first that are tried: choose a few unrelated words")]
    Common,
    /// Made of what is known about the user and this server.
    #[error(
        "this password is made of the user's name, address or this server's name: choose a few unrelated words"
    )]
    Personal,
    /// Rows of keys, repetitions, sequences, dates.
    #[error(
        "keys in a row, repetitions, sequences and dates are easy to guess: choose a few unrelated words"
    )]
    Pattern,
    /// A word or a name, or simply too little.
    #[error("this password is too easy to guess: choose a longer one, such as a few unrelated words")]
    Simple,
}

/// What everybody who knows this user and this server, by its host and its name, would try first.
#[must_use]
pub fn words_about(
    username: &str,
    email: Option<&str>,
    name: Option<&str>,
    server: &[impl AsRef<str>],
) -> Vec<String> {
    let mut words = Vec::new();
    let server = server.iter().map(|word| Some(word.as_ref()));
    for text in [Some(username), email, name].into_iter().chain(server).flatten() {
        words.push(text.to_owned());
        words.extend(text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
    }
    words.retain(|word| word.chars().count() >= SHORTEST_WORD);
    words
}

/// The same for a user who is there already.
#[must_use]
pub fn words_about_user(user: &User, server: &[impl AsRef<str>]) -> Vec<String> {
    words_about(&user.username, user.email.as_deref(), user.name.as_deref(), server)
}

/// Is this password hard to guess, for somebody who knows these words about its user? OWASP ASVS 6.2.4: not one of the most
/// common passwords; 6.2.11: no words of the context. It takes a while, so it has no place where others wait.
///
/// # Errors
/// It is not, and why.
pub fn strong_enough(password: &str, known: &[String]) -> Result<(), Weakness> {
    let judged: String = password.chars().take(JUDGED).collect();
    let verdict = zxcvbn(&judged, &[]);
    if verdict.score() < STRONG_ENOUGH {
        let warning = verdict.feedback().and_then(Feedback::warning);
        return Err(warning.map_or(Weakness::Simple, weakness));
    }
    if is_common(password) {
        return Err(Weakness::Common);
    }
    // What is known is worth nothing: neither as it is, nor spelled a little differently.
    let mut unknown = judged.to_lowercase();
    for word in known {
        unknown = unknown.replace(&word.to_lowercase(), "");
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if zxcvbn(&unknown, &known).score() < STRONG_ENOUGH {
        return Err(Weakness::Personal);
    }
    Ok(())
}

fn weakness(warning: Warning) -> Weakness {
    match warning {
        Warning::ThisIsATop10Password
        | Warning::ThisIsATop100Password
        | Warning::ThisIsACommonPassword
        | Warning::ThisIsSimilarToACommonlyUsedPassword => Weakness::Common,
        Warning::StraightRowsOfKeysAreEasyToGuess
        | Warning::ShortKeyboardPatternsAreEasyToGuess
        | Warning::RepeatsLikeAaaAreEasyToGuess
        | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess
        | Warning::SequencesLikeAbcAreEasyToGuess
        | Warning::RecentYearsAreEasyToGuess
        | Warning::DatesAreOftenEasyToGuess => Weakness::Pattern,
        Warning::AWordByItselfIsEasyToGuess
        | Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
        | Warning::CommonNamesAndSurnamesAreEasyToGuess => Weakness::Simple,
    }
}

#[cfg(test)]
mod tests {
    use super::{Weakness, strong_enough, words_about};

    fn judged(password: &str) -> Result<(), Weakness> {
        let email = Some("ada.lovelace@analytical.example");
        strong_enough(
            password,
            &words_about("countess7", email, Some("Ada Lovelace"), &["id.engines.example", "Countersign"]),
        )
    }

    #[test]
    fn owasp_asvs_6_2_4_and_6_2_11_what_is_tried_first_is_refused() {
        use Weakness::{Common, Pattern, Personal, Simple};
        for (password, weakness) in [
            ("password", Common),
            ("P@ssw0rd", Common),
            ("iloveyou", Common),
            ("12345678", Common),
            ("letmein1", Common),
            ("asdfghjkl;", Pattern),
            ("aaaaaaaaaaaa", Pattern),
            ("abcabcabcabc", Pattern),
            ("13.12.1985", Pattern),
            ("handkerchief", Simple),
            ("qwertyuiopasdfghjklzxcvbnm", Common),
            ("CorrectHorseBatteryStaple", Common),
            ("correcthorsebatterystaple1!", Common),
            ("thequickbrownfox", Common),
            ("1qaz2wsx3edc4rfv5tgb", Common),
            ("countersign2026xx", Personal),
            ("Engines.Example", Personal),
            ("analytical.example", Personal),
            ("Countess7 lovelace", Personal),
            ("Lovelace-Analytical", Personal),
        ] {
            assert_eq!(judged(password), Err(weakness), "{password}");
        }
    }

    #[test]
    fn owasp_asvs_6_2_5_no_kind_of_character_is_asked_for() {
        for password in [
            "correct horse battery staple",
            "trvpmzkqwx",
            "7391846205",
            "Zugspitze im Nebel",
            "夏の終わりの海辺で",
        ] {
            assert_eq!(judged(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn what_stands_behind_a_long_beginning_makes_nothing_weaker_and_costs_nothing() {
        let strong = "correct horse battery staple";
        assert_eq!(judged(&format!("{strong}{}", "a".repeat(1000))), Ok(()));
        assert_eq!(judged(&"a".repeat(1024)), Err(Weakness::Pattern));
        for nasty in
            ["@4ε3s$5".repeat(200), "1998".repeat(256), "qwertyuiop".repeat(100), "ß\u{301}".repeat(512)]
        {
            let started = std::time::Instant::now();
            let _ = judged(&nasty);
            assert!(started.elapsed().as_millis() < 1000, "{nasty:.20}: {:?}", started.elapsed());
        }
    }
}
