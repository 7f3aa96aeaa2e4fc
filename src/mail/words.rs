//! The words of mails, in every language: the catalogues in `locales/`, in the syntax of Project Fluent, part of the binary.
//! English stands in for a message that another language lacks.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language that mails are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "&'static str")]
pub enum Language {
    /// English, where nothing better is known.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
    /// Japanese.
    Japanese,
    /// Chinese in simplified characters.
    Chinese,
    /// Arabic.
    Arabic,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Portuguese,
        Self::Japanese,
        Self::Chinese,
        Self::Arabic,
    ];

    /// The language tag: RFC 5646 (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Japanese => "ja",
            Self::Chinese => "zh-Hans",
            Self::Arabic => "ar",
        }
    }

    /// The language of exactly this tag.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// Is it written from right to left?
    #[must_use]
    pub const fn is_right_to_left(self) -> bool {
        matches!(self, Self::Arabic)
    }

    const fn file(self) -> &'static str {
        match self {
            Self::English => include_str!("../../locales/en/mail.ftl"),
            Self::German => include_str!("../../locales/de/mail.ftl"),
            Self::French => include_str!("../../locales/fr/mail.ftl"),
            Self::Spanish => include_str!("../../locales/es/mail.ftl"),
            Self::Portuguese => include_str!("../../locales/pt/mail.ftl"),
            Self::Japanese => include_str!("../../locales/ja/mail.ftl"),
            Self::Chinese => include_str!("../../locales/zh-Hans/mail.ftl"),
            Self::Arabic => include_str!("../../locales/ar/mail.ftl"),
        }
    }
}

/// A tag of another version, which has more languages, is read as English.
impl From<String> for Language {
    fn from(tag: String) -> Self {
        Self::of_tag(&tag).unwrap_or_default()
    }
}

impl From<Language> for &'static str {
    fn from(language: Language) -> Self {
        language.tag()
    }
}

type Catalogue = FluentBundle<FluentResource>;

/// In the order of [`Language::ALL`].
static CATALOGUES: LazyLock<[Catalogue; 8]> = LazyLock::new(|| Language::ALL.map(parse));

fn parse(language: Language) -> Catalogue {
    // For the plural rules. A tag that cannot be read would get those of the root.
    let identifier: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut catalogue = FluentBundle::new_concurrent(vec![identifier]);
    // Marks around every value are isolated where they are needed.
    catalogue.set_use_isolating(false);
    // A mistake in a file takes its message away, and the tests fail.
    let resource = match FluentResource::try_new(language.file().to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    catalogue.add_resource_overriding(resource);
    catalogue
}

/// The words of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(Language);

impl Words {
    /// The words of this language.
    #[must_use]
    pub const fn of(language: Language) -> Self {
        Self(language)
    }

    /// Its tag, for the attribute `lang`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        self.0.tag()
    }

    /// For the attribute `dir`.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        if self.0.is_right_to_left() { "rtl" } else { "ltr" }
    }

    /// A message that stands for itself.
    #[must_use]
    pub fn text(self, key: &str) -> Cow<'static, str> {
        self.format(key, None)
    }

    /// A message about several things.
    #[must_use]
    pub fn with_all(self, key: &str, values: &[(&str, FluentValue<'_>)]) -> Cow<'static, str> {
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            arguments.set((*name).to_owned(), self.isolated(value.clone()));
        }
        self.format(key, Some(&arguments))
    }

    fn format(self, key: &str, arguments: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        for language in [self.0, Language::English] {
            let catalogue = Language::ALL.iter().position(|one| *one == language);
            let catalogue = catalogue.and_then(|place| CATALOGUES.get(place));
            let message =
                catalogue.and_then(|catalogue| Some((catalogue, catalogue.get_message(key)?.value()?)));
            if let Some((catalogue, pattern)) = message {
                let text = catalogue.format_pattern(pattern, arguments, &mut Vec::new());
                return Cow::Owned(text.into_owned());
            }
        }
        Cow::Owned(key.to_owned())
    }

    /// Unicode UAX 9 §2.4: a name or an address within a line that runs the other way would come apart.
    fn isolated(self, value: FluentValue<'_>) -> FluentValue<'_> {
        match value {
            FluentValue::String(text) if self.0.is_right_to_left() => {
                FluentValue::String(format!("\u{2068}{text}\u{2069}").into())
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_bundle::FluentResource;

    use super::{Language, Words};

    /// The messages of a language with the variables that each mentions.
    fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        FluentResource::try_new(language.file().to_owned())
            .unwrap_or_else(|(_, problems)| panic!("{}: {problems:?}", language.tag()));
        let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
        let mut current = String::new();
        for line in language.file().lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" = ").filter(|_| line.starts_with(char::is_alphabetic))
            {
                current = name.to_owned();
                assert!(
                    messages.insert(current.clone(), BTreeSet::new()).is_none(),
                    "{current} stands twice"
                );
            }
            let ends = |c: char| !c.is_alphanumeric();
            let variables = line.split('$').skip(1).map(|rest| rest.split(ends).next().unwrap().to_owned());
            messages.entry(current.clone()).or_default().extend(variables);
        }
        messages.remove("");
        messages
    }

    #[test]
    fn every_language_says_the_same_about_the_same_things() {
        let english = messages(Language::English);
        assert!(english.len() > 35);
        for language in Language::ALL {
            assert_eq!(messages(language), english, "{}", language.tag());
        }
    }

    #[test]
    fn every_message_is_translated() {
        for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
            for name in messages(Language::English).keys() {
                let (theirs, ours) =
                    (Words::of(language).text(name), Words::of(Language::English).text(name));
                assert_ne!(theirs, ours, "{}: {name}", language.tag());
            }
        }
    }

    #[test]
    fn numbers_have_the_plural_forms_of_their_language() {
        let minutes = |language, count: u64| {
            Words::of(language).with_all("mail-works-minutes", &[("count", count.into())]).into_owned()
        };
        assert_eq!(minutes(Language::English, 1), "It works once, for one minute.");
        assert_eq!(minutes(Language::English, 10), "It works once, for 10 minutes.");
        assert_eq!(minutes(Language::German, 30), "Das gilt einmal und 30 Minuten lang.");
        assert!(minutes(Language::Arabic, 2).contains("دقيقتين"));
        assert!(minutes(Language::Arabic, 10).contains("10 دقائق"));
    }

    #[test]
    fn a_tag_that_is_not_known_is_english() {
        assert_eq!(Language::from("tlh".to_owned()), Language::English);
        assert_eq!(Language::of_tag("zh-Hans"), Some(Language::Chinese));
        assert_eq!(Words::of(Language::German).text("nonsense"), "nonsense");
    }
}
