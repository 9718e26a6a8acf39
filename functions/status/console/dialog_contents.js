// What dialogs show: the probes of a check, what came of a sync, one alert and what was done with it.

function probes(report) {
  const failed = report.probes.filter((probe) => probe.verdict === 'failed').length;
  const warned = report.probes.filter((probe) => probe.verdict === 'warning').length;
  const verdict = failed
    ? `${count(failed, 'step')} failed`
    : warned
      ? `Good, with ${count(warned, 'warning')}`
      : 'Good: every step passed';
  return [
    h('p', { class: `verdict ${failed ? 'bad' : warned ? 'warn' : 'good'}` }, verdict),
    table(
      `Probes of ${report.connection}`,
      [
        { label: 'Probe', cell: (probe) => probe.name },
        { label: 'Verdict', cell: (probe) => chip(...(verdicts[probe.verdict] ?? ['idle', probe.verdict])) },
        { label: 'Finding', wide: true, cell: (probe) => [h('span', null, probe.finding), trouble(probe.cause, probe.remedy)] },
      ],
      report.probes,
      (probe) => probe.name,
    ),
  ];
}

function synced(answer) {
  const { refresh, sync, under_way: running, more } = answer;
  return [
    table(
      `Records of ${answer.connection}`,
      [
        { label: 'Records', cell: (one) => kinds[one.kind] ?? one.kind },
        { label: 'Read', number: true, cell: (one) => number.format(one.read) },
        { label: 'Rows written', number: true, cell: (one) => number.format(one.written) },
        { label: 'Unchanged', number: true, cell: (one) => number.format(one.unchanged) },
        { label: 'Result', wide: true, cell: (one) => (one.cause ? trouble(one.cause, one.remedy) : 'Good') },
      ],
      sync,
      (one) => one.kind,
    ),
    running.map((one) =>
      h('p', null, `${kinds[one.kind] ?? one.kind}: another run is reading them since `, when(one.since), '; it goes on.'),
    ),
    more && h('p', null, 'There is more to read than one call may take; it goes on by schedule.'),
    refresh &&
      h(
        'div',
        { class: 'after' },
        h('h3', null, 'Configuration'),
        refresh.cause ? h('p', null, trouble(refresh.cause, refresh.remedy)) : h('p', null, found(refresh)),
        refresh.findings.map((one) => h('p', null, trouble(`${one.setting ?? ''} ${one.problem ?? ''}`.trim(), one.remedy))),
        refresh.gaps.map((gap) => h('p', null, trouble(`${gap.part}: ${gap.cause}`, gap.remedy))),
      ),
  ];
}

function found(refresh) {
  const parts = [
    ['templates', 'template'],
    ['choice_lists', 'choice list'],
    ['groups', 'group'],
    ['fields', 'field'],
  ];
  return `Read: ${parts
    .filter(([name]) => typeof refresh[name] === 'number')
    .map(([name, one]) => count(refresh[name], one))
    .join(', ')}.`;
}

function details(answer) {
  const { delivery, payload } = answer;
  const fact = (term, ...value) => (nodes(value).length ? h('div', null, h('dt', null, term), h('dd', null, ...value)) : null);
  const text = payload === null || payload === undefined ? null : JSON.stringify(payload, null, 2);
  return [
    h(
      'dl',
      { class: 'facts' },
      fact('Status', chip(statusKinds[delivery.status], statuses[delivery.status] ?? delivery.status)),
      fact('For', `${delivery.connection}, ${typeName(delivery.work_item_type)}`),
      fact('Accepted', when(delivery.accepted_at)),
      fact(delivery.status === 'waiting' ? 'Next attempt' : 'Finished', delivery.status !== 'working' && when(delivery.due)),
      fact('Attempts that counted', String(delivery.attempts)),
      fact('Work items', delivery.summary && workItems(delivery.summary)),
      fact('Cause', delivery.cause),
      fact('Do', delivery.remedy),
      fact(
        'Remarks',
        delivery.summary?.remarks?.length
          ? h(
              'ul',
              null,
              delivery.summary.remarks.map((remark) => h('li', null, remark)),
            )
          : null,
      ),
      fact('Delivery', h('code', null, delivery.id)),
    ),
    delivery.status === 'waiting' &&
      can('redrive') &&
      h('div', { class: 'choices' }, button('Try it now', { 'data-act': 'now', 'data-id': delivery.id })),
    h('h3', null, 'The alert'),
    text
      ? [
          h(
            'div',
            { class: 'choices' },
            button('Copy', { 'data-act': 'copy' }),
            can('preview') &&
              button('Preview it', {
                'data-act': 'to-preview',
                'data-of': delivery.connection,
                'data-type': delivery.work_item_type,
              }),
          ),
          h('pre', { id: 'payload' }, text),
        ]
      : h(
          'p',
          { class: 'quiet' },
          delivery.status === 'done'
            ? 'Its text is not kept once the work item says what it said.'
            : [
                'Its text is not shown here. At a desk, ',
                h('code', null, `itsm-connector deliveries show ${delivery.id}`),
                ' shows it.',
              ],
        ),
  ];
}
