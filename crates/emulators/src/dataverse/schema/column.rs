//! One column: its names, its type, what may be written to it.

use serde::Deserialize;

/// An option of a choice column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub value: i64,
    /// What people see.
    pub label: String,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the type it is named after")]
pub enum Kind {
    #[default]
    Text,
    Memo,
    Integer,
    BigInteger,
    Decimal,
    Boolean,
    DateTime,
    Choice,
    State,
    Status,
    Lookup,
    Customer,
    Owner,
    UniqueIdentifier,
}

impl Kind {
    /// `AttributeType` of the metadata; `AttributeTypeName` is the same with `Type` behind it.
    #[must_use]
    pub fn attribute_type(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::Memo => "Memo",
            Self::Integer => "Integer",
            Self::BigInteger => "BigInt",
            Self::Decimal => "Decimal",
            Self::Boolean => "Boolean",
            Self::DateTime => "DateTime",
            Self::Choice => "Picklist",
            Self::State => "State",
            Self::Status => "Status",
            Self::Lookup => "Lookup",
            Self::Customer => "Customer",
            Self::Owner => "Owner",
            Self::UniqueIdentifier => "Uniqueidentifier",
        }
    }

    /// `@odata.type` of the metadata, without the namespace.
    #[must_use]
    pub fn metadata_type(self) -> &'static str {
        match self {
            Self::Text => "StringAttributeMetadata",
            Self::Memo => "MemoAttributeMetadata",
            Self::Integer => "IntegerAttributeMetadata",
            Self::BigInteger => "BigIntAttributeMetadata",
            Self::Decimal => "DecimalAttributeMetadata",
            Self::Boolean => "BooleanAttributeMetadata",
            Self::DateTime => "DateTimeAttributeMetadata",
            Self::Choice => "PicklistAttributeMetadata",
            Self::State => "StateAttributeMetadata",
            Self::Status => "StatusAttributeMetadata",
            Self::Lookup | Self::Customer | Self::Owner => "LookupAttributeMetadata",
            Self::UniqueIdentifier => "UniqueIdentifierAttributeMetadata",
        }
    }

    /// Whether it points to a record.
    #[must_use]
    pub fn is_lookup(self) -> bool {
        matches!(self, Self::Lookup | Self::Customer | Self::Owner)
    }
}

/// How much a column is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// Not at all.
    #[default]
    None,
    /// Forms mark it.
    Recommended,
    /// Forms insist, the API does not.
    Application,
    /// Always.
    System,
}

fn yes() -> bool {
    true
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Logical name, lower case.
    pub name: String,
    /// Schema name; the logical one when left out.
    #[serde(default)]
    pub schema_name: String,
    /// What people see.
    pub label: String,
    /// Type.
    #[serde(rename = "type", default)]
    pub kind: Kind,
    /// Most characters of a text.
    #[serde(default)]
    pub max: Option<usize>,
    /// Options of a choice.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// Value of a new record's choice, number or boolean (0 or 1) when nothing is given.
    #[serde(default)]
    pub default: Option<i64>,
    /// Logical names of the tables a lookup points to.
    #[serde(default)]
    pub targets: Vec<String>,
    /// How much it is needed.
    #[serde(default)]
    pub required: Required,
    /// Whether it may be given on create.
    #[serde(default = "yes")]
    pub create: bool,
    /// Whether it may be changed.
    #[serde(default = "yes")]
    pub update: bool,
    /// Form of an automatic number: `{n:5}` is the running number in five digits, `{r}` six random characters.
    #[serde(default)]
    pub number: Option<String>,
    /// Name of the global choice it uses.
    #[serde(default)]
    pub global: Option<String>,
}

impl Column {
    /// A system column: visible, never written.
    #[must_use]
    pub fn system(name: &str, label: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            schema_name: name.to_owned(),
            label: label.to_owned(),
            kind,
            max: None,
            options: Vec::new(),
            default: None,
            targets: Vec::new(),
            required: Required::None,
            create: false,
            update: false,
            number: None,
            global: None,
        }
    }

    /// Whether a publisher added it.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.name.contains('_')
    }

    /// The property on the wire: `_x_value` for a lookup.
    #[must_use]
    pub fn property(&self) -> String {
        if self.kind.is_lookup() { format!("_{}_value", self.name) } else { self.name.clone() }
    }

    /// Navigation property towards one of its targets; case matters, and a publisher's is spelled like the schema name.
    #[must_use]
    pub fn navigation(&self, target: &str) -> String {
        let base = if self.is_custom() { &self.schema_name } else { &self.name };
        match self.kind {
            Kind::Owner => base.clone(),
            _ if self.targets.len() > 1 && !matches!(self.name.as_str(), "createdby" | "modifiedby") => {
                format!("{base}_{target}")
            }
            _ => base.clone(),
        }
    }

    /// What people see of a choice.
    #[must_use]
    pub fn option(&self, value: i64) -> Option<&Choice> {
        self.options.iter().find(|option| option.value == value)
    }
}
