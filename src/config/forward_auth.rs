//! `[[forward_auth]]`, resolved.

use super::raw;
use super::resolve::Checks;
use crate::protocol::forward_auth::{ProtectedApp, canonical_host};
use crate::protocol::issuer::Issuer;
use crate::protocol::scope::Scope;

impl Checks<'_> {
    pub(super) fn forward_auth(
        &mut self,
        raw: Vec<raw::ForwardAuth>,
        issuer: Option<&Issuer>,
    ) -> Vec<ProtectedApp> {
        let mut apps: Vec<ProtectedApp> = Vec::new();
        // Without an issuer there is a refusal already.
        let Some(issuer) = issuer else { return apps };
        for written in raw {
            const HOST: &str = "forward_auth.host";
            let host = canonical_host(&written.host, issuer.is_plain_http());
            let Some(host) = host else {
                self.refuse_value(
                    HOST,
                    format!("{:?}", written.host),
                    "must be a host name, with its port where that is not the usual one, such as \"app.example.org\"",
                );
                continue;
            };
            // Cookies know no ports.
            if name_of(&host) == name_of(&issuer.host()) {
                self.refuse_value(
                    HOST,
                    &host,
                    "is the issuer's own, whose session cookie the application would get; give it another",
                );
            }
            if apps.iter().any(|app| app.host == host) {
                self.refuse_value(HOST, &host, "stands in two [[forward_auth]]; keep one of them");
            }
            let level = self.level("forward_auth.level", written.level.as_deref());
            let one_scope = |text: &String| Scope::parse(text).is_ok_and(|scope| scope.contains(text));
            if let Some(scope) = written.scope.as_ref().filter(|scope| !one_scope(scope)) {
                self.refuse_value(
                    "forward_auth.scope",
                    format!("{scope:?}"),
                    "must be one scope (RFC 6749 §3.3)",
                );
            }
            let (groups, scope, basic) = (written.groups, written.scope, written.basic);
            apps.push(ProtectedApp { host, groups, level, scope, basic });
        }
        apps
    }
}

fn name_of(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}
