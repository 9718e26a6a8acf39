// The workbook: what the dashboard of the old connector showed, and more.
param location string
param tags object
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'azure-itsm-connector')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: 'Azure ITSM Connector'
    serializedData: loadTextContent('../workbook/workbook.json')
    sourceId: workspaceId
  }
}
