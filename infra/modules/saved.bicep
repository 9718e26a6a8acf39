// Made by `infra/check --write` from infra/functions and infra/queries: functions that queries can call, and queries that people find in Logs.
param workspaceName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource functionServiceDeskLatest 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = {
  parent: workspace
  name: 'itsm-ServiceDeskLatest'
  properties: {
    category: 'Azure ITSM Connector'
    displayName: 'ServiceDeskLatest'
    functionAlias: 'ServiceDeskLatest'
    query: loadTextContent('../functions/ServiceDeskLatest.kql')
    version: 2
  }
}
