//! Client assertions: a JWT that an application signs with the key of its certificate instead of sending a secret.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Application, directory::Certificate, failure::Failure};

/// `client_assertion_type`
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Checks an assertion of this application; `audiences` are the addresses of the token endpoint, `now` seconds since 1970.
pub(super) fn check(assertion: &str, application: &Application, audiences: &[String], now: i64) -> Result<(), Failure> {
    let malformed = || Failure::invalid_client(50_027, "JWT token is invalid or malformed.");
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| malformed())?;
    let (x5t, sha256) = (header.x5t.as_deref().unwrap_or_default(), header.x5t_s256.as_deref().unwrap_or_default());
    let unknown = || {
        let text = format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{x5t}{sha256}']"
        );
        Failure::invalid_client(700_027, text)
    };
    let certificate = application.certificates.iter().find(|certificate| named(certificate, x5t, sha256)).ok_or_else(unknown)?;
    let key = DecodingKey::from_rsa_pem(certificate.pem.as_bytes()).map_err(|_| unknown())?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.algorithms = vec![Algorithm::RS256, Algorithm::PS256];
    // The emulator's own clock decides, below.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Value>(assertion, &key, &validation).map_err(|_| unknown())?.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    if !audiences.iter().any(|audience| audience == text("aud")) {
        let message = "Client assertion audience claim does not match Realm issuer.";
        return Err(Failure::invalid_client(700_023, message));
    }
    if text("iss") != application.id || text("sub") != application.id {
        return Err(Failure::invalid_client(
            700_021,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        ));
    }
    // Five minutes of skew are allowed on both sides.
    let begun = time("nbf").is_none_or(|from| from <= now + 300);
    if !begun || time("exp").is_none_or(|until| until + 300 < now) {
        let message = "Client assertion is not within its valid time range.";
        return Err(Failure::invalid_client(700_024, message));
    }
    Ok(())
}

fn named(certificate: &Certificate, x5t: &str, sha256: &str) -> bool {
    let own = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.der()));
    (!sha256.is_empty() && sha256 == own) || (!x5t.is_empty() && x5t == certificate.x5t)
}
