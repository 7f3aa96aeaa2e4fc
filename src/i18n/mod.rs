//! The languages of the pages: which one a reader gets, and every word in it.
//!
//! A pure room. The words are the catalogues in `locales/`, one folder for each language, in the syntax of Project
//! Fluent, which knows the plural forms of each; all of them are part of the binary. English is what the others are
//! compared with, and what stands in for a message that another lacks.

mod catalogue;
mod negotiate;
mod words;

pub use negotiate::negotiate;
pub use words::{Argument, Phrase, Words, key};

/// A language that every page speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// All of them, in the order in which they are offered.
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

    /// Their tags.
    pub const TAGS: [&'static str; 8] = ["en", "de", "fr", "es", "pt", "ja", "zh-Hans", "ar"];

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

    /// The language of exactly this tag, as [`tag`](Self::tag) writes it.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// What its readers call it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Portuguese => "Português",
            Self::Japanese => "日本語",
            Self::Chinese => "简体中文",
            Self::Arabic => "العربية",
        }
    }

    /// Is it written from right to left?
    #[must_use]
    pub const fn is_right_to_left(self) -> bool {
        matches!(self, Self::Arabic)
    }
}

#[cfg(test)]
mod tests;
