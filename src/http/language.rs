//! `/language`: the switch at the foot of every page. It remembers the reader's choice, and goes back to the page.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse as _, Redirect, Response};
use url::Url;

use super::browser::Browser;
use super::cookie::Cookie;
use super::error::PageError;
use super::extract::{FormFields, came_from_elsewhere};
use super::flow::Flow;
use crate::app::App;
use crate::i18n::{Language, key};

/// How long a choice is remembered.
const REMEMBERED: Duration = Duration::from_secs(365 * 24 * 3600);

/// Where a switch without a page leads.
const DEFAULT_PAGE: &str = "/account";

/// The choice. Nothing but a preference changes, so that no token needs to guard it; still, nobody else's page sets it.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    form: FormFields,
) -> Result<Response, PageError> {
    if came_from_elsewhere(&headers, &app.config.issuer.origin()) {
        return Err(PageError::forbidden(key("foreign-form"), key("foreign-form-fix")));
    }
    let language = form
        .get("language")
        .and_then(Language::of_tag)
        .ok_or_else(|| PageError::malformed("language must be one that this server speaks"))?;
    let page = form.get("return_to").and_then(page_of_ours).unwrap_or_else(|| DEFAULT_PAGE.to_owned());
    let mut response = Redirect::to(&in_language(&app, &browser, page, language)).into_response();
    let cookie = Cookie::Language.write(&app.config, language.tag(), Some(REMEMBERED));
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// The address of a page on this server, as it may stand in a `Location`: a path and a query, never another host. What
/// browsers would read as one (`//host`, `/\host`, with dots or control characters between) is none.
fn page_of_ours(text: &str) -> Option<String> {
    let nowhere = Url::parse("http://localhost").ok()?;
    let url = nowhere.join(text).ok()?;
    let plain = text.starts_with('/') && !text.contains('\\') && !text.contains(char::is_control);
    // Looked at after the dots are resolved, which may bring another host to the front.
    let local = url.origin() == nowhere.origin() && !url.path().starts_with("//");
    (plain && local).then(|| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
}

/// The page of a sign-in carries the application's wish (`ui_locales`), which would win over the cookie: the reader's takes
/// its place. A sign-in that cannot be opened is its page's matter.
fn in_language(app: &App, browser: &Browser, page: String, language: Language) -> String {
    let Some((path, flow)) = page.split_once("?flow=") else { return page };
    let Ok(mut flow) = Flow::open(app, flow, browser) else { return page };
    flow.speak(language);
    flow.seal(app).map_or_else(|_| page.clone(), |flow| format!("{path}?flow={flow}"))
}

#[cfg(test)]
mod tests {
    use super::page_of_ours;

    #[test]
    fn only_pages_of_this_server_are_gone_back_to() {
        for good in
            ["/", "/account", "/login?flow=a.b-c_d", "/logout?state=a%2Fb&client_id=x", "/setup?token=%22"]
        {
            assert_eq!(page_of_ours(good).as_deref(), Some(good));
        }
        assert_eq!(page_of_ours("/a/../account?x=//y").as_deref(), Some("/account?x=//y"));
        assert_eq!(page_of_ours("/account#top").as_deref(), Some("/account"));
        for bad in [
            "",
            "account",
            "?flow=x",
            "#",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/x/..//evil.example",
            "/%2e//evil.example",
            "/%2E%2e//evil.example",
            "https://evil.example/",
            "http:evil.example",
            "http:/account",
            "http://localhost/account",
            "http://localhost@evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "/account\r\nset-cookie: a=b",
            "/\u{0}",
        ] {
            assert_eq!(page_of_ours(bad), None, "{bad:?}");
        }
    }
}
