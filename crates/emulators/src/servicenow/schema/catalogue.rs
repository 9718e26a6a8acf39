//! The dictionary of a base instance in short notation (see [`Column::parse`](super::Column::parse)).

/// Name, parent, label, number prefix, own columns.
type Line = (&'static str, Option<&'static str>, &'static str, Option<&'static str>, &'static str);

/// What every record has.
pub(super) const SYSTEM_COLUMNS: &str =
    "sys_id:32 sys_created_on@ sys_created_by:40 sys_updated_on@ sys_updated_by:40 sys_mod_count#";

const TASK: &str = "sys_class_name:80 number:40 parent>task made_sla? watch_list:4000 upon_reject! approval_history* task_effective_number \
    sys_domain>sys_user_group sys_domain_path:255 user_input:4000 state#! knowledge? order# closed_at@ cmdb_ci>cmdb_ci delivery_plan contract impact#! active? work_notes_list:4000 \
    business_service>cmdb_ci priority#! time_worked~ expected_start@ opened_at@ business_duration~ group_list:4000 work_end@ approval_set@ universal_request \
    short_description:160 correlation_display:100 delivery_task work_start@ assignment_group>sys_user_group additional_assignee_list:4000 description:4000 \
    calendar_duration~ close_notes:4000 service_offering closed_by>sys_user follow_up@ contact_type! urgency#! company>core_company reassignment_count# \
    activity_due@ assigned_to>sys_user approval! sla_due@ due_date@ sys_tags escalation#! upon_approval! correlation_id:100 location>cmn_location \
    opened_by>sys_user work_notes* comments* comments_and_work_notes* route_reason#";

/// Parents stand before their children.
pub(super) const TABLES: &[Line] = &[
    ("sys_metadata", None, "Application File", None, "sys_class_name:80 sys_name:255 sys_update_name:250 sys_policy:40"),
    (
        "sys_db_object",
        Some("sys_metadata"),
        "Table",
        None,
        "name:80 label:80 super_class>sys_db_object is_extendable? number_ref",
    ),
    (
        "sys_dictionary",
        None,
        "Dictionary Entry",
        None,
        "name:80 element:80 column_label:80 internal_type:40 max_length# mandatory? reference:80 active?",
    ),
    (
        "sys_choice",
        None,
        "Choice",
        None,
        "name:80 element:80 value:100 label:120 dependent_value:100 sequence# language:3 inactive?",
    ),
    (
        "sys_template",
        None,
        "Template",
        None,
        "name:100 table:80 template:8000 short_description:160 active? global? user>sys_user group>sys_user_group groups:1024 roles:1024 users:1024",
    ),
    (
        "sys_user",
        None,
        "User",
        None,
        "user_name:40 name:151 first_name:50 last_name:50 email:100 active? locked_out? title:60 department:100 manager>sys_user phone:40 company>core_company location>cmn_location vip? web_service_access_only? time_zone:40 user_password:255",
    ),
    (
        "sys_user_group",
        None,
        "Group",
        None,
        "name:80 description:1000 type:1024 active? manager>sys_user email:100 parent>sys_user_group",
    ),
    ("sys_user_role", None, "Role", None, "name:100 description:1000"),
    ("sys_user_has_role", None, "User Role", None, "user>sys_user role>sys_user_role state:40 inherited?"),
    ("sys_user_grmember", None, "Group Member", None, "user>sys_user group>sys_user_group"),
    ("sys_properties", None, "System Property", None, "name:100 value:4000 description:512"),
    ("sys_journal_field", None, "Journal Entry", None, "name:80 element:80 element_id:32 value:4000"),
    ("sys_audit_delete", None, "Audit Deleted Record", None, "tablename:80 documentkey:32 display_value:255 payload:8000"),
    (
        "sys_archive_log",
        None,
        "Archive Log",
        None,
        "from_table:80 to_table:80 id:32 display_value:255 restored@ payload:8000 archive:32 archive_run:32",
    ),
    ("core_company", None, "Company", None, "name:80"),
    ("cmn_location", None, "Location", None, "name:100"),
    (
        "cmdb_ci",
        None,
        "Configuration Item",
        None,
        "sys_class_name:80 name:255 fqdn:255 dns_domain:255 ip_address:255 install_status#! operational_status#! short_description:1000 asset_tag:40 serial_number:255 category:40 correlation_id:100 support_group>sys_user_group assigned_to>sys_user discovery_source:40",
    ),
    ("cmdb_ci_hardware", Some("cmdb_ci"), "Hardware", None, "hardware_status:40"),
    ("cmdb_ci_computer", Some("cmdb_ci_hardware"), "Computer", None, "os:40 os_version:100 host_name:255 object_id:255"),
    ("cmdb_ci_server", Some("cmdb_ci_computer"), "Server", None, "used_for:40"),
    ("cmdb_ci_win_server", Some("cmdb_ci_server"), "Windows Server", None, ""),
    ("cmdb_ci_linux_server", Some("cmdb_ci_server"), "Linux Server", None, ""),
    ("cmdb_ci_vm_instance", Some("cmdb_ci"), "Virtual Machine Instance", None, "vm_inst_id:255 object_id:255"),
    ("task", None, "Task", Some("TASK"), TASK),
    (
        "incident",
        Some("task"),
        "Incident",
        Some("INC"),
        "caused_by>change_request child_incidents# hold_reason#! origin_table:80 resolved_by>sys_user calendar_stc# rfc>change_request business_impact:4000 \
        caller_id>sys_user reopened_time@ resolved_at@ subcategory:40! close_code:40! business_stc# cause:4000 origin_id:32 notify#! parent_incident>incident reopened_by>sys_user incident_state#! \
        problem_id>problem severity#! reopen_count# category:40!",
    ),
    (
        "change_request",
        Some("task"),
        "Change Request",
        Some("CHG"),
        "type:40! risk#! requested_by>sys_user requested_by_date@ start_date@ end_date@ conflict_status:40! close_code:40! on_hold? on_hold_reason:4000 \
        chg_model:40 phase:40! category:40! reason:40 backout_plan:4000 implementation_plan:4000 justification:4000 test_plan:4000",
    ),
    (
        "problem",
        Some("task"),
        "Problem",
        Some("PRB"),
        "problem_state#! known_error? work_around:4000 cause_notes:4000 fix_notes:4000 resolved_by>sys_user resolved_at@ category:40! subcategory:40! resolution_code:40!",
    ),
    ("task_ci", None, "CIs Affected", None, "task>task ci_item>cmdb_ci"),
    (
        "em_event",
        None,
        "Event",
        None,
        "source:100 node:100 type:100 resource:100 metric_name:255 event_class:100 message_key:1024 severity#! description:4000 additional_info:65000 \
        time_of_event@ resolution_state:40! state:40! alert>em_alert ci_identifier:4000 cmdb_ci>cmdb_ci error_msg:1000 processed@",
    ),
    (
        "em_alert",
        None,
        "Alert",
        Some("Alert"),
        "number:40 source:100 node:100 type:100 resource:100 metric_name:255 event_class:100 message_key:1024 severity#! description:4000 additional_info:65000 \
        state:40! acknowledged? maintenance? cmdb_ci>cmdb_ci incident>task initial_event_time@ last_event_time@ event_count# work_notes* comments* \
        short_description:160 correlation_id:100 correlation_display:100 assignment_group>sys_user_group assigned_to>sys_user",
    ),
    (
        "sys_import_set_row",
        None,
        "Import Set Row",
        Some("ISET"),
        "sys_import_set:40 sys_import_state:40 sys_import_state_comment:1000 sys_target_table:80 sys_target_sys_id:32 sys_transform_map:80",
    ),
];
