// The way back: how far behind each kind of record is, and the newest rows.

function lag(status) {
  const rows = status.connections.flatMap((one) => one.sync.map((kind) => ({ connection: one.name, ...kind })));
  if (!rows.length)
    return empty(
      'No records are brought back by this process.',
      'The schedule of the sync is in [schedule] and [connections.NAME.sync].',
    );
  return [
    table(
      'How current records are',
      [
        { label: 'Connection', cell: (row) => row.connection },
        { label: 'Records', cell: (row) => kinds[row.kind] ?? row.kind },
        { label: 'Current to', cell: (row) => when(row.current_to) ?? h('span', { class: 'quiet' }, 'never read') },
        { label: 'Behind', number: true, cell: (row) => (row.lag_seconds === null ? '' : lasting(row.lag_seconds)) },
        {
          label: 'State',
          wide: true,
          cell: (row) => [
            row.running && [chip('busy', 'Reading'), ' since ', when(row.running.since), ' '],
            row.first_load && chip('busy', 'First load'),
            row.cause
              ? trouble(row.cause, row.remedy)
              : !row.running && !row.first_load && (row.current_to ? 'Good' : 'Waits for the schedule, or press Sync'),
          ],
        },
      ],
      rows,
      (row) => `${row.connection} ${row.kind}`,
    ),
    status.sink && h('p', { class: 'quiet' }, `Rows go to ${status.sink}.`),
  ];
}

const numberCell = (row) => [
  row.SourceUrl_s ? link(row.SourceUrl_s, row.ServiceDeskId_s) : row.ServiceDeskId_s,
  h('span', { class: 'quiet' }, ` ${row.ServiceDeskConnectionName_s}`),
];
const read = { label: 'Read', cell: (row) => when(row.TimeGenerated) };

const rowColumns = {
  incident: () => [
    read,
    { label: 'Number', cell: numberCell },
    { label: 'State', cell: (row) => row.IncidentState_s ?? '' },
    { label: 'Priority', cell: (row) => row.Priority_s ?? '' },
    { label: 'Assigned to', cell: (row) => row.AssignedTo_s ?? '' },
    { label: 'Title', wide: true, cell: (row) => row.Title_s ?? '' },
  ],
  change_request: () => [
    read,
    { label: 'Number', cell: numberCell },
    { label: 'State', cell: (row) => row.CRState_s ?? '' },
    { label: 'Risk', cell: (row) => row.Risk_s ?? '' },
    { label: 'Planned', cell: (row) => when(row.PlannedStartDate_t) },
    { label: 'Title', wide: true, cell: (row) => row.Title_s ?? '' },
  ],
  log: () => [
    read,
    {
      label: 'Level',
      cell: (row) => chip({ ERROR: 'bad', WARNING: 'warn', WARN: 'warn' }[row.LogType_s] ?? 'idle', row.LogType_s ?? ''),
    },
    { label: 'Connection', cell: (row) => row.ServiceDeskConnectionName_s ?? '' },
    {
      label: 'Message',
      wide: true,
      cell: (row) => [
        h('span', null, row.Message_s ?? '', row.ServiceDeskId_s && ` (${row.ServiceDeskId_s})`),
        trouble(row.Cause_s, row.Remedy_s),
      ],
    },
  ],
};

function newestRows() {
  const { rows, kind } = state;
  if (!here())
    return h(
      'p',
      { class: 'quiet' },
      'The rows themselves are in the workspace: query ',
      h('code', null, 'ServiceDesk_CL'),
      ' there.',
    );
  if (!rows || rows.kind !== kind) return waiting('Reading…');
  if (rows.trouble) return refused(rows.trouble);
  if (rows.place) return empty('Rows are not kept here.', `They go to ${rows.place}; query them there.`);
  if (!rows.records.length) return empty('No rows yet.', 'They come with the next sync: press Sync at a connection.');
  const caption = {
    incident: 'Newest rows of incidents',
    change_request: 'Newest rows of change requests',
    log: 'Newest lines of the connector’s log',
  }[kind];
  return h(
    'div',
    { class: 'scroll tall', role: 'region', 'aria-label': caption, tabindex: '0' },
    table(caption, rowColumns[kind](), rows.records, rowKey(), { 'data-key': kind }),
  );
}

/** A key for each row: what names its version, and how often that was seen before. */
function rowKey() {
  const seen = new Map();
  return (row) => {
    const name = [
      row.TimeGenerated,
      row.ServiceDeskConnectionName_s,
      row.ServiceDeskId_s,
      row.SourceVersion_s,
      row.Operation_s,
      row.CorrelationId_s,
    ].join(' ');
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return `${name} ${seen.get(name)}`;
  };
}
