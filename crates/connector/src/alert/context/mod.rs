//! One file for each shape of `alertContext`. The activity log, Service Health, Resource Health and budget shapes occur in
//! older schemas too and are read by the same code.

pub(super) mod activity;
pub(super) mod budget;
pub(super) mod log;
pub(super) mod log_v1;
pub(super) mod metric;
pub(super) mod prometheus;
pub(super) mod resource_health;
pub(super) mod service_health;
pub(super) mod smart_detector;
