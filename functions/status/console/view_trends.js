// The four parts of the old dashboard, drawn from the newest deliveries, and the backlog since the page was opened.

const seconds = (text) => new Date(text).getTime() / 1000;

/** A cause without what differs each time, so that the same trouble is counted as one. */
const same = (cause) => cause.replace(/\s*\(transaction [^)]*\)/g, '');

/** Errors with remedies of every connection: {connection, cause, remedy, times, last}. */
function errors(status, deliveries) {
  const found = new Map();
  const add = (connection, cause, remedy, last, times) => {
    const key = `${connection}\n${same(cause)}`;
    const there = found.get(key) ?? { key, connection, cause: same(cause), remedy: '', times: 0, last: '' };
    found.set(key, {
      ...there,
      remedy: there.remedy || remedy,
      times: there.times + times,
      last: there.last > last ? there.last : last,
    });
  };
  for (const one of status.connections) {
    if (one.gate && !one.gate.open) add(one.name, one.gate.cause, one.gate.remedy, '', 0);
    for (const kind of one.sync) if (kind.cause) add(one.name, kind.cause, kind.remedy, kind.current_to ?? '', 0);
    for (const gap of one.configuration?.gaps ?? [])
      add(one.name, `${gap.part}: ${gap.cause}`, gap.remedy, one.configuration.read_at, 0);
  }
  for (const one of deliveries)
    if (one.cause && one.status !== 'done')
      add(one.connection, one.cause, one.remedy, one.status === 'dead_letter' ? one.due : one.accepted_at, 1);
  return [...found.values()].sort((one, other) => other.times - one.times || one.key.localeCompare(other.key));
}

function statusPanel(found) {
  return h(
    'article',
    { class: 'panel boxed broad', 'data-key': 'errors' },
    h('h3', null, 'Connector status'),
    found.length === 0
      ? h('p', { class: 'empty small' }, 'No errors in what is kept. Check asks a connection step by step.')
      : h(
          'div',
          { class: 'scroll short', tabindex: '0', role: 'region', 'aria-label': 'Connector status' },
          table(
            'Errors with their remedies',
            [
              { label: 'Connection', cell: (one) => one.connection },
              { label: 'Error and remedy', wide: true, cell: (one) => trouble(one.cause, one.remedy) },
              { label: 'Alerts', number: true, cell: (one) => (one.times ? number.format(one.times) : '') },
            ],
            found,
            (one) => one.key,
          ),
        ),
  );
}

function created(deliveries) {
  const things = deliveries
    .filter((one) => one.summary)
    .map((one) => ({ at: seconds(one.due), counts: [one.summary.created, one.summary.updated] }));
  return bins(things, 2);
}

function latency(deliveries) {
  const times = deliveries
    .filter((one) => one.status === 'done')
    .map(took)
    .sort((one, other) => one - other);
  return times.length
    ? {
        middle: times[Math.floor((times.length - 1) / 2)],
        most: times[Math.min(times.length - 1, Math.floor(times.length * 0.95))],
      }
    : null;
}

function trendsNote() {
  const { drawn } = state;
  if (!drawn?.length) return null;
  const time = latency(drawn);
  return [
    `From the newest ${count(drawn.length, 'delivery', 'deliveries')}, `,
    when(drawn.at(-1).accepted_at),
    ' to ',
    when(drawn[0].accepted_at),
    '.',
    time && ` Alert to work item: half within ${brief(time.middle)}, 95 of 100 within ${brief(time.most)}.`,
  ];
}

/** The panels; `drawTrends` fills the frames of two of them afterwards. */
function trends() {
  const { drawn, status, backlog } = state;
  if (!drawn) return waiting('Reading…');
  const {
    from,
    step,
    columns: [made, updated],
  } = created(drawn);
  const total = made.reduce((sum, value) => sum + value, 0);
  const rows = from
    .map((at, index) => [when(new Date(at * 1000)), made[index], updated[index], `at ${at}`])
    .filter((row) => row[1] || row[2])
    .reverse();
  const peak = Math.max(0, ...backlog.map((one) => one.waiting));
  const computers = tally(
    drawn.flatMap((one) => [...new Set(one.summary?.configuration_items ?? [])]),
    8,
  );
  const rules = tally(drawn.map((one) => one.summary?.rule).filter(Boolean), 8);
  return [
    chart(
      'chart-created',
      'Work items over time',
      `${count(total, 'work item')} created; ${lasting(step)} each bar`,
      [
        ['accent', 'created'],
        ['second', 'updated'],
      ],
      rows,
      !drawn.length && 'No work items yet: they appear with the first alert.',
    ),
    chart(
      'chart-backlog',
      'Backlog since this page was opened',
      `${count(status.counts.backlog, 'alert')} waiting now, at most ${peak}`,
      [['accent', 'waiting']],
      thinned(backlog)
        .map((one) => [when(new Date(one.at * 1000)), one.waiting, `at ${one.at}`])
        .reverse(),
      false,
    ),
    ranking(
      'computers',
      'Impacted computers',
      'Computers and resources by alerts, most first',
      ['Computer', 'Alerts'],
      computers,
      'No alert named a computer or resource yet.',
    ),
    ranking(
      'rules',
      'Noisiest alert rules',
      'Alert rules by alerts, most first',
      ['Alert rule', 'Alerts'],
      rules,
      'No alert named its rule yet.',
    ),
    statusPanel(errors(status, drawn)),
  ];
}

/** Where the backlog changed, and its ends. */
function thinned(samples) {
  return samples
    .filter((one, index) => index === 0 || index === samples.length - 1 || one.waiting !== samples[index - 1].waiting)
    .slice(-60);
}

function drawTrends() {
  if (!state.drawn) return;
  const {
    from,
    step,
    columns: [made, updated],
  } = created(state.drawn);
  if (from.length)
    draw(
      'chart-created',
      from,
      [
        { label: 'created', ink: 'accent', values: made, bars: true },
        { label: 'updated', ink: 'second', values: updated, bars: true },
      ],
      step,
    );
  // One sample alone has no width.
  const [first] = state.backlog;
  const samples = first ? [{ ...first, at: first.at - 1 }, ...state.backlog] : [];
  if (first)
    draw(
      'chart-backlog',
      samples.map((one) => one.at),
      [{ label: 'waiting', ink: 'accent', values: samples.map((one) => one.waiting) }],
    );
}
