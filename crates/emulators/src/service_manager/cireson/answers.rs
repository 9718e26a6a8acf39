//! Answers other than data: errors of the portal, of the web framework below it, and of the web server below that.

use serde_json::{Value, json};

use crate::http::Answer;

/// JSON as the portal's framework writes it.
pub(super) fn data(body: &Value) -> Answer {
    Answer::json(200, body)
}

/// The portal's own error: 500 with nothing but a text.
pub(super) fn error(text: impl Into<String>) -> Answer {
    Answer::new(500, "text/plain; charset=utf-8", text.into())
}

/// What a commit answers that is not done. The status is 200 all the same.
pub(super) fn not_done(text: impl Into<String>) -> Answer {
    data(&json!({"success": false, "exception": text.into()}))
}

/// An error of the web framework.
pub(super) fn message(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({"Message": text}))
}

/// No token, or one that is no good (the text is the framework's own, inferred for the portal).
pub(super) fn unauthorized() -> Answer {
    message(401, "Authorization has been denied for this request.")
}

/// No such address, or one of its parameters is missing: the framework looks for a method by name and parameters.
pub(super) fn no_resource(url: &str) -> Answer {
    message(404, &format!("No HTTP resource was found that matches the request URI '{url}'."))
}

/// The method is not the one of this address.
pub(super) fn wrong_method(method: &str) -> Answer {
    message(405, &format!("The requested resource does not support http method '{method}'."))
}

/// A body that is not sent as JSON.
pub(super) fn wrong_type(given: &str) -> Answer {
    let text = format!("The request entity's media type '{given}' is not supported for this resource.");
    message(415, &text)
}

/// What the web server says before the portal is asked.
pub(super) fn windows_authentication() -> Answer {
    let page = "<html><head><title>401 - Unauthorized: Access is denied due to invalid credentials.</title></head></html>";
    Answer::new(401, "text/html", page).with_header("WWW-Authenticate", "Negotiate").with_header("WWW-Authenticate", "NTLM")
}

/// The web server's page while the application pool is stopped.
pub(super) fn down() -> Answer {
    let page = "<HTML><HEAD><TITLE>Service Unavailable</TITLE></HEAD>\
        <BODY><h2>Service Unavailable</h2><hr><p>HTTP Error 503. The service is unavailable.</p></BODY></HTML>";
    Answer::new(503, "text/html; charset=us-ascii", page)
}

/// The page for people.
pub(super) fn login_page() -> Answer {
    let page = "<!DOCTYPE html><html><head><title>Cireson Portal for System Center Service Manager</title></head><body>\
        <form id=\"loginForm\" method=\"post\" action=\"/Login\"><input name=\"UserName\"><input name=\"Password\" type=\"password\">\
        </form></body></html>";
    Answer::new(200, "text/html; charset=utf-8", page)
}
