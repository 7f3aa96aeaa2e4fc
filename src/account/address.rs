//! `/account/verify-address`: asking for the mail that shows that one's address is one's own.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::OwnForm;
use crate::http::request_info::RequestInfo;
use crate::http::session::SignedIn;
use crate::i18n::key;
use crate::mail::{Fate, to_users};
use crate::pages::Notice;
use crate::protocol::recovery::Aim;
use crate::protocol::user::User;

/// Has the mail sent.
pub async fn ask_to_verify(
    State(app): State<App>,
    me: SignedIn,
    info: RequestInfo,
    _: OwnForm,
) -> Result<Response, PageError> {
    let language = me.browser.locale.words().language();
    match to_users::link(&app, &me.origin(&info), Aim::VerifyAddress, &me.user, language).await? {
        Some(Fate::Queued) => {
            Ok(Redirect::to(&format!("/account?done={}", Notice::AddressMailed.code())).into_response())
        }
        Some(Fate::TooMany) => Err(PageError::new(
            StatusCode::TOO_MANY_REQUESTS,
            key("verify-too-many-title"),
            key("verify-too-many"),
            key("verify-too-many-fix"),
        )),
        None | Some(Fate::SwitchedOff | Fate::NoAddress) => Err(PageError::not_found(key("verify-nothing"))),
    }
}

/// Is there an address that its user can show to be theirs?
pub(super) fn can_be_verified(app: &App, user: &User) -> bool {
    app.mail.is_on() && user.email.is_some() && !user.email_verified
}
