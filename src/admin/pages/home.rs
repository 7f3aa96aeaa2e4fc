//! `/admin`: what is going on.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::audit::party;
use super::{shell, shown};
use crate::admin::overview::{self, Overview, Series, Span};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::QueryFields;
use crate::http::session::AdminSession;
use crate::pages::{
    AdminHome, AuditRow, Axis, Count, KeyRow, Plot, Ranking, SpanLink, Values, bars, lines, millis, whole,
};
use crate::protocol::timestamp::seconds;
use crate::store::MOST_COUNTED;

/// Entries of the audit log on the first page.
const RECENT: u32 = 20;

/// The overview of the last hour, day or month.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    // Those to whom something was delegated begin with it.
    if !me.powers.is_all() {
        let first = if me.powers.delegated().clients.is_empty() { "/admin/groups" } else { "/admin/clients" };
        return Ok(Redirect::to(first).into_response());
    }
    let span: Span = query.get("span").unwrap_or("hour").parse()?;
    let overview = overview::load(&app, span).await?;
    let counts = app.store.counts().await?;
    let counted = |count: i64| {
        if count > MOST_COUNTED {
            Count::MoreThan(MOST_COUNTED.unsigned_abs())
        } else {
            Count::Exactly(count.unsigned_abs())
        }
    };
    // Of very many, the number that is written down every minute.
    let noted = || overview.sessions.iter().rev().flatten().next().copied();
    let sessions = match app.store.count_few_sessions(app.clock.now(), MOST_COUNTED).await? {
        Some(few) => counted(few),
        None => noted().map_or(counted(MOST_COUNTED + 1), |count| Count::Exactly(count.unsigned_abs())),
    };
    let keys = app.keys.view(app.clock.now()).into_iter().filter(|key| key.state.is_published());
    let mut audit = Vec::new();
    for row in app.store.recent_audit(RECENT).await? {
        audit.push(AuditRow {
            at: row.at,
            actor: party(&app, row.actor).await?.name,
            action: row.action,
            target: party(&app, row.target).await?.name,
            detail: row.detail,
        });
    }
    let page = AdminHome {
        shell: shell(&app, &me),
        clients: counted(counts.clients),
        users: counted(counts.users),
        sessions,
        spans: Span::ALL
            .into_iter()
            .map(|one| SpanLink { name: one.as_str(), label: label(one), current: one == span })
            .collect(),
        warnings: overview.warnings.clone(),
        plots: plots(span, &overview),
        rankings: rankings(&overview),
        rotate_days: seconds(app.config.keys.rotate_every) / 86_400,
        keys: keys
            .map(|key| KeyRow {
                kid: key.kid.to_string(),
                alg: key.alg.to_string(),
                state: key.state.as_str().to_owned(),
                signs_from: key.active_from.0,
            })
            .collect(),
        audit,
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

const fn label(span: Span) -> &'static str {
    match span {
        Span::Hour => "Hour",
        Span::Day => "Day",
        Span::Month => "Month",
    }
}

fn plots(span: Span, overview: &Overview) -> Vec<Plot> {
    let in_row = match span {
        Span::Hour => 5,
        Span::Day => 8,
        Span::Month => 2,
    };
    let axis = Axis { begin: overview.begin, step: overview.step, parts: overview.sign_ins.len(), in_row };
    let mut refused = vec![0; axis.parts];
    for series in &overview.refused {
        for (sum, count) in refused.iter_mut().zip(&series.counts) {
            *sum += count;
        }
    }
    let sign_ins = [counts("worked", &overview.sign_ins, false), counts("refused", &refused, true)];
    let tokens: Vec<Values> =
        overview.tokens.iter().map(|series| counts(&in_words(&series.name), &series.counts, false)).collect();
    let sessions = Values {
        name: "sessions".to_owned(),
        values: overview.sessions.iter().map(|count| count.map(float)).collect(),
        bad: false,
    };
    let times = [
        Values { name: "half within".to_owned(), values: overview.median_ms.clone(), bad: false },
        Values { name: "95 % within".to_owned(), values: overview.p95_ms.clone(), bad: false },
    ];
    vec![
        bars("p-sign-ins", "Sign-ins", "", axis, &sign_ins),
        bars("p-tokens", "Tokens by grant", "", axis, &tokens),
        lines("p-sessions", "Active sessions", "", axis, &[sessions], whole),
        lines(
            "p-latency",
            "Time to answer",
            "Estimated, without files and health checks.",
            axis,
            &times,
            millis,
        ),
    ]
}

fn rankings(overview: &Overview) -> Vec<Ranking> {
    let totals =
        |series: &[Series]| series.iter().map(|series| (in_words(&series.name), series.total())).collect();
    vec![
        Ranking::new(
            "p-refused",
            "Refused sign-ins by cause",
            "By what was wrong, or why nothing was looked at.",
            "Nobody was refused in this time.",
            totals(&overview.refused),
        ),
        Ranking::new(
            "p-failures",
            "Refused requests by cause",
            "Of applications, by error code: the failed requests say more.",
            "No request was refused in this time.",
            totals(&overview.failures),
        ),
    ]
}

fn counts(name: &str, counts: &[i64], bad: bool) -> Values {
    let values = counts.iter().map(|count| Some(float(*count))).collect();
    Values { name: name.to_owned(), values, bad }
}

#[expect(clippy::cast_precision_loss, reason = "counts for a plot")]
fn float(count: i64) -> f64 {
    count as f64
}

/// What a counter's name means; error codes are words that applications know.
fn in_words(name: &str) -> String {
    match name {
        "authorization_code" => "code",
        "refresh_token" => "refresh",
        "client_credentials" => "client credentials",
        "front_channel" => "front channel",
        "password" => "wrong password, or no such user",
        "passkey" => "unknown passkey",
        "totp" => "wrong code of an app",
        "email_code" => "wrong mailed code",
        "recovery_code" => "wrong recovery code",
        "upstream" => "upstream provider",
        "no_second_factor" => "password without second factor",
        "directory_silent" => "the directory does not answer",
        "too_many_attempts" => "too many attempts",
        code => code,
    }
    .to_owned()
}
