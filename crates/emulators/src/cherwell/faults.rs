//! What can go wrong on a Cherwell beyond a story's troubles, and the pages that stand in for answers then.

use std::time::Duration;

use super::reply::{Refusal, Tail};
pub use crate::faults::FaultId;
use crate::http::Answer;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// 401 with `{"Message":…}`, as for an expired token.
    Unauthorized,
    /// 503 of the web server: HTML, no JSON, no error code.
    Unavailable,
    /// 200 with a page for people.
    LoginPage,
    /// The login is refused because no licence is left, whatever the number of sessions.
    NoLicences,
    /// `INSUFFICIENTRIGHTS`, seen with 403 and with 500.
    InsufficientRights {
        /// HTTP status.
        status: u16,
    },
    /// 200, and `hasError` in the body; nothing is done.
    HasError {
        /// `errorCode`
        code: String,
        /// `errorMessage`
        message: String,
    },
    /// This answer, and nothing is done.
    Status {
        /// HTTP status.
        code: u16,
        /// As sent; HTML when it begins with `<`, else JSON.
        body: String,
    },
    /// The good answer, cut in the middle.
    HalfAnswer,
    /// The good answer, later.
    Slow(Duration),
    /// The connection is closed before anything is done.
    DropBefore,
    /// The connection is closed after everything is done.
    DropAfter,
}

/// Which requests fail, how often, and how.
pub type Fault = crate::faults::Fault<Effect>;

/// The faults of one Cherwell; may be changed at any time.
pub type Faults = crate::faults::Faults<Effect>;

const HTML: &str = "text/html; charset=us-ascii";

const UNAVAILABLE: &str = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r
<HTML><HEAD><TITLE>Service Unavailable</TITLE>\r
<META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r
<BODY><h2>Service Unavailable</h2>\r
<hr><p>HTTP Error 503. The service is unavailable.</p>\r
</BODY></HTML>\r\n";

const LOGIN: &str = "<!DOCTYPE html><html><head><title>Sign In</title></head><body><form method=\"post\" action=\"/CherwellPortal/Account/Login\">
<input name=\"UserName\"><input name=\"Password\" type=\"password\"><button>Sign in</button></form></body></html>";

/// What the web server says when the application is down.
pub(super) fn unavailable() -> Answer {
    Answer::new(503, HTML, UNAVAILABLE)
}

/// A page for people.
pub(super) fn login_page() -> Answer {
    Answer::new(200, "text/html; charset=utf-8", LOGIN)
}

/// What the web server says about paths that are not the application's.
pub(super) fn not_ours() -> Answer {
    let page = "<html><head><title>404 - File or directory not found.</title></head><body><h2>404 - File or directory not found.</h2></body></html>";
    Answer::new(404, "text/html", page)
}

/// The answer that stands in for the work, when the effect is of that kind.
pub(super) fn instead(effect: &Effect) -> Option<Answer> {
    match effect {
        Effect::Unauthorized => Some(Refusal::unauthorized().answer(&[])),
        Effect::Unavailable => Some(unavailable()),
        Effect::LoginPage => Some(login_page()),
        Effect::InsufficientRights { status } => {
            let refusal = Refusal { status: *status, ..Refusal::rights() };
            Some(refusal.answer(&[]))
        }
        Effect::HasError { code, message } => Some(Answer::json(200, &Tail::error(200, code, message).on(serde_json::json!({})))),
        Effect::Status { code, body } => {
            let kind = if body.starts_with('<') { HTML } else { "application/json; charset=utf-8" };
            Some(Answer::new(*code, kind, body.clone()))
        }
        _ => None,
    }
}

/// A good answer that broke off on its way.
pub(super) fn half(mut answer: Answer) -> Answer {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    answer.body = text.get(..middle).unwrap_or_default().to_owned().into();
    answer
}
