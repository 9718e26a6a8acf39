//! Why an invocation did not succeed, as the host sees it.

/// An invocation that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The answer's status is no 2xx.
    #[error("Response status code does not indicate success: {0}")]
    Status(u16),
    /// The answer is not `application/json`.
    #[error("UnsupportedMediaType: the answer is '{0}'")]
    ContentType(String),
    /// The answer is no JSON of the right shape.
    #[error("InvalidOperationException: the answer cannot be read: {0}")]
    Json(String),
    /// The answer is empty or `null`: the host waits for a result until `functionTimeout`.
    #[error("the answer is {0}, so the invocation hangs until functionTimeout")]
    Hangs(&'static str),
    /// The process did not answer at all.
    #[error("the handler did not answer: {0}")]
    NoAnswer(String),
    /// There is no process that could.
    #[error("the handler does not run: {0}")]
    NotRunning(String),
    /// An output could not be delivered.
    #[error("an output could not be delivered: {0}")]
    Output(String),
}
