//! System Center Service Manager: incidents and change requests, through what stands before it, because it has no REST interface
//! of its own. Two adapters are two providers behind one product: `gateway` (this project's SM gateway) and `cireson` (the Cireson
//! portal). Names, lengths and GUIDs of Service Manager itself stand in `mapping`, once for both.

use std::sync::Arc;

use self::config::{Adapter, Config};
use super::product::Configured;
use super::{Provider, Surroundings};

mod cireson;
pub mod config;
mod gateway;
mod mapping;
mod product;

/// The settings of a connection to Service Manager.
type Connection = Configured<Config>;

/// Makes the provider that the settings ask for; touches no network. The error says what is wrong and what to do.
fn build(name: &str, connection: Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, String> {
    match connection.own.adapter() {
        Adapter::Gateway => gateway::build(name, connection, surroundings),
        Adapter::Cireson => cireson::build(name, connection, surroundings),
    }
}
