//! What the service asks of a call before it looks at the records: address, version, token, role, headers, sizes.
//! The texts of 403 are the service's own; for the other answers only the shape is known, so clients must not depend on them.

use std::{collections::BTreeMap, io::Read};

use flate2::read::MultiGzDecoder;

use super::options::{Columns, Options};
use crate::http::{Answer, Call};

/// The version that all known clients use.
const VERSION: &str = "api-version=2023-01-01";

/// An error answer in the service's shape.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &serde_json::json!({"error": {"code": code, "message": message}}))
}

/// Immutable id and stream of the path, when it has the right form.
fn target(path: &str) -> Option<(&str, &str)> {
    let (rule, stream) = path.strip_prefix("/dataCollectionRules/")?.split_once("/streams/")?;
    (!rule.is_empty() && !stream.is_empty() && !stream.contains('/')).then_some((rule, stream))
}

/// The declared stream that the call goes to.
pub(super) fn stream<'a>(
    options: &'a Options,
    tokens: &BTreeMap<String, bool>,
    call: &Call,
) -> Result<(&'a (String, String), &'a Columns), Answer> {
    let Some((rule, stream)) = target(&call.path) else {
        return Err(refusal(404, "ResourceNotFound", "The resource was not found."));
    };
    if call.method != "POST" {
        return Err(refusal(405, "MethodNotAllowed", "Only POST is supported."));
    }
    if !call.query.split('&').any(|part| part == VERSION) {
        return Err(refusal(400, "InvalidApiVersion", "The api-version is missing or not supported."));
    }
    let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(may_publish) = token.and_then(|token| tokens.get(token)) else {
        return Err(refusal(401, "InvalidToken", "The authentication token is missing, expired or of another audience."));
    };
    let mut of_rule = options.streams.iter().filter(|((id, _), _)| id == rule).peekable();
    if of_rule.peek().is_none() {
        return Err(refusal(404, "NotFound", &format!("Data collection rule with immutable Id '{rule}' not found.")));
    }
    if !may_publish {
        let message = format!(
            "The authentication token provided does not have access to ingest data for the data collection rule with immutable Id '{rule}' \
             PipelineAccessResult: AccessGranted: False"
        );
        return Err(refusal(403, "OperationFailed", &message));
    }
    of_rule
        .find(|((_, name), _)| name == stream)
        .ok_or_else(|| refusal(404, "InvalidStream", &format!("Stream '{stream}' was not found in the data collection rule.")))
}

/// The body as JSON text, inflated when need be.
pub(super) fn body(options: &Options, call: &Call) -> Result<Vec<u8>, Answer> {
    let content = call.header("content-type").unwrap_or_default();
    if content.split(';').next().map(str::trim) != Some("application/json") {
        return Err(refusal(415, "UnsupportedMediaType", "The content type must be application/json."));
    }
    let too_large = || refusal(413, "ContentLengthLimitExceeded", "Maximum allowed content length exceeded.");
    if call.body.len() > options.call_limit {
        return Err(too_large());
    }
    let inflated = match call.header("content-encoding") {
        None | Some("identity") => call.body.to_vec(),
        Some("gzip") => {
            let mut inflated = Vec::new();
            let most = u64::try_from(options.call_limit).unwrap_or(u64::MAX).saturating_add(1);
            MultiGzDecoder::new(call.body.as_ref())
                .take(most)
                .read_to_end(&mut inflated)
                .map_err(|_| refusal(400, "InvalidContentEncoding", "The body is not gzip."))?;
            inflated
        }
        Some(_) => return Err(refusal(400, "InvalidContentEncoding", "Only gzip is supported.")),
    };
    if inflated.len() > options.call_limit {
        return Err(too_large());
    }
    Ok(inflated)
}
