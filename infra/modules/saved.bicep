// Functions that queries call, and queries that people find in Logs. The files are made by infra/workbook/build from the .kql files beside them.
param workspaceName string

var functions = loadJsonContent('../functions/functions.json')
var queries = loadJsonContent('../queries/queries.json')

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource savedFunctions 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [for function in functions: {
  parent: workspace
  name: 'itsm-function-${function.name}'
  properties: {
    category: 'Azure ITSM Connector'
    displayName: function.name
    functionAlias: function.name
    query: function.query
    version: 2
  }
}]

resource savedQueries 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [for query in queries: {
  parent: workspace
  name: 'itsm-${query.name}'
  properties: {
    category: 'Azure ITSM Connector'
    displayName: 'ITSM: ${replace(query.name, '-', ' ')}'
    query: query.query
    version: 2
  }
}]
