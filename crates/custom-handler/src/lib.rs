#![doc = include_str!("../README.md")]

mod envelope;
mod error;
mod failure;
mod guard;
mod http;
mod invocation;
pub mod logging;
mod outcome;
mod queue;
mod serve;
mod timer;
mod value;

#[cfg(test)]
mod tests;

pub use envelope::Envelope;
pub use error::{DecodeError, RunError};
pub use failure::Failure;
pub use guard::hosted;
pub use http::{ACCESS_LEVEL_CLAIM, Claim, HttpAnswer, HttpTrigger, Identities, Identity, enveloped};
pub use invocation::{HOST_VERSION_HEADER, INVOCATION_ID_HEADER, Invocation};
pub use outcome::{Outcome, QueueMessage};
pub use queue::QueueTrigger;
pub use serve::{Ended, Options, PORT_VARIABLE, run, run_until, serve};
pub use timer::{Retry, TimerTrigger};
