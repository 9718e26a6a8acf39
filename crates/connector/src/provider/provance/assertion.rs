//! Client assertions: a short-lived JWT that says who the app registration is, signed with the key of its certificate, so that no
//! secret is sent.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// `client_assertion_type`
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds for which an assertion is good.
const LIFE: i64 = 600;

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: &'a str,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// An assertion for the token endpoint `audience`. `number` tells two of the same instant apart. The error says what is wrong with
/// certificate or key; it never quotes them.
pub(super) fn make(
    client_id: &str,
    certificate: &str,
    key: &str,
    audience: &str,
    now: Timestamp,
    number: u64,
) -> Result<String, String> {
    let der = block(certificate).ok_or("it holds no certificate (BEGIN CERTIFICATE)")?;
    let key =
        EncodingKey::from_rsa_pem(key.as_bytes()).map_err(|error| format!("the RSA private key cannot be read: {error}"))?;
    let mut header = Header::new(Algorithm::PS256);
    header.x5t_s256 = Some(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(der)));
    let id = format!("{:x}-{number:x}", now.as_nanosecond());
    let at = now.as_second();
    // A minute back, for a clock of theirs that is behind ours.
    let claims = Claims { aud: audience, iss: client_id, sub: client_id, jti: &id, nbf: at - 60, iat: at, exp: at + LIFE };
    jsonwebtoken::encode(&header, &claims, &key).map_err(|error| format!("the private key cannot sign: {error}"))
}

/// The first certificate of a PEM text, DER.
fn block(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.split_whitespace().collect();
    BASE64_STANDARD.decode(body).ok()
}

/// The part of a PEM text that is a private key; nothing when there is none.
pub(super) fn private_key(pem: &str) -> Option<&str> {
    let start = ["-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"].iter().find_map(|mark| pem.find(mark))?;
    let rest = pem.get(start..)?;
    let end = rest.find("-----END ")?;
    let close = rest.get(end..)?.find('\n').map_or(rest.len(), |length| end + length);
    rest.get(..close)
}
