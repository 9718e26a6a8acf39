//! A strict stand-in for the Azure Functions host, version 4: it reads host.json and the function.json files, starts the custom
//! handler or finds one that runs already, turns HTTP requests, queue messages and timers into invocations, and judges the answers. It
//! does what the host's source does, never what would suit our handler; where the host fails, hangs or stops, the [`Report`] says so.
//!
//! What it does not do: bindings other than HTTP, queue and timer, a fixed `port`, storage by identity (connection strings with a
//! signature only), and waiting for the clock: timers run when they are told to.

mod answer;
mod app;
mod authentication;
mod connection;
mod envelope;
mod envelope_http;
mod failure;
mod front;
mod function;
mod host;
mod host_json;
mod instance;
mod invoke;
mod output;
mod process;
mod queue;
mod receive;
mod report;
mod route;
mod settings;
mod timer;
mod until;
mod xml;

pub use answer::Answer;
pub use app::{App, lay};
pub use authentication::{Authentication, Keys, Principal};
pub use connection::StorageAccount;
pub use envelope::Encoding;
pub use failure::Failure;
pub use host::{FunctionsHost, Options};
pub use instance::Worker;
pub use invoke::Invoked;
pub use queue::{Message, StorageQueue};
pub use report::{Entry, Report, Trouble};
pub use settings::AppSettings;
pub use timer::Run;
pub use until::until;
