//! Which role opens which table, as far as an integration user meets it. Who lacks the role reads nothing and may write nothing.

use super::{faults::Effect, restrictions::Restrictions};

/// Table, role to read, role to write. The first role named in either place is enough; `admin` opens everything.
const TABLES: [(&str, &[&str], &[&str]); 15] = [
    ("incident", &["itil", "sn_incident_read"], &["itil", "sn_incident_write"]),
    ("change_request", &["itil", "sn_change_read"], &["itil", "sn_change_write"]),
    ("problem", &["itil"], &["itil"]),
    ("cmdb_ci", &["itil", "cmdb_read"], &["itil"]),
    ("sys_user_group", &["itil", "snc_internal"], &["user_admin"]),
    ("sys_user", &["itil", "snc_internal"], &["user_admin"]),
    ("sys_choice", &["personalize_choices"], &["personalize_choices"]),
    ("sys_template", &["template_editor"], &["template_editor"]),
    ("em_event", &["evt_mgmt_integration", "evt_mgmt_operator", "evt_mgmt_user"], &["evt_mgmt_integration", "evt_mgmt_admin"]),
    ("em_alert", &["evt_mgmt_operator", "evt_mgmt_user"], &["evt_mgmt_operator"]),
    ("sys_journal_field", &["itil"], &["admin"]),
    ("sys_dictionary", &["admin", "personalize_dictionary"], &["admin"]),
    ("sys_audit_delete", &["admin"], &["admin"]),
    ("sys_archive_log", &["admin"], &["admin"]),
    ("sys_import_set_row", &["import_transformer", "import_set_loader"], &["import_transformer", "import_set_loader"]),
];

/// Adds what these roles do not open.
pub(super) fn restrict(restrictions: &mut Restrictions, roles: &[String]) {
    let lacks = |needed: &[&str]| !roles.iter().any(|role| needed.contains(&role.as_str()));
    for (table, read, write) in TABLES {
        if lacks(read) {
            restrictions.add(Effect::ReadDenied { table: table.to_owned(), field: None });
        }
        if lacks(write) {
            restrictions.add(Effect::WriteDenied { table: table.to_owned(), field: None });
        }
    }
}
