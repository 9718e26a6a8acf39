"""Mistakes that the checks must see: each is made in a copy of the project, and the checks must name it. A mutation whose text is not there any more
is itself a problem, and so is one that is found for another reason than its own."""

import re
import shutil

import static

STORAGE, VAULT, TABLES, COLLECTION = (f"infra/modules/{name}.bicep" for name in ("storage", "vault", "tables", "collection"))
APP, INTAKE, ALERTS, MAIN = "infra/modules/app.bicep", "infra/modules/intake.bicep", "infra/modules/alerts.bicep", "infra/main.bicep"
SAVED = "infra/modules/saved.bicep"

# (file, text, instead, what the checks must say)
MUTATIONS = [
    # Syntax and names.
    (MAIN, "resource group 'Micro", "resource group = 'Micro", "not Bicep"),
    (MAIN, "scope: group\n  params: {\n    name: 'id-", "scope: grop\n  params: {\n    name: 'id-", "there is no grop"),
    (MAIN, "storage.outputs.queueName", "storage.outputs.queue", "has no output queue"),
    (MAIN, "    queueName: storage.outputs.queueName\n", "", "needs parameter queueName"),
    (MAIN, "    logLevel: logLevel\n", "    logLevels: logLevel\n", "takes no parameter logLevels"),
    (MAIN, "maximumInstances: maximumInstances", "maximumInstances: logLevel", "parameter maximumInstances of app is integer, not string"),
    (MAIN, "empty(operatorEmails) ? [] : split(operatorEmails, ',')", "operatorEmails", "parameter emails of alerts is array, not string"),
    (MAIN, "'modules/vault.bicep'", "'modules/keyvault.bicep'", "keyvault.bicep is not there"),
    (MAIN, "var secureWebhook = !empty(entraClientId)", "var secureWebhook = !empty(entraClientId)\nvar unused = 1", "unused is never used"),
    (MAIN, "param alwaysReady int = 0", "param alwaysReady int = '0'", "default of alwaysReady is string"),
    (APP, "parent: app", "parent: site", "there is no site"),
    (APP, "var actionGroups", "var settings", "declared twice"),
    # Properties against the type data.
    (STORAGE, "storageAccounts@2025-06-01' = {\n  name: name", "storageAccounts@2024-01-01' = {\n  name: name", "has version 2025-06-01"),
    (STORAGE, "Microsoft.Storage/storageAccounts@", "Microsoft.Storage/storageAccount@", "no such type"),
    (STORAGE, "allowSharedKeyAccess:", "allowSharedKeysAccess:", "is no property of it"),
    (STORAGE, "  kind: 'StorageV2'\n", "", "kind is missing"),
    (STORAGE, "publicAccess: 'None'", "publicAccess: 'Nobody'", "none of Container, Blob, None"),
    (STORAGE, "supportsHttpsTrafficOnly: true", "supportsHttpsTrafficOnly: 'true'", "wants boolean"),
    (STORAGE, "name: 'deploy'", "name: 'd'", "too short"),
    (STORAGE, "name: 'workitems'\n", "name: 'WorkItems'\n", "does not fit"),
    (VAULT, "    tenantId: subscription().tenantId\n", "", "tenantId is missing"),
    (VAULT, "softDeleteRetentionInDays: 90", "softDeleteRetentionInDays: '90 days'", "wants integer"),
    (COLLECTION, "kind: 'Direct'", "kind: 'Direkt'", "'Direkt' is not among the known values"),
    (COLLECTION, "workspaceResourceId: workspaceId", "workspaceResource: workspaceId", "is no property of it"),
    (COLLECTION, "category: 'LogErrors'\n        enabled: true", "category: 'LogErrors'", "enabled is missing"),
    (APP, "name: 'FC1'", "name: 'FC1'\n    capacities: 1", "is no property of it"),
    (APP, "instanceMemoryMB", "instanceMemory", "is no property of it"),
    (APP, "type: 'UserAssigned'\n", "type: 'User'\n", "none of SystemAssigned"),
    (APP, "name: 'authsettingsV2'", "name: 'authsettingsV3'", "none of authsettingsV2"),
    (APP, "unauthenticatedClientAction: 'Return401'", "unauthenticatedClientAction: 'Return402'", "none of RedirectToLoginPage"),
    (ALERTS, "'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'", "'odata.type': 'Single'", "odata.type is none of"),
    (ALERTS, "          threshold: 99\n", "", "threshold is missing"),
    (ALERTS, "    evaluationFrequency: rule.evaluationFrequency", "    evaluationFrequency: rule.severity", "is integer, and the type data wants string"),
    (INTAKE, "groupShortName: 'itsm'", "groupShortName: 'itsm connector'", "too long"),
    # Settings.
    (APP, "name: 'ITSM_QUEUE'", "name: 'ITSM_QUEUES'", "ITSM_QUEUE is not set"),
    (APP, "name: 'ITSM_SYNC_SCHEDULE'", "name: 'SYNC_SCHEDULE'", "ITSM_SYNC_SCHEDULE is not set"),
    (APP, "name: 'ITSM_WORKSPACE_RULE'", "name: 'ITSM_RULE'", "ITSM_WORKSPACE_RULE is not set"),
    (APP, "name: 'AzureWebJobsStorage__clientId'", "name: 'AzureWebJobsStorage__clientID'", "AzureWebJobsStorage__clientId is not set"),
    (APP, "name: 'AzureWebJobsStorage__accountName'", "name: 'AzureWebJobsStorage'", "AzureWebJobsStorage is not allowed on Flex"),
    (APP, "value: 'managedidentity'", "value: 'managedIdentities'", "is not managedidentity"),
    (APP, "name: 'RUST_LOG'", "name: 'FUNCTIONS_WORKER_RUNTIME'", "not allowed on Flex"),
    (APP, "http20Enabled: true", "http20Enabled: true\n      ftpsState: 'Disabled'", "ftpsState is not for Flex"),
    ("functions/work_item_delivery/function.json", "%ITSM_QUEUE%", "%ITSM_DELIVERY_QUEUE%", "ITSM_DELIVERY_QUEUE is not set"),
    ("functions/work_item_delivery/function.json", '"connection": "AzureWebJobsStorage"', '"connection": "Jobs"', "Jobs__accountName is not set"),
    ("local.settings.json.sample", '"ITSM_REFRESH_SCHEDULE": "When', '"ITSM_REFRESH": "When', "ITSM_REFRESH_SCHEDULE is not there"),
    ("local.settings.json.sample", '"ITSM_QUEUE": "workitems"', '"ITSM_QUEUE": "jobs"', "the queue is workitems"),
    (STORAGE, "name: 'workitems-poison'", "name: 'workitems-dead'", "no queue workitems-poison"),
    ("crates/connector/src/settings/record_flow.rs", '"ITSM_WORKSPACE_RULE"', '"ITSM_WORKSPACE_DCR"', "no setting that the connector reads"),
    # Roles.
    (STORAGE, "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "b7e6dc6d-f1e8-4753-8033-0f276bb0955c", "no role that the connector is to have"),
    (STORAGE, "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "is to have ['Storage Blob Data Owner'"),
    (STORAGE, "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "17d1049b-9a84-46fb-8f53-869881c3d3ab", "no role that the connector is to have"),
    (STORAGE, "  scope: account\n", "", "has no scope"),
    (VAULT, "var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'", "var secretsUser = 'b86a8fe4-44ce-4948-aee5-ecb2c155cd7a'", "is to have ['Key Vault Secrets User']"),
    (STORAGE, "guid(account.id, operatorId, blobDataContributor)", "guid(account.id, blobDataContributor)", "is not guid(scope, principal, role)"),
    (VAULT, "guid(vault.id, operatorId, secretsOfficer)", "guid(vault.id, secretsOfficer)", "is not guid(scope, principal, role)"),
    (COLLECTION, "    principalType: 'ServicePrincipal'\n", "", "principalType is missing"),
    (COLLECTION, "  scope: rule\n  properties: {\n    principalId", "  properties: {\n    principalId", "has no scope"),
    # Columns.
    ("infra/tables/ServiceDesk_CL.json", '"name": "Urgency_s"', '"name": "Urgent_s"', "are not those of table ServiceDesk_CL"),
    ("infra/tables/ServiceDesk_CL.json", '"type": "dateTime"', '"type": "datetime"', "TimeGenerated is missing"),
    ("infra/tables/streams.json", '"name": "Remedy_s"', '"name": "Remedies_s"', "are not those of table ServiceDeskLog_CL"),
    ("infra/tables/streams.json", '"Custom-ServiceDeskLog_CL"', '"Custom-ServiceDeskLogs_CL"', "no stream flows into ServiceDeskLog_CL"),
    ("infra/tables/streams.json", '"workspace"', '"law"', "there is no destination"),
    (TABLES, "schema: serviceDeskLog", "schema: serviceDesk", "columns of ServiceDeskLog_CL are not those"),
    (TABLES, "name: 'ServiceDeskLog_CL'", "name: 'ServiceDeskLogs_CL'", "there is no table ServiceDeskLog_CL"),
    (COLLECTION, "streamDeclarations: streams.streamDeclarations", "streamDeclarations: {}", "streamDeclarations are not those"),
    # Action groups and rules.
    (INTAKE, "useCommonAlertSchema: true", "useCommonAlertSchema: false", "does not get the common alert schema"),
    (ALERTS, "      useCommonAlertSchema: true\n", "", "does not get the common alert schema"),
    (INTAKE, "  tenantId: subscription().tenantId\n", "", "wants objectId, identifierUri and tenantId"),
    (INTAKE, "location: 'Global'", "location: 'westeurope'", "Global"),
    (ALERTS, "actionGroupId: operators.id", "actionGroupId: storageAccountId", "does not tell the operators"),
    (ALERTS, "    emailReceivers: [for", "    webhookReceivers: [\n      {\n        name: 'x'\n        serviceUri: 'https://x'\n        useCommonAlertSchema: true\n      }\n    ]\n    emailReceivers: [for", "through the connector"),
    # Secrets and doors.
    (STORAGE, "output id string = account.id", "output id string = account.id\noutput key string = listKeys(account.id, '2025-06-01').keys[0].value", "listKeys reads keys"),
    (INTAKE, "@secure()\nparam functionKey", "param functionKey", "is not secure"),
    (MAIN, "output AZURE_FUNCTION_NAME string = app.outputs.name", "output AZURE_FUNCTION_NAME string = functionKey", "gives a secret away"),
    (APP, "@Microsoft.KeyVault(SecretUri=", "@Microsoft.Vault(SecretUri=", "are not Key Vault references"),
    (APP, "    keyVaultReferenceIdentity: identityId\n", "", "nobody resolves"),
    (STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess is not False"),
    (STORAGE, "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'", "minimumTlsVersion is not TLS1_2"),
    (VAULT, "enablePurgeProtection: true", "enablePurgeProtection: false", "enablePurgeProtection is not True"),
    ("infra/modules/insights.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false", "DisableLocalAuth is not True"),
    (APP, "'461e8683-5575-4561-ac7f-899cc907d62a'", "'461e8683-5575-4561-ac7f-899cc907d62b'", "lets in"),
    (APP, "name: 'custom'\n", "name: 'dotnet-isolated'\n", "not custom 1.0"),
    # Queries.
    ("infra/functions/ServiceDeskLatest.kql", "SourceId_s", "SourceID_s", "there is no column SourceID_s"),
    ("infra/functions/ServiceDeskLatest.kql", "ServiceDesk_CL", "ServiceDesks_CL", "there is no table ServiceDesks_CL"),
    ("infra/functions/functions.json", '"ServiceDeskLatest"', '"ServiceDeskNewest"', "ServiceDeskLatest is not what"),
    ("infra/alerts/sync-late.kql", "7200", "7201", "sync-late is not what sync-late.kql says"),
    ("infra/alerts/alerts.json", '"windowSize"', '"windowSizes"', "has no windowSize"),
    ("infra/alerts/alerts.json", '"severity": 2', '"severity": "2"', "is string, and the type data wants integer"),
    (SAVED, "'../queries/queries.json'", "'../queries/query.json'", "query.json"),
    (SAVED, "loadJsonContent('../queries/queries.json')", "loadJsonContent('../functions/functions.json')", "queries.json: no template loads it"),
    (SAVED, "query: function.query", "query: function.kql", "has no kql"),
    (MAIN, "  dependsOn: [\n    saved\n  ]\n", "", "do not wait for them"),
    # azd.
    ("azure.yaml", "host: function", "host: appservice", "host function"),
    ("azure.yaml", "  handler:", "  connector:", "azd-service-name connector"),
    ("azure.yaml", "prepackage:", "prepack:", "there is no hook prepack"),
    ("azure.yaml", "run: infra/package", "run: infra/pack", "which is not there"),
    ("azure.yaml", "dist: target/package/itsm-connector.zip", "dist: target/package", "dist is not what"),
    (MAIN, "output ITSM_STATUS_ADDRESS", "output ITSM_STATUS", "ITSM_STATUS_ADDRESS is no output"),
    ("infra/main.parameters.json", '"alertTarget"', '"target"', "target is no parameter"),
    ("infra/main.parameters.json", "${ITSM_ALWAYS_READY=0}", "${ITSM_ALWAYS_READY=1}", "default of alwaysReady"),
    ("infra/main.parameters.json", "${ITSM_SECRETS}", "${ITSM_SECRET_NAMES}", "ITSM_SECRET_NAMES (secretSettings) is not explained"),
    ("docs/OPERATIONS.md", "`ITSM_ALERT_TARGET`", "the target", "ITSM_ALERT_TARGET (alertTarget) is not explained"),
]
# The type data leaves these open: their names are not checked.
OPEN = {"metricNamespace", "enableLogAccessUsingOnlyResourcePermissions", "disableLocalAuth"}
PROPERTY = re.compile(r"^(\s+)([A-Za-z]\w*|'[^'$]+')(:.*)$")
FILES = ["azure.yaml", "host.json", "local.settings.json.sample", "docs/OPERATIONS.md", "crates/connector/src/settings/record_flow.rs", "crates/connector/src/settings/storage.rs"]


def copy(root, into):
    """What the checks read."""
    for folder in ("infra", "functions", "tests/fixtures/arm-types"):
        shutil.copytree(root / folder, into / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "src", "*.rs"))
    for file in FILES:
        (into / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / file, into / file)


def check(root, into):
    """Problems: mutations that nobody noticed. `into` is an empty folder."""
    copy(root, into)
    clean, _ = static.check(into)
    problems = [f"the copy without a mutation: {problem}" for problem in clean]
    for path, text, instead, says in MUTATIONS:
        file = into / path
        original = file.read_text()
        name = f"{path}: {text.strip()[:50]!r} -> {instead.strip()[:50]!r}"
        if text not in original:
            problems.append(f"mutation {name}: the text is not there any more")
            continue
        file.write_text(original.replace(text, instead, 1))
        found, _ = static.check(into)
        file.write_text(original)
        if not any(says in problem for problem in found):
            problems.append(f"mutation {name}: nobody said {says!r}; said was {found[:3]}")
    return problems


def renamed(into):
    """Problems, and how many properties there are: each property in each template is given another name, one after the other. `into` has the copy."""
    problems, count = [], 0
    for file in sorted((into / "infra").rglob("*.bicep")):
        original = file.read_text()
        lines = original.split("\n")
        for at, line in enumerate(lines):
            match = PROPERTY.match(line)
            if not match or match.group(2) in OPEN:
                continue
            count += 1
            name = match.group(2)
            other = name[:-1] + "Zz'" if name.endswith("'") else name + "Zz"
            file.write_text("\n".join([*lines[:at], match.group(1) + other + match.group(3), *lines[at + 1 :]]))
            found, _ = static.check(into)
            if not found:
                problems.append(f"{file.relative_to(into)}:{at + 1}: nobody notices that {name} is called {other}")
        file.write_text(original)
    return problems, count
