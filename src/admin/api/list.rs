//! Lists, page by page: by cursors that only this server makes, each good for the list that it was given out for.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use crate::admin::Refusal;
use crate::app::App;

/// The longest page.
pub const LONGEST: u32 = 200;

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Range {
    /// Go on after these: `next` of the answer before.
    #[serde(default)]
    pub after: String,
    /// How many at most, 1 to 200.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: u32,
}

/// As many as there are on a page unless it is said.
pub const fn fifty() -> u32 {
    50
}

/// The place that a cursor of this list stands for; the beginning for none.
///
/// # Errors
/// The cursor is not one of this list, or the page would have no length.
pub fn place(app: &App, list: &str, after: &str, limit: u32) -> Result<String, Problem> {
    if !(1..=LONGEST).contains(&limit) {
        return Err(Refusal::field("limit", "is a number from 1 to 200").into());
    }
    if after.is_empty() {
        return Ok(String::new());
    }
    let at = app.seals.open_cursor(list, after).map_err(|problem| Refusal::field("after", problem))?;
    let place = URL_SAFE_NO_PAD.decode(at).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // What this server sealed for this list, it reads.
    place.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "the cursor cannot be read"))
}

/// The cursor of a place in a list. Names have spaces and other signs, cursors have none.
pub fn cursor(app: &App, list: &str, next: Option<String>) -> Option<String> {
    next.map(|place| app.seals.cursor(list, &URL_SAFE_NO_PAD.encode(place)))
}

/// A page of rows that were read as a whole, because there are few, in the order of `name`: those after the place.
pub fn page<T>(
    app: &App,
    list: &str,
    range: &Range,
    rows: Vec<T>,
    name: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<String>), Problem> {
    let place = place(app, list, &range.after, range.limit)?;
    let mut rows = rows;
    // An empty place is before every name.
    rows.retain(|row| name(row) > place);
    rows.sort_by_key(&name);
    let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(&name);
    Ok((rows, cursor(app, list, next)))
}
