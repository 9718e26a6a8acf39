// Alert rules on the connector itself. They tell people directly, through an action group of their own: what fails must not be asked to report it.
param location string
param tags object
param suffix string
param workspaceId string
param storageAccountId string

@description('E-mail addresses of those who look after the connector.')
param emails array

// Made by infra/workbook/build from the .kql files beside it; each query gives a row when its rule is to fire.
var rules = loadJsonContent('../alerts/alerts.json')

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
  name: 'itsm-${rule.name}-${suffix}'
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
    evaluationFrequency: rule.evaluationFrequency
    windowSize: rule.windowSize
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
  name: 'itsm-storage-${suffix}'
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
