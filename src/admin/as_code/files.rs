//! Reads the folder: TOML files with `[[client]]`, `[[group]]`, `[[scope]]`, `[[webhook]]`, `[[upstream]]` and `[branding]`, every
//! complaint with its file and line.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use crate::branding::{BrandingInput, LARGEST_LOGO};
use crate::protocol::group::GroupInput;
use crate::protocol::provider::{ProviderInput, SecretText};
use crate::protocol::registration::{ClientInput, FieldProblem};
use crate::protocol::scope_definition::ScopeInput;
use crate::protocol::webhook::WebhookInput;

/// Bytes of one file at most.
const LARGEST_FILE: u64 = 4 << 20;

/// Files at most.
const MOST_FILES: usize = 1000;

/// Folders within folders at most.
const DEEPEST: usize = 8;

/// Bytes of a file that holds a secret at most.
const LARGEST_SECRET: u64 = 4096;

/// Where a provider's private key comes from.
const KEY_ENV: &str = "key_env";
const KEY_FILE: &str = "key_file";

/// Where a client's secret, and that for a provider, comes from: the files hold none.
const SECRET_ENV: &str = "client_secret_env";
const SECRET_FILE: &str = "client_secret_file";

/// Where a webhook's address comes from, if it is a secret by itself.
const URL: &str = "url";
const URL_ENV: &str = "url_env";
const URL_FILE: &str = "url_file";

/// Where the logo is.
const LOGO: &str = "logo";
const LOGO_FILE: &str = "logo_file";

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// The file, as it is called within the folder.
    pub file: String,
    /// The line, from 1; none where it is about the whole file or folder.
    pub line: Option<usize>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// What the files want.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Clients.
    pub clients: Vec<Entry<ClientInput>>,
    /// Groups.
    pub groups: Vec<Entry<GroupInput>>,
    /// Scopes.
    pub scopes: Vec<Entry<ScopeInput>>,
    /// Webhooks.
    pub webhooks: Vec<Entry<WebhookInput>>,
    /// Upstream providers, each with the secret that is referred to.
    pub upstreams: Vec<Entry<ProviderInput>>,
    /// How the server looks; one of them at most is right.
    pub branding: Vec<Entry<BrandingInput>>,
}

/// One client, group, scope, webhook or provider, or the branding, and where it stands.
#[derive(Debug)]
pub struct Entry<T> {
    /// As it is wanted.
    pub input: T,
    /// The secret that is referred to.
    pub secret: Option<Secret>,
    place: Place,
}

/// A secret that came from outside the files.
pub struct Secret {
    /// The secret itself.
    pub text: Zeroizing<String>,
    /// From where, for people: `environment variable NOTES_SECRET`.
    pub source: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("source", &self.source).finish_non_exhaustive()
    }
}

/// Where something stands.
#[derive(Clone, Debug)]
struct Place {
    file: String,
    line: usize,
    fields: BTreeMap<String, usize>,
}

impl<T> Entry<T> {
    /// A complaint about a field of it.
    pub fn complaint(&self, problem: &FieldProblem) -> Complaint {
        // `localized.client_name#ja` and the like stand below the field that they belong to.
        let field = problem.field.split('.').next().unwrap_or_default();
        self.at(self.place.fields.get(field), problem)
    }

    /// A complaint about its secret.
    pub fn secret_complaint(&self, message: impl fmt::Display) -> Complaint {
        let fields = &self.place.fields;
        self.at(fields.get(SECRET_ENV).or_else(|| fields.get(SECRET_FILE)), message)
    }

    /// A complaint about all of it.
    pub fn whole(&self, message: impl fmt::Display) -> Complaint {
        self.at(None, message)
    }

    /// Where it stands, as `clients.toml:12`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.place.file, self.place.line)
    }

    fn at(&self, line: Option<&usize>, message: impl fmt::Display) -> Complaint {
        Complaint {
            file: self.place.file.clone(),
            line: Some(line.copied().unwrap_or(self.place.line)),
            message: message.to_string(),
        }
    }
}

/// The environment that secrets may come from.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads every `*.toml` below a folder, but for what begins with a dot.
///
/// # Errors
/// Everything that cannot be read or is not known.
pub fn read(folder: &Path, environment: Environment<'_>) -> Result<Wanted, Vec<Complaint>> {
    let mut files = Vec::new();
    find(folder, DEEPEST, &mut files).map_err(|complaint| vec![complaint])?;
    files.sort();
    let about_all = |message: &str| {
        let file = folder.display().to_string();
        Err(vec![Complaint { file, line: None, message: message.to_owned() }])
    };
    if files.is_empty() {
        // An empty folder means a mistake sooner than the wish that there be nothing.
        return about_all("there are no .toml files in this folder; `countersign export` writes some");
    }
    if files.len() > MOST_FILES {
        return about_all("more than 1000 files");
    }
    let mut reading = Reading { wanted: Wanted::default(), complaints: Vec::new(), environment };
    for path in &files {
        let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        match bounded(path, LARGEST_FILE) {
            Ok(text) => reading.file(path, &name, &text),
            Err(message) => reading.complaints.push(Complaint { file: name, line: None, message }),
        }
    }
    if reading.complaints.is_empty() { Ok(reading.wanted) } else { Err(reading.complaints) }
}

/// The files below a folder. A linked file counts, as Kubernetes mounts them.
fn find(folder: &Path, deeper: usize, files: &mut Vec<PathBuf>) -> Result<(), Complaint> {
    let refused =
        |path: &Path, message: String| Complaint { file: path.display().to_string(), line: None, message };
    let unreadable = |error: std::io::Error| refused(folder, format!("cannot be read: {error}"));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            let deeper = deeper
                .checked_sub(1)
                .ok_or_else(|| refused(&path, "too many folders within folders".to_owned()))?;
            find(&path, deeper, files)?;
        } else if path.extension().is_some_and(|end| end == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's text, if it is no longer than this.
fn bounded(path: &Path, most: u64) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut text = String::new();
    file.take(most + 1).read_to_string(&mut text).map_err(|error| format!("cannot be read: {error}"))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > most {
        return Err(format!("is longer than {most} bytes"));
    }
    Ok(text)
}

struct Reading<'a> {
    wanted: Wanted,
    complaints: Vec<Complaint>,
    environment: Environment<'a>,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, name: &str, text: &str) {
        let line =
            |span: Range<usize>| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
        let parsed = match DeTable::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                return self.complain(name, error.span().map(line), error.message());
            }
        };
        for (key, value) in parsed.get_ref() {
            let kind = key.get_ref().as_ref();
            if kind == "branding" {
                let Some(table) = value.get_ref().as_table() else {
                    self.complain(name, Some(line(key.span())), "write [branding], with one bracket");
                    continue;
                };
                let (place, members) = self.members(name, line(key.span()), table, &line);
                self.branding(path, place, members);
                continue;
            }
            let read: fn(&mut Self, &Path, Place, Map<String, Value>) = match kind {
                "client" => Self::client,
                "group" => Self::group,
                "scope" => Self::scope,
                "webhook" => Self::webhook,
                "upstream" => Self::upstream,
                _ => {
                    let message = format!(
                        "unknown: {kind} (a file holds [[client]], [[group]], [[scope]], [[webhook]], [[upstream]] and [branding])"
                    );
                    self.complain(name, Some(line(key.span())), &message);
                    continue;
                }
            };
            let Some(entries) = value.get_ref().as_array() else {
                self.complain(name, Some(line(key.span())), &format!("write [[{kind}]], with two brackets"));
                continue;
            };
            for entry in entries {
                let start = line(entry.span());
                let Some(table) = entry.get_ref().as_table() else {
                    self.complain(name, Some(start), &format!("write [[{kind}]], and its fields below"));
                    continue;
                };
                let (place, members) = self.members(name, start, table, &line);
                read(self, path, place, members);
            }
        }
    }

    /// The fields of a table, and where each stands.
    fn members(
        &mut self,
        file: &str,
        start: usize,
        table: &DeTable<'_>,
        line: &impl Fn(Range<usize>) -> usize,
    ) -> (Place, Map<String, Value>) {
        let mut place = Place { file: file.to_owned(), line: start, fields: BTreeMap::new() };
        let mut members = Map::new();
        for (key, value) in table {
            let field = key.get_ref().to_string();
            place.fields.insert(field.clone(), line(key.span()));
            match json(value.get_ref()) {
                Ok(value) => drop(members.insert(field, value)),
                Err(message) => self.complain(file, Some(line(key.span())), &format!("{field}: {message}")),
            }
        }
        (place, members)
    }

    fn group(&mut self, _: &Path, place: Place, members: Map<String, Value>) {
        if let Some(input) = self.input(&place, members) {
            self.wanted.groups.push(Entry { input, secret: None, place });
        }
    }

    fn scope(&mut self, _: &Path, place: Place, members: Map<String, Value>) {
        if let Some(input) = self.input(&place, members) {
            self.wanted.scopes.push(Entry { input, secret: None, place });
        }
    }

    fn webhook(&mut self, path: &Path, mut place: Place, mut members: Map<String, Value>) {
        if let Some(field) =
            ["secret", "secret_env", "secret_file"].into_iter().find(|name| members.contains_key(*name))
        {
            let message = format!("{field}: this server makes the secret, and shows it once");
            self.complain(&place.file, place.fields.get(field).copied(), &message);
            return;
        }
        let references = taken(&mut members, &[URL_ENV, URL_FILE]);
        if let Some((field, _)) = references.first() {
            let line = place.fields.get(*field).copied();
            if members.contains_key(URL) {
                self.complain(&place.file, line, &format!("{field}: name one of url, url_env and url_file"));
                return;
            }
            let Some(found) = self.secret(path, &place, &references) else { return };
            members.insert("url".to_owned(), Value::String(found.text.trim().to_owned()));
            place.fields.extend(line.map(|line| ("url".to_owned(), line)));
        }
        if let Some(input) = self.input(&place, members) {
            self.wanted.webhooks.push(Entry { input, secret: None, place });
        }
    }

    fn branding(&mut self, path: &Path, mut place: Place, mut members: Map<String, Value>) {
        if members.contains_key(LOGO) {
            let line = place.fields.get("logo").copied();
            return self.complain(&place.file, line, "logo: name its file: logo_file");
        }
        if let Some(named) = members.remove(LOGO_FILE) {
            let line = place.fields.get(LOGO_FILE).copied();
            let logo = match &named {
                Value::String(file) => image(&path.parent().unwrap_or(Path::new(".")).join(file)),
                _ => Err("must be a text".to_owned()),
            };
            match logo {
                Ok(bytes) => drop(members.insert("logo".to_owned(), Value::String(STANDARD.encode(bytes)))),
                Err(message) => {
                    return self.complain(&place.file, line, &format!("{LOGO_FILE}: {message}"));
                }
            }
            place.fields.extend(line.map(|line| ("logo".to_owned(), line)));
        }
        if let Some(input) = self.input(&place, members) {
            self.wanted.branding.push(Entry { input, secret: None, place });
        }
    }

    fn complain(&mut self, file: &str, line: Option<usize>, message: &str) {
        // It may repeat what a file says; the terminal is not to do it.
        let message = message.replace(char::is_control, " ");
        self.complaints.push(Complaint { file: file.to_owned(), line, message });
    }

    fn upstream(&mut self, path: &Path, place: Place, mut members: Map<String, Value>) {
        for (field, instead) in [
            ("client_secret", "client_secret_env or client_secret_file"),
            ("private_key", "key_env or key_file"),
        ] {
            if members.remove(field).is_some() {
                let message = format!("{field}: files hold no secrets: name {instead}");
                self.complain(&place.file, place.fields.get(field).copied(), &message);
            }
        }
        let references = taken(&mut members, &[SECRET_ENV, SECRET_FILE, KEY_ENV, KEY_FILE]);
        let is_key = references.first().is_some_and(|(field, _)| [KEY_ENV, KEY_FILE].contains(field));
        let secret = self.secret(path, &place, &references);
        if let Some(mut input) = self.input::<ProviderInput>(&place, members) {
            let text = secret.as_ref().map(|secret| SecretText::from(secret.text.to_string()));
            if is_key {
                input.private_key = text;
            } else {
                input.client_secret = text;
            }
            self.wanted.upstreams.push(Entry { input, secret, place });
        }
    }

    fn client(&mut self, path: &Path, place: Place, mut members: Map<String, Value>) {
        let references = taken(&mut members, &[SECRET_ENV, SECRET_FILE]);
        if let Some(Value::String(text)) = members.get("jwks") {
            // What TOML cannot say, such as null, may be written as JSON.
            match serde_json::from_str(text) {
                Ok(jwks) => drop(members.insert("jwks".to_owned(), jwks)),
                Err(error) => {
                    let line = place.fields.get("jwks").copied();
                    self.complain(&place.file, line, &format!("jwks: is no JSON: {error}"));
                }
            }
        }
        let secret = self.secret(path, &place, &references);
        if let Some(input) = self.input(&place, members) {
            self.wanted.clients.push(Entry { input, secret, place });
        }
    }

    fn secret(&mut self, path: &Path, place: &Place, references: &[(&'static str, Value)]) -> Option<Secret> {
        let (field, value) = references.first()?;
        let found = match value {
            _ if references.len() > 1 => {
                let names: Vec<&str> = references.iter().map(|(name, _)| *name).collect();
                Err(format!("name one of {}", names.join(" and ")))
            }
            Value::String(name) if field.ends_with("_env") => (self.environment)(name)
                .ok_or_else(|| format!("the environment variable {name} is not set"))
                .map(|text| Secret {
                    text: Zeroizing::new(text),
                    source: format!("environment variable {name}"),
                }),
            Value::String(name) => {
                // Beside the file that names it, unless it says from where.
                let file = path.parent().unwrap_or(Path::new(".")).join(name);
                bounded(&file, LARGEST_SECRET).map_err(|message| format!("{} {message}", file.display())).map(
                    |text| Secret {
                        text: Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()),
                        source: format!("file {name}"),
                    },
                )
            }
            _ => Err("must be a text".to_owned()),
        };
        match found {
            Ok(secret) => Some(secret),
            Err(message) => {
                self.complain(&place.file, place.fields.get(*field).copied(), &format!("{field}: {message}"));
                None
            }
        }
    }

    /// What the fields say. Where they do not read, each is tried by itself, so that every wrong one is named with its
    /// line.
    fn input<T: DeserializeOwned>(&mut self, place: &Place, members: Map<String, Value>) -> Option<T> {
        let error = match serde_json::from_value(Value::Object(members.clone())) {
            Ok(input) => return Some(input),
            Err(error) => error,
        };
        let before = self.complaints.len();
        for (field, value) in members {
            let alone = Value::Object(Map::from_iter([(field.clone(), value)]));
            if let Err(error) = serde_json::from_value::<T>(alone) {
                let message = if field == "client_secret" {
                    "client_secret: files hold no secrets: name client_secret_env or client_secret_file"
                        .to_owned()
                } else if error.to_string().starts_with(&format!("unknown field `{field}`")) {
                    format!("unknown: {field}")
                } else {
                    format!("{field}: {error}")
                };
                self.complain(&place.file, place.fields.get(&field).copied(), &message);
            }
        }
        if self.complaints.len() == before {
            self.complain(&place.file, Some(place.line), &error.to_string());
        }
        None
    }
}

/// The fields that refer to something outside the files.
fn taken(members: &mut Map<String, Value>, fields: &[&'static str]) -> Vec<(&'static str, Value)> {
    fields.iter().filter_map(|field| members.remove(*field).map(|value| (*field, value))).collect()
}

/// The bytes of an image, if it is no larger than one may be.
fn image(file: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", file.display());
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more says that it is too large.
    opened.take(LARGEST_LOGO as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The same in JSON, which every other way in speaks.
fn json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(on) => Value::Bool(*on),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Value::from)
            .map_err(|_| "this number is too large".to_owned())?,
        DeValue::Float(number) => {
            let number: f64 = number.as_str().parse().map_err(|_| "this is no number".to_owned())?;
            serde_json::Number::from_f64(number)
                .map(Value::Number)
                .ok_or_else(|| "this is no finite number".to_owned())?
        }
        DeValue::Datetime(_) => return Err("write a time in quotes, or as a number".to_owned()),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| json(item.get_ref())).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(key, value)| Ok((key.get_ref().to_string(), json(value.get_ref())?)))
                .collect::<Result<_, String>>()?,
        ),
    })
}
