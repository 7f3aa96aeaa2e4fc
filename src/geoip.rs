//! Where an address is, as a file in the `.mmdb` format says (`GeoLite2` and others): read once, at the start.
//!
//! It is a hint for people who look at their own sessions, and nothing is decided by it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::Reader;
use serde::Deserialize;

use crate::i18n::{Language, Words};

/// The places of addresses. Cloning it is cheap.
#[derive(Clone)]
pub struct Places(Arc<Reader<Vec<u8>>>);

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// It cannot be understood.
    #[error("is not a MaxMind database (.mmdb), or a part of it is missing: {0}")]
    Broken(maxminddb::MaxMindDbError),
    /// It knows something else about addresses.
    #[error(
        "is a {0:?} database, which knows no places; take one of cities or countries, such as GeoLite2-City"
    )]
    NoPlaces(String),
}

/// What is read of an entry.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    city: Named<'a>,
    #[serde(borrow)]
    country: Named<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    names: BTreeMap<&'a str, &'a str>,
}

impl Places {
    /// A database as it was read.
    ///
    /// # Errors
    /// It is broken, or knows no places.
    pub fn new(file: Vec<u8>) -> Result<Self, PlacesError> {
        let reader = Reader::from_source(file).map_err(PlacesError::Broken)?;
        let kind = &reader.metadata().database_type;
        if ["City", "Country", "Enterprise"].iter().any(|place| kind.contains(place)) {
            Ok(Self(Arc::new(reader)))
        } else {
            Err(PlacesError::NoPlaces(kind.clone()))
        }
    }

    /// Where an address is: "Berlin, Germany", in the reader's language where the file has it, else in English. None for text
    /// that is no address, and for addresses of which nothing is known.
    #[must_use]
    pub fn of(&self, ip: &str, words: &Words) -> Option<String> {
        let ip: IpAddr = ip.parse().ok()?;
        let entry: Entry<'_> = self.0.lookup(ip.to_canonical()).ok()?.decode().ok()??;
        let language = language_in_file(words.language());
        match (entry.city.in_language(language), entry.country.in_language(language)) {
            (Some(city), Some(country)) => Some([city, country].join(&words.text("list-separator"))),
            (city, country) => city.or(country).map(str::to_owned),
        }
    }
}

impl Named<'_> {
    fn in_language(&self, language: &str) -> Option<&str> {
        self.names.get(language).or_else(|| self.names.get("en")).copied()
    }
}

/// By which name a file knows a language. What it lacks it has in English.
fn language_in_file(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::German => "de",
        Language::French => "fr",
        Language::Spanish => "es",
        Language::Portuguese => "pt-BR",
        Language::Japanese => "ja",
        Language::Chinese => "zh-CN",
        Language::Arabic => "ar",
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").field(&self.0.metadata().database_type).finish()
    }
}
