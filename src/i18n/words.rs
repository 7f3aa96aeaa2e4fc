//! Messages by their keys.

use std::borrow::Cow;
use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentValue};

use super::{Language, catalogue};
use crate::branding::{Branding, PLAIN};

/// Stands where an element goes in [`Words::around`]; no text of a catalogue or of a person has it.
const SLOT: &str = "\u{1}";

/// The words of one language, on a server that has a name of its own: every message knows it as `$product`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    language: Language,
    /// None for the product's own.
    branding: Option<Arc<Branding>>,
}

impl Default for Words {
    fn default() -> Self {
        Self::ENGLISH
    }
}

impl Words {
    /// English: where nobody reads but administrators and developers.
    pub const ENGLISH: Self = Self::of(Language::English);

    /// The words of this language.
    #[must_use]
    pub const fn of(language: Language) -> Self {
        Self { language, branding: None }
    }

    /// The same on a server that looks like this.
    #[must_use]
    pub fn on(self, branding: Arc<Branding>) -> Self {
        Self { branding: Some(branding), ..self }
    }

    /// What the server looks like.
    #[must_use]
    pub fn branding(&self) -> &Branding {
        self.branding.as_deref().unwrap_or(&PLAIN)
    }

    /// The language.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Its tag, for the attribute `lang`.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        self.language.tag()
    }

    /// For the attribute `dir`.
    #[must_use]
    pub const fn direction(&self) -> &'static str {
        if self.language.is_right_to_left() { "rtl" } else { "ltr" }
    }

    /// A message that stands for itself.
    #[must_use]
    pub fn text(&self, key: &str) -> Cow<'static, str> {
        self.format(key, FluentArgs::with_capacity(1))
    }

    /// A message about one thing.
    #[must_use]
    pub fn with(&self, key: &str, name: &str, value: impl Argument) -> Cow<'static, str> {
        self.with_all(key, &[(name, value.value())])
    }

    /// A message about several things.
    #[must_use]
    pub fn with_all(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> Cow<'static, str> {
        let mut arguments = FluentArgs::with_capacity(values.len() + 1);
        for (name, value) in values {
            arguments.set((*name).to_owned(), self.isolated(value.clone()));
        }
        self.format(key, arguments)
    }

    /// A message with an element in its midst: the text before it, and the text after it. `slot` is the variable that
    /// stands in the element's place.
    #[must_use]
    pub fn around(&self, key: &str, slot: &str) -> (String, String) {
        self.around_with(key, slot, &[])
    }

    /// The same, about several things.
    #[must_use]
    pub fn around_with(&self, key: &str, slot: &str, values: &[(&str, FluentValue<'_>)]) -> (String, String) {
        let mut arguments = FluentArgs::with_capacity(values.len() + 2);
        for (name, value) in values {
            arguments.set((*name).to_owned(), self.isolated(value.clone()));
        }
        arguments.set(slot.to_owned(), SLOT);
        let text = self.format(key, arguments);
        match text.split_once(SLOT) {
            Some((before, after)) => (before.to_owned(), after.to_owned()),
            None => (text.into_owned(), String::new()),
        }
    }

    /// A phrase in this language.
    #[must_use]
    pub fn phrase<'a>(&self, phrase: &'a Phrase) -> Cow<'a, str> {
        match phrase {
            Phrase::Message { key, about: None } => self.text(key),
            Phrase::Message { key, about: Some((name, value)) } => self.with(key, name, value),
            Phrase::English(text) => Cow::Borrowed(text),
        }
    }

    /// Is the phrase in another language than the words around it?
    #[must_use]
    pub fn is_foreign(&self, phrase: &Phrase) -> bool {
        self.language != Language::English && matches!(phrase, Phrase::English(_))
    }

    /// A message that this language lacks is told in English; one that nobody has is told by its key. Tests know of both.
    fn format<'a>(&'a self, key: &str, mut arguments: FluentArgs<'a>) -> Cow<'static, str> {
        arguments.set("product", self.isolated(self.branding().name().into()));
        for language in [self.language, Language::English] {
            let catalogue = catalogue::of(language);
            if let Some(pattern) = catalogue.get_message(key).and_then(|message| message.value()) {
                return catalogue.format_pattern(pattern, Some(&arguments), &mut Vec::new());
            }
        }
        Cow::Owned(key.to_owned())
    }

    /// Unicode UAX 9 §2.4: a name, an address or a number of IPv6 within a line that runs the other way would come apart.
    fn isolated<'a>(&self, value: FluentValue<'a>) -> FluentValue<'a> {
        match value {
            FluentValue::String(text) if self.language.is_right_to_left() => {
                FluentValue::String(format!("\u{2068}{text}\u{2069}").into())
            }
            other => other,
        }
    }
}

/// What a message may be about.
pub trait Argument {
    /// As Fluent takes it: the plural form follows a number.
    fn value(&self) -> FluentValue<'_>;
}

impl Argument for str {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self)
    }
}

impl Argument for String {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self.as_str())
    }
}

impl Argument for Cow<'_, str> {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(&**self)
    }
}

impl Argument for u64 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Argument for usize {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl<A: Argument + ?Sized> Argument for &A {
    fn value(&self) -> FluentValue<'_> {
        (**self).value()
    }
}

/// Something to say, before it is known in which language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// A message of the catalogues, perhaps about something.
    Message {
        /// Its key.
        key: &'static str,
        /// The variable and its value.
        about: Option<(&'static str, String)>,
    },
    /// What is said to developers and administrators.
    English(Cow<'static, str>),
}

impl Phrase {
    /// English, known beforehand.
    #[must_use]
    pub const fn english(text: &'static str) -> Self {
        Self::English(Cow::Borrowed(text))
    }

    /// Says what the message is about.
    #[must_use]
    pub fn about(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Message { key, .. } => Self::Message { key, about: Some((name, value.into())) },
            english @ Self::English(_) => english,
        }
    }
}

/// A message of the catalogues.
#[must_use]
pub const fn key(key: &'static str) -> Phrase {
    Phrase::Message { key, about: None }
}

impl From<&str> for Phrase {
    fn from(text: &str) -> Self {
        Self::English(Cow::Owned(text.to_owned()))
    }
}

impl From<String> for Phrase {
    fn from(text: String) -> Self {
        Self::English(Cow::Owned(text))
    }
}

/// In English, for logs.
impl std::fmt::Display for Phrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Words::ENGLISH.phrase(self))
    }
}
