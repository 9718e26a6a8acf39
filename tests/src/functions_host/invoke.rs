//! One invocation: the envelope is posted to the handler, the answer is judged.

use serde_json::Value;

use super::answer::Answer;
use super::failure::Failure;

/// The version that the stand-in says it has: that of the source it follows.
pub(super) const HOST_VERSION: &str = "4.1037.0.0";
pub(super) const VERSION_HEADER: &str = "x-azure-functions-hostversion";
pub(super) const INVOCATION_HEADER: &str = "x-azure-functions-invocationid";

/// An invocation that has ended.
#[derive(Debug, Clone)]
pub struct Invoked {
    /// The function's name.
    pub function: String,
    /// The invocation's id.
    pub id: String,
    /// On which instance.
    pub instance: usize,
    /// What was sent, envelopes only.
    pub sent: Value,
    /// What came of it; a request that was passed on has no outputs.
    pub outcome: Result<Answer, Failure>,
}

/// Posts an envelope.
pub(super) async fn post(
    client: &reqwest::Client,
    base: &str,
    function: &str,
    invocation: &str,
    envelope: &Value,
) -> Result<Answer, Failure> {
    let request = client
        .post(format!("{base}/{function}"))
        .header(VERSION_HEADER, HOST_VERSION)
        .header(INVOCATION_HEADER, invocation)
        .header("user-agent", format!("Azure-Functions-Host/{HOST_VERSION}"))
        .header("content-type", "application/json; charset=utf-8")
        .body(envelope.to_string());
    let answer = request.send().await.map_err(no_answer)?;
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let body = answer.bytes().await.map_err(no_answer)?;
    Answer::judge(status, &kind, &body)
}

/// A failure of the connection, with its causes and without the address.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn no_answer(error: reqwest::Error) -> Failure {
    let mut text = if error.is_timeout() { "functionTimeout has passed".to_owned() } else { "the connection broke".to_owned() };
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Failure::NoAnswer(text)
}
