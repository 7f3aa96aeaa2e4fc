//! Places of addresses: a file that says where they are changes two pages, one that is of no use ends the start.

use std::net::Ipv4Addr;

use countersign::config::Config;
use countersign::geoip::{Places, PlacesError};
use countersign::i18n::{Language, Words};

use crate::support::mmdb::Data::{self, List, Map, Text, U32};
use crate::support::mmdb::database;
use crate::support::on_both;

/// Where requests of the tests come from.
const HERE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const COUNTRY_ALONE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
const ODD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const EMPTY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

fn names(names: &[(&'static str, &'static str)]) -> Data {
    Map(vec![("names", Map(names.iter().map(|(language, name)| (*language, Text(name))).collect()))])
}

fn file() -> Vec<u8> {
    let germany = || {
        names(&[("en", "Germany"), ("de", "Deutschland"), ("ja", "ドイツ連邦共和国"), ("fr", "Allemagne")])
    };
    let munich = names(&[("en", "Munich"), ("de", "München"), ("ja", "ミュンヘン")]);
    let entries = [
        (HERE, Map(vec![("city", munich), ("country", germany()), ("traits", Map(vec![]))])),
        (COUNTRY_ALONE, Map(vec![("country", germany())])),
        (ODD, Map(vec![("city", U32(7)), ("country", List(vec![]))])),
        (EMPTY, Map(vec![])),
    ];
    database("Test-City", &entries)
}

#[test]
fn a_place_is_told_in_the_readers_language_or_in_english() {
    let places = Places::new(file()).unwrap();
    let plain = |language, ip: &str| {
        let place = places.of(ip, &Words::of(language));
        place.map(|place| place.replace(['\u{2068}', '\u{2069}'], ""))
    };
    for (language, place) in [
        (Language::English, "Munich, Germany"),
        (Language::German, "München, Deutschland"),
        (Language::French, "Munich, Allemagne"),
        (Language::Japanese, "ミュンヘン、ドイツ連邦共和国"),
        (Language::Arabic, "Munich، Germany"),
    ] {
        assert_eq!(plain(language, "0.0.0.0").as_deref(), Some(place));
    }
    assert_eq!(plain(Language::German, "203.0.113.7").as_deref(), Some("Deutschland"));
    assert_eq!(plain(Language::English, "::ffff:203.0.113.7").as_deref(), Some("Germany"), "IPv4 in IPv6");
    for nowhere in
        ["203.0.113.8", "203.0.113.9", "198.51.100.1", "2001:db8::1", "", "unknown", "1.2.3", "127.0.0.1:80"]
    {
        assert_eq!(plain(Language::English, nowhere), None, "{nowhere:?}");
    }
}

#[test]
fn a_file_that_is_of_no_use_is_refused_with_why() {
    let whole = file();
    let no_places = database("Test-ASN", &[(HERE, Map(vec![]))]);
    assert!(matches!(Places::new(no_places), Err(PlacesError::NoPlaces(kind)) if kind == "Test-ASN"));
    for length in [0, 1, 100, whole.len() - 150, whole.len() - 1] {
        assert!(
            matches!(Places::new(whole[..length].to_vec()), Err(PlacesError::Broken(_))),
            "{length} bytes"
        );
    }
    // Whatever a byte is changed into: no panic, and at worst another answer.
    for at in 0..whole.len() {
        let mut odd = whole.clone();
        odd[at] ^= 0xff;
        if let Ok(places) = Places::new(odd) {
            let _ = places.of("0.0.0.0", &Words::ENGLISH);
        }
    }
}

#[test]
fn the_start_says_what_is_wrong_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM=";
    let load = |geoip: &str| {
        let config = folder.path().join("countersign.toml");
        let text =
            format!("issuer = \"http://localhost:8080\"\nsecret = \"{secret}\"\ngeoip_file = \"{geoip}\"\n");
        std::fs::write(&config, text).unwrap();
        Config::load(Some(&config), std::iter::empty())
    };
    std::fs::write(folder.path().join("city.mmdb"), file()).unwrap();
    std::fs::write(folder.path().join("broken.mmdb"), "this is no database").unwrap();
    std::fs::write(folder.path().join("asn.mmdb"), database("Test-ASN", &[])).unwrap();
    assert!(load("city.mmdb").unwrap().places.is_some());
    for (name, why) in [
        ("missing.mmdb", "cannot be read"),
        ("broken.mmdb", "is not a MaxMind database"),
        ("asn.mmdb", "knows no places"),
        (".", "cannot be read"),
    ] {
        let problems = load(name).unwrap_err().to_string();
        assert!(problems.contains("geoip_file = ") && problems.contains(why), "{name}: {problems}");
    }
}

on_both!(sessions_and_activity_show_the_place_where_there_is_a_file, |app| {
    app.user("ada").await;
    let with_file = app.configured(|config| config.places = Places::new(file()).ok());
    for (app, place) in [(&app, false), (&with_file, true)] {
        let mut browser = app.browser();
        let page = browser.open("/login").await;
        browser.sign_in(&page, "ada").await;
        for path in ["/account", "/account/activity"] {
            let page = browser.get(path).await;
            page.assert_inert();
            let text = page.text().replace(['\u{2068}', '\u{2069}'], "");
            assert!(text.contains("0.0.0.0"), "{path}: {text}");
            assert_eq!(text.contains("Munich, Germany"), place, "{path}: {text}");
        }
    }
});
