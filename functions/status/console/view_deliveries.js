// Alerts and what became of them, live; and dead letters, which need a person.

/** Numbers of the work items, as links into the tool where their addresses are known. */
function workItems(summary) {
  const addresses = summary.work_item_urls ?? {};
  return summary.work_items.map((item, index) => [
    index > 0 && ', ',
    Object.hasOwn(addresses, item) ? link(addresses[item], item) : item,
  ]);
}

function did(summary) {
  const parts = [
    [summary.created, 'created'],
    [summary.updated, 'updated'],
    [summary.duplicates, 'suppressed as duplicate'],
  ];
  return (
    parts
      .filter(([number]) => number > 0)
      .map(([number, what]) => `${number} ${what}`)
      .join(', ') || 'nothing to do'
  );
}

function result(delivery) {
  if (delivery.summary)
    return [
      h('span', { class: 'items' }, workItems(delivery.summary)),
      h('span', { class: 'quiet' }, ` ${did(delivery.summary)} `),
      delivery.summary.remarks?.length > 0 && chip('idle', count(delivery.summary.remarks.length, 'remark')),
    ];
  if (delivery.status === 'waiting')
    return [
      delivery.cause ? h('span', { class: 'cause' }, delivery.cause) : h('span', { class: 'quiet' }, 'waits for its turn'),
      delivery.cause && h('span', { class: 'quiet' }, 'tried again at ', when(delivery.due)),
    ];
  if (delivery.status === 'working') return h('span', { class: 'quiet' }, 'is being made');
  return trouble(delivery.cause, delivery.remedy);
}

/** What its alert is called; one that is not done may have no name here. */
const called = (delivery) => delivery.summary?.title ?? delivery.title;

function alertTitle(delivery) {
  const { summary } = delivery;
  return [
    h('span', { class: 'title' }, called(delivery) ?? `Alert for ${delivery.connection}`),
    summary?.state === 'resolved' && chip('idle', 'resolved'),
    summary?.severity && h('span', { class: 'quiet' }, ` ${summary.severity}`),
  ];
}

const took = (delivery) => new Date(delivery.due) - new Date(delivery.accepted_at);

const deliveryColumns = () => [
  { label: 'Accepted', cell: (one) => when(one.accepted_at) },
  { label: 'Alert', wide: true, cell: alertTitle },
  { label: 'Connection', cell: (one) => [one.connection, h('span', { class: 'quiet' }, ` ${typeName(one.work_item_type)}`)] },
  { label: 'Status', cell: (one) => chip(statusKinds[one.status] ?? 'idle', statuses[one.status] ?? one.status) },
  { label: 'Work items', wide: true, cell: result },
  { label: 'Took', number: true, cell: (one) => (one.status === 'done' ? brief(took(one)) : lasting(since(one.accepted_at))) },
  {
    label: 'More',
    cell: (one) =>
      button('Details', {
        'data-act': 'details',
        'data-id': one.id,
        class: 'small',
        'aria-label': `Details of ${called(one) ?? `the alert accepted ${instant(one.accepted_at)}`}`,
      }),
  },
];

function deliveriesTable() {
  const { listed, filter } = state;
  if (!listed) return waiting('Reading…');
  if (!listed.length && (filter.connection || filter.status))
    return empty('Nothing of that kind.', 'Choose All to see every alert.');
  if (!listed.length)
    return empty('No alerts yet.', [
      'Point an action group at ',
      h('code', null, `${root}/alerts/CONNECTION/incident`),
      ', or post one with ',
      h('code', null, 'itsm-connector send'),
      '.',
    ]);
  return table('Alerts and what became of them, newest first', deliveryColumns(), listed, (one) => one.id);
}

function deadTools() {
  const dead = state.status.counts.dead_letters;
  if (!dead || !can('redrive')) return null;
  return button(state.busy.has('redrive') ? 'Redriving…' : `Redrive all ${number.format(dead)}`, {
    'data-act': 'redrive-all',
    'data-key': 'all',
  });
}

function deadLetters() {
  const { dead, status } = state;
  if (!dead) return waiting('Reading…');
  if (!dead.length)
    return empty('None.', 'An alert that cannot become a work item without a person is kept here, with its cause and what to do.');
  const more = status.counts.dead_letters - dead.length;
  return [
    table(
      'Dead letters, newest first',
      [
        { label: 'Failed', cell: (one) => when(one.due) },
        { label: 'Alert', wide: true, cell: alertTitle },
        { label: 'For', cell: (one) => [one.connection, h('span', { class: 'quiet' }, ` ${typeName(one.work_item_type)}`)] },
        { label: 'Cause and remedy', wide: true, cell: (one) => trouble(one.cause, one.remedy) },
        { label: 'Attempts', number: true, cell: (one) => String(one.attempts) },
        {
          label: 'What now',
          cell: (one) =>
            h(
              'span',
              { class: 'choices' },
              button('Alert', {
                'data-act': 'details',
                'data-id': one.id,
                class: 'small',
                'aria-label': `The alert ${called(one) ?? `accepted ${instant(one.accepted_at)}`}`,
              }),
              can('redrive') &&
                button('Redrive', {
                  'data-act': 'redrive',
                  'data-id': one.id,
                  class: 'small',
                  'aria-label': `Redrive ${called(one) ?? `the alert accepted ${instant(one.accepted_at)}`}`,
                }),
            ),
        },
      ],
      dead,
      (one) => one.id,
    ),
    more > 0 && h('p', { class: 'quiet' }, `${number.format(more)} older ones are not shown.`),
    !can('redrive') &&
      h(
        'p',
        { class: 'quiet' },
        'Here they can only be looked at. At a desk, ',
        h('code', null, 'itsm-connector deliveries redrive'),
        ' gives them another try.',
      ),
  ];
}
