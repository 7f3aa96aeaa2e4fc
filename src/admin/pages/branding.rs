//! `/admin/branding`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{changed_meanwhile, done, mistakes, shell, shown_with};
use crate::admin::Refusal;
use crate::admin::branding::{self, Part, Shown};
use crate::app::App;
use crate::branding::{BrandingInput, Choices, check, readable, sample_address};
use crate::http::error::PageError;
use crate::http::extract::{CheckedUpload, OwnForm, QueryFields};
use crate::http::page::Csp;
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{AdminBranding, BrandingFields, BrandingPart, Notice};
use crate::protocol::timestamp::Timestamp;
use crate::store::StoredBranding;

const HERE: &str = "/admin/branding";

/// What it looks like.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let stored = app.store.branding().await?;
    let chosen = readable(&stored);
    let page = AdminBranding {
        notice: query.get("done").and_then(Notice::parse),
        ..page(&app, &me, &stored, &chosen, fields_of(&BrandingInput::from(&chosen)))
    };
    Ok(answer(&app, &me, StatusCode::OK, &page))
}

/// Changes it.
pub async fn update(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    sent: CheckedUpload,
) -> Result<Response, PageError> {
    let before = app.store.branding().await?;
    let input = input_of(&sent, &before);
    let changed = if changed_meanwhile(&sent.fields, before.updated_at) {
        Err(Refusal::Changed(branding::TARGET))
    } else {
        branding::change(&app, &me.origin(&info), &before, &input).await
    };
    match changed {
        Ok(_) => Ok(done(HERE, Notice::BrandingSaved)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            // What was typed is shown where it can be mended, the image included; where it was overtaken, what is stored.
            let overtaken = status == StatusCode::PRECONDITION_FAILED;
            let chosen = readable(&before);
            let fields =
                if overtaken { fields_of(&BrandingInput::from(&chosen)) } else { kept(&sent, &input) };
            let page = page(&app, &me, &before, &sample_of(input, &chosen, overtaken), fields);
            Ok(answer(&app, &me, status, &AdminBranding { problems, ..page }))
        }
    }
}

/// Takes back all that administrators chose.
pub async fn reset(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = app.store.branding().await?;
    let changed = if changed_meanwhile(&sent, before.updated_at) {
        Err(Refusal::Changed(branding::TARGET))
    } else {
        branding::change(&app, &me.origin(&info), &before, &BrandingInput::default()).await
    };
    match changed {
        Ok(_) => Ok(done(HERE, Notice::BrandingReset)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let chosen = readable(&before);
            let page = page(&app, &me, &before, &chosen, fields_of(&BrandingInput::from(&chosen)));
            Ok(answer(&app, &me, status, &AdminBranding { problems, ..page }))
        }
    }
}

/// Its script shows at once what is typed, and an image that was chosen and not sent yet.
fn answer(app: &App, me: &SignedIn, status: StatusCode, page: &AdminBranding) -> Response {
    shown_with(app, me, status, page, &Csp::default().script().chosen_images())
}

/// The page with a sample of these choices.
fn page(
    app: &App,
    me: &SignedIn,
    stored: &StoredBranding,
    sample: &Choices,
    fields: BrandingFields,
) -> AdminBranding {
    let beneath = app.config.branding.choices();
    let Shown { name, logo, accent_light, accent_dark } = branding::shown(&readable(stored), beneath);
    let below = branding::shown(&Choices::default(), beneath);
    let seen = sample.over(beneath);
    AdminBranding {
        shell: shell(app, me),
        version: stored.updated_at.0,
        fields,
        sample_name: branding::shown(sample, beneath).name.value,
        sample_style: sample_address(&seen),
        has_logo: stored.input.logo.is_some(),
        chosen: stored.input != BrandingInput::default(),
        in_file: !beneath.is_empty(),
        name: part(name, below.name),
        logo: part(logo, below.logo),
        accent_light: part(accent_light, below.accent_light),
        accent_dark: part(accent_dark, below.accent_dark),
        problems: Vec::new(),
        notice: None,
    }
}

fn part(shown: Part, beneath: Part) -> BrandingPart {
    BrandingPart { value: shown.value, from: shown.from.in_words(), beneath: beneath.value }
}

/// Of what was typed, what can be shown.
fn sample_of(input: BrandingInput, chosen: &Choices, overtaken: bool) -> Choices {
    if overtaken {
        return chosen.clone();
    }
    // An image that was not saved has no address.
    let typed = readable(&StoredBranding { input, updated_at: Timestamp(0) });
    Choices { logo: chosen.logo.clone(), ..typed }
}

/// What the form says. Without another image, the one that is there stays.
fn input_of(sent: &CheckedUpload, before: &StoredBranding) -> BrandingInput {
    let text = |name: &str| sent.fields.get(name).map(str::to_owned);
    let logo = match sent.file("logo") {
        Some(file) => Some(STANDARD.encode(file)),
        None => text("logo_kept")
            .or_else(|| before.input.logo.clone().filter(|_| sent.fields.get("remove_logo").is_none())),
    };
    BrandingInput {
        name: text("name"),
        logo,
        accent_light: text("accent_light"),
        accent_dark: text("accent_dark"),
    }
}

/// What is shown again when something is wrong: an image too, if it is not what is wrong.
fn kept(sent: &CheckedUpload, input: &BrandingInput) -> BrandingFields {
    let newly_sent = sent.file("logo").is_some() || sent.fields.get("logo_kept").is_some();
    let alone = BrandingInput { logo: input.logo.clone(), ..BrandingInput::default() };
    let logo_kept = input.logo.clone().filter(|_| newly_sent && check(&alone).is_ok());
    BrandingFields {
        logo_kept: logo_kept.unwrap_or_default(),
        remove_logo: sent.fields.get("remove_logo").is_some(),
        ..fields_of(input)
    }
}

fn fields_of(input: &BrandingInput) -> BrandingFields {
    BrandingFields {
        name: input.name.clone().unwrap_or_default(),
        accent_light: input.accent_light.clone().unwrap_or_default(),
        accent_dark: input.accent_dark.clone().unwrap_or_default(),
        ..BrandingFields::default()
    }
}

/// The input of the form that a field comes from, and its label.
fn input_name(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "name" => (field, "Name"),
        "logo" => (field, "Logo"),
        "accent_light" => (field, "Colour on light pages"),
        "accent_dark" => (field, "Colour on dark pages"),
        other => ("", other),
    }
}
