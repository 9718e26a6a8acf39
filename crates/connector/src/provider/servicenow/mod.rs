//! ServiceNow.

pub mod config;
