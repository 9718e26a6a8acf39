// The form that shows what work items an alert would make. Nothing is sent to the ITSM tool.

const EXAMPLES = {
  metric: ['A metric alert fires', example('cpu-high-shop', 'Fired', 'Sev2', 'Platform', '/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/resourceGroups/rg-shop/providers/Microsoft.Compute/virtualMachines/vm-shop-07', {
    conditionType: 'SingleResourceMultipleMetricCriteria',
    condition: { windowSize: 'PT5M', allOf: [{ metricName: 'Percentage CPU', metricNamespace: 'Microsoft.Compute/virtualMachines', operator: 'GreaterThan', threshold: '90', timeAggregation: 'Average', dimensions: [], metricValue: 96.42 }] },
  })],
  resolved: ['The same is resolved', example('cpu-high-shop', 'Resolved', 'Sev2', 'Platform', '/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/resourceGroups/rg-shop/providers/Microsoft.Compute/virtualMachines/vm-shop-07', {
    conditionType: 'SingleResourceMultipleMetricCriteria',
    condition: { windowSize: 'PT5M', allOf: [{ metricName: 'Percentage CPU', metricNamespace: 'Microsoft.Compute/virtualMachines', operator: 'GreaterThan', threshold: '90', timeAggregation: 'Average', dimensions: [], metricValue: 41.05 }] },
  })],
  log: ['A log alert on a computer', example('heartbeat-lost', 'Fired', 'Sev1', 'Log Alerts V2', '/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/resourceGroups/rg-mon/providers/Microsoft.OperationalInsights/workspaces/law-prod', {
    conditionType: 'LogQueryCriteria',
    condition: { windowSize: 'PT10M', allOf: [{ searchQuery: 'Heartbeat | summarize max(TimeGenerated) by Computer', operator: 'GreaterThan', threshold: '0', timeAggregation: 'Count', dimensions: [{ name: 'Computer', value: 'WEB01.contoso.example' }], metricValue: 1 }] },
  })],
  unknown: ['A payload nobody knows', { title: 'nightly backup failed', computer: 'SQL01' }],
};

function example(alertRule, monitorCondition, severity, monitoringService, target, alertContext) {
  const alertId = '/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/providers/Microsoft.AlertsManagement/alerts/9d7c2f60-0000-4000-8000-000000000001';
  const times = { firedDateTime: '2026-03-02T05:00:12Z', ...(monitorCondition === 'Resolved' && { resolvedDateTime: '2026-03-02T05:20:12Z' }) };
  const essentials = { alertId, alertRule, severity, signalType: monitoringService === 'Platform' ? 'Metric' : 'Log', monitorCondition, monitoringService, alertTargetIDs: [target.toLowerCase()], configurationItems: [target.split('/').at(-1)], originAlertId: alertRule, ...times, essentialsVersion: '1.0', alertContextVersion: '1.0' };
  return { schemaId: 'azureMonitorCommonAlertSchema', data: { essentials, alertContext } };
}

const pers = [['', 'as usual'], ['alert', 'alert'], ['rule', 'alert rule'], ['ci', 'configuration item'], ['row', 'row of the search result']];
const option = ([value, text]) => h('option', { value }, text);

/** Types of work items that the connection can make. */
function types(name) {
  const one = state.status.connections.find((connection) => connection.name === name);
  return one?.work_item_types ?? (one?.provider === 'servicenow' ? ['incident', 'event', 'alert'] : ['incident']);
}

/** What the form is for: a connection, or a route, which is named in a field of its own. */
function target() {
  const chosen = byId('preview-for')?.value ?? '';
  const route = chosen === 'route';
  return { route, name: route ? byId('preview-route')?.value.trim() ?? '' : chosen.slice('connection '.length) };
}

function previewForm() {
  const { connections: all } = state.status;
  const { route, name } = target();
  const field = (key, label, input, hint) => h('div', { class: 'field', 'data-key': key }, h('label', { for: `preview-${key}` }, label), input, hint && h('p', { class: 'quiet hint', id: `preview-${key}-hint` }, hint));
  return [
    h('div', { class: 'pair', 'data-key': 'where' },
      field('for', 'For', h('select', { id: 'preview-for', name: 'for' },
        h('optgroup', { label: 'Connections' }, all.map((one) => option([`connection ${one.name}`, one.name]))),
        h('optgroup', { label: 'Settings' }, option(['route', 'a route'])))),
      route ? field('route', 'Name of the route', h('input', { id: 'preview-route', name: 'route', type: 'text', required: true, autocomplete: 'off', spellcheck: 'false' }))
        : field('type', 'Work item', h('select', { id: 'preview-type', name: 'type' }, types(name || all[0]?.name).map((type) => option([type, typeName(type)]))))),
    h('div', { class: 'pair', 'data-key': 'choices' },
      field('per', 'One for each', h('select', { id: 'preview-per', name: 'per' }, pers.map(option))),
      field('template', 'Template of the tool', h('input', { id: 'preview-template', name: 'template', type: 'text', autocomplete: 'off', spellcheck: 'false' }))),
    field('fields', 'Fields', h('textarea', { id: 'preview-fields', name: 'fields', rows: 2, spellcheck: 'false', 'aria-describedby': 'preview-fields-hint' }), 'One NAME=VALUE a line, by the names of the ITSM tool; may stay empty.'),
    h('div', { class: 'field', 'data-key': 'alert' },
      h('div', { class: 'heading' }, h('label', { for: 'preview-alert' }, 'The alert, as Azure posts it (JSON)'),
        h('label', { class: 'inline' }, 'Example ', h('select', { id: 'preview-example' }, option(['', 'choose']), Object.entries(EXAMPLES).map(([key, [text]]) => option([key, text]))))),
      h('textarea', { id: 'preview-alert', name: 'alert', rows: 14, spellcheck: 'false', required: true, 'aria-describedby': 'preview-wrong' }),
      h('p', { id: 'preview-wrong', class: 'wrong', role: 'alert', 'data-keep': true, 'data-key': 'wrong' })),
    h('div', { class: 'choices', 'data-key': 'go' }, button(state.busy.has('preview') ? 'Asking…' : 'Preview', { type: 'submit', class: 'strong' }), h('span', { class: 'quiet' }, 'Nothing is sent to the ITSM tool.')),
  ];
}

/** Where something stands that is no part of JSON; not every browser says where it stopped. */
function strangeAt(text) {
  const part = /\s*(?:[{}[\]:,]|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)\s*/y;
  for (let at = 0; at < text.length; at = part.lastIndex) {
    part.lastIndex = at;
    if (!part.test(text)) return at + text.slice(at).search(/\S|$/);
  }
  return undefined;
}

/** Where JSON goes wrong, for people. */
function jsonProblem(text, failure) {
  if (!text.trim()) return 'There is no alert yet: paste one, or choose an example.';
  const at = /position (\d+)/.exec(failure.message)?.[1] ?? strangeAt(text);
  const before = at === undefined ? null : text.slice(0, Number(at)).split('\n');
  const place = before ? ` at line ${before.length}, column ${before.at(-1).length + 1}` : '';
  return `This is not JSON${place}. Paste the whole body, from the first { to the last }.`;
}

function wrong(text) {
  byId('preview-wrong').textContent = text;
  byId('preview-alert').setAttribute('aria-invalid', String(text !== ''));
  if (text) byId('preview-alert').focus();
}

function fieldLines(text) {
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
  const bad = lines.find((line) => line.indexOf('=') < 1);
  if (bad) return { bad };
  return { query: Object.fromEntries(lines.map((line) => [`field.${line.slice(0, line.indexOf('=')).trim()}`, line.slice(line.indexOf('=') + 1).trim()])) };
}

async function runPreview() {
  const text = byId('preview-alert').value;
  const result = byId('preview-result');
  try {
    JSON.parse(text);
  } catch (failure) {
    return wrong(jsonProblem(text, failure));
  }
  const { bad, query } = fieldLines(byId('preview-fields').value);
  if (bad) return wrong(`The field "${bad}" has no "=": write NAME=VALUE.`);
  wrong('');
  const { route, name } = target();
  if (route && !name) return byId('preview-route').focus();
  const path = route ? [name] : [name, byId('preview-type').value];
  state.busy.add('preview');
  render();
  try {
    const answer = await api.preview(path, { per: byId('preview-per').value, template: byId('preview-template').value.trim(), ...query }, text);
    show(result, previewed(answer));
    say(`${count(answer.work_items.length, 'work item')} shown.`);
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    if (failure.kind === 'key') poll.onKey(failure);
    else show(result, refused(failure));
  } finally {
    state.busy.delete('preview');
    render();
  }
}

function previewed(answer) {
  const many = answer.work_items.length;
  const remarks = (list) => list.length > 0 && h('ul', { class: 'remarks' }, list.map((remark) => h('li', null, remark)));
  return [
    h('p', { class: 'verdict' }, answer.state === 'resolved' ? 'The alert is resolved.' : `${count(many, typeName(answer.work_item_type))} on ${answer.connection}.`),
    answer.close_notes && h('p', null, 'A work item that exists is resolved with the close notes “', answer.close_notes, '”.'),
    remarks(answer.remarks),
    answer.work_items.map((item, index) => h('article', { class: 'made' },
      h('h3', null, `${capital(typeName(answer.work_item_type))} ${index + 1} of ${many}`, item.label && h('span', { class: 'quiet' }, ` ${item.label}`)),
      item.template && h('p', { class: 'quiet' }, `Filled from the template “${item.template}” of the ITSM tool first.`),
      item.configuration_item && h('p', { class: 'quiet' }, `Configuration item looked up: ${item.configuration_item}`),
      table(`Fields of work item ${index + 1}`, [
        { label: 'Field', cell: ([name]) => h('code', null, name) },
        { label: 'Value', wide: true, cell: ([, value]) => h('span', { class: 'text' }, value) },
      ], Object.entries(item.fields), ([name]) => `${item.key} ${name}`, { class: 'fields' }),
      remarks(item.remarks))),
  ];
}
