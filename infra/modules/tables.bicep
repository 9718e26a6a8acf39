// The two tables, in a workspace that may be in another resource group and subscription. Columns are those of the connector's rows: the files are made
// by `itsm-connector schema tables`, and a column that the workspace has besides stays.
param workspaceName string
param retentionInDays int

var serviceDesk = loadJsonContent('../tables/ServiceDesk_CL.json')
var serviceDeskLog = loadJsonContent('../tables/ServiceDeskLog_CL.json')

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource serviceDeskTable 'Microsoft.OperationalInsights/workspaces/tables@2025-07-01' = {
  parent: workspace
  name: 'ServiceDesk_CL'
  properties: {
    plan: 'Analytics'
    retentionInDays: retentionInDays
    totalRetentionInDays: retentionInDays
    schema: serviceDesk
  }
}

resource serviceDeskLogTable 'Microsoft.OperationalInsights/workspaces/tables@2025-07-01' = {
  parent: workspace
  name: 'ServiceDeskLog_CL'
  properties: {
    plan: 'Analytics'
    retentionInDays: retentionInDays
    totalRetentionInDays: retentionInDays
    schema: serviceDeskLog
  }
}

output workspaceId string = workspace.id
// A data collection rule must be in the region of its workspace.
output location string = workspace.location
