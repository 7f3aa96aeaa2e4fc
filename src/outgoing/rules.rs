//! Where requests may go: judged by the URL before a name is resolved, by every address a name resolves to, and by
//! the address that was connected to.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::address::special_use;
use super::error::{FetchError, OutgoingError};
use crate::config;

/// Ports from 1024 on which something else listens, that a request could be made to speak to: the rest of the "bad
/// ports" of the Fetch standard (§2.9), databases, caches and unencrypted administration.
const OTHER_SERVICES: [u16; 30] = [
    1719, 1720, 1723, 2049, 2375, 2379, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 5984, 6000, 6379, 6566,
    6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9200, 10080, 10250, 11211, 27017,
];

/// The rules of one deployment.
#[derive(Debug)]
pub(super) struct Rules {
    development: bool,
    allowed_hosts: Vec<String>,
    allowed_networks: Vec<IpNet>,
}

impl Rules {
    /// The operator's names are brought into the form that URLs have.
    pub(super) fn new(config: &config::Outgoing, development: bool) -> Result<Self, OutgoingError> {
        let host = |text: &String| match Host::parse(text) {
            // A star is legal in a host, and would match nothing.
            Ok(host) if !text.contains('*') => Ok(without_final_dot(&host.to_string()).to_owned()),
            _ => Err(OutgoingError::Host(text.clone())),
        };
        Ok(Self {
            development,
            allowed_hosts: config.allowed_hosts.iter().map(host).collect::<Result<_, _>>()?,
            allowed_networks: config.allowed_networks.clone(),
        })
    }

    /// Judges all that a URL says by itself. The parser is the one that the request is made with, so that no notation of
    /// an address is read in two ways. A fragment is legal (OpenID Connect Core §6.2), and never sent.
    pub(super) fn judge(&self, address: &str) -> Result<Target, FetchError> {
        let url = Url::parse(address).map_err(|_| FetchError::NotAUrl)?;
        let Some(host) = url.host() else { return Err(FetchError::NotAUrl) };
        let literal = match host {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(_) => None,
        };
        let name = without_final_dot(&host.to_string()).to_owned();
        let loopback = literal.map_or_else(|| is_localhost(&name), |address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if self.development && loopback => {}
            _ => return Err(FetchError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::UserInfo);
        }
        if url.port().is_some_and(|port| port < 1024 || OTHER_SERVICES.contains(&port)) {
            return Err(FetchError::Port);
        }
        if literal.is_some_and(|address| !self.may_reach(&name, address)) {
            return Err(FetchError::NotPublic);
        }
        Ok(Target { url, host: name })
    }

    /// May this address be connected to for this host?
    pub(super) fn may_reach(&self, host: &str, address: IpAddr) -> bool {
        special_use(address).is_none()
            || self.development && address.is_loopback()
            || self.allowed_networks.iter().any(|network| network.contains(&address))
            || self.allowed_hosts.iter().any(|allowed| allowed == without_final_dot(host))
    }
}

/// An address that a request may be made to, as far as can be told before its name is resolved.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    /// Name or address, without a dot at the end; IPv6 addresses in brackets.
    pub(super) host: String,
}

/// RFC 6761 §6.3: these names mean loopback, and no resolver needs to be asked.
pub(super) fn is_localhost(host: &str) -> bool {
    let host = without_final_dot(host);
    host == "localhost" || host.ends_with(".localhost")
}

fn without_final_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::{FetchError, Rules};
    use crate::config::Outgoing;

    fn rules(hosts: &[&str], networks: &[&str], development: bool) -> Rules {
        let config = Outgoing {
            ca_certificates: None,
            allowed_hosts: hosts.iter().map(ToString::to_string).collect(),
            allowed_networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
        };
        Rules::new(&config, development).unwrap()
    }

    #[test]
    fn rfc6890_no_notation_hides_an_address_of_special_use() {
        let rules = rules(&[], &[], false);
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7F.1",
            "0177.0.0.1",
            "017700000001",
            "0",
            "0.0.0.0",
            "127.0.0.1.",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::10.0.0.1]",
            "[2002:7f00:1::]",
            "[2001:0:7f00:1::]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "2852039166",
            "172.16.0.1",
            "192.0.0.1",
            "192.168.0.1",
            "198.18.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "127。0。0。1",
            "①②⑦.⓪.⓪.①",
            "１２７.0.0.1",
            "%31%32%37.0.0.1",
            "127\t.0.0.1",
        ] {
            for address in [format!("https://{host}/jwks"), format!("https://{host}:8443")] {
                assert_eq!(rules.judge(&address).unwrap_err(), FetchError::NotPublic, "{address}");
            }
        }
        for address in [
            "https:127.0.0.1",
            "https:/127.0.0.1/",
            "https:\\\\127.0.0.1\\",
            "HTTPS://127.0.0.1",
            "https://127.0.0.1#@good",
            "https://127.0.0.1?@rp.example.com",
            " https://127.0.0.1 ",
            "https://127.0.0.1\\@rp.example.com/",
        ] {
            assert_eq!(rules.judge(address).unwrap_err(), FetchError::NotPublic, "{address}");
        }
    }

    #[test]
    fn what_a_url_must_not_be() {
        let rules = rules(&["rp.example.com"], &["0.0.0.0/0"], false);
        for (address, error) in [
            ("", FetchError::NotAUrl),
            ("/jwks", FetchError::NotAUrl),
            ("rp.example.com/jwks", FetchError::NotAUrl),
            ("https://", FetchError::NotAUrl),
            ("https://[fe80::1%25eth0]/", FetchError::NotAUrl),
            ("https://[fe80::1%eth0]/", FetchError::NotAUrl),
            ("https://rp.example.com:99999/", FetchError::NotAUrl),
            ("https://256.256.256.256/", FetchError::NotAUrl),
            ("data:application/json,{}", FetchError::NotAUrl),
            ("javascript:alert(1)", FetchError::NotAUrl),
            ("file:///etc/passwd", FetchError::NotAUrl),
            ("file://host/etc/passwd", FetchError::NotHttps),
            ("ftp://rp.example.com/", FetchError::NotHttps),
            ("gopher://rp.example.com/", FetchError::NotHttps),
            ("http://rp.example.com/", FetchError::NotHttps),
            ("http://127.0.0.1/", FetchError::NotHttps),
            ("http://localhost:8080/", FetchError::NotHttps),
            ("https://good@rp.example.com/", FetchError::UserInfo),
            ("https://good:word@127.0.0.1/", FetchError::UserInfo),
            ("https://:word@rp.example.com/", FetchError::UserInfo),
            ("https://rp.example.com:0/", FetchError::Port),
            ("https://rp.example.com:22/", FetchError::Port),
            ("https://rp.example.com:25/", FetchError::Port),
            ("https://rp.example.com:80/", FetchError::Port),
            ("https://rp.example.com:6379/", FetchError::Port),
            ("https://rp.example.com:5432/", FetchError::Port),
        ] {
            assert_eq!(rules.judge(address).unwrap_err(), error, "{address}");
        }
        for good in [
            "https://rp.example.com",
            "https://rp.example.com:443/jwks?v=1",
            "https://rp.example.com:8443/jwks",
            "https://rp.example.com./",
            "https://rp.example.com/request.jwt#hash",
            "https://bücher.example/",
            "https://8.8.8.8/",
            "https://10.0.0.1/",
        ] {
            assert!(rules.judge(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn in_development_loopback_is_reached_by_either_scheme_and_nothing_else_is() {
        let rules = rules(&[], &[], true);
        for good in [
            "http://localhost:8081/jwks",
            "https://localhost:8081/",
            "http://rp.localhost/",
            "http://127.0.0.1:9000",
            "http://127.1.2.3/",
            "http://[::1]:9000/",
            "http://LOCALHOST./",
            "https://127.0.0.1/",
        ] {
            assert!(rules.judge(good).is_ok(), "{good}");
        }
        for (address, error) in [
            ("http://rp.example.com/", FetchError::NotHttps),
            ("http://localhost.example.com/", FetchError::NotHttps),
            ("http://notlocalhost/", FetchError::NotHttps),
            ("http://8.8.8.8/", FetchError::NotHttps),
            ("http://10.0.0.1/", FetchError::NotHttps),
            ("http://[::ffff:127.0.0.1]/", FetchError::NotHttps),
            ("https://10.0.0.1/", FetchError::NotPublic),
            ("https://0.0.0.0/", FetchError::NotPublic),
            ("https://169.254.169.254/", FetchError::NotPublic),
            ("https://[::ffff:127.0.0.1]/", FetchError::NotPublic),
        ] {
            assert_eq!(rules.judge(address).unwrap_err(), error, "{address}");
        }
    }

    #[test]
    fn the_operator_lifts_the_rule_on_addresses_and_no_other() {
        let rules =
            rules(&["RP.internal", "bücher.internal", "192.168.7.7", "[fd00::7]"], &["10.1.0.0/16"], false);
        let private = "10.9.9.9".parse().unwrap();
        for (host, allowed) in [
            ("rp.internal", true),
            ("rp.internal.", true),
            ("xn--bcher-kva.internal", true),
            ("x.rp.internal", false),
            ("internal", false),
            ("rp.internal.example.com", false),
        ] {
            assert_eq!(rules.may_reach(host, private), allowed, "{host}");
        }
        for (address, allowed) in [
            ("https://192.168.7.7/", true),
            ("https://[fd00::7]/", true),
            ("https://10.1.255.1/", true),
            ("https://192.168.7.8/", false),
            ("https://10.2.0.1/", false),
            ("https://[::ffff:10.1.0.1]/", false),
        ] {
            assert_eq!(rules.judge(address).is_ok(), allowed, "{address}");
        }
        assert_eq!(rules.judge("http://rp.internal/").unwrap_err(), FetchError::NotHttps);
        assert_eq!(rules.judge("https://rp.internal:22/").unwrap_err(), FetchError::Port);
    }

    #[test]
    fn an_allowed_host_must_be_a_host() {
        for nonsense in
            ["", "https://rp.internal", "rp internal", "rp.internal:443", "10.0.0.0/8", "*.internal"]
        {
            let config = Outgoing { allowed_hosts: vec![nonsense.to_owned()], ..Outgoing::default() };
            let refused = Rules::new(&config, false).unwrap_err();
            assert!(refused.to_string().starts_with("outgoing.allowed_hosts: "), "{nonsense}");
        }
    }
}
