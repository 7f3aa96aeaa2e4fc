//! A browser and a relying party, reduced: one connection that is kept, a cookie jar, and the forms of a page.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue, LOCATION, SET_COOKIE,
};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Speaks to one server.
pub struct Agent {
    server: SocketAddr,
    connection: Option<SendRequest<Full<Bytes>>>,
    cookies: Vec<(String, String)>,
}

pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    pub body: Bytes,
}

impl Agent {
    pub fn new(server: SocketAddr) -> Self {
        Self { server, connection: None, cookies: Vec::new() }
    }

    pub fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    /// `target` is a path and a query; `form` makes it a POST.
    pub async fn send(
        &mut self,
        target: &str,
        authorization: Option<&HeaderValue>,
        form: Option<String>,
    ) -> Result<Answer> {
        let request = self.request(target, authorization, form)?;
        self.exchange(request).await
    }

    /// As the scripts of a page do.
    pub async fn send_json(&mut self, method: Method, target: &str, body: &Value) -> Result<Answer> {
        let mut request = self.request(target, None, Some(body.to_string()))?;
        *request.method_mut() = method;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.exchange(request).await
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let mut connection = self.connected().await?;
        let answer = connection.send_request(request).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        self.connection = Some(connection);
        self.keep_cookies(&parts.headers);
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    fn request(
        &self,
        target: &str,
        authorization: Option<&HeaderValue>,
        form: Option<String>,
    ) -> Result<Request<Full<Bytes>>> {
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(target).header(HOST, self.server.to_string());
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        if form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        Ok(request.body(Full::new(Bytes::from(form.unwrap_or_default())))?)
    }

    /// Asks for something long, on a connection of its own, and leaves at its first bytes. Answers how many those were.
    pub async fn begin(&mut self, target: &str) -> Result<(StatusCode, usize)> {
        let request = self.request(target, None, None)?;
        self.connection = None;
        let answer = self.connected().await?.send_request(request).await?;
        let status = answer.status();
        let mut body = answer.into_body();
        let bytes = match body.frame().await {
            Some(frame) => frame?.data_ref().map_or(0, Bytes::len),
            None => 0,
        };
        Ok((status, bytes))
    }

    /// The connection of the last request, unless the server has closed it since.
    async fn connected(&mut self) -> Result<SendRequest<Full<Bytes>>> {
        if let Some(mut kept) = self.connection.take()
            && kept.ready().await.is_ok()
        {
            return Ok(kept);
        }
        let stream = TcpStream::connect(self.server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            self.cookies.retain(|(known, _)| known != name.trim());
            let attributes = attributes.to_ascii_lowercase();
            let is_deletion = value.is_empty()
                || attributes.contains("max-age=0")
                || attributes.contains("expires=thu, 01 jan 1970");
            if !is_deletion {
                self.cookies.push((name.trim().to_owned(), value.to_owned()));
            }
        }
    }
}

impl Answer {
    pub fn location(&self) -> Result<&str> {
        Ok(self.headers.get(LOCATION).context("a redirect without an address")?.to_str()?)
    }

    /// The beginning of the body, for an error message.
    pub fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(400).collect()
    }
}

/// A `<form method="post">`.
#[derive(Default)]
pub struct Form {
    pub action: Option<String>,
    pub fields: Vec<Field>,
}

pub struct Field {
    pub name: String,
    pub value: String,
    pub kind: String,
}

impl Form {
    pub fn has_password(&self) -> bool {
        self.fields.iter().any(|field| field.kind == "password")
    }
}

/// The forms of a page that are posted.
pub fn forms(html: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<Form> = None;
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap_or((after, ""));
        rest = after;
        match tag.split_whitespace().next().unwrap_or_default() {
            "form" if attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post")) => {
                open = Some(Form { action: attribute(tag, "action"), fields: Vec::new() });
            }
            "/form" => forms.extend(open.take()),
            element @ ("input" | "button") => {
                if let (Some(form), Some(name)) = (&mut open, attribute(tag, "name")) {
                    let usual = if element == "button" { "submit" } else { "text" };
                    let kind = attribute(tag, "type").unwrap_or_else(|| usual.to_owned());
                    let value = attribute(tag, "value").unwrap_or_default();
                    form.fields.push(Field { name, value, kind });
                }
            }
            _ => {}
        }
    }
    forms
}

/// An attribute of a tag, in double quotes as every page here writes them.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = after.split_once('"')?;
    let plain = value.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'");
    Some(plain.replace("&#x2F;", "/").replace("&#x3D;", "=").replace("&amp;", "&"))
}
