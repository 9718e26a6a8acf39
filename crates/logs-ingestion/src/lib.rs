#![doc = include_str!("../README.md")]

mod batch;
mod client;
mod clock;
mod record;
mod report;
mod send;
mod settings;
mod token;
mod wire;

#[cfg(test)]
mod tests;

pub use client::{Client, Stopped, Upload};
pub use clock::{Clock, SystemClock};
pub use record::CUT_MARK;
pub use report::{Failed, Failure, Refused, RefusedBecause, Report};
pub use settings::{CALL_LIMIT, Cloud, FIELD_LIMIT, Options, SettingsError, Target};
