// A production deployment of the Azure ITSM Connector into a resource group of its own. Each parameter is a value of the azd environment
// (main.parameters.json); docs/OPERATIONS.md explains them. Nothing secret goes in but a function key, where one is used, and nothing secret comes out.
targetScope = 'subscription'

@description('Name of the azd environment; names of resources are made from it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region of the function app and its storage. It must offer Flex Consumption.')
param location string

@description('How storage is kept: in one zone, or in three where the region has them.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
])
param storageSku string = 'Standard_LRS'

@description('Who deploys: object id of the person or service principal that puts the secrets into the vault. Empty: nobody gets that role.')
param operatorId string = ''

@description('What kind of principal operatorId is.')
@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
param operatorType string = 'User'

@description('App settings that connector.toml names as secrets ("$NAME"), separated by commas. SNOW_PASSWORD is read from the secret snow-password of the vault.')
param secretSettings string = ''

@description('Where the settings file is: a file of the package, or the https address of a blob.')
param connectorConfig string = './connector.toml'

@description('Where alerts of the action group go: CONNECTION/TYPE, or the name of a route.')
param alertTarget string

@description('Client id of the Entra app registration that infra/entra-app makes. Empty: no secure webhook.')
param entraClientId string = ''

@description('Object id of the same app registration.')
param entraObjectId string = ''

@description('Whether App Service authentication stands before the app, too. Then every function wants a token of the app registration.')
param appServiceAuthentication bool = false

@description('Without a secure webhook: a function key of the app, for the URL in the action group. Empty: no action group yet.')
@secure()
param functionKey string = ''

@description('Resource id of a Log Analytics workspace to write to. Empty: a new one.')
param existingWorkspaceId string = ''

@description('Days that rows of both tables are kept.')
@minValue(4)
@maxValue(730)
param retentionInDays int = 120

@description('E-mail addresses that are told when the connector itself fails, separated by commas. Empty: rules are made, and nobody is told.')
param operatorEmails string = ''

@description('When records are synced: second, minute, hour, day, month, day of week, in UTC.')
param syncSchedule string = '0 */5 * * * *'

@description('When templates, choices, groups and fields are read again.')
param refreshSchedule string = '0 0 3 * * *'

@description('What is logged: error, warn, info, debug, or by module.')
param logLevel string = 'info'

@description('Instances that wait for alerts all the time. 0 is cheapest; with 1 the first alert after a quiet time does not wait for a start.')
@minValue(0)
param alwaysReady int = 0

@description('Most instances at a time. 40 is the least that Flex Consumption takes.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Whether the app is reachable by action groups alone (service tag ActionGroup) and by operatorAddresses.')
param onlyActionGroups bool = false

@description('With onlyActionGroups: address ranges that may call as well, as in 203.0.113.0/24, separated by commas.')
param operatorAddresses string = ''

@description('Subnet, delegated to Microsoft.App/environments, that the app sends from. Empty: none.')
param subnetId string = ''

@description('Azure Monitor private link scope that rows go through. Empty: rows go over the internet. Needs subnetId.')
param privateLinkScopeId string = ''

var groupName = 'rg-${environmentName}'
var suffix = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
var workspaceName = 'log-itsm-${suffix}'
var workspaceId = empty(existingWorkspaceId) ? '${subscription().id}/resourceGroups/${groupName}/providers/Microsoft.OperationalInsights/workspaces/${workspaceName}' : existingWorkspaceId
var workspaceParts = split(workspaceId, '/')
// Never looked at when there is no scope; split wants a text with enough parts all the same.
var privateLinkParts = split(empty(privateLinkScopeId) ? workspaceId : privateLinkScopeId, '/')
var secureWebhook = !empty(entraClientId)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-itsm-${suffix}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'stitsm${suffix}'
    location: location
    tags: tags
    sku: storageSku
    principalId: identity.outputs.principalId
    operatorId: operatorId
    operatorType: operatorType
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-itsm-${suffix}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    operatorId: operatorId
    operatorType: operatorType
  }
}

module workspace 'modules/workspace.bicep' = if (empty(existingWorkspaceId)) {
  name: 'workspace'
  scope: group
  params: {
    name: workspaceName
    location: location
    tags: tags
  }
}

module tables 'modules/tables.bicep' = {
  name: 'itsm-tables'
  scope: resourceGroup(workspaceParts[2], workspaceParts[4])
  params: {
    workspaceName: workspaceParts[8]
    retentionInDays: retentionInDays
  }
  dependsOn: [
    workspace
  ]
}

module saved 'modules/saved.bicep' = {
  name: 'itsm-saved'
  scope: resourceGroup(workspaceParts[2], workspaceParts[4])
  params: {
    workspaceName: workspaceParts[8]
  }
  dependsOn: [
    tables
  ]
}

module collection 'modules/collection.bicep' = {
  name: 'collection'
  scope: group
  params: {
    name: 'dcr-itsm-${suffix}'
    location: tables.outputs.location
    tags: tags
    workspaceId: tables.outputs.workspaceId
    principalId: identity.outputs.principalId
    privateLink: !empty(privateLinkScopeId)
  }
}

module privateLink 'modules/private-link.bicep' = if (!empty(privateLinkScopeId)) {
  name: 'itsm-private-link'
  scope: resourceGroup(privateLinkParts[2], privateLinkParts[4])
  params: {
    scopeName: privateLinkParts[8]
    name: 'itsm-${suffix}'
    endpointId: collection.outputs.endpointId
  }
}

module insights 'modules/insights.bicep' = {
  name: 'insights'
  scope: group
  params: {
    name: 'appi-itsm-${suffix}'
    location: location
    tags: tags
    workspaceId: tables.outputs.workspaceId
    principalId: identity.outputs.principalId
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-itsm-${suffix}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    queueName: storage.outputs.queueName
    insightsConnection: insights.outputs.connectionString
    workspaceEndpoint: collection.outputs.endpoint
    workspaceRule: collection.outputs.immutableId
    vaultUri: vault.outputs.uri
    secretSettings: empty(secretSettings) ? [] : split(secretSettings, ',')
    connectorConfig: connectorConfig
    syncSchedule: syncSchedule
    refreshSchedule: refreshSchedule
    logLevel: logLevel
    alwaysReady: alwaysReady
    maximumInstances: maximumInstances
    onlyActionGroups: onlyActionGroups
    operatorAddresses: empty(operatorAddresses) ? [] : split(operatorAddresses, ',')
    subnetId: subnetId
    appServiceAuthentication: appServiceAuthentication
    entraClientId: entraClientId
  }
}

module intake 'modules/intake.bicep' = if (secureWebhook || !empty(functionKey)) {
  name: 'intake'
  scope: group
  params: {
    name: 'ag-itsm-${suffix}'
    tags: tags
    alertAddress: 'https://${app.outputs.hostName}/api/alerts/${alertTarget}'
    entraClientId: entraClientId
    entraObjectId: entraObjectId
    functionKey: functionKey
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: tables.outputs.location
    tags: tags
    suffix: suffix
    workspaceId: tables.outputs.workspaceId
    storageAccountId: storage.outputs.id
    emails: empty(operatorEmails) ? [] : split(operatorEmails, ',')
  }
  // Rules call saved functions.
  dependsOn: [
    saved
  ]
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: tables.outputs.location
    tags: tags
    workspaceId: tables.outputs.workspaceId
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_NAME string = app.outputs.name
output AZURE_STORAGE_ACCOUNT string = storage.outputs.name
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output ITSM_ALERT_ADDRESS string = 'https://${app.outputs.hostName}/api/alerts/${alertTarget}'
output ITSM_STATUS_ADDRESS string = 'https://${app.outputs.hostName}/api/status'
