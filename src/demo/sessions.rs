//! Who is signed in to the demonstration application, in memory.

use std::collections::{HashMap, VecDeque};

use super::provider::{Identity, Pending};
use crate::entropy::Entropy;

/// Browsers remembered at most; beyond, the oldest is forgotten.
const SESSIONS: usize = 1000;

/// Sign-ins that one browser may have begun at once, in its tabs.
const PENDING: usize = 10;

/// Everybody.
#[derive(Default)]
pub(super) struct Sessions {
    by_id: HashMap<String, Session>,
    oldest_first: VecDeque<String>,
}

#[derive(Default)]
struct Session {
    pending: VecDeque<Pending>,
    user: Option<SignedIn>,
}

/// One who is signed in, and what the application was told.
#[derive(Clone)]
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) csrf: String,
    pub(super) id_token: String,
    pub(super) id_token_header_json: String,
    pub(super) claims_json: String,
    pub(super) userinfo_json: String,
}

impl SignedIn {
    pub(super) fn new(identity: Identity, entropy: &Entropy) -> Self {
        Self {
            name: identity.name,
            csrf: entropy.secret(),
            id_token: identity.id_token,
            id_token_header_json: identity.header_json,
            claims_json: identity.claims_json,
            userinfo_json: identity.userinfo_json,
        }
    }
}

impl Sessions {
    /// Remembers that this browser began a sign-in. Answers the browser's session.
    pub(super) fn remember(&mut self, id: Option<&str>, pending: Pending, entropy: &Entropy) -> String {
        let id = match id.filter(|id| self.by_id.contains_key(*id)) {
            Some(id) => id.to_owned(),
            None => self.add(Session::default(), entropy),
        };
        if let Some(session) = self.by_id.get_mut(&id) {
            session.pending.push_back(pending);
            if session.pending.len() > PENDING {
                session.pending.pop_front();
            }
        }
        id
    }

    /// The sign-in with this `state` that this browser began; it is answered once.
    pub(super) fn take_pending(&mut self, id: &str, state: &str) -> Option<Pending> {
        let pending = &mut self.by_id.get_mut(id)?.pending;
        let position = pending.iter().position(|pending| pending.state == state)?;
        pending.remove(position)
    }

    /// Signs in under a new session id; sign-ins begun in other tabs move along.
    pub(super) fn sign_in(&mut self, old: Option<&str>, user: SignedIn, entropy: &Entropy) -> String {
        let former = old.and_then(|id| self.remove(id)).unwrap_or_default();
        self.add(Session { user: Some(user), ..former }, entropy)
    }

    /// Who is signed in under this id.
    pub(super) fn signed_in(&self, id: &str) -> Option<SignedIn> {
        self.by_id.get(id)?.user.clone()
    }

    /// Ends a session. Answers who was signed in.
    pub(super) fn end(&mut self, id: &str) -> Option<SignedIn> {
        self.remove(id)?.user
    }

    fn add(&mut self, session: Session, entropy: &Entropy) -> String {
        let id = entropy.secret();
        self.by_id.insert(id.clone(), session);
        self.oldest_first.push_back(id.clone());
        if self.by_id.len() > SESSIONS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        id
    }

    fn remove(&mut self, id: &str) -> Option<Session> {
        self.oldest_first.retain(|known| known != id);
        self.by_id.remove(id)
    }
}

#[cfg(test)]
mod tests {
    use super::{PENDING, SESSIONS, Sessions, SignedIn};
    use crate::demo::provider::{Identity, Pending};
    use crate::entropy::Entropy;

    fn pending(state: &str) -> Pending {
        Pending::for_tests(state)
    }

    fn user(name: &str) -> SignedIn {
        SignedIn::new(Identity { name: name.to_owned(), ..Identity::default() }, &Entropy::system())
    }

    #[test]
    fn an_answer_is_taken_once_and_by_the_browser_that_began() {
        let (entropy, mut sessions) = (Entropy::system(), Sessions::default());
        let ours = sessions.remember(None, pending("a"), &entropy);
        let theirs = sessions.remember(Some("made up"), pending("b"), &entropy);
        assert_ne!(theirs, "made up", "a browser does not choose its session");
        assert!(sessions.take_pending(&theirs, "a").is_none());
        assert!(sessions.take_pending(&ours, "a").is_some());
        assert!(sessions.take_pending(&ours, "a").is_none());
    }

    #[test]
    fn signing_in_changes_the_id_and_keeps_other_tabs_going() {
        let (entropy, mut sessions) = (Entropy::system(), Sessions::default());
        let before = sessions.remember(None, pending("other tab"), &entropy);
        let after = sessions.sign_in(Some(&before), user("Ada"), &entropy);
        assert_ne!(before, after);
        assert!(sessions.signed_in(&before).is_none());
        assert_eq!(sessions.signed_in(&after).unwrap().name, "Ada");
        assert!(sessions.take_pending(&after, "other tab").is_some());
        assert_eq!(sessions.end(&after).unwrap().name, "Ada");
        assert!(sessions.signed_in(&after).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let (entropy, mut sessions) = (Entropy::system(), Sessions::default());
        let first = sessions.remember(None, pending("x"), &entropy);
        for _ in 0..2 * PENDING {
            sessions.remember(Some(&first), pending("x"), &entropy);
        }
        assert_eq!(sessions.by_id[&first].pending.len(), PENDING);
        for _ in 0..SESSIONS {
            sessions.remember(None, pending("x"), &entropy);
        }
        assert_eq!((sessions.by_id.len(), sessions.oldest_first.len()), (SESSIONS, SESSIONS));
        assert!(!sessions.by_id.contains_key(&first), "the oldest went");
    }
}
