//! `EntityDefinitions`: which tables there are, with their columns, keys and relationships. Of the query options only `$select`, `$filter`
//! and `$expand` work here, as on the real thing; the definitions are never paged.

use serde_json::{Map, Value, json};

use super::{
    super::{
        environment::Request,
        guid,
        query::{
            lexer::{self, Token},
            options::{pairs, split},
        },
        refusal::Refusal,
        schema::{Ownership, Schema, Table},
    },
    associations::reverse,
    metadata_columns as columns, ok, segment,
};
use crate::http::Answer;

/// `GET /EntityDefinitions…`
pub(super) fn answer(request: &Request<'_>, key: Option<&str>, rest: &[&str]) -> Result<Answer, Refusal> {
    let database = request.environment.read();
    let schema = &database.schema;
    let query = Query::read(&request.call.query)?;
    let Some(key) = key else {
        let all = schema.tables().map(|(_, table)| definition(table)).collect();
        return query.collection(request, "EntityDefinitions", all);
    };
    let named = |text: &str| text.strip_prefix("LogicalName='").and_then(|text| text.strip_suffix('\'')).map(str::to_owned);
    let table = match named(key) {
        Some(name) => schema.named(&name),
        None => guid::parse(key).and_then(|id| schema.tables().map(|(_, table)| table).find(|table| table_id(table) == id)),
    };
    let missing = || Refusal::new(404, "0x80060888", format!("Could not find an entity with {}.", key.replace('=', " ")));
    let table = table.ok_or_else(missing)?;
    let Some((part, rest)) = rest.split_first() else {
        let mut fields = definition(table);
        query.expand_into(&mut fields, table, schema)?;
        query.project(&mut fields)?;
        fields.insert("@odata.context".to_owned(), format!("{}/$metadata#EntityDefinitions/$entity", request.base).into());
        return Ok(ok(&Value::Object(fields)));
    };
    let (part, inside) = segment(part);
    let context = format!("EntityDefinitions('{}')/{part}", table.logical_name);
    match (part, inside.and_then(named), rest) {
        ("Attributes", None, []) => query.collection(request, &context, columns::all(table, None)),
        ("Attributes", None, [cast]) => query.collection(request, &context, columns::all(table, Some(cast))),
        ("Attributes", Some(name), rest) => {
            let column = table.place(&name).and_then(|place| table.column(place));
            let column = column.filter(|column| rest.first().is_none_or(|cast| columns::is(column, cast))).ok_or_else(missing)?;
            let mut fields = columns::attribute(table, column, !rest.is_empty());
            query.project(&mut fields)?;
            fields.insert("@odata.context".to_owned(), format!("{}/$metadata#{context}/$entity", request.base).into());
            Ok(ok(&Value::Object(fields)))
        }
        ("Keys", None, []) => query.collection(request, &context, keys(table)),
        ("ManyToOneRelationships", None, []) => query.collection(request, &context, many_to_one(table, schema)),
        ("OneToManyRelationships", None, []) => query.collection(request, &context, one_to_many(table, schema)),
        ("ManyToManyRelationships", None, []) => query.collection(request, &context, many_to_many(table, schema)),
        _ => Err(Refusal::no_segment(part)),
    }
}

fn table_id(table: &Table) -> u128 {
    guid::of_name(&table.logical_name)
}

/// The `MetadataId` of a table.
pub(in super::super) fn metadata_id(table: &Table) -> u128 {
    table_id(table)
}

fn definition(table: &Table) -> Map<String, Value> {
    let text = |text: &str| columns::label(text);
    let fields = json!({
        "MetadataId": guid::show(table_id(table)),
        "LogicalName": table.logical_name,
        "SchemaName": table.schema_name,
        "LogicalCollectionName": table.set_name,
        "CollectionSchemaName": format!("{}s", table.schema_name),
        "EntitySetName": table.set_name,
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "ObjectTypeCode": table.type_code,
        "ChangeTrackingEnabled": table.change_tracking,
        "DisplayName": text(&table.label),
        "DisplayCollectionName": text(&table.plural),
        "Description": text(""),
        "IsCustomEntity": table.custom,
        "IsManaged": table.custom,
        "IsPrivate": false,
        "IsActivity": table.privilege == "Activity",
        "HasNotes": table.notes,
        "IsIntersect": false,
        "TableType": "Standard",
        "OwnershipType": if table.ownership == Ownership::User { "UserOwned" } else { "OrganizationOwned" },
    });
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

fn keys(table: &Table) -> Vec<Map<String, Value>> {
    let key = |key: &super::super::schema::Key| {
        object(json!({
            "MetadataId": guid::show(guid::of_name(&format!("key {} {}", table.logical_name, key.name))),
            "LogicalName": key.name,
            "SchemaName": key.name,
            "EntityLogicalName": table.logical_name,
            "KeyAttributes": key.columns,
            "EntityKeyIndexStatus": "Active",
            "DisplayName": columns::label(&key.label),
        }))
    };
    table.keys.iter().map(key).collect()
}

fn relationship(one: &Table, many: &Table, column: &super::super::schema::Column) -> Map<String, Value> {
    let name = format!("{}_{}_{}", one.logical_name, many.logical_name, column.name);
    object(json!({
        "MetadataId": guid::show(guid::of_name(&name)),
        "SchemaName": name,
        "RelationshipType": "OneToManyRelationship",
        "IsCustomRelationship": column.is_custom(),
        "ReferencedEntity": one.logical_name,
        "ReferencedAttribute": one.primary_id,
        "ReferencedEntityNavigationPropertyName": reverse(one, many, &column.name),
        "ReferencingEntity": many.logical_name,
        "ReferencingAttribute": column.name,
        "ReferencingEntityNavigationPropertyName": column.navigation(&one.logical_name),
    }))
}

fn many_to_one(table: &Table, schema: &Schema) -> Vec<Map<String, Value>> {
    let lookups = table.columns.iter().filter(|column| column.kind.is_lookup());
    lookups
        .flat_map(|column| {
            let targets = column.targets.iter().filter_map(|target| schema.named(target));
            targets.map(move |target| relationship(target, table, column)).collect::<Vec<_>>()
        })
        .collect()
}

fn one_to_many(table: &Table, schema: &Schema) -> Vec<Map<String, Value>> {
    let others = schema.tables().flat_map(|(_, other)| other.columns.iter().map(move |column| (other, column)));
    others
        .filter(|(_, column)| column.kind.is_lookup() && column.targets.contains(&table.logical_name))
        .map(|(other, column)| relationship(table, other, column))
        .collect()
}

fn many_to_many(table: &Table, schema: &Schema) -> Vec<Map<String, Value>> {
    let own = schema.relationships.iter().filter(|pair| pair.first == table.logical_name || pair.second == table.logical_name);
    own.map(|pair| {
        object(json!({
            "MetadataId": guid::show(guid::of_name(&pair.name)),
            "SchemaName": pair.name,
            "RelationshipType": "ManyToManyRelationship",
            "Entity1LogicalName": pair.first,
            "Entity1NavigationPropertyName": pair.name,
            "Entity2LogicalName": pair.second,
            "Entity2NavigationPropertyName": pair.name,
            "IntersectEntityName": pair.name,
        }))
    })
    .collect()
}

/// Query options of metadata.
#[derive(Debug, Default)]
struct Query {
    select: Vec<String>,
    /// Property and wanted value; all have to match.
    filter: Vec<(String, bool, Value)>,
    /// Complex property and its `$select`.
    expand: Vec<(String, Vec<String>)>,
}

fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

impl Query {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut read = Self::default();
        for (name, value) in pairs(query) {
            match name.as_str() {
                "$select" => read.select = names(&value),
                "$filter" => read.filter = conditions(&value)?,
                "$expand" => {
                    for part in split(&value, ',') {
                        let (name, options) =
                            part.split_once('(').map_or((part, ""), |(name, rest)| (name, rest.trim_end_matches(')')));
                        let select = options.split_once("$select=").map(|(_, select)| names(select)).unwrap_or_default();
                        read.expand.push((name.trim().to_owned(), select));
                    }
                }
                "$count" => {}
                other if other.starts_with('$') => {
                    return Err(Refusal::bad(format!("The query parameter {other} is not supported")));
                }
                _ => {}
            }
        }
        Ok(read)
    }

    fn collection(&self, request: &Request<'_>, context: &str, all: Vec<Map<String, Value>>) -> Result<Answer, Refusal> {
        let mut value = Vec::new();
        for mut fields in all {
            if self.filter.iter().all(|(name, equal, wanted)| (lookup(&fields, name) == Some(wanted)) == *equal) {
                self.project(&mut fields)?;
                value.push(Value::Object(fields));
            }
        }
        Ok(ok(&json!({"@odata.context": format!("{}/$metadata#{context}", request.base), "value": value})))
    }

    /// Columns, keys and relationships inside a table's definition.
    fn expand_into(&self, fields: &mut Map<String, Value>, table: &Table, schema: &Schema) -> Result<(), Refusal> {
        for (name, _) in &self.expand {
            let parts = match name.as_str() {
                "Attributes" => columns::all(table, None),
                "Keys" => keys(table),
                "ManyToOneRelationships" => many_to_one(table, schema),
                "OneToManyRelationships" => one_to_many(table, schema),
                "ManyToManyRelationships" => many_to_many(table, schema),
                _ => return Err(Refusal::no_property(name, "EntityMetadata")),
            };
            fields.insert(name.clone(), parts.into_iter().map(Value::Object).collect());
        }
        Ok(())
    }

    /// Leaves what was selected and expanded; `MetadataId` and control information always stay.
    fn project(&self, fields: &mut Map<String, Value>) -> Result<(), Refusal> {
        let known = |name: &String| fields.contains_key(name);
        let expanded: Vec<&String> = self.expand.iter().map(|(name, _)| name).collect();
        if let Some(unknown) = self.expand.iter().map(|(name, _)| name).find(|name| !known(name)) {
            return Err(Refusal::no_property(unknown, "AttributeMetadata"));
        }
        // What only derived types have is passed over on the others.
        let select: Vec<&String> = self.select.iter().filter(|name| known(name)).collect();
        if !self.select.is_empty() && select.is_empty() {
            let name = self.select.first().map(String::as_str).unwrap_or_default();
            return Err(Refusal::no_property(name, "EntityMetadata"));
        }
        let complex = ["OptionSet", "GlobalOptionSet"];
        fields.retain(|name, _| {
            name == "MetadataId"
                || name.starts_with('@')
                || expanded.contains(&name)
                || (!complex.contains(&name.as_str()) && (select.is_empty() || select.contains(&name)))
        });
        for (name, select) in &self.expand {
            if let Some(Value::Object(inner)) = fields.get_mut(name) {
                inner.retain(|name, _| select.is_empty() || name == "MetadataId" || select.contains(name));
            } else if let Some(Value::Array(parts)) = fields.get_mut(name) {
                for part in parts.iter_mut().filter_map(Value::as_object_mut) {
                    part.retain(|name, _| {
                        select.is_empty() || name == "MetadataId" || name.starts_with('@') || select.contains(name)
                    });
                }
            }
        }
        Ok(())
    }
}

/// `DisplayName/UserLocalizedLabel/Label` leads into the value.
fn lookup<'a>(fields: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('/');
    let first = fields.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// `IsCustomEntity eq true and LogicalName eq 'incident'`; metadata filters know no more than that here.
fn conditions(text: &str) -> Result<Vec<(String, bool, Value)>, Refusal> {
    let broken = || Refusal::bad(format!("The filter '{text}' is not supported for metadata here."));
    let tokens = lexer::read(text).map_err(Refusal::bad)?;
    let tokens: Vec<Token> = tokens.into_iter().filter(|token| !matches!(token, Token::Open | Token::Close)).collect();
    tokens
        .chunks(4)
        .map(|chunk| {
            let (Some(Token::Name(name)), Some(Token::Name(operator)), Some(value)) = (chunk.first(), chunk.get(1), chunk.get(2))
            else {
                return Err(broken());
            };
            if chunk.get(3).is_some_and(|joint| *joint != Token::Name("and".to_owned())) {
                return Err(broken());
            }
            let value = match value {
                Token::Text(text) => text.clone().into(),
                Token::Integer(number) => (*number).into(),
                Token::Guid(id) => guid::show(*id).into(),
                Token::Name(name) if name == "true" || name == "false" => (name == "true").into(),
                Token::Name(name) if name == "null" => Value::Null,
                // `Microsoft.Dynamics.CRM.AttributeTypeCode'String'`
                _ => return Err(broken()),
            };
            match operator.as_str() {
                "eq" => Ok((name.clone(), true, value)),
                "ne" => Ok((name.clone(), false, value)),
                _ => Err(broken()),
            }
        })
        .collect()
}
