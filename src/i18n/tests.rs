//! The catalogues, compared with one another and with what asks for their words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fluent_bundle::FluentResource;

use super::{Language, Words, catalogue, key};

/// The messages of a language with the variables that each mentions.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::new();
    for text in catalogue::texts(language) {
        FluentResource::try_new((*text).to_owned())
            .unwrap_or_else(|(_, problems)| panic!("{}: {problems:?}", language.tag()));
        let mut current = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some((name, _)) = line.split_once(" = ").filter(|_| line.starts_with(char::is_alphabetic))
            {
                current = name.to_owned();
                let new = messages.insert(current.clone(), BTreeSet::new()).is_none();
                assert!(new, "{} says {current} twice", language.tag());
            }
            let variables = line.split('$').skip(1).map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned()
            });
            messages.get_mut(&current).unwrap().extend(variables);
        }
    }
    messages
}

#[test]
fn every_language_has_the_same_messages_about_the_same_things() {
    let english = messages(Language::English);
    assert!(english.len() > 150);
    for language in Language::ALL {
        let tag = language.tag();
        let theirs = messages(language);
        for (name, variables) in &english {
            let found = theirs.get(name).unwrap_or_else(|| panic!("{tag} lacks {name}"));
            assert_eq!(found, variables, "{tag}: {name}");
        }
        for name in theirs.keys() {
            assert!(english.contains_key(name), "{tag}: {name} is in no other language");
        }
    }
}

#[test]
fn every_message_is_translated() {
    // The same word in both languages.
    let same = [
        "de: name",
        "de: app-website",
        "de: code-label",
        "de: error-status",
        "de: methods-passkeys",
        "es: error-code",
        "fr: administration-link",
        "fr: duration-minutes",
        "pt: email",
        "pt: error-status",
    ];
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        for name in messages(Language::English).keys().filter(|name| *name != "list-separator") {
            let named = format!("{}: {name}", language.tag());
            let (theirs, english) = (Words::of(language).text(name), Words::ENGLISH.text(name));
            assert!(theirs != english || same.contains(&&*named), "{named} is {theirs}");
        }
    }
}

/// Every file that asks for words, with its text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = ["templates", "src/pages", "src/http", "src/account", "src/admin", "src/mail"]
        .map(|name| root.join(name))
        .to_vec();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "tests.rs")
                && path.extension().is_some_and(|extension| extension == "rs" || extension == "html")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                // However it is broken into lines.
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
                sources.push((path.display().to_string(), text));
            }
        }
    }
    sources
}

/// The keys that a text asks for: literals right after one of these.
fn asked_for(text: &str) -> BTreeSet<String> {
    let askers = [
        ".text(\"",
        ".with(\"",
        ".with_all(\"",
        ".around(\"",
        ".around_with(\"",
        "strong(words, \"",
        "key(\"",
    ];
    let mut keys = BTreeSet::new();
    for asker in askers {
        let rests = text.split(asker).skip(1);
        keys.extend(rests.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    keys
}

#[test]
fn every_message_is_asked_for_and_every_one_asked_for_is_there() {
    let known = messages(Language::English);
    let mut asked = BTreeSet::new();
    for (file, text) in sources() {
        for name in asked_for(&text) {
            assert!(known.contains_key(&name), "{file} asks for {name}, which no language has");
            asked.insert(name);
        }
    }
    let unused: Vec<_> = known.keys().filter(|name| !asked.contains(*name)).collect();
    assert!(unused.is_empty(), "nobody asks for {unused:?}");
}

#[test]
fn every_slot_is_in_its_message_once_and_so_takes_its_element() {
    for (file, text) in sources() {
        for rest in text.split(".around(\"").chain(text.split("strong(words, \"")).skip(1) {
            let mut parts = rest.split('"');
            let (Some(name), Some(", "), Some(slot)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            for language in Language::ALL {
                let (before, after) = Words::of(language).around(name, slot);
                let whole = format!("{before}{after}");
                assert!(!whole.contains(['\u{1}', '{']), "{file}: {name} in {}: {whole}", language.tag());
            }
        }
    }
}

#[test]
fn a_message_that_is_missing_is_told_in_english_or_by_its_key() {
    assert_eq!(Words::of(Language::German).text("nonsense"), "nonsense");
    assert_eq!(Words::of(Language::German).phrase(&"as it is".into()), "as it is");
    assert!(Words::of(Language::German).is_foreign(&"as it is".into()));
    assert!(!Words::ENGLISH.is_foreign(&"as it is".into()));
    assert!(!Words::of(Language::German).is_foreign(&key("gone")));
    assert_eq!(key("consent-title").about("app", "Acme").to_string(), "Allow Acme?");
}

#[test]
fn names_within_a_line_from_right_to_left_are_kept_together() {
    let said = Words::of(Language::Arabic).with("signed-out-back", "app", "Acme (2)");
    assert!(said.contains("\u{2068}Acme (2)\u{2069}"), "{said}");
    let said = Words::of(Language::German).with("signed-out-back", "app", "Acme");
    assert_eq!(said, "Zurück zu Acme");
}

#[test]
fn tags_are_those_of_their_languages() {
    assert_eq!(Language::TAGS, Language::ALL.map(Language::tag));
    for language in Language::ALL {
        assert_eq!(Language::of_tag(language.tag()), Some(language));
        assert!(!language.own_name().is_empty());
    }
    assert_eq!(Language::of_tag("EN"), None);
    assert_eq!(Words::of(Language::Arabic).direction(), "rtl");
}
