// Alerts to try the preview with, as Azure would post them.

const EXAMPLES = {
  metric: [
    'A metric alert fires',
    example(
      'cpu-high-shop',
      'Fired',
      'Sev2',
      'Platform',
      '/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/resourceGroups/rg-shop/providers/Microsoft.Compute/virtualMachines/vm-shop-07',
      {
        conditionType: 'SingleResourceMultipleMetricCriteria',
        condition: {
          windowSize: 'PT5M',
          allOf: [
            {
              metricName: 'Percentage CPU',
              metricNamespace: 'Microsoft.Compute/virtualMachines',
              operator: 'GreaterThan',
              threshold: '90',
              timeAggregation: 'Average',
              dimensions: [],
              metricValue: 96.42,
            },
          ],
        },
      },
    ),
  ],
  resolved: [
    'The same is resolved',
    example(
      'cpu-high-shop',
      'Resolved',
      'Sev2',
      'Platform',
      '/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/resourceGroups/rg-shop/providers/Microsoft.Compute/virtualMachines/vm-shop-07',
      {
        conditionType: 'SingleResourceMultipleMetricCriteria',
        condition: {
          windowSize: 'PT5M',
          allOf: [
            {
              metricName: 'Percentage CPU',
              metricNamespace: 'Microsoft.Compute/virtualMachines',
              operator: 'GreaterThan',
              threshold: '90',
              timeAggregation: 'Average',
              dimensions: [],
              metricValue: 41.05,
            },
          ],
        },
      },
    ),
  ],
  log: [
    'A log alert on a computer',
    example(
      'heartbeat-lost',
      'Fired',
      'Sev1',
      'Log Alerts V2',
      '/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/resourceGroups/rg-mon/providers/Microsoft.OperationalInsights/workspaces/law-prod',
      {
        conditionType: 'LogQueryCriteria',
        condition: {
          windowSize: 'PT10M',
          allOf: [
            {
              searchQuery: 'Heartbeat | summarize max(TimeGenerated) by Computer',
              operator: 'GreaterThan',
              threshold: '0',
              timeAggregation: 'Count',
              dimensions: [{ name: 'Computer', value: 'WEB01.contoso.example' }],
              metricValue: 1,
            },
          ],
        },
      },
    ),
  ],
  unknown: ['A payload nobody knows', { title: 'nightly backup failed', computer: 'SQL01' }],
};

function example(alertRule, monitorCondition, severity, monitoringService, target, alertContext) {
  const alertId =
    '/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/providers/Microsoft.AlertsManagement/alerts/9d7c2f60-0000-4000-8000-000000000001';
  const times = {
    firedDateTime: '2026-03-02T05:00:12Z',
    ...(monitorCondition === 'Resolved' && { resolvedDateTime: '2026-03-02T05:20:12Z' }),
  };
  const essentials = {
    alertId,
    alertRule,
    severity,
    signalType: monitoringService === 'Platform' ? 'Metric' : 'Log',
    monitorCondition,
    monitoringService,
    alertTargetIDs: [target.toLowerCase()],
    configurationItems: [target.split('/').at(-1)],
    originAlertId: alertRule,
    ...times,
    essentialsVersion: '1.0',
    alertContextVersion: '1.0',
  };
  return { schemaId: 'azureMonitorCommonAlertSchema', data: { essentials, alertContext } };
}
