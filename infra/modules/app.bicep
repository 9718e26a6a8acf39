// The function app: Flex Consumption, Linux, the connector as custom handler. What it may do elsewhere is said there, by role assignments.
param name string
param location string
param tags object
param identityId string
param clientId string
param storageAccountName string

@description('Address of the container that packages are sent to.')
param packageContainer string
param queueName string
param insightsConnection string
param workspaceEndpoint string
param workspaceRule string
param vaultUri string

@description('Names of app settings that are secrets.')
param secretSettings array
param connectorConfig string
param syncSchedule string
param refreshSchedule string
param logLevel string
param alwaysReady int
param maximumInstances int
param onlyActionGroups bool
param operatorAddresses array
param subnetId string

param appServiceAuthentication bool

@description('App registration of App Service authentication. With authentication and without it, nobody gets in.')
param entraClientId string

// Azure Monitor itself, the caller of secure webhooks: the same application in every tenant of the public cloud.
var actionGroups = '461e8683-5575-4561-ac7f-899cc907d62a'

var settings = [
  {
    name: 'AzureWebJobsStorage__accountName'
    value: storageAccountName
  }
  {
    name: 'AzureWebJobsStorage__credential'
    value: 'managedidentity'
  }
  {
    name: 'AzureWebJobsStorage__clientId'
    value: clientId
  }
  {
    name: 'AZURE_CLIENT_ID'
    value: clientId
  }
  {
    name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
    value: insightsConnection
  }
  {
    name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
    value: 'ClientId=${clientId};Authorization=AAD'
  }
  {
    name: 'ITSM_CONNECTOR_CONFIG'
    value: connectorConfig
  }
  {
    name: 'ITSM_QUEUE'
    value: queueName
  }
  {
    name: 'ITSM_SYNC_SCHEDULE'
    value: syncSchedule
  }
  {
    name: 'ITSM_REFRESH_SCHEDULE'
    value: refreshSchedule
  }
  {
    name: 'ITSM_WORKSPACE_ENDPOINT'
    value: workspaceEndpoint
  }
  {
    name: 'ITSM_WORKSPACE_RULE'
    value: workspaceRule
  }
  {
    name: 'RUST_LOG'
    value: logLevel
  }
]
// SNOW_PASSWORD is the secret snow-password; no version, so that a rotated one is taken.
var secrets = [for setting in secretSettings: {
  name: trim(setting)
  value: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${toLower(replace(trim(setting), '_', '-'))})'
}]
var fromActionGroups = [
  {
    name: 'action groups'
    priority: 100
    action: 'Allow'
    tag: 'ServiceTag'
    ipAddress: 'ActionGroup'
  }
]
var fromOperators = [for (addresses, index) in operatorAddresses: {
  name: 'operators ${index}'
  priority: 200 + index
  action: 'Allow'
  ipAddress: trim(addresses)
}]

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'handler'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainer
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 512
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReady > 0 ? [
          {
            name: 'http'
            instanceCount: alwaysReady
          }
        ] : []
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      appSettings: concat(settings, secrets)
      ipSecurityRestrictionsDefaultAction: onlyActionGroups ? 'Deny' : 'Allow'
      ipSecurityRestrictions: onlyActionGroups ? concat(fromActionGroups, fromOperators) : []
    }
  }
}

resource authentication 'Microsoft.Web/sites/config@2024-11-01' = if (appServiceAuthentication) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: entraClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${subscription().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            entraClientId
            'api://${entraClientId}'
          ]
          defaultAuthorizationPolicy: {
            allowedApplications: [
              actionGroups
            ]
          }
        }
      }
    }
  }
}

output name string = app.name
output hostName string = app.properties.defaultHostName
