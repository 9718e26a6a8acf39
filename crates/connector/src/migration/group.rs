//! Finds action groups wherever an export holds them: the CLI's flat shape, the REST API's with `properties`, lists, templates
//! with nested deployments. Names of properties are compared without case, since PowerShell writes them in its own.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::expression::Scope;
use super::finding::{Finding, Findings};

const TYPE: &str = "microsoft.insights/actiongroups";
const DEPLOYMENT: &str = "microsoft.resources/deployments";
const AS_DEPLOYED: &str = "export the deployed group with `az monitor action-group show` and give that file";

/// An action group as it was found.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) file: String,
    pub(super) name: String,
    /// Its resource group.
    pub(super) of: Option<String>,
    /// Its ARM id in lower case, where the export tells.
    id: Option<String>,
    /// Its ITSM receivers, expressions replaced where they can be.
    pub(super) receivers: Vec<Map<String, Value>>,
    /// Names of all its receivers of any kind: they must be unique.
    pub(super) taken: HashSet<String>,
    /// How many webhooks it has already.
    pub(super) webhooks: usize,
}

impl Group {
    /// How findings call it, or one of its receivers.
    pub(super) fn place(&self, receiver: &str) -> String {
        let of = self.of.as_ref().map_or_else(String::new, |group| format!(" of {group}"));
        match receiver {
            "" => format!("action group \"{}\"{of}", self.name),
            receiver => format!("action group \"{}\"{of}, receiver \"{receiver}\"", self.name),
        }
    }
}

/// All action groups of a document.
pub(super) fn find(file: &str, document: &Value, findings: &mut Vec<Finding>) -> Vec<Group> {
    let mut walk = Walk { file, groups: Vec::new(), findings };
    walk.value(document, None);
    walk.groups
}

/// Leaves each group once: several exports may hold the same.
pub(super) fn drop_repeated(groups: &mut Vec<Group>, findings: &mut Vec<Finding>) {
    let mut seen = HashSet::new();
    groups.retain(|group| {
        let new = group.id.as_ref().is_none_or(|id| seen.insert(id.clone()));
        if !new {
            Findings::at(&group.file, group.place(""), findings).remark(
                "this action group was in an earlier file, or earlier in this one",
                "the first is used; nothing is to do",
            );
        }
        new
    });
}

/// The value of a property, by its name without case.
pub(super) fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(has, _)| has.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

struct Walk<'a> {
    file: &'a str,
    groups: Vec<Group>,
    findings: &'a mut Vec<Finding>,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, scope: Option<&Scope>) {
        match value {
            Value::Array(list) => list.iter().for_each(|item| self.value(item, scope)),
            Value::Object(object) => self.object(object, scope),
            _ => {}
        }
    }

    fn object(&mut self, object: &Map<String, Value>, scope: Option<&Scope>) {
        let kind = get(object, "type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        if kind == DEPLOYMENT && self.deployment(object, scope) {
            return;
        }
        if get(object, "resources").is_some() && kind.is_empty() {
            let own = template_scope(object, None, None);
            return self.below(object, Some(&own));
        }
        let properties = get(object, "properties").and_then(Value::as_object).unwrap_or(object);
        if kind == TYPE || receivers(properties).is_some() {
            return self.group(object, properties, scope);
        }
        if get(object, "itsmAction").is_some() {
            Findings::at(self.file, String::new(), self.findings).lost(
                "there is an alert rule of Log Analytics with an ITSM action of its own (2018), outside of any action group",
                "give the rule an action group; its templateInfo is a ticketConfiguration",
            );
        }
        self.below(object, scope);
    }

    fn below(&mut self, object: &Map<String, Value>, scope: Option<&Scope>) {
        object.values().for_each(|value| self.value(value, scope));
    }

    /// A nested template knows its own names, or with the older default those of the outer one.
    fn deployment(&mut self, object: &Map<String, Value>, scope: Option<&Scope>) -> bool {
        let Some(properties) = get(object, "properties").and_then(Value::as_object) else { return false };
        let Some(template) = get(properties, "template").and_then(Value::as_object) else { return false };
        let evaluated = get(properties, "expressionEvaluationOptions").and_then(|options| options.get("scope"));
        if evaluated.and_then(Value::as_str).is_some_and(|scope| scope.eq_ignore_ascii_case("inner")) {
            let given = get(properties, "parameters").and_then(Value::as_object);
            self.below(template, Some(&template_scope(template, given, scope)));
        } else {
            self.below(template, scope);
        }
        true
    }

    fn group(&mut self, object: &Map<String, Value>, properties: &Map<String, Value>, scope: Option<&Scope>) {
        let known = |value: &Value| scope.map_or_else(|| Some(value.clone()), |scope| scope.known(value));
        let text = |name: &str| get(object, name).and_then(known).and_then(|value| value.as_str().map(str::to_owned));
        let written = get(object, "name").and_then(Value::as_str);
        let name = text("name").or_else(|| written.map(str::to_owned)).unwrap_or_else(|| "unnamed".to_owned());
        // With an id the deployed group is meant; in templates there is none.
        let id = text("id").map(|id| id.to_ascii_lowercase()).filter(|id| id.starts_with('/'));
        let resource_group = text("resourceGroup").or_else(|| text("resourceGroupName")).or_else(|| {
            let id = text("id")?;
            let mut parts = id.split('/');
            parts.find(|part| part.eq_ignore_ascii_case("resourceGroups"))?;
            parts.next().map(str::to_owned)
        });
        let mut group = Group {
            file: self.file.to_owned(),
            name,
            of: resource_group,
            id,
            receivers: Vec::new(),
            taken: HashSet::new(),
            webhooks: get(properties, "webhookReceivers").and_then(Value::as_array).map_or(0, Vec::len),
        };
        group.taken = names_of_receivers(properties, known);
        let mut findings = Findings::at(self.file, group.place(""), self.findings);
        if get(object, "copy").is_some() {
            findings.lost("a copy loop makes several groups of this one", AS_DEPLOYED);
        }
        let looped = get(properties, "copy").and_then(Value::as_array).into_iter().flatten();
        if looped.filter_map(|copy| copy.get("name")?.as_str()).any(|name| name.eq_ignore_ascii_case("itsmReceivers")) {
            findings.lost("a copy loop makes its ITSM receivers", AS_DEPLOYED);
        }
        if get(properties, "enabled").and_then(Value::as_bool) == Some(false) {
            findings.remark("the group is switched off", "nothing is posted until it is switched on");
        }
        if let Some(written) = receivers(properties) {
            group.receivers = listed(written, known, &mut findings);
        }
        self.groups.push(group);
        if let Some(children) = get(object, "resources") {
            self.value(children, scope);
        }
    }
}

fn receivers(properties: &Map<String, Value>) -> Option<&Value> {
    get(properties, "itsmReceivers").or_else(|| get(properties, "itsmReceiver"))
}

/// The receivers of a list, as far as they are known.
fn listed(written: &Value, known: impl Fn(&Value) -> Option<Value>, findings: &mut Findings<'_>) -> Vec<Map<String, Value>> {
    const AGAIN: &str = "export again, from PowerShell with `ConvertTo-Json -Depth 10`";
    match (known(written), written) {
        // Some of them may be known, and of one that is not, some of its properties.
        (None, Value::Array(list)) => {
            let (objects, others): (Vec<_>, Vec<_>) = list.iter().partition(|item| item.is_object());
            for _ in others {
                findings.lost("an ITSM receiver is an expression that only Azure knows", AS_DEPLOYED);
            }
            objects.into_iter().filter_map(Value::as_object).map(|receiver| known_parts(receiver, &known)).collect()
        }
        (None, _) => {
            findings.lost("its ITSM receivers are an expression that only Azure knows", AS_DEPLOYED);
            Vec::new()
        }
        (Some(Value::Array(list)), _) => {
            let object = |item| {
                if let Value::Object(receiver) = item {
                    return Some(receiver);
                }
                findings.lost("an ITSM receiver is not an object", AGAIN);
                None
            };
            list.into_iter().filter_map(object).collect()
        }
        // PowerShell makes a list of one its only item.
        (Some(Value::Object(receiver)), _) => vec![receiver],
        (Some(Value::Null), _) => Vec::new(),
        (Some(Value::String(text)), _) if text.is_empty() => Vec::new(),
        _ => {
            findings.lost("its ITSM receivers are not a list", AGAIN);
            Vec::new()
        }
    }
}

/// What of a receiver is known; properties that are not stay out, and whoever needs them says so.
fn known_parts(receiver: &Map<String, Value>, known: impl Fn(&Value) -> Option<Value>) -> Map<String, Value> {
    receiver.iter().map(|(name, value)| (name.clone(), known(value).unwrap_or_else(|| value.clone()))).collect()
}

fn names_of_receivers(properties: &Map<String, Value>, known: impl Fn(&Value) -> Option<Value>) -> HashSet<String> {
    let lists = properties.iter().filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.ends_with("receivers") || name.ends_with("receiver")
    });
    let named = lists.filter_map(|(_, list)| list.as_array()).flatten().filter_map(Value::as_object);
    named.filter_map(|receiver| known(get(receiver, "name")?)?.as_str().map(str::to_lowercase)).collect()
}

fn template_scope(template: &Map<String, Value>, given: Option<&Map<String, Value>>, outer: Option<&Scope>) -> Scope {
    let object = |name: &str| get(template, name).and_then(Value::as_object);
    let mut scope = Scope { variables: object("variables").cloned().unwrap_or_default(), ..Scope::default() };
    for (name, declared) in object("parameters").into_iter().flatten() {
        let given = given.and_then(|given| get(given, name)?.get("value"));
        let given = given.and_then(|value| outer.map_or_else(|| Some(value.clone()), |outer| outer.known(value)));
        if let Some(value) = given.or_else(|| declared.get("defaultValue").cloned()) {
            scope.parameters.insert(name.clone(), value);
        }
    }
    scope
}
