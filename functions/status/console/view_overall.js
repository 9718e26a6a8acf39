// The first look: in words what is wrong and what to do, the counts, and each connection.

/** What a person should know, worst first: {rank, text, where, cause, remedy, of}. */
function troubles(status) {
  const found = [];
  const add = (rank, of, text, cause, remedy, where) => found.push({ rank, of, text, cause, remedy, where });
  for (const one of status.connections) {
    const { gate, counts, name } = one;
    if (gate && !gate.open)
      add(
        gate.reason === 'rate_limit' ? 1 : 2,
        name,
        `${name} waits: ${reasons[gate.reason] ?? gate.reason}`,
        gate.cause,
        gate.remedy,
        'connections',
      );
    if (counts.dead_letters)
      add(
        2,
        name,
        `${count(counts.dead_letters, 'dead letter')} on ${name}`,
        '',
        'see the cause, mend it, then redrive',
        'dead-letters',
      );
    if (counts.oldest && since(counts.oldest) > 900 && gate?.open !== false)
      add(1, name, `${name} is behind: the oldest alert waits since ${lasting(since(counts.oldest))}`, '', '', 'deliveries');
    for (const kind of one.sync)
      if (kind.cause && (!gate || gate.open))
        add(1, name, `${kinds[kind.kind] ?? kind.kind} of ${name} are not current`, kind.cause, kind.remedy, 'records');
    if (one.configuration?.findings)
      add(
        1,
        name,
        `${count(one.configuration.findings, 'setting')} of ${name} ${one.configuration.findings === 1 ? 'points' : 'point'} at nothing`,
        '',
        `run "itsm-connector refresh": it names each`,
        'connections',
      );
  }
  return found.sort((one, other) => other.rank - one.rank);
}

function verdict(status) {
  const found = troubles(status);
  const serious = found.filter((one) => one.rank === 2);
  if (!found.length)
    return {
      kind: 'good',
      text: status.counts.backlog ? `All is well; ${count(status.counts.backlog, 'alert')} on the way.` : 'All is well.',
      found,
    };
  const waits = status.connections.filter((one) => one.gate && !one.gate.open).length;
  const parts = [
    waits && `${count(waits, 'connection')} ${waits === 1 ? 'waits' : 'wait'}`,
    status.counts.dead_letters &&
      `${count(status.counts.dead_letters, 'dead letter')} ${status.counts.dead_letters === 1 ? 'needs' : 'need'} a person`,
  ].filter(Boolean);
  const text = parts.length ? `${capital(parts.join(', '))}.` : `${count(found.length, 'thing')} to look at.`;
  return { kind: serious.length ? 'bad' : 'warn', text, found };
}

let saidVerdict = null;

function overall(status) {
  const now = verdict(status);
  if (saidVerdict !== null && saidVerdict !== now.text) say(now.text);
  saidVerdict = now.text;
  document.title = `${now.found.length ? `(${now.found.length}) ` : ''}Azure ITSM Connector`;
  const { counts } = status;
  const figure = (key, label, value, more) =>
    h('div', { 'data-key': key }, h('dt', null, label), h('dd', null, value, h('small', null, more ?? '')));
  const oldest = counts.oldest && since(counts.oldest);
  return [
    h('p', { class: `verdict ${now.kind}`, 'data-key': 'verdict' }, now.text),
    h(
      'ul',
      { class: 'todo', 'data-key': 'todo' },
      now.found
        .filter((one) => one.where !== 'connections')
        .map((one) =>
          h(
            'li',
            { 'data-key': one.text },
            h('a', { href: `#${one.where}` }, one.text),
            one.remedy && h('span', { class: 'quiet' }, `: ${one.remedy}`),
          ),
        ),
    ),
    h(
      'dl',
      { class: 'figures', 'data-key': 'figures' },
      figure('accepted', 'Alerts accepted', number.format(counts.accepted)),
      figure('created', 'Work items created', number.format(counts.work_items)),
      figure('updates', 'Updates', number.format(counts.updates)),
      figure('duplicates', 'Duplicates suppressed', number.format(counts.duplicates_suppressed)),
      figure('backlog', 'Backlog', number.format(counts.backlog), oldest ? `oldest ${lasting(oldest)}` : 'nothing waits'),
      figure(
        'dead',
        'Dead letters',
        number.format(counts.dead_letters),
        counts.dead_letters ? h('a', { href: '#dead-letters' }, 'look at them') : 'none',
      ),
    ),
  ];
}

function gateLine(gate) {
  if (!gate)
    return h('p', { class: 'gate' }, chip('idle', 'Not known here'), h('span', { class: 'quiet' }, ' Other processes deliver.'));
  if (gate.open) return h('p', { class: 'gate' }, chip('good', 'Open'), ' Deliveries flow.');
  return h(
    'div',
    { class: 'gate' },
    h(
      'p',
      null,
      chip(gate.reason === 'rate_limit' ? 'warn' : 'bad', 'Waits'),
      ` ${capital(reasons[gate.reason] ?? gate.reason ?? 'waits')}`,
      gate.until && [', tried again at ', when(gate.until)],
      '.',
    ),
    trouble(gate.cause, gate.remedy),
  );
}

function lagText(kind) {
  if (kind.running && kind.current_to === null) return ['being read since ', when(kind.running.since)];
  if (kind.current_to === null) return 'never read';
  return `${lasting(kind.lag_seconds ?? 0)} behind`;
}

function connectionCard(one) {
  const { counts, configuration } = one;
  const busy = (what) => state.busy.has(`${what}:${one.name}`);
  const fact = (term, ...value) => h('div', { 'data-key': term }, h('dt', null, term), h('dd', null, ...value));
  return h(
    'article',
    { class: 'card boxed', 'data-key': one.name, 'aria-labelledby': `connection-${one.name}` },
    h(
      'h3',
      { id: `connection-${one.name}` },
      one.name,
      h('span', { class: 'quiet' }, ` ${product(one.provider)}`),
      one.dry_run && chip('idle', 'Dry run: only reads'),
    ),
    gateLine(one.gate),
    h(
      'dl',
      { class: 'facts' },
      fact(
        'Backlog',
        number.format(counts.backlog),
        counts.oldest && h('span', { class: 'quiet' }, ` oldest ${lasting(since(counts.oldest))}`),
      ),
      fact('Dead letters', counts.dead_letters ? h('a', { href: '#dead-letters' }, number.format(counts.dead_letters)) : '0'),
      one.sync.map((kind) =>
        fact(
          kinds[kind.kind] ?? kind.kind,
          lagText(kind),
          kind.cause && (!one.gate || one.gate.open) && chip('warn', 'stopped early'),
        ),
      ),
      fact(
        'Configuration',
        configuration
          ? [
              `${lasting(configuration.age_seconds)} old`,
              configuration.gaps.length > 0 &&
                h('span', { class: 'quiet' }, `, ${count(configuration.gaps.length, 'part')} not readable`),
            ]
          : 'never read',
      ),
    ),
    (can('check') || can('sync')) &&
      h(
        'div',
        { class: 'choices' },
        can('check') &&
          button(busy('check') ? 'Checking…' : 'Check', {
            'data-act': 'check',
            'data-of': one.name,
            'data-key': 'check',
            'aria-label': `Check ${one.name}`,
          }),
        can('sync') &&
          button(busy('sync') ? 'Syncing…' : 'Sync', {
            'data-act': 'sync',
            'data-of': one.name,
            'data-key': 'sync',
            'aria-label': `Sync ${one.name}`,
          }),
      ),
  );
}

function connections(status) {
  if (!status.connections.length)
    return empty('No connections.', 'Add a section [connections.NAME] to connector.toml and start again.');
  return status.connections.map(connectionCard);
}
