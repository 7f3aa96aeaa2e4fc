//! `grant_type=authorization_code`: RFC 6749 §4.1.3.

use super::{Granted, TokenRequest, invalid_grant};
use crate::http::error::OAuthError;
use crate::protocol::code::{self, Code, CodeError, RedeemRequest};
use crate::protocol::error::ErrorCode;
use crate::protocol::grant::Footing;
use crate::sealing::Purpose;

pub(super) async fn grant(request: &TokenRequest<'_>) -> Result<Granted, OAuthError> {
    let TokenRequest { app, client, form, now, .. } = *request;
    let text =
        form.get("code").ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "code is missing"))?;
    let code: Code = app.seals.open(Purpose::Code, text).map_err(|_| invalid_grant(&CodeError::Unknown))?;
    let decide = |footing: &Footing| {
        code::may_redeem(
            client,
            RedeemRequest {
                redirect_uri: form.get("redirect_uri"),
                code_verifier: form.get("code_verifier"),
                key: request.key(),
            },
            &code,
            footing,
            app.entropy.secret(),
            request.lifetimes(),
            now,
        )
    };
    request.redeem(&code, decide, |error| invalid_grant(&error)).await
}
