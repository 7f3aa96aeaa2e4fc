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
        self.preferred(&request.acr_values)
    }

    /// What these `acr_values` want, which stand "in order of preference" (Core §3.1.2.1).
    #[must_use]
    pub fn preferred(&self, acr_values: &[String]) -> Wanted {
        let named: Vec<Level> = acr_values.iter().filter_map(|name| self.level(name)).collect();
        match named.first() {
            None => Wanted::Nothing,
            Some(&level) => Wanted::Preferred { level, named },
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

/// By what a session falls short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Its user can prove more than it holds: up to this level, they are asked for it.
    Proof(Level),
    /// Its user has nothing yet by which to prove this level.
    Means(Level),
}

/// By what a session at the level `reached` falls short of what is `required` of it, and of what is `preferred` as far as
/// that can be had: `acr_values` are voluntary (Core §3.1.2.1). `attainable` is the highest level that its user can reach;
/// none where that was not looked up.
#[must_use]
pub fn lack(
    reached: Level,
    required: Option<Level>,
    preferred: Option<Level>,
    attainable: Option<Level>,
) -> Option<Lack> {
    let missing = |level: &Level| reached < *level;
    let preferred = preferred.map(|level| level.min(attainable.unwrap_or(level))).filter(missing);
    match required.filter(missing) {
        Some(level) if attainable.is_some_and(|attainable| attainable < level) => Some(Lack::Means(level)),
        required => required.max(preferred).map(Lack::Proof),
    }
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
