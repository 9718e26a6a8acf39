//! One HTTP call and what its answer means. Nothing is tried again here.

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use azure_core::credentials::Secret;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use reqwest::{
    Response,
    header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;
use url::Url;

/// Most bytes of an error answer that are read.
const READ: usize = 64 * 1024;
/// Most bytes of a text that others said.
const SAID: usize = 1024;
/// Smaller bodies are not worth compressing.
const SMALL: usize = 1024;

/// A body as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    bytes: Bytes,
    gzip: bool,
}

impl Packed {
    /// Compresses a body, unless that makes it larger: the service limits both sizes.
    pub(crate) fn new(body: Vec<u8>, level: u32) -> Self {
        if level > 0 && body.len() > SMALL {
            let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(level));
            let gzip = encoder.write_all(&body).and_then(|()| encoder.finish());
            if let Ok(gzip) = gzip
                && gzip.len() < body.len()
            {
                return Self { bytes: gzip.into(), gzip: true };
            }
        }
        Self { bytes: body.into(), gzip: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// What an answer means for the caller.
#[derive(Debug)]
pub(crate) enum Answer {
    /// 204
    Accepted,
    /// 400 and 413: something in this body cannot be taken.
    Unacceptable { status: u16, said: String },
    /// 401
    Unauthorised { said: String },
    /// 403
    Forbidden { said: String },
    /// 404
    NotFound { said: String },
    /// Try again later; `uncertain` when the rows may have been stored all the same.
    Busy { said: String, retry_after: Option<Duration>, uncertain: bool },
    /// Anything else; also a 200, which this service never says: a proxy or a login page does.
    Unexpected { status: u16, said: String },
}

/// Sends one body.
pub(crate) async fn call(http: &reqwest::Client, address: &Url, token: &Secret, body: Packed, now: SystemTime) -> Answer {
    let id = azure_core::Uuid::new_v4().to_string();
    let mut request = http
        .post(address.clone())
        .bearer_auth(token.secret())
        .header(CONTENT_TYPE, "application/json")
        .header("x-ms-client-request-id", &id);
    if body.gzip {
        request = request.header(CONTENT_ENCODING, "gzip");
    }
    let answer = match request.body(body.bytes).send().await {
        Ok(response) => read(response, now).await,
        Err(error) => {
            let uncertain = !error.is_connect();
            Answer::Busy { said: short(&chain(&error.without_url())), retry_after: None, uncertain }
        }
    };
    tracing::debug!(client_request_id = id, ?answer, "logs ingestion call");
    answer
}

async fn read(response: Response, now: SystemTime) -> Answer {
    let status = response.status().as_u16();
    if status == 204 {
        return Answer::Accepted;
    }
    let retry_after = asked_wait(response.headers(), now);
    let said = said(response).await;
    match status {
        400 | 413 => Answer::Unacceptable { status, said },
        401 => Answer::Unauthorised { said },
        403 => Answer::Forbidden { said },
        404 => Answer::NotFound { said },
        408 | 429 => Answer::Busy { said: format!("{status}, {said}"), retry_after, uncertain: false },
        500..=599 => Answer::Busy { said: format!("{status}, {said}"), retry_after, uncertain: true },
        _ => Answer::Unexpected { status, said },
    }
}

/// `Retry-After` in seconds or as a date; a date is meant by the server's own clock.
fn asked_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let server = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    Some(until.duration_since(server.unwrap_or(now)).unwrap_or_default())
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct ErrorDetail {
    code: String,
    message: String,
}

/// Code and message of an error answer, or the beginning of whatever it is.
async fn said(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= READ {
            break;
        }
    }
    let text = match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(ErrorBody { error }) => format!("{} {}", error.code, error.message),
        Err(_) => String::from_utf8_lossy(&body).into_owned(),
    };
    let text = short(text.trim());
    if text.is_empty() { "(no explanation)".to_owned() } else { text }
}

/// At most 1 KB, on one line.
pub(crate) fn short(text: &str) -> String {
    let end = (0..=SAID.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let kept = text.get(..end).unwrap_or_default();
    kept.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_as_a_date_of_the_server() {
        let wait = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            asked_wait(&headers, SystemTime::UNIX_EPOCH)
        };
        assert_eq!(wait(&[("retry-after", "17")]), Some(Duration::from_secs(17)));
        let date = [("retry-after", "Tue, 01 Sep 2026 13:05:00 GMT"), ("date", "Tue, 01 Sep 2026 13:00:00 GMT")];
        assert_eq!(wait(&date), Some(Duration::from_secs(300)));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
    }

    #[test]
    fn what_does_not_shrink_is_sent_as_it_is() {
        let noise: Vec<u8> = StdRng::seed_from_u64(7).random_iter().take(5000).collect();
        let packed = Packed::new(noise.clone(), 1);
        assert!(!packed.gzip && packed.bytes == noise);
        assert!(Packed::new(vec![b'a'; 5000], 1).gzip);
        assert!(!Packed::new(vec![b'a'; 5000], 0).gzip && !Packed::new(vec![b'a'; 500], 1).gzip);
    }
}
