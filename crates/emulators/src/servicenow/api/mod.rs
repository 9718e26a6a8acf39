//! The REST resources: what a path and a method do. Each takes a whole request and gives a whole answer; the network is elsewhere.

pub(super) mod batch;
pub(super) mod event_web_service;
pub(super) mod import_set;
pub(super) mod parameters;
pub(super) mod payload;
pub(super) mod render;
pub(super) mod stats;
pub(super) mod table;
