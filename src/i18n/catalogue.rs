//! The catalogues, parsed once.

use std::sync::LazyLock;

use fluent_bundle::FluentResource;
use fluent_bundle::concurrent::FluentBundle;
use unic_langid::LanguageIdentifier;

use super::Language;

/// The messages of one language.
pub(super) type Catalogue = FluentBundle<FluentResource>;

/// The text of every file of a language. A new file is added here, and to each folder.
macro_rules! files {
    ($tag:literal) => {
        &[
            include_str!(concat!("../../locales/", $tag, "/pages.ftl")),
            include_str!(concat!("../../locales/", $tag, "/errors.ftl")),
            include_str!(concat!("../../locales/", $tag, "/mail.ftl")),
            include_str!(concat!("../../locales/", $tag, "/methods.ftl")),
            include_str!(concat!("../../locales/", $tag, "/signup.ftl")),
            include_str!(concat!("../../locales/", $tag, "/recovery.ftl")),
            include_str!(concat!("../../locales/", $tag, "/account.ftl")),
            include_str!(concat!("../../locales/", $tag, "/groups.ftl")),
            include_str!(concat!("../../locales/", $tag, "/directory.ftl")),
            include_str!(concat!("../../locales/", $tag, "/upstream.ftl")),
            include_str!(concat!("../../locales/", $tag, "/device.ftl")),
        ]
    };
}

/// The source of a language's messages.
pub(super) fn texts(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => files!("en"),
        Language::German => files!("de"),
        Language::French => files!("fr"),
        Language::Spanish => files!("es"),
        Language::Portuguese => files!("pt"),
        Language::Japanese => files!("ja"),
        Language::Chinese => files!("zh-Hans"),
        Language::Arabic => files!("ar"),
    }
}

/// In the order of [`Language::ALL`].
static CATALOGUES: LazyLock<[Catalogue; 8]> = LazyLock::new(|| Language::ALL.map(parse));

/// The messages of a language.
pub(super) fn of(language: Language) -> &'static Catalogue {
    let [english, german, french, spanish, portuguese, japanese, chinese, arabic] = &*CATALOGUES;
    match language {
        Language::English => english,
        Language::German => german,
        Language::French => french,
        Language::Spanish => spanish,
        Language::Portuguese => portuguese,
        Language::Japanese => japanese,
        Language::Chinese => chinese,
        Language::Arabic => arabic,
    }
}

fn parse(language: Language) -> Catalogue {
    // For the plural rules. A tag that cannot be read would get those of the root.
    let identifier: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut catalogue = FluentBundle::new_concurrent(vec![identifier]);
    // Numbers need no marks around them; for texts, see `Argument`.
    catalogue.set_use_isolating(false);
    for text in texts(language) {
        // A mistake in a file takes its message away, and the tests fail.
        let resource = match FluentResource::try_new((*text).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        catalogue.add_resource_overriding(resource);
    }
    catalogue
}
