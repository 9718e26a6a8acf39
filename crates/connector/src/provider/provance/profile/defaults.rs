//! What a profile says that says nothing: the stock table `incident`, and of the other tables only columns that every table has.

use std::collections::BTreeMap;

use super::{Change, Ci, CiLink, Close, Correlation, Incident, Level, Profile, Template, Values};

/// Lets the server choose the status reason.
const DEFAULT_STATUS: i64 = -1;

impl Default for Profile {
    fn default() -> Self {
        Self {
            api_version: "v9.2".to_owned(),
            incident: Incident::default(),
            change: Change::default(),
            ci: Ci::default(),
            template: Template::default(),
        }
    }
}

impl Default for Incident {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            entity_set: text("incidents"),
            logical_name: text("incident"),
            id: text("incidentid"),
            number: text("ticketnumber"),
            title: text("title"),
            description: text("description"),
            state: text("statuscode"),
            resolved: Values::from([(text("statecode"), vec![1])]),
            closed: Values::from([(text("statecode"), vec![2])]),
            impact: Level::default(),
            urgency: Level::default(),
            priority: Level { column: text("prioritycode"), high: 1, medium: 2, low: 3 },
            category: text("_subjectid_value"),
            source: text("caseorigincode"),
            assigned_to: text("_ownerid_value"),
            created_by: text("_createdby_value"),
            resolved_by: String::new(),
            closed_by: String::new(),
            escalation: text("isescalated"),
            created_on: text("createdon"),
            modified_on: text("modifiedon"),
            resolved_on: String::new(),
            closed_on: String::new(),
            customer: text("customerid"),
            correlation: Correlation::default(),
            required_bind: BTreeMap::new(),
            lengths: BTreeMap::from([(text("title"), 200), (text("description"), 2000)]),
            close: Close::Action { name: text("CloseIncident"), status: DEFAULT_STATUS },
            reopen: BTreeMap::from([(text("statecode"), 0), (text("statuscode"), 1)]),
            ci_link: CiLink::None,
            notes: true,
        }
    }
}

impl Default for Change {
    fn default() -> Self {
        let none = String::new;
        Self {
            entity_set: none(),
            logical_name: none(),
            id: none(),
            number: none(),
            title: none(),
            description: none(),
            state: "statuscode".to_owned(),
            impact: none(),
            urgency: none(),
            priority: none(),
            risk: none(),
            change_type: none(),
            category: none(),
            source: none(),
            assigned_to: "_ownerid_value".to_owned(),
            created_by: "_createdby_value".to_owned(),
            closed_by: none(),
            escalation: none(),
            conflict_status: none(),
            ci: none(),
            created_on: "createdon".to_owned(),
            modified_on: "modifiedon".to_owned(),
            closed_on: none(),
            requested_on: none(),
            planned_start: none(),
            planned_end: none(),
            work_start: none(),
            work_end: none(),
        }
    }
}

impl Default for Ci {
    fn default() -> Self {
        let none = String::new;
        Self {
            entity_set: none(),
            logical_name: none(),
            id: none(),
            name: none(),
            fqdn: none(),
            resource_id: none(),
            class: none(),
            modified_on: "modifiedon".to_owned(),
            retired: Values::from([("statecode".to_owned(), vec![1])]),
            create: BTreeMap::new(),
        }
    }
}
