//! What the environment says of a table: its columns with types and lengths, its choice lists, its lookups with the names by which
//! they are written. Read once in a while and remembered; without it values could not be given their types.

use std::collections::BTreeMap;

use serde_json::Value;

use super::client::Client;
use super::row::Row;
use crate::configuration::{Choice, Field};
use crate::provider::ProviderError;
use crate::provider::trouble::Trouble;

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) label: String,
    /// `AttributeType`: `String`, `Picklist`, `Lookup`, ...
    pub(super) kind: String,
    /// Most characters of a text.
    pub(super) max: Option<u32>,
    /// Whether a record cannot be without it.
    pub(super) required: bool,
    /// Whether it may be given on create.
    pub(super) create: bool,
}

impl Column {
    pub(super) fn is_lookup(&self) -> bool {
        matches!(self.kind.as_str(), "Lookup" | "Customer" | "Owner")
    }

    pub(super) fn is_choice(&self) -> bool {
        matches!(self.kind.as_str(), "Picklist" | "State" | "Status")
    }
}

/// Where a lookup leads, and the navigation property by which it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) table: String,
    pub(super) navigation: String,
}

/// A many-to-many relationship with another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) table: String,
    pub(super) navigation: String,
}

/// One status reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) value: i64,
    pub(super) state: i64,
    pub(super) label: String,
}

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) entity: Entity,
    pub(super) columns: BTreeMap<String, Column>,
    pub(super) lookups: BTreeMap<String, Vec<Target>>,
    pub(super) choices: BTreeMap<String, Vec<Choice>>,
    pub(super) statuses: Vec<Status>,
    pub(super) pairs: Vec<Pair>,
    /// Columns of each alternate key.
    pub(super) keys: Vec<Vec<String>>,
}

/// What a table is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entity {
    pub(super) logical_name: String,
    pub(super) label: String,
    pub(super) set: String,
    pub(super) id: String,
    /// Column that names a record.
    pub(super) name: String,
    pub(super) tracked: bool,
}

/// What is read of every table.
const ENTITY: &str = "LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ChangeTrackingEnabled,DisplayName";
const OPTIONS: &str = "OptionSet($select=Options),GlobalOptionSet($select=Options)";

/// `DisplayName`
pub(super) fn label(value: &Value) -> String {
    let told = value.pointer("/UserLocalizedLabel/Label").or_else(|| value.pointer("/LocalizedLabels/0/Label"));
    told.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn entity_of(row: &Row) -> Entity {
    Entity {
        logical_name: row.text("LogicalName"),
        label: label(row.part("DisplayName")),
        set: row.text("EntitySetName"),
        id: row.text("PrimaryIdAttribute"),
        name: row.text("PrimaryNameAttribute"),
        tracked: row.part("ChangeTrackingEnabled").as_bool().unwrap_or_default(),
    }
}

fn path(logical_name: &str, part: &str) -> String {
    format!("EntityDefinitions(LogicalName='{}'){part}", logical_name.replace('\'', "''"))
}

/// What a table is called.
pub(super) async fn entity(client: &Client, logical_name: &str) -> Result<Entity, ProviderError> {
    let what = format!("reading the definition of {logical_name}");
    match client.get(&path(logical_name, ""), &[("$select", ENTITY)], &what).await {
        Ok((row, _)) => Ok(entity_of(&row)),
        Err(Trouble::NotFound(cause) | Trouble::Error(ProviderError::Refused { cause, .. })) => {
            Err(no_table(logical_name, &cause))
        }
        Err(other) => Err(other.into()),
    }
}

fn no_table(logical_name: &str, cause: &str) -> ProviderError {
    ProviderError::Refused {
        cause: format!("the definition of the table {logical_name} cannot be read: {cause}"),
        remedy: format!(
            "check the logical name {logical_name} in provance.profile, and that the connector's user may read definitions; \
             `itsm-connector discover` proposes a profile"
        ),
    }
}

/// The tables that publishers added.
pub(super) async fn custom(client: &Client) -> Result<Vec<Entity>, ProviderError> {
    let query = [("$select", ENTITY), ("$filter", "IsCustomEntity eq true")];
    let rows = client.definitions("EntityDefinitions", &query).await.map_err(ProviderError::from)?;
    Ok(rows.iter().map(entity_of).collect())
}

/// Everything about a table.
pub(super) async fn table(client: &Client, logical_name: &str) -> Result<Table, ProviderError> {
    let entity = entity(client, logical_name).await?;
    let attributes = |cast: &str| path(logical_name, &format!("/Attributes{cast}"));
    let cast = |kind: &str| attributes(&format!("/Microsoft.Dynamics.CRM.{kind}AttributeMetadata"));
    let select = |columns: &'static str| [("$select", columns)];
    let with_options = [("$select", "LogicalName"), ("$expand", OPTIONS)];
    let read = async {
        let all_query = select("LogicalName,AttributeType,DisplayName,RequiredLevel,IsValidForCreate");
        let lengths_query = select("LogicalName,MaxLength");
        let lookups_query = select("ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName");
        let paths = [
            attributes(""),
            cast("String"),
            cast("Memo"),
            cast("Picklist"),
            cast("State"),
            cast("Status"),
            path(logical_name, "/ManyToOneRelationships"),
            path(logical_name, "/ManyToManyRelationships"),
            path(logical_name, "/Keys"),
        ];
        let [all, strings, memos, picklists, states, statuses, lookups, pairs, keys] = &paths;
        tokio::try_join!(
            client.definitions(all, &all_query),
            client.definitions(strings, &lengths_query),
            client.definitions(memos, &lengths_query),
            client.definitions(picklists, &with_options),
            client.definitions(states, &with_options),
            client.definitions(statuses, &with_options),
            client.definitions(lookups, &lookups_query),
            client.definitions(pairs, &[]),
            client.definitions(keys, &[]),
        )
    };
    let (all, strings, memos, picklists, states, statuses, lookups, pairs, keys) = // Boxed: nine calls at once are large, and every call of the provider may come here.
        match Box::pin(read).await {
        Ok(read) => read,
        Err(Trouble::NotFound(cause) | Trouble::Error(ProviderError::Refused { cause, .. })) => {
            return Err(no_table(logical_name, &cause));
        }
        Err(other) => return Err(other.into()),
    };
    let mut table = Table { entity, ..Table::default() };
    table.columns = all.iter().map(|row| (row.text("LogicalName"), column(row))).collect();
    for row in strings.iter().chain(&memos) {
        if let Some(column) = table.columns.get_mut(&row.text("LogicalName")) {
            column.max = row.number("MaxLength").and_then(|length| length.try_into().ok());
        }
    }
    for row in picklists.iter().chain(&states).chain(&statuses) {
        table.choices.insert(row.text("LogicalName"), options(row).map(choice).collect());
    }
    table.statuses = statuses.iter().flat_map(options).filter_map(status).collect();
    for row in &lookups {
        let target =
            Target { table: row.text("ReferencedEntity"), navigation: row.text("ReferencingEntityNavigationPropertyName") };
        table.lookups.entry(row.text("ReferencingAttribute")).or_default().push(target);
    }
    table.pairs = pairs.iter().map(|row| pair(row, logical_name)).collect();
    let names = |row: &Row| {
        row.part("KeyAttributes").as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    table.keys = keys.iter().map(names).collect();
    Ok(table)
}

fn column(row: &Row) -> Column {
    let level = row.part("RequiredLevel").get("Value").and_then(Value::as_str).unwrap_or_default();
    Column {
        label: label(row.part("DisplayName")),
        kind: row.text("AttributeType"),
        max: None,
        required: matches!(level, "SystemRequired" | "ApplicationRequired"),
        create: row.part("IsValidForCreate").as_bool().unwrap_or(true),
    }
}

/// A column's own options, or those of the global choice that it uses.
fn options(row: &Row) -> impl Iterator<Item = &Value> {
    let set = ["OptionSet", "GlobalOptionSet"].into_iter().find_map(|name| row.part(name).get("Options")?.as_array());
    set.into_iter().flatten()
}

fn choice(option: &Value) -> Choice {
    let value = option.get("Value").and_then(Value::as_i64).map(|value| value.to_string()).unwrap_or_default();
    Choice { value, label: label(option.get("Label").unwrap_or(&Value::Null)) }
}

fn status(option: &Value) -> Option<Status> {
    let number = |name: &str| option.get(name).and_then(Value::as_i64);
    let label = label(option.get("Label").unwrap_or(&Value::Null));
    Some(Status { value: number("Value")?, state: number("State")?, label })
}

fn pair(row: &Row, own: &str) -> Pair {
    let (other, navigation) = if row.text("Entity1LogicalName") == own {
        ("Entity2LogicalName", "Entity1NavigationPropertyName")
    } else {
        ("Entity1LogicalName", "Entity2NavigationPropertyName")
    };
    Pair { table: row.text(other), navigation: row.text(navigation) }
}

impl Table {
    /// As kept from an earlier refresh: what lookups lead to is not known then.
    pub(super) fn kept(fields: &BTreeMap<String, Field>, choices: Option<&BTreeMap<String, Vec<Choice>>>) -> Self {
        let column = |field: &Field| Column {
            label: field.label.clone(),
            kind: field.kind.clone(),
            max: field.max_length,
            required: false,
            create: true,
        };
        Self {
            columns: fields.iter().map(|(name, field)| (name.clone(), column(field))).collect(),
            choices: choices.cloned().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// As a refresh keeps it.
    pub(super) fn fields(&self) -> BTreeMap<String, Field> {
        let field = |column: &Column| Field { label: column.label.clone(), kind: column.kind.clone(), max_length: column.max };
        self.columns.iter().map(|(name, column)| (name.clone(), field(column))).collect()
    }

    /// The property by which a column is read.
    pub(super) fn property(&self, column: &str) -> String {
        if self.columns.get(column).is_some_and(Column::is_lookup) { format!("_{column}_value") } else { column.to_owned() }
    }
}
