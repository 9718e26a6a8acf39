//! The products there are, and what settings, refresh and commands have to know of one before anything is connected. A new
//! product is a folder and a line in the list below; nothing else in the connector knows it by name.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Provider, Surroundings};
use crate::configuration::Choice;
use crate::configuration::validate::Judge;
use crate::settings::Connection;
use crate::settings::validate::Check;
use crate::work_item::WorkItemType;

/// Makes [`Product`] of the list of products: variant, name in the settings, folder.
macro_rules! products {
    ($( $(#[$about:meta])* $variant:ident = $name:literal in $folder:ident; )*) => {
        /// Which product a connection speaks to, told by its setting `provider`, and the settings that only this product has.
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "provider")]
        pub enum Product {
            $( $(#[$about])* #[serde(rename = $name)] $variant(Box<super::$folder::config::Config>), )*
        }

        impl Product {
            /// The names that `provider` can have.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Its name in the settings.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $name, )* }
            }
        }

        impl Deref for Product {
            type Target = dyn ProductSettings;

            fn deref(&self) -> &Self::Target {
                match self { $( Self::$variant(config) => &**config, )* }
            }
        }
    };
}

products! {
    /// ServiceNow.
    ServiceNow = "servicenow" in servicenow;
    /// System Center Service Manager.
    ServiceManager = "service_manager" in service_manager;
}

/// What the settings of a product can do. Everything here is pure.
pub trait ProductSettings: Debug + Send + Sync {
    /// The product's own words.
    fn words(&self) -> Words;

    /// Adds what is wrong with the product's own settings below `key` (`connections.NAME`), and with those of the `connection`
    /// that mean something special to it.
    fn validate(&self, key: &str, connection: &Connection, check: &mut Check<'_>);

    /// Makes the provider; touches no network. The error says what is wrong and what to do.
    fn build(&self, name: &str, connection: &Connection, surroundings: &Surroundings) -> Result<Arc<dyn Provider>, String>;

    /// Adds what the product's own settings refer to and the tool does not have.
    fn judge(&self, _key: &str, _judge: &mut Judge<'_>) {}

    /// Whether `field` of a work item can be written though its table, as it was read, does not have it; nothing when nobody can
    /// tell.
    fn written_elsewhere(&self, _kind: WorkItemType, _field: &str, _judge: &Judge<'_>) -> Option<bool> {
        Some(false)
    }

    /// Problem and remedy when the tool surely has no such work item type.
    fn missing(&self, kind: WorkItemType, _judge: &Judge<'_>) -> Option<(String, String)> {
        let words = self.words();
        words.table(kind).is_empty().then(|| {
            let known: Vec<_> = words.tables.iter().map(|(kind, _)| kind.name()).collect();
            (format!("{} has no {kind}", words.title), format!("use the work item type {}", known.join(" or ")))
        })
    }

    /// Whether a field's value may be given as people see it.
    fn takes_labels(&self, _kind: WorkItemType) -> bool {
        false
    }

    /// Whether `value` in the settings means `choice` of a field's list.
    fn means(&self, kind: WorkItemType, choice: &Choice, value: &str) -> bool {
        choice.value == value || (self.takes_labels(kind) && choice.label == value)
    }

    /// Whether `value` is an id of the tool, which stands for itself.
    fn is_id(&self, _value: &str) -> bool {
        false
    }
}

/// What a product calls the things that settings and messages speak of. Fields are those of incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The product, as people call it.
    pub title: &'static str,
    /// Where each work item type lives; a type that is not here does not exist.
    pub tables: Vec<(WorkItemType, String)>,
    /// Fields that carry the severity of the alert; they have choice lists.
    pub severity: Vec<String>,
    /// Fields that follow the alert when it fires again, unless `policy.update_fields` names others.
    pub following: Vec<String>,
    /// The field that names the group in charge; empty when there is none.
    pub group: String,
    /// The field of the close code; empty when there is none.
    pub close_code: String,
    /// What the tool does with a field that it does not know.
    pub unknown_field: &'static str,
    /// Whether `url` may have a path.
    pub path: bool,
}

impl Words {
    /// Where `kind` lives; empty when the product has no such thing.
    #[must_use]
    pub fn table(&self, kind: WorkItemType) -> &str {
        self.tables.iter().find(|(has, _)| *has == kind).map_or("", |(_, table)| table)
    }
}

/// A connection together with the settings that only its product has.
#[derive(Debug, Clone)]
pub struct Configured<C> {
    /// What every product has.
    pub connection: Connection,
    /// What only this one has.
    pub own: C,
}

impl<C: Clone> Configured<C> {
    /// Puts both together.
    #[must_use]
    pub fn new(connection: &Connection, own: &C) -> Self {
        Self { connection: connection.clone(), own: own.clone() }
    }
}

impl<C> Deref for Configured<C> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}
