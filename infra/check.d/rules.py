"""What holds between files: templates, functions, generated tables, sample settings, queries. Each rule is a function that yields problems."""

import json
import re

import references
from bicep import Values, walk

# Built-in roles that the connector may be given, by scope: the least that each job needs. From Microsoft's list of built-in roles.
ROLES = {
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-ecb2c155cd7a",
}
# (file, symbol of the scope, who) -> roles. More than this is too much, less does not work.
GRANTED = {
    ("infra/modules/storage.bicep", "account", "principalId"): {"Storage Blob Data Owner", "Storage Queue Data Contributor"},
    ("infra/modules/storage.bicep", "account", "operatorId"): {"Storage Blob Data Contributor", "Storage Queue Data Contributor"},
    ("infra/modules/vault.bicep", "vault", "principalId"): {"Key Vault Secrets User"},
    ("infra/modules/vault.bicep", "vault", "operatorId"): {"Key Vault Secrets Officer"},
    ("infra/modules/collection.bicep", "rule", "principalId"): {"Monitoring Metrics Publisher"},
    ("infra/modules/insights.bicep", "insights", "principalId"): {"Monitoring Metrics Publisher"},
}
APP = "infra/modules/app.bicep"
# Flex Consumption has these elsewhere and refuses them as app settings.
NOT_ON_FLEX = re.compile(r"FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_RUN_FROM_PACKAGE|WEBSITE_CONTENT|WEBSITE_TIME_ZONE|AzureWebJobsStorage$")
# And these as properties of the site: "deprecated" in Microsoft's words.
SITE_NOT_ON_FLEX = set(
    "ftpsState use32BitWorkerProcess windowsFxVersion linuxFxVersion alwaysOn preWarmedInstanceCount functionAppScaleLimit javaVersion powerShellVersion "
    "netFrameworkVersion nodeVersion pythonVersion containerSize isXenon websiteTimeZone".split()
)
SECRET = re.compile(r"secret|password|listkeys|functionkey|connectionstring|accountkey", re.IGNORECASE)
# Azure Monitor, as the caller of secure webhooks in the public cloud.
ACTION_GROUPS = "461e8683-5575-4561-ac7f-899cc907d62a"
ROUTE = re.compile(r"^%([A-Za-z_][A-Za-z0-9_]*)%$")
CONFIGURED = {
    # Written down once more, so that nobody opens a door by accident.
    ("infra/modules/storage.bicep", "account"): {"allowSharedKeyAccess": False, "allowBlobPublicAccess": False, "minimumTlsVersion": "TLS1_2", "supportsHttpsTrafficOnly": True},
    ("infra/modules/vault.bicep", "vault"): {"enableRbacAuthorization": True, "enablePurgeProtection": True},
    ("infra/modules/insights.bicep", "insights"): {"DisableLocalAuth": True},
    ("infra/modules/app.bicep", "app"): {"httpsOnly": True},
}


class Project:
    """The files that rules look at."""

    def __init__(self, root, templates):
        self.root, self.templates = root, templates

    def json(self, path):
        return json.loads((self.root / path).read_text(encoding="utf-8"))

    def functions(self):
        """function.json of each function."""
        return {file.parent.name: json.loads(file.read_text()) for file in sorted(self.root.glob("functions/*/function.json"))}

    def body(self, path, name):
        """The object of a resource."""
        value = self.templates[path].declared[name].value
        for kind in ("choice", "for"):
            if value.kind == kind:
                value = value.parts[1]
        return value

    def settings(self):
        """App settings of the app by their names; secrets that a parameter names are not among them."""
        template = self.templates[APP]
        found = {}
        for list_of in Values(template).of(self.body(APP, "app").member("properties").member("siteConfig").member("appSettings")):
            for item in list_of.parts:
                if item.kind == "object":
                    found[item.member("name").value] = item.member("value")
        return found


def named_by_functions(project):
    """Settings named %LIKE_THIS%, and connections, with the function that names them."""
    for function, description in project.functions().items():
        for binding in description["bindings"]:
            for key, value in binding.items():
                match = ROUTE.match(value) if isinstance(value, str) else None
                if match:
                    yield function, match.group(1)
                elif key == "connection":
                    yield function, value + "__accountName"


def settings_of_functions(project):
    """Every setting that a function names is set by the template and explained in local.settings.json.sample."""
    settings, sample = project.settings(), project.json("local.settings.json.sample")
    for function, name in named_by_functions(project):
        if name not in settings:
            yield f"{APP}: app setting {name} is not set, and function {function} needs it"
        local = name.removesuffix("__accountName")
        if local not in sample["Values"] or local not in sample["Explained"]:
            yield f"local.settings.json.sample: {local} is not there, and function {function} needs it"


def settings_of_the_app(project):
    """Nothing that Flex Consumption refuses; what the connector reads by itself; nothing that nobody explains."""
    settings, explained = project.settings(), project.json("local.settings.json.sample")["Explained"]
    for name in settings:
        if NOT_ON_FLEX.match(name):
            yield f"{APP}: {name} is not allowed on Flex Consumption"
        if name.startswith("ITSM_") and name not in explained:
            yield f"local.settings.json.sample: {name} is set by the template and not explained"
    for name in ("AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId", "AZURE_CLIENT_ID", "ITSM_WORKSPACE_ENDPOINT", "ITSM_WORKSPACE_RULE"):
        if name not in settings:
            yield f"{APP}: app setting {name} is not set"
    if (value := settings.get("AzureWebJobsStorage__credential")) and value.value != "managedidentity":
        yield f"{APP}: AzureWebJobsStorage__credential is not managedidentity"
    for node in walk(project.body(APP, "app")):
        for key in {key for key, _ in node.parts} & SITE_NOT_ON_FLEX if node.kind == "object" else ():
            yield f"{APP}:{node.line}: {key} is not for Flex Consumption"
    rust = "".join((project.root / "crates/connector/src/settings" / file).read_text() for file in ("record_flow.rs", "storage.rs"))
    for name in ("ITSM_WORKSPACE_ENDPOINT", "ITSM_WORKSPACE_RULE", "ITSM_QUEUE"):
        if f'"{name}"' not in rust:
            yield f"{APP}: {name} is no setting that the connector reads"


def queues(project):
    """The queue that the app listens to is made, and the one for what the host gives up."""
    template = project.templates["infra/modules/storage.bicep"]
    names = {project.body(template.path, one.name).member("name").value for one in template.of("resource") if "/queues@" in one.path}
    output = template.outputs["queueName"].value
    due = project.body(template.path, output.parts[0].value).member("name").value
    if due + "-poison" not in names:
        yield f"{template.path}: there is no queue {due}-poison"
    if project.json("local.settings.json.sample")["Values"]["ITSM_QUEUE"] != due:
        yield f"{template.path}: the queue is {due}, and local.settings.json.sample says another"


def roles(project):
    """Roles are those of the list above, each on its scope, for its principal, and no other."""
    names = {identifier: name for name, identifier in ROLES.items()}
    granted = {}
    for path, template in project.templates.items():
        for one in template.of("resource"):
            if not one.path.startswith("Microsoft.Authorization/roleAssignments@"):
                continue
            body = project.body(path, one.name)
            properties, at = body.member("properties"), f"{path}:{one.line}: {one.name}"
            definition = properties.member("roleDefinitionId")
            identifier = Values(template).of(definition.parts[1])[0].value if definition.kind == "call" and len(definition.parts) == 2 else None
            if definition.kind != "call" or definition.parts[0].value != "Microsoft.Authorization/roleDefinitions" or identifier not in names:
                yield f"{at}: {identifier} is no role that the connector is to have"
                continue
            scope, who, guid = body.member("scope"), properties.member("principalId"), body.member("name")
            if scope is None:
                yield f"{at}: has no scope, so it is for the whole resource group"
                continue
            if [part.value for part in guid.parts] != ["id", who.value, definition.parts[1].value] or guid.parts[0].parts[0].value != scope.value:
                yield f"{at}: its name is not guid(scope, principal, role), so two could have one name"
            kind = properties.member("principalType")
            if kind is None or kind.value != ("ServicePrincipal" if who.value == "principalId" else "operatorType"):
                yield f"{at}: principalType is missing or wrong"
            granted.setdefault((path, scope.value, who.value), set()).add(names[identifier])
    for key in {*granted, *GRANTED}:
        if granted.get(key) != GRANTED.get(key):
            yield f"{key[0]}: {key[2]} has on {key[1]} {sorted(granted.get(key, ()))}, and is to have {sorted(GRANTED.get(key, ()))}"


def columns(project):
    """Columns of tables and streams are those of the generated files, and the same in both."""
    streams = project.json("infra/tables/streams.json")
    flows = {flow["outputStream"]: flow for flow in streams["dataFlows"]}
    template = project.templates["infra/modules/tables.bicep"]
    made = {}
    for one in template.of("resource"):
        if "/tables@" in one.path:
            body = project.body(template.path, one.name)
            made[body.member("name").value] = Values(template).of(body.member("properties").member("schema"))[0]
    for table in ("ServiceDesk_CL", "ServiceDeskLog_CL"):
        generated = project.json(f"infra/tables/{table}.json")
        schema = made.get(table)
        if schema is None:
            yield f"{template.path}: there is no table {table}"
            continue
        there = {column.member("name").value: column.member("type").value for column in schema.member("columns").parts}
        if schema.member("name").value != table or there != {column["name"]: column["type"] for column in generated["columns"]}:
            yield f"{template.path}: columns of {table} are not those of infra/tables/{table}.json"
        flow = flows.get("Custom-" + table)
        if flow is None or len(flow["streams"]) != 1 or flow["streams"][0] not in streams["streamDeclarations"]:
            yield f"infra/tables/streams.json: no stream flows into {table}"
            continue
        declared = streams["streamDeclarations"][flow["streams"][0]]["columns"]
        if {column["name"]: column["type"].lower() for column in declared} != {name: kind.lower() for name, kind in there.items()}:
            yield f"infra/tables/streams.json: columns of {flow['streams'][0]} are not those of table {table}"
        if there.get("TimeGenerated") != "dateTime":
            yield f"infra/tables/{table}.json: TimeGenerated is missing"
        for name in there:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{1,44}", name) or name in ("id", "Title", "Type", "TenantId", "UniqueId"):
                yield f"infra/tables/{table}.json: {name} is no name that a column may have"
    rule = project.body("infra/modules/collection.bicep", "rule")
    properties = rule.member("properties")
    for part in ("streamDeclarations", "dataFlows"):
        value = properties.member(part)
        if value.kind != "member" or value.value != part:
            yield f"infra/modules/collection.bicep: {part} are not those of infra/tables/streams.json"
    destinations = {one.member("name").value for one in properties.member("destinations").member("logAnalytics").parts}
    for flow in flows.values():
        if set(flow["destinations"]) - destinations:
            yield f"infra/modules/collection.bicep: there is no destination {flow['destinations']}"
    if rule.member("kind").value != "Direct":
        yield "infra/modules/collection.bicep: the rule is not Direct, so it has no address of its own"


def action_groups(project):
    """Every receiver wants the common schema; rules on the connector never tell the connector."""
    receivers = 0
    for path, template in project.templates.items():
        for one in template.declared.values():
            for node in walk(one.value) if one.value else ():
                if node.kind == "object" and (node.member("serviceUri") or node.member("emailAddress")):
                    receivers += 1
                    common = node.member("useCommonAlertSchema")
                    if common is None or common.value is not True:
                        yield f"{path}:{node.line}: the receiver does not get the common alert schema"
                    token = node.member("useAadAuth")
                    if token is not None and token.value is True and not all(node.member(key) for key in ("objectId", "identifierUri", "tenantId")):
                        yield f"{path}:{node.line}: a secure webhook wants objectId, identifierUri and tenantId"
        for one in template.of("resource"):
            if one.path.startswith("Microsoft.Insights/actionGroups@"):
                body = project.body(path, one.name)
                if body.member("location").value != "Global":
                    yield f"{path}:{one.line}: action groups are in Global, or Service Health cannot use them"
    if receivers < 3:
        yield "infra: receivers of action groups could not be found"
    alerts = project.templates["infra/modules/alerts.bicep"]
    functions = [node for node in walk(project.templates["infra/main.bicep"].declared["alerts"].value) if node.kind == "object" and node.member("dependsOn")]
    if not any(item.value == "saved" for node in functions for item in node.member("dependsOn").parts):
        yield "infra/main.bicep: alert rules call saved functions, and do not wait for them"
    rules = [one for one in alerts.of("resource") if re.match(r"Microsoft\.Insights/(scheduledQueryRules|metricAlerts)@", one.path)]
    for one in rules:
        told = [node for node in walk(one.value) if node.kind == "member" and node.value == "id" and node.parts[0].value == "operators"]
        if not told:
            yield f"{alerts.path}:{one.line}: {one.name} does not tell the operators"
    if any(node.kind == "object" and node.member("serviceUri") for one in alerts.declared.values() if one.value for node in walk(one.value)):
        yield f"{alerts.path}: what the connector fails at must not be reported through the connector"


def secrets(project):
    """No secret has a default or leaves by an output; references are to the vault and name no version."""
    for path, template in project.templates.items():
        for one in template.of("param"):
            if "secure" in one.decorators and one.value is not None and one.value.value != "":
                yield f"{path}:{one.line}: a default for a secret"
            if SECRET.search(one.name) and "secure" not in one.decorators and one.name not in ("secretSettings", "insightsConnection"):
                yield f"{path}:{one.line}: {one.name} looks like a secret and is not secure"
        secure = {one.name for one in template.of("param") if "secure" in one.decorators}
        for one in template.outputs.values():
            used = {node.value for node in walk(one.value) if node.kind in ("name", "call")}
            # What Application Insights calls a connection string is an address: local authentication is off.
            if used & secure or (SECRET.search(one.name) and (path, one.name) != ("infra/modules/insights.bicep", "connectionString")):
                yield f"{path}:{one.line}: output {one.name} gives a secret away"
        for one in [*template.declared.values(), *template.outputs.values()]:
            for node in walk(one.value) if one.value else ():
                if node.kind == "call" and node.value.lower().startswith("list"):
                    yield f"{path}:{node.line}: {node.value} reads keys"
    reference = next((node for node in walk(project.templates[APP].declared["secrets"].value) if node.kind == "text" and "KeyVault" in str(node.parts[0])), None)
    if reference is None or reference.parts[0] != "@Microsoft.KeyVault(SecretUri=" or reference.parts[-1] != ")" or reference.parts[2] != "secrets/":
        yield f"{APP}: secrets are not Key Vault references"
    if project.body(APP, "app").member("properties").member("keyVaultReferenceIdentity") is None:
        yield f"{APP}: nobody resolves Key Vault references: keyVaultReferenceIdentity is missing"


def configured(project):
    """Settings that keep doors shut."""
    for (path, name), wanted in CONFIGURED.items():
        properties = project.body(path, name).member("properties")
        for key, value in wanted.items():
            given = properties.member(key)
            if given is None or given.value != value:
                yield f"{path}: {name}.{key} is not {value}"
    declared = project.templates[APP].declared
    policy = [node for node in walk(declared["authentication"].value) if node.kind == "object" and node.member("allowedApplications")]
    allowed = [value.value for node in policy for item in node.member("allowedApplications").parts for value in Values(project.templates[APP]).of(item)]
    if allowed != [ACTION_GROUPS]:
        yield f"{APP}: App Service authentication lets in {allowed}"
    runtime = [node.member("runtime") for node in walk(declared["app"].value) if node.kind == "object" and node.member("runtime")]
    if [(one.member("name").value, one.member("version").value) for one in runtime] != [("custom", "1.0")]:
        yield f"{APP}: the runtime is not custom 1.0"


def loaded_files(project):
    """Every query is deployed: infra/workbook/build puts the .kql files into the file that a template loads. What lies there and is not deployed misleads."""
    loaded = {template.loaded(node.parts[0].value).resolve() for template, node in references.calls(project.templates, "loadJsonContent")}
    for folder in ("functions", "queries", "alerts"):
        made = project.root / "infra" / folder / f"{folder}.json"
        if made.resolve() not in loaded:
            yield f"infra/{folder}/{folder}.json: no template loads it"
        texts = {one["name"]: one["query"].strip() for one in json.loads(made.read_text(encoding="utf-8"))}
        files = {file.stem: file.read_text(encoding="utf-8").strip() for file in made.parent.glob("*.kql")}
        for name in sorted({*texts, *files}):
            if texts.get(name) != files.get(name):
                yield f"infra/{folder}/{folder}.json: {name} is not what {name}.kql says; run infra/workbook/build"
    json.loads((project.root / "infra/workbook/workbook.json").read_text(encoding="utf-8"))


def queries(project):
    """Queries over our tables name columns that are there. (A semantic check of all queries is another gate.)"""
    known = {"ServiceDesk_CL", "ServiceDeskLog_CL"}
    names = {table: {column["name"] for column in project.json(f"infra/tables/{table}.json")["columns"]} for table in known}
    every = set().union(*names.values())
    for file in sorted((project.root / "infra").glob("*/*.kql")):
        text = re.sub(r'"[^"]*"|//.*', "", file.read_text())
        for word in set(re.findall(r"\b[A-Za-z]+_CL\b", text)) - known:
            yield f"{file.relative_to(project.root)}: there is no table {word}"
        own = set(re.findall(r"\b(\w+)\s*=[^=~]", text))
        for word in set(re.findall(r"\b[A-Za-z]+_[std]\b", text)) - every - own:
            yield f"{file.relative_to(project.root)}: there is no column {word}"


RULES = [settings_of_functions, settings_of_the_app, queues, roles, columns, action_groups, secrets, configured, loaded_files, queries]


def check(root, templates):
    """Problems."""
    project = Project(root, templates)
    problems = []
    for rule in RULES:
        try:
            problems += list(rule(project))
        except (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError) as error:
            problems.append(f"{rule.__name__}: what it looks at is not where it was ({type(error).__name__}: {error})")
    return problems
