//! Every provider and adapter, one file each.

mod provance_itsm;
mod provance_stock;
mod servicenow;

use crate::subject::Subject;

/// All of them, in the order of the table.
pub(crate) const ALL: &[&Subject] = &[&servicenow::SUBJECT, &provance_stock::SUBJECT, &provance_itsm::SUBJECT];
