//! Users with their roles, groups, and the configuration items that demo alerts speak of.

use super::{ADMIN, Seeder};
use crate::servicenow::options::Options;

/// `sys_id`, user name, first name, last name.
const PEOPLE: &[(&str, &str, &str, &str)] = &[
    (ADMIN, "admin", "System", "Administrator"),
    ("46d44a23a9fe19810012d100cca80666", "beth.anglin", "Beth", "Anglin"),
    ("62826bf03710200044e0bfc8bcbe5df1", "abel.tuter", "Abel", "Tuter"),
    ("5137153cc611227c000bbd1bd8cd2005", "fred.luddy", "Fred", "Luddy"),
    ("681b365ec0a80164000fb0b05854a0cd", "itil", "ITIL", "User"),
];

/// `sys_id`, name.
const GROUPS: &[(&str, &str)] = &[
    ("287ebd7da9fe198100f92cc8d1d2154e", "Network"),
    ("d625dccec0a8016700a222a0f7900d06", "Service Desk"),
    ("8a5055c9c61122780043563ef53438e3", "Hardware"),
    ("287ee6fea9fe198100ada7950d0b1b73", "Database"),
    ("8a4dde73c6112278017a6a4baf547aa7", "Software"),
    ("0a52d3dcd7011200f2d224837e6103f2", "Application Development"),
];

/// Class, name, domain name, address.
const SERVERS: &[(&str, &str, &str, &str)] = &[
    ("cmdb_ci_win_server", "WEB01", "web01.contoso.com", "10.0.0.11"),
    ("cmdb_ci_win_server", "WEB02", "web02.contoso.com", "10.0.0.12"),
    ("cmdb_ci_win_server", "SQL01", "sql01.contoso.com", "10.0.0.21"),
    ("cmdb_ci_linux_server", "vm-01", "vm-01.contoso.com", "10.0.0.31"),
    ("cmdb_ci_linux_server", "vm-02", "vm-02.contoso.com", "10.0.0.32"),
    ("cmdb_ci_computer", "LAPTOP-17", "laptop-17.contoso.com", "10.0.1.17"),
];

pub(super) fn fill(seeder: &mut Seeder<'_>, options: &Options) {
    for (sys_id, user, first, last) in PEOPLE {
        let name = format!("{first} {last}");
        let email = format!("{user}@example.com");
        seeder.add(
            "sys_user",
            &[
                ("sys_id", sys_id),
                ("user_name", user),
                ("name", &name),
                ("first_name", first),
                ("last_name", last),
                ("email", &email),
            ],
        );
    }
    let mut roles = std::collections::BTreeMap::new();
    for user in &options.users {
        let found = seeder.database.find_by("sys_user", "user_name", &user.name).first().copied();
        let sys_id = match found {
            Some(place) => seeder.database.value(place, "sys_id").to_owned(),
            None => {
                seeder.add("sys_user", &[("user_name", &user.name), ("name", &user.name), ("web_service_access_only", "true")])
            }
        };
        for role in &user.roles {
            let role = roles.entry(role.clone()).or_insert_with(|| seeder.add("sys_user_role", &[("name", role)])).clone();
            seeder.add("sys_user_has_role", &[("user", &sys_id), ("role", &role), ("state", "active"), ("inherited", "false")]);
        }
    }
    for (sys_id, name) in GROUPS {
        seeder.add("sys_user_group", &[("sys_id", sys_id), ("name", name)]);
    }
    for (class, name, fqdn, address) in SERVERS {
        seeder.add(
            class,
            &[("name", name), ("fqdn", fqdn), ("dns_domain", "contoso.com"), ("ip_address", address), ("host_name", name)],
        );
    }
}
