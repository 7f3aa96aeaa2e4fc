//! The direction of the code: rules know nobody, the store knows no HTTP, and every file says what it is for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every file below a folder, with its text.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty(), "{folder}");
    files
}

/// Where a file's own tests begin, which stand last.
const TESTS: &str = "#[cfg(test)]\nmod tests {";

/// What is compiled into the product: no comments, no tests.
fn product(text: &str) -> String {
    let code = text.split(TESTS).next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The words of a text, so that `async` is found and `asynchronous` is not.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').collect()
}

#[test]
fn rules_are_pure() {
    for (name, text) in files("src/protocol", "rs") {
        let code = product(&text);
        for forbidden in [
            "axum",
            "sqlx",
            "tokio",
            "async",
            "await",
            "rand",
            "SystemTime",
            "Instant",
            "std::fs",
            "std::env",
        ] {
            let found = if forbidden.contains(':') {
                code.contains(forbidden)
            } else {
                words(&code).contains(forbidden)
            };
            assert!(!found, "{name} mentions {forbidden}");
        }
        for outside in [
            "crate::http",
            "crate::store",
            "crate::app",
            "crate::config",
            "crate::cli",
            "crate::pages",
            "crate::clock",
        ] {
            assert!(!code.contains(outside), "{name} uses {outside}");
        }
    }
}

#[test]
fn the_store_knows_sql_and_no_http() {
    for (name, text) in files("src/store", "rs") {
        let code = product(&text);
        for forbidden in ["axum", "tower", "crate::http", "crate::pages"] {
            assert!(!code.contains(forbidden), "{name} mentions {forbidden}");
        }
    }
}

#[test]
fn sql_stands_in_the_store_only_and_is_never_put_together() {
    for (name, text) in files("src", "rs") {
        let code = product(&text);
        if !name.starts_with("src/store/") {
            for query in ["sqlx::query", "QueryBuilder"] {
                assert!(!code.contains(query), "{name} speaks SQL");
            }
        }
        assert!(!code.contains("AssertSqlSafe"), "{name} puts SQL together");
        for statement in ["SELECT ", "INSERT ", "UPDATE ", "DELETE FROM"] {
            for made in ["format!(\"", "format!(\n", "write!(", "push_str(\""] {
                for (_, after) in code.match_indices(made).map(|(at, _)| code.split_at(at)) {
                    let start: String = after.chars().take(made.len() + 80).collect();
                    assert!(!start.contains(statement), "{name} puts SQL together: {start}");
                }
            }
        }
    }
}

#[test]
fn requests_leave_through_the_guarded_client_alone() {
    for (name, text) in files("src", "rs") {
        // The demo is somebody else's application, and reaches this server.
        let may = name.starts_with("src/outgoing/") || name.starts_with("src/demo/");
        for client in ["reqwest", "TcpStream", "lookup_host"] {
            // What is written for others to paste makes no request here.
            let may = may
                || name == "src/admin/settings.rs" && client == "reqwest" && !text.contains("use reqwest");
            assert!(may || !words(&product(&text)).contains(client), "{name} uses {client}");
        }
    }
}

#[test]
fn every_endpoint_is_one_hop_from_the_table_of_contents() {
    let routes = product(include_str!("../../src/routes.rs"));
    let handlers: BTreeSet<&str> = routes
        .split(['(', ')', '.', ',', ' ', '\n'])
        .filter_map(|part| part.split_once("::").map(|(module, _)| module))
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(root.join("src/http")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).or_else(|_| std::fs::read_to_string(path.join("mod.rs")));
        let (Ok(text), Some(name)) = (text, path.file_stem().and_then(|stem| stem.to_str())) else {
            continue;
        };
        let is_endpoint = text.starts_with("//! `");
        assert!(
            !is_endpoint || handlers.contains(name),
            "src/http/{name} says that it is an endpoint, but no route leads there"
        );
        assert!(
            is_endpoint || !handlers.contains(name) || ["cors", "error", "page"].contains(&name),
            "src/http/{name} is an endpoint, but does not begin with its path"
        );
    }
    for name in [
        "authorize",
        "token",
        "userinfo",
        "introspect",
        "revoke",
        "jwks",
        "logout",
        "login",
        "consent",
        "setup",
    ] {
        assert!(handlers.contains(name), "{name}");
    }
}

#[test]
fn templates_escape_everything_and_run_nothing_but_files_of_ours() {
    for (name, text) in files("templates", "html") {
        let scripts = text.matches("<script").count();
        let ours = text.matches("<script src=\"{{ super::assets::url(\"").count();
        assert_eq!(scripts, ours, "{name} holds a script");
        for forbidden in
            ["|safe", "| safe", "escape none", " style=", "javascript:", " onclick", " onload", " onsubmit"]
        {
            // A mail has no style sheet to refer to, and no policy that would forbid its own.
            let may = forbidden == " style=" && name.starts_with("templates/mail/");
            assert!(may || !text.contains(forbidden), "{name} holds {forbidden}");
        }
    }
}

#[test]
fn mails_load_nothing_and_leave_through_one_room() {
    for (name, text) in files("templates/mail", "html") {
        for forbidden in ["<script", "<link", "<img", "src=", "url(", "@import", "http"] {
            assert!(!text.contains(forbidden), "{name} holds {forbidden}");
        }
    }
    for (name, text) in files("src", "rs") {
        let may = name.starts_with("src/mail/");
        assert!(may || !words(&product(&text)).contains("lettre"), "{name} uses lettre");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (name, text) in files("src", "rs").into_iter().chain(files("tests/it", "rs")) {
        let documented = text.starts_with("//! ");
        assert!(documented, "{name} does not begin with a module doc");
    }
}

/// Is there a test of this name? Rust's and Python's names are functions or macros; those of JavaScript are literals.
fn is_a_test(file: &str, text: &str, name: &str) -> bool {
    let on_both = |macro_name: &str| text.contains(&format!("{macro_name}!({name}, "));
    // An attribute above it makes a function a test, and not a helper.
    let attributed = || {
        let above = text.split_once(&format!("fn {name}(")).map(|(above, _)| above.rsplit("\n\n").next());
        above.flatten().is_some_and(|above| above.contains("#[test]") || above.contains("#[tokio::test"))
    };
    match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("rs") => on_both("on_both") || on_both("on_both_engines") || attributed(),
        Some("py") => text.contains(&format!("\ndef {name}(")),
        Some("mjs") => ["'", "`"].iter().any(|quote| text.contains(&format!("{quote}{name}{quote},"))),
        _ => false,
    }
}

#[test]
fn every_test_that_the_list_of_conformance_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = include_str!("../../docs/conformance.md");
    let named = list.split('`').skip(1).step_by(2).filter_map(|part| part.split_once("::"));
    let named: BTreeSet<_> = named.filter(|(_, name)| !["name", "title"].contains(name)).collect();
    assert!(named.len() > 80, "{} tests are named", named.len());
    for (file, name) in named {
        let mut texts = ["", "tests/it", "tests/browser", "tests/interop"]
            .into_iter()
            .filter_map(|folder| std::fs::read_to_string(root.join(folder).join(file)).ok());
        let found = texts.any(|text| is_a_test(file, &text, name));
        assert!(found, "docs/conformance.md names {file}::{name}, which is not there");
    }
    assert!(!list.contains('—'), "a requirement without a test");
}

#[test]
fn nothing_is_unsafe_or_left_for_later() {
    assert!(
        include_str!("../../src/lib.rs").contains("#![forbid(unsafe_code)]")
            || include_str!("../../Cargo.toml").contains("unsafe_code = \"forbid\"")
    );
    for (name, text) in files("src", "rs") {
        let code = text.split(TESTS).next().unwrap();
        for forbidden in ["TODO", "FIXME", "todo!(", "unimplemented!(", "dbg!(", "#[allow("] {
            assert!(!code.contains(forbidden), "{name} holds {forbidden}");
        }
    }
}

#[test]
fn forms_of_signed_in_people_belong_to_their_session() {
    for folder in ["src/account", "src/admin"] {
        for (name, text) in files(folder, "rs") {
            assert!(
                !words(&product(&text)).contains("CheckedForm"),
                "{name} takes a form whoever has signed in since: OwnForm does not"
            );
        }
    }
}

/// What programs and their makers read, in English as the protocols have it.
const READ_BY_MACHINES: [&str; 3] =
    ["src/http/forward_auth.rs", "src/http/webauthn.rs", "src/http/passkey_endpoints.rs"];

#[test]
fn what_people_are_refused_is_said_in_their_language() {
    for folder in ["src/http", "src/account"] {
        for (name, text) in files(folder, "rs") {
            if READ_BY_MACHINES.contains(&name.as_str()) {
                continue;
            }
            let code = product(&text);
            for maker in ["PageError::new(", "PageError::forbidden(", "PageError::not_found("] {
                for (at, _) in code.match_indices(maker) {
                    let rest = &code[at + maker.len()..];
                    let mut open = 1;
                    let arguments: String = rest
                        .chars()
                        .take_while(|c| {
                            match c {
                                '(' => open += 1,
                                ')' => open -= 1,
                                _ => {}
                            }
                            open > 0
                        })
                        .collect();
                    let keys = arguments.matches("key(\"").count() * 2;
                    let quotes = arguments.matches('"').count();
                    assert_eq!(quotes, keys, "{name} says something in one language: {arguments}");
                }
            }
        }
    }
}

/// Whatever has neither an account as its target nor a signed-in person as its actor.
const OF_NO_ACCOUNT: [&str; 13] = [
    "administration.mistake",
    "audit_chain.begin",
    "audit_chain.restart",
    "directory.clash",
    "grant.code_replayed",
    "grant.refresh_reused",
    "grant.replayed",
    "grant.revoke",
    "logout_token.give_up",
    "sign_up.ask",
    "token.reuse",
    "upstream.refused",
    "failure.other",
];

/// The actions that the code writes to the audit log: the first text within a call that makes an entry, and what stands beside a
/// message that is mailed.
fn audited_actions() -> BTreeSet<String> {
    let is_action = |text: &str| {
        text.split_once('.').is_some_and(|(family, what)| {
            [family, what].iter().all(|part| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            })
        })
    };
    let mut actions = BTreeSet::from(["recovery.ask".to_owned(), "address.ask".to_owned()]);
    for (name, text) in files("src", "rs") {
        if name.starts_with("src/store/") {
            continue;
        }
        let code = product(&text);
        for (at, _) in code.match_indices("audit(") {
            let call: String = code[at..].chars().take(300).collect();
            if let Some(first) =
                call.split(';').next().unwrap().split('"').nth(1).filter(|first| is_action(first))
            {
                actions.insert(first.to_owned());
            }
        }
    }
    actions
}

#[test]
fn recent_activity_has_words_for_everything_that_is_written_about_an_account() {
    use countersign::account::activity::{Whose, words_of};
    let actions = audited_actions();
    assert!(actions.len() > 40, "{actions:?}");
    for action in &actions {
        if OF_NO_ACCOUNT.contains(&action.as_str()) {
            continue;
        }
        for whose in [Whose::Own, Whose::Others] {
            assert!(words_of(action, "", whose).is_some(), "{action} of {whose:?} has no words");
        }
    }
    assert!(words_of("nothing.known", "", Whose::Own).is_none());
}
