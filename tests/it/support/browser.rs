//! A browser, reduced: cookies, redirects that are followed by hand, and forms as they stand in the page.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use scraper::{Html, Selector};
use tower::ServiceExt as _;
use url::Url;

use super::{ISSUER, PASSWORD};

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    pub async fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 4 << 20).await.unwrap();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no redirect but {} {}", self.status, self.body))
    }

    /// A parameter of the address that this answer redirects to, in its query or fragment.
    pub fn sent(&self, name: &str) -> Option<String> {
        let url = Url::parse(ISSUER).unwrap().join(self.location()).unwrap();
        let fragment = url::form_urlencoded::parse(url.fragment().unwrap_or_default().as_bytes());
        let mut found = url
            .query_pairs()
            .chain(fragment)
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned());
        let value = found.next();
        assert_eq!(found.next(), None, "{name} is sent twice");
        value
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("no JSON but {} {}", self.status, self.body))
    }

    /// The words of the page.
    pub fn text(&self) -> String {
        let html = Html::parse_document(&self.body);
        html.root_element()
            .text()
            .collect::<Vec<_>>()
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The words of a page of ours that says no, after checking what every such page must be.
    pub fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{} {:?}", self.body, self.headers);
        assert_eq!(self.header("location"), None);
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.assert_inert();
        let (text, id) = (self.text(), self.header("x-request-id").unwrap());
        assert!(text.contains(&format!("Reference {id}")), "{text}");
        text
    }

    /// Nothing in the page runs but a file of ours, and nothing comes from elsewhere.
    pub fn assert_inert(&self) {
        let html = Html::parse_document(&self.body);
        for element in html.select(&Selector::parse("*").unwrap()) {
            let name = element.value().name();
            if name == "script" {
                let ours = element.attr("src").is_some_and(|src| src.starts_with("/assets/"));
                assert!(ours && element.text().next().is_none(), "{}", self.body);
            }
            // A drawing of ours is shapes and words.
            let active =
                ["iframe", "object", "embed", "base", "foreignObject", "use", "image", "animate", "set"];
            assert!(!active.contains(&name), "{name}: {}", self.body);
            for (attribute, value) in element.value().attrs() {
                assert!(!attribute.starts_with("on") && attribute != "style", "{name} {attribute}={value}");
                let leads_on = ["src", "href", "action", "formaction"].contains(&attribute);
                assert!(!leads_on || value.starts_with(['/', '#']), "{name} {attribute}={value}");
            }
        }
    }

    /// An attribute of the only element that a CSS selector finds.
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).unwrap();
        let element = html.select(&selector).next().unwrap_or_else(|| panic!("{}", self.body));
        element.attr(name).unwrap().to_owned()
    }

    /// The fields that the page's form to `action` would send: hidden ones and those that are filled in.
    pub fn form(&self, action: &str) -> Vec<(String, String)> {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(&format!("form[action='{action}'] input[name]")).unwrap();
        html.select(&selector)
            .filter(|input| input.attr("type") != Some("checkbox") || input.attr("checked").is_some())
            .map(|input| {
                let value = input.attr("value").unwrap_or_default().to_owned();
                (input.attr("name").unwrap().to_owned(), value)
            })
            .collect()
    }
}

/// A browser with its cookies.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    /// Of the server, as it knows itself.
    pub origin: String,
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(router: Router) -> Self {
        Self { router, origin: ISSUER.to_owned(), cookies: BTreeMap::new() }
    }

    /// The same browser, talking to another node.
    pub fn at(&self, router: &Router) -> Self {
        Self { router: router.clone(), ..self.clone() }
    }

    pub async fn send(&mut self, mut request: Request<Body>) -> Page {
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(header::COOKIE, pairs.join("; ").parse().unwrap());
        }
        let page = Page::of(self.router.clone().oneshot(request).await.unwrap()).await;
        for cookie in page.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() || cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }

    pub async fn get(&mut self, address: &str) -> Page {
        let path = address.strip_prefix(&self.origin).unwrap_or(address);
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form as a page of ours would.
    pub async fn post(&mut self, path: &str, fields: &[(String, String)]) -> Page {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, &self.origin)
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(encode(fields)))
            .unwrap();
        self.send(request).await
    }

    /// Follows redirects on this server; stops at a page, or before it leaves.
    pub async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..10 {
            if !page.status.is_redirection() || !page.location().starts_with('/') {
                return page;
            }
            page = self.get(page.location()).await;
        }
        panic!("redirects go round in circles");
    }

    /// Goes to an address and follows redirects.
    pub async fn open(&mut self, address: &str) -> Page {
        let page = self.get(address).await;
        self.follow(page).await
    }

    /// Fills in the sign-in form of a page.
    pub async fn sign_in(&mut self, page: &Page, username: &str) -> Page {
        self.sign_in_with(page, username, PASSWORD).await
    }

    pub async fn sign_in_with(&mut self, page: &Page, username: &str, password: &str) -> Page {
        let page = self
            .post("/login", &filled(page.form("/login"), &[("username", username), ("password", password)]))
            .await;
        self.follow(page).await
    }

    /// Answers the consent page.
    pub async fn consent(&mut self, page: &Page, decision: &str) -> Page {
        let page = self.post("/consent", &filled(page.form("/consent"), &[("decision", decision)])).await;
        self.follow(page).await
    }
}

/// A form's fields with some of them filled in.
pub fn filled(mut fields: Vec<(String, String)>, values: &[(&str, &str)]) -> Vec<(String, String)> {
    for (name, value) in values {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

pub fn encode(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
