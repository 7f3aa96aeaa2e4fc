//! Which language a reader gets: OpenID Connect Core §3.1.2.1 `ui_locales`, the reader's own choice, `Accept-Language`.

use super::Language;

/// Nobody reads more languages than this; whoever lists more is answered by the first ones.
const MOST_RANGES: usize = 50;

/// The language to speak: what the application asks for (`ui_locales`: "a space-separated list of BCP47 language tag
/// values, ordered by preference"), else what the reader chose (the cookie's tag), else what the browser sends, else
/// English. What cannot be read says nothing, and is passed over.
#[must_use]
pub fn negotiate(ui_locales: Option<&str>, cookie: Option<&str>, accept_language: Option<&str>) -> Language {
    let asked =
        || ui_locales?.split(' ').filter(|range| !range.is_empty()).take(MOST_RANGES).find_map(lookup);
    let chosen = || Language::of_tag(cookie?);
    let accepted = || by_quality(accept_language?).into_iter().find_map(lookup);
    asked().or_else(chosen).or_else(accepted).unwrap_or_default()
}

/// The language ranges of an `Accept-Language` field, the best first (RFC 9110 §12.5.4); among equals the first one. What
/// has the weight 0 is "not acceptable" (§12.4.2) and left out.
fn by_quality(field: &str) -> Vec<&str> {
    let mut ranges: Vec<(u16, &str)> = field.split(',').take(MOST_RANGES).filter_map(weighted).collect();
    ranges.retain(|(weight, _)| *weight > 0);
    ranges.sort_by_key(|(weight, _)| u16::MAX - weight);
    ranges.into_iter().map(|(_, range)| range).collect()
}

/// `range [OWS ";" OWS "q=" qvalue]`.
fn weighted(item: &str) -> Option<(u16, &str)> {
    let mut parts = item.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = match (parts.next(), parts.next()) {
        (None, _) => 1000,
        (Some(weight), None) => {
            thousandths(weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?)?
        }
        (Some(_), Some(_)) => return None,
    };
    Some((weight, range))
}

/// RFC 9110 §12.4.2: `qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`, in thousandths.
fn thousandths(qvalue: &str) -> Option<u16> {
    let (whole, fraction) = qvalue.split_once('.').unwrap_or((qvalue, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// RFC 4647 §3.4, lookup: "the language range is progressively truncated from the end until a matching language tag is
/// located". The range `*` says nothing.
fn lookup(range: &str) -> Option<Language> {
    let well_formed = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    // Written with underscores by those who mean a locale of POSIX.
    let mut subtags: Vec<&str> = range.split(['-', '_']).take(16).collect();
    if !subtags.iter().all(|subtag| well_formed(subtag)) {
        return None;
    }
    if writes_traditional_chinese(&subtags) {
        return None;
    }
    while !subtags.is_empty() {
        let matches = |language: &Language| matches_exactly(&subtags, *language);
        if let Some(language) = Language::ALL.into_iter().find(matches) {
            return Some(language);
        }
        subtags.pop();
    }
    None
}

/// Is this the language's tag, whatever its case (RFC 5646 §2.1.1)? Chinese without a script is, too: most of it is written
/// in simplified characters.
fn matches_exactly(subtags: &[&str], language: Language) -> bool {
    let is = |tag: &str| {
        let mut wanted = tag.split('-');
        subtags.iter().all(|subtag| wanted.next().is_some_and(|tag| tag.eq_ignore_ascii_case(subtag)))
            && wanted.next().is_none()
    };
    is(language.tag()) || (language == Language::Chinese && is("zh"))
}

/// By its script, or by a region that writes it.
fn writes_traditional_chinese(subtags: &[&str]) -> bool {
    let has = |wanted: &str| subtags.iter().skip(1).any(|subtag| subtag.eq_ignore_ascii_case(wanted));
    subtags.first().is_some_and(|first| first.eq_ignore_ascii_case("zh"))
        && (has("hant") || (!has("hans") && ["tw", "hk", "mo"].into_iter().any(has)))
}

#[cfg(test)]
mod tests {
    use super::{Language, negotiate};

    fn accepted(field: &str) -> &'static str {
        negotiate(None, None, Some(field)).tag()
    }

    #[test]
    fn rfc4647_3_4_lookup_truncates_from_the_end() {
        let table = [
            ("en", "en"),
            ("EN-gb", "en"),
            ("de-AT", "de"),
            ("de-Latn-DE-1996-u-co-phonebk", "de"),
            ("fr-CA", "fr"),
            ("es-419", "es"),
            ("pt-BR", "pt"),
            ("ja-JP", "ja"),
            ("ar-EG", "ar"),
            ("zh", "zh-Hans"),
            ("zh-CN", "zh-Hans"),
            ("zh-SG", "zh-Hans"),
            ("zh-hans", "zh-Hans"),
            ("zh-Hans-TW", "zh-Hans"),
            ("zh-cmn-Hans-CN", "zh-Hans"),
            ("de_DE", "de"),
            // Others than ours, and what is none.
            ("zh-Hant", "en"),
            ("zh-Hant-CN", "en"),
            ("zh-TW", "en"),
            ("zh-HK", "en"),
            ("gsw", "en"),
            ("deu", "en"),
            ("x-de", "en"),
            ("*", "en"),
        ];
        for (range, tag) in table {
            assert_eq!(accepted(range), tag, "{range}");
            assert_eq!(negotiate(Some(range), None, None).tag(), tag, "{range}");
        }
    }

    #[test]
    fn rfc9110_12_5_4_the_best_weight_wins_and_0_is_not_acceptable() {
        let table = [
            ("de, fr", "de"),
            ("de;q=0.5, fr", "fr"),
            ("de;q=0.8,fr;q=0.9,en;q=0.1", "fr"),
            ("de ; q=0.8 , fr\t;\tq=0.900", "fr"),
            ("de;q=0, fr;q=0.001", "fr"),
            ("de;q=0", "en"),
            ("tlh, nds;q=0.9, ja;q=0.3", "ja"),
            ("*, de;q=0.5", "de"),
            ("zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", "zh-Hans"),
            ("en-US,en;q=0.9,de;q=0.8", "en"),
            ("de;Q=1.000", "de"),
        ];
        for (field, tag) in table {
            assert_eq!(accepted(field), tag, "{field}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        for garbage in [
            "",
            " ",
            ",",
            ",,,;;;",
            ";q=1",
            "de;q=2",
            "de;q=1.001",
            "de;q=0.1234",
            "de;q=-1",
            "de;q=",
            "de;q",
            "de;level=1",
            "de;q=1;x=y",
            "de fr",
            "de--CH",
            "-de",
            "de-",
            "dé",
            "de-überlang",
            "de\u{0}",
            "<script>",
        ] {
            assert_eq!(accepted(garbage), "en", "{garbage:?}");
            assert_eq!(accepted(&format!("{garbage},ja;q=0.1")), "ja", "{garbage:?}");
            assert_eq!(negotiate(None, Some(garbage), Some("ja")).tag(), "ja", "{garbage:?}");
        }
        for unread in ["tlh  xx", "", "   ", "\u{0}", "de;q=1"] {
            assert_eq!(negotiate(Some(unread), None, Some("ja")).tag(), "ja", "{unread:?}");
        }
    }

    #[test]
    fn very_long_fields_are_read_from_the_start() {
        let many = "xx,".repeat(20_000);
        assert_eq!(accepted(&many), "en");
        assert_eq!(accepted(&format!("de;q=0.1,{many}fr")), "de");
        assert_eq!(accepted(&format!("de{}", "-x".repeat(30_000))), "de");
        assert_eq!(accepted(&"d".repeat(60_000)), "en");
        assert_eq!(negotiate(Some(&"xx ".repeat(20_000)), None, None), Language::English);
    }

    #[test]
    fn openid_core_3_1_2_1_ui_locales_come_first_then_the_readers_choice_then_the_browser() {
        assert_eq!(negotiate(Some("tlh fr-CA de"), Some("es"), Some("ja")).tag(), "fr");
        assert_eq!(negotiate(Some("tlh"), Some("es"), Some("ja")).tag(), "es");
        assert_eq!(negotiate(None, Some("es"), Some("ja")).tag(), "es");
        assert_eq!(
            negotiate(None, Some("ES"), Some("ja")).tag(),
            "ja",
            "the cookie holds a tag as it was set"
        );
        assert_eq!(negotiate(None, None, Some("ja")).tag(), "ja");
        assert_eq!(negotiate(None, None, None).tag(), "en");
    }
}
