// The way into the tables: a data collection rule that takes rows at an address of its own, or with a private link through an endpoint.
param name string
param location string
param tags object
param workspaceId string

@description('The identity of the app: it sends rows.')
param principalId string

@description('Whether rows come through a private link. Not to be changed later: the kind of a rule is chosen when it is made.')
param privateLink bool

var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
var streams = loadJsonContent('../tables/streams.json')

resource endpoint 'Microsoft.Insights/dataCollectionEndpoints@2024-03-11' = if (privateLink) {
  name: '${name}-endpoint'
  location: location
  tags: tags
  properties: {
    networkAcls: {
      publicNetworkAccess: 'Disabled'
    }
  }
}

resource rule 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: name
  location: location
  tags: tags
  kind: 'Direct'
  properties: {
    description: 'Rows of the Azure ITSM Connector.'
    dataCollectionEndpointId: privateLink ? endpoint.id : null
    streamDeclarations: streams.streamDeclarations
    destinations: {
      logAnalytics: [
        {
          name: 'workspace'
          workspaceResourceId: workspaceId
        }
      ]
    }
    dataFlows: streams.dataFlows
  }
}

resource maySend 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(rule.id, principalId, metricsPublisher)
  scope: rule
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}

// Rows that the rule cannot put into a table are told nowhere else: table DCRLogErrors.
resource errors 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'errors'
  scope: rule
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'LogErrors'
        enabled: true
      }
    ]
  }
}

output immutableId string = rule.properties.immutableId
output endpoint string = privateLink ? endpoint!.properties.logsIngestion.endpoint : rule.properties.endpoints.logsIngestion
output endpointId string = privateLink ? endpoint.id : ''
