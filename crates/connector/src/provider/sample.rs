//! What the tests of every provider begin with.

use std::collections::BTreeMap;

use crate::alert::Severity;
use crate::work_item::{Draft, WorkItemKey, WorkItemType};

/// The correlation of [`draft`].
pub(crate) const CORRELATION: &str = "0123456789abcdef0123456789abcdef";

/// A draft as the engine makes it.
pub(crate) fn draft(kind: WorkItemType) -> Draft {
    Draft {
        kind,
        key: WorkItemKey { correlation: CORRELATION.to_owned(), generation: 1 },
        title: "CPU over 90% on web01".to_owned(),
        description: "Percentage CPU was 97.3, greater than 90".to_owned(),
        severity: Severity::Sev2,
        resolved: false,
        fields: BTreeMap::new(),
        template: None,
        configuration_item: None,
        resource: "web01".to_owned(),
        measure: "Percentage CPU".to_owned(),
        rule: "cpu-high".to_owned(),
        occurred_at: "2026-09-01T12:00:00Z".parse().unwrap(),
        follows: None,
    }
}
