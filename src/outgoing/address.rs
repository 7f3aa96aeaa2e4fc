//! Which IP addresses are somebody's on the public internet, and which mean this machine, its network or nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// IANA IPv4 Special-Purpose Address Registry (RFC 6890 §2.2.2), and the blocks that hold no hosts at all.
const SPECIAL_V4: [(Ipv4Net, &str); 20] = [
    (v4([0, 0, 0, 0], 8), "this network, RFC 791 §3.2"),
    (v4([10, 0, 0, 0], 8), "private use, RFC 1918"),
    (v4([100, 64, 0, 0], 10), "shared address space, RFC 6598"),
    (v4([127, 0, 0, 0], 8), "loopback, RFC 1122 §3.2.1.3"),
    (v4([169, 254, 0, 0], 16), "link local and cloud metadata, RFC 3927"),
    (v4([172, 16, 0, 0], 12), "private use, RFC 1918"),
    (v4([192, 0, 0, 0], 24), "IETF protocol assignments, RFC 6890 §2.1"),
    (v4([192, 0, 2, 0], 24), "documentation, RFC 5737"),
    (v4([192, 31, 196, 0], 24), "AS112, RFC 7535"),
    (v4([192, 52, 193, 0], 24), "AMT, RFC 7450"),
    (v4([192, 88, 99, 0], 24), "6to4 relay anycast, RFC 7526"),
    (v4([192, 168, 0, 0], 16), "private use, RFC 1918"),
    (v4([192, 175, 48, 0], 24), "AS112, RFC 7534"),
    (v4([198, 18, 0, 0], 15), "benchmarking, RFC 2544"),
    (v4([198, 51, 100, 0], 24), "documentation, RFC 5737"),
    (v4([203, 0, 113, 0], 24), "documentation, RFC 5737"),
    (v4([224, 0, 0, 0], 4), "multicast, RFC 5771"),
    (v4([240, 0, 0, 0], 4), "reserved, RFC 1112 §4"),
    (v4([255, 255, 255, 255], 32), "limited broadcast, RFC 8190"),
    // Not in the registry, not announced to anybody, and yet answered inside one cloud by its host agent.
    (v4([168, 63, 129, 16], 32), "platform address of Microsoft Azure"),
];

/// The only block that global unicast addresses are given from (RFC 4291 §2.4, IANA IPv6 Global Unicast registry). All
/// else is refused by standing outside it: `::/128`, `::1/128`, `::ffff:0:0/96` (IPv4-mapped), `64:ff9b:1::/48`,
/// `100::/64`, `5f00::/16`, `fc00::/7`, `fe80::/10`, `fec0::/10`, `ff00::/8`.
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What the IANA IPv6 Special-Purpose Address Registry (RFC 6890 §2.2.3) holds inside that block.
const SPECIAL_V6: [(Ipv6Net, &str); 5] = [
    (
        v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
        "IETF protocol assignments, Teredo among them, RFC 2928, RFC 4380",
    ),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "documentation, RFC 3849"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4, which holds an IPv4 address, RFC 3056"),
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), "AS112, RFC 7534"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "documentation, RFC 9637"),
];

/// RFC 6052 §2.1: an IPv4 address behind a translator. Machines without IPv4 reach the IPv4 internet through it, so it
/// is judged by the address it holds.
const TRANSLATED: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const fn v4(octets: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), length)
}

const fn v6(segments: [u16; 8], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_segments(segments), length)
}

/// What an address is for, if it is not a public host's.
pub(super) fn special_use(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_use_v4(address),
        IpAddr::V6(address) if TRANSLATED.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            special_use_v4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) if !GLOBAL_UNICAST.contains(&address) => {
            Some("not global unicast, RFC 4291 §2.4")
        }
        IpAddr::V6(address) => {
            SPECIAL_V6.iter().find(|(block, _)| block.contains(&address)).map(|(_, purpose)| *purpose)
        }
    }
}

fn special_use_v4(address: Ipv4Addr) -> Option<&'static str> {
    SPECIAL_V4.iter().find(|(block, _)| block.contains(&address)).map(|(_, purpose)| *purpose)
}

#[cfg(test)]
mod tests {
    use super::special_use;

    /// First and last address of every block, and their neighbours outside.
    #[test]
    fn rfc6890_2_2_2_special_ipv4_addresses() {
        for special in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.0",
            "192.0.0.192",
            "192.0.0.255",
            "192.0.2.0",
            "192.0.2.255",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "192.175.48.1",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.254",
            "255.255.255.255",
            "168.63.129.16",
        ] {
            assert!(special_use(special.parse().unwrap()).is_some(), "{special}");
        }
        for public in [
            "1.0.0.0",
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "168.63.129.15",
        ] {
            assert_eq!(special_use(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn rfc6890_2_2_3_special_ipv6_addresses() {
        for special in [
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "::ffff:8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "100:0:0:1::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2620:4f:8000::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff:ffff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(special_use(special.parse().unwrap()).is_some(), "{special}");
        }
        for public in [
            "2000::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700::1111",
            "2620:4f:8001::1",
            "3ffe::1",
        ] {
            assert_eq!(special_use(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn rfc6052_2_1_a_translated_address_is_judged_by_the_ipv4_address_it_holds() {
        for (translated, public) in [
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::10.0.0.1", false),
            ("64:ff9b::169.254.169.254", false),
            ("64:ff9b::255.255.255.255", false),
            ("64:ff9b::8.8.8.8", true),
            ("64:ff9b:0:0:0:1:808:808", false),
        ] {
            assert_eq!(special_use(translated.parse().unwrap()).is_none(), public, "{translated}");
        }
    }
}
