//! Every provider and adapter, one file each.

mod cherwell;
mod cherwell_9;
mod cherwell_bare;
mod provance_itsm;
mod provance_stock;
mod service_manager_cireson;
mod service_manager_gateway;
mod service_manager_relay;
mod servicenow;

use crate::subject::Subject;

/// All of them, in the order of the table.
pub(crate) const ALL: &[&Subject] = &[
    &servicenow::SUBJECT,
    &service_manager_gateway::SUBJECT,
    &service_manager_relay::SUBJECT,
    &service_manager_cireson::SUBJECT,
    &provance_stock::SUBJECT,
    &provance_itsm::SUBJECT,
    &cherwell::SUBJECT,
    &cherwell_9::SUBJECT,
    &cherwell_bare::SUBJECT,
];
