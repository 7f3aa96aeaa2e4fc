//! `grant_type=authorization_code`: RFC 6749 §4.1.3.

use super::{Granted, TokenRequest, invalid_grant};
use crate::http::error::OAuthError;
use crate::protocol::code::{Code, CodeError, RedeemRequest};
use crate::protocol::error::ErrorCode;
use crate::sealing::Purpose;

pub(super) async fn grant(request: &TokenRequest<'_>) -> Result<Granted, OAuthError> {
    let TokenRequest { app, form, .. } = *request;
    let text =
        form.get("code").ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "code is missing"))?;
    let code: Code = app.seals.open(Purpose::Code, text).map_err(|_| invalid_grant(&CodeError::Unknown))?;
    let sent = RedeemRequest {
        redirect_uri: form.get("redirect_uri"),
        code_verifier: form.get("code_verifier"),
        key: request.key(),
    };
    request.redeem(&code, sent, |error| invalid_grant(&error)).await
}
