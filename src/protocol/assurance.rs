//! How sure the server is of who somebody is: levels, which operators name as authentication context classes (`acr`,
//! OpenID Connect Core §2), and what a request wants of them.

use serde_json::Value;

use super::authorize::AuthorizationRequest;
use super::wire::wire_enum;

wire_enum! {
    /// A level, with its name in configuration and administration. Each includes those before.
    #[derive(Default)]
    Level {
        /// One thing was proved: a password, or that one reads the mail of the account's address.
        #[default]
        OneFactor = "one-factor",
        /// Two different kinds of things were proved (RFC 8176 `mfa`).
        TwoFactors = "two-factors",
        /// A passkey that checked who holds it: there is nothing that could be typed into the wrong page.
        PhishingResistant = "phishing-resistant",
    }
}

/// The names of the levels, the lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes(pub [String; 3]);

impl Default for Classes {
    fn default() -> Self {
        Self(
            ["password", "two-factors", "phishing-resistant"]
                .map(|name| format!("urn:countersign:acr:{name}")),
        )
    }
}

impl Classes {
    /// The `acr` of a level.
    #[must_use]
    pub fn name(&self, level: Level) -> &str {
        let [one, two, resistant] = &self.0;
        match level {
            Level::OneFactor => one,
            Level::TwoFactors => two,
            Level::PhishingResistant => resistant,
        }
    }

    /// The level of this name, if it is one.
    #[must_use]
    pub fn level(&self, name: &str) -> Option<Level> {
        Level::ALL.iter().copied().find(|level| self.name(*level) == name)
    }

    /// The level that a session was begun at. A name that was configured once and is no more counts as the lowest.
    #[must_use]
    pub fn level_of_session(&self, acr: &str) -> Level {
        self.level(acr).unwrap_or(Level::OneFactor)
    }

    /// What a request wants.
    #[must_use]
    pub fn wanted(&self, request: &AuthorizationRequest) -> Wanted {
        let named = |values: &[Value]| -> Vec<Level> {
            values.iter().filter_map(|value| self.level(value.as_str()?)).collect()
        };
        if let Some(values) = request.essential_acr() {
            let levels = named(values);
            return levels.iter().min().map_or(Wanted::Impossible, |least| Wanted::Essential {
                least: *least,
                named: levels.clone(),
            });
        }
        let values: Vec<Value> = request.acr_values.iter().map(|value| Value::from(value.as_str())).collect();
        match named(&values).as_slice() {
            [] => Wanted::Nothing,
            // Core §3.1.2.1: "in order of preference"
            [preferred, ..] => Wanted::Preferred { level: *preferred, named: named(&values) },
        }
    }

    /// The `acr` that an answer states: of the levels that the request named, the highest that was reached; else the one
    /// that was reached.
    #[must_use]
    pub fn stated(&self, wanted: &Wanted, reached: Level) -> &str {
        let named: &[Level] = match wanted {
            Wanted::Nothing | Wanted::Impossible => &[],
            Wanted::Preferred { named, .. } | Wanted::Essential { named, .. } => named,
        };
        self.name(named.iter().copied().filter(|level| *level <= reached).max().unwrap_or(reached))
    }
}

/// What a request wants of the levels (Core §3.1.2.1 `acr_values`, §5.5.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever it is.
    Nothing,
    /// This one if it can be had.
    Preferred {
        /// The first that the request names.
        level: Level,
        /// All that it names.
        named: Vec<Level>,
    },
    /// This one at least, or no answer.
    Essential {
        /// The lowest that will do.
        least: Level,
        /// All that it names.
        named: Vec<Level>,
    },
    /// Something that is no level here, and nothing else will do.
    Impossible,
}

impl Wanted {
    /// The level to reach, and whether nothing less will do.
    #[must_use]
    pub fn level(&self) -> Option<(Level, bool)> {
        match self {
            Self::Preferred { level, .. } => Some((*level, false)),
            Self::Essential { least, .. } => Some((*least, true)),
            Self::Nothing | Self::Impossible => None,
        }
    }
}
