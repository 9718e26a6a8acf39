//! The HTTP trigger. With `enableForwardingHttpRequest` or `enableProxyingHttpRequest` the host passes the caller's request on and
//! any axum handler serves it; without, it comes in the envelope. [`enveloped`] makes the second look like the first.

mod answer;
mod enveloped;
mod identity;
mod trigger;

pub use answer::HttpAnswer;
pub use enveloped::enveloped;
pub use identity::{ACCESS_LEVEL_CLAIM, Claim, Identities, Identity};
pub use trigger::HttpTrigger;
