// The action group that alert rules name: it posts each alert to the connector, by a secure webhook or with a function key.
param name string
param tags object

@description('Where alerts are posted to, without a key.')
param alertAddress string
param entraClientId string
param entraObjectId string

@secure()
param functionKey string

// Azure Monitor brings a token for our app registration; objectId is that of the application.
var withToken = {
  name: 'itsm-connector'
  serviceUri: alertAddress
  useCommonAlertSchema: true
  useAadAuth: true
  objectId: entraObjectId
  identifierUri: 'api://${entraClientId}'
  tenantId: subscription().tenantId
}
// Whoever may read the action group can read the key.
var withKey = {
  name: 'itsm-connector'
  serviceUri: '${alertAddress}?code=${functionKey}'
  useCommonAlertSchema: true
  useAadAuth: false
}
var receiver = empty(entraClientId) ? withKey : withToken

resource intake 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'Global'
  tags: tags
  properties: {
    groupShortName: 'itsm'
    enabled: true
    webhookReceivers: [
      receiver
    ]
  }
}
