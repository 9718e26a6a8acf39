// Alert rules on the connector itself. They tell people directly, through an action group of their own: what fails must not be asked to report it.
param location string
param tags object
param suffix string
param workspaceId string
param storageAccountId string

@description('E-mail addresses of those who look after the connector.')
param emails array

var rules = [
  {
    name: 'itsm-connector-needs-a-person'
    displayName: 'ITSM connector: something needs a person'
    description: 'Dead letters, refused credentials, wrong settings: rows of ServiceDeskLog_CL with LogType_s ERROR. Cause and remedy stand in them.'
    query: loadTextContent('../alerts/needs-a-person.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'itsm-connector-sync-is-late'
    displayName: 'ITSM connector: no sync has run'
    description: 'work_item_sync did not end well once in two hours. It also looks after lost messages. A single connection that fails is a row of ServiceDeskLog_CL.'
    query: loadTextContent('../alerts/sync-is-late.kql')
    severity: 2
    frequency: 'PT30M'
    window: 'PT2H'
  }
  {
    name: 'itsm-connector-alerts-refused'
    displayName: 'ITSM connector: alerts are not taken'
    description: 'alert_intake answered 5xx. Azure posts an alert again only after 503, and only for a while.'
    query: loadTextContent('../alerts/alerts-refused.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'itsm-connector-rows-refused'
    displayName: 'ITSM connector: rows do not reach their table'
    description: 'The data collection rule could not put rows into a table (DCRLogErrors): table and rule are of another version than the connector.'
    query: loadTextContent('../alerts/rows-refused.kql')
    severity: 2
    frequency: 'PT30M'
    window: 'PT1H'
  }
]

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-itsm-operators-${suffix}'
  location: 'Global'
  tags: tags
  properties: {
    groupShortName: 'itsm-people'
    enabled: true
    emailReceivers: [for (email, index) in emails: {
      name: 'operator ${index}'
      emailAddress: trim(email)
      useCommonAlertSchema: true
    }]
  }
}

resource logRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: rule.name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.displayName
    description: rule.description
    severity: rule.severity
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: rule.frequency
    windowSize: rule.window
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    // The tables are new and some come with their first row.
    skipQueryValidation: true
    actions: {
      actionGroups: [
        operators.id
      ]
    }
  }
}]

// Without storage nothing is taken: alert_intake answers 503.
resource storageRule 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'itsm-connector-storage'
  location: 'Global'
  tags: tags
  properties: {
    description: 'The storage account of the ITSM connector does not answer every call.'
    severity: 1
    enabled: true
    scopes: [
      storageAccountId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'availability'
          metricNamespace: 'Microsoft.Storage/storageAccounts'
          metricName: 'Availability'
          timeAggregation: 'Average'
          operator: 'LessThan'
          threshold: 99
        }
      ]
    }
    autoMitigate: true
    actions: [
      {
        actionGroupId: operators.id
      }
    ]
  }
}
