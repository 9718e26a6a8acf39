// Puts the data collection endpoint into a private link scope that the network's owners have. They have its private endpoint and names, too.
param scopeName string
param name string
param endpointId string

resource linkScope 'Microsoft.Insights/privateLinkScopes@2021-07-01-preview' existing = {
  name: scopeName
}

resource link 'Microsoft.Insights/privateLinkScopes/scopedResources@2021-07-01-preview' = {
  parent: linkScope
  name: name
  properties: {
    linkedResourceId: endpointId
  }
}
