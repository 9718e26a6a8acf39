// Starts the page: sign-in, theme, what buttons do, and drawing everything anew when something is known that was not.

const THEME = 'itsm-connector-theme';
const darkOutside = matchMedia('(prefers-color-scheme: dark)');

function render() {
  const { status, lost } = state;
  lostBar(lost);
  if (!status) return;
  const first = byId('board').hidden;
  const signedIn = byId('sign-in').contains(document.activeElement);
  for (const id of ['board', 'parts']) hide(id, false);
  hide('sign-out', !heldKey);
  hide('sign-in', true);
  if (signedIn) byId('main').focus({ preventScroll: true });
  put('version', status.version);
  put('pulse', lost ? 'No answer' : 'Live');
  byId('pulse').classList.toggle('stopped', Boolean(lost));
  show(byId('zone'), `Times are of ${zone}, UTC on hover. Up since `, when(status.started_at), '.');
  show(byId('overall'), overall(status));
  show(byId('connections-body'), connections(status));
  show(
    byId('filter-connection'),
    option(['', 'All']),
    status.connections.map((one) => option([one.name, one.name])),
  );
  show(byId('deliveries-body'), deliveriesTable());
  show(byId('dead-letters-tools'), deadTools());
  show(byId('dead-letters-body'), deadLetters());
  show(byId('trends-note'), trendsNote());
  show(byId('trends-body'), trends());
  drawTrends();
  hide('records-filter', !here());
  show(byId('records-lag'), lag(status));
  show(byId('records-rows'), newestRows());
  for (const id of ['preview', 'to-preview']) hide(id, !can('preview'));
  if (can('preview')) show(byId('preview-form'), previewForm());
  if (first && location.hash.length > 1) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function lostBar(lost) {
  hide('lost', !lost);
  if (!lost) return;
  show(
    byId('lost'),
    h(
      'span',
      null,
      h('strong', null, state.status ? `No answer since ${clock.format(lost.since)}. ` : 'No answer. '),
      `${capital(lost.refusal.detail)}. Do: ${lost.refusal.remedy}. Tried again at ${clock.format(lost.next)}.`,
    ),
    button('Try now', { 'data-act': 'try', 'data-key': 'try' }),
  );
}

/** Who are you: also after the key was taken away while the page was open. */
function signIn(refusal) {
  const had = heldKey !== null;
  pause();
  keepKey(null);
  state.status = state.lost = null;
  if (byId('dialog').open) dialog.close();
  for (const id of ['board', 'parts', 'sign-out', 'lost']) hide(id, true);
  byId('pulse').textContent = '';
  hide('sign-in', false);
  byId('key-wrong').textContent = had && refusal ? `${capital(refusal.detail)}. ${capital(refusal.remedy)}.` : '';
  byId('key').setAttribute('aria-invalid', String(had && Boolean(refusal)));
  byId('key').value = '';
  byId('key').focus();
  document.title = 'Sign in · Azure ITSM Connector';
}

async function redrive(title, text, yes, work) {
  if (!(await dialog.ask(title, text, yes))) return;
  state.busy.add('redrive');
  render();
  try {
    tell(await work());
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    if (failure.kind === 'key') signIn(failure);
    else dialog.open(title, refused(failure));
  } finally {
    state.busy.delete('redrive');
  }
  if (heldKey || state.status) await round(true);
}

const redriven = ({ redriven: done, left }) =>
  `Redriven: ${count(done, 'dead letter')}.${left ? ` ${count(left, 'other')} cannot be read; see "itsm-connector deliveries list".` : ''}`;

const acts = {
  close: () => dialog.close(),
  yes: () => dialog.yes(),
  try: () => round(true),
  check: ({ of }) =>
    inDialog(`check:${of}`, `Check of ${of}`, 'Going every step towards the ITSM tool…', () => api.check(of), probes),
  sync: async ({ of }) => {
    await inDialog(
      `sync:${of}`,
      `Sync of ${of}`,
      'Reading what changed in the ITSM tool. This takes up to about a minute; it goes on when this is closed.',
      () => api.sync(of),
      synced,
    );
    if (state.status) await round(true);
  },
  details: ({ id }) => inDialog(`details:${id}`, 'Alert', 'Reading…', () => api.delivery(id), details),
  redrive: ({ id }) =>
    redrive(
      'Redrive this dead letter?',
      'The same alert is tried again at once. Is the cause still there, it comes back as a dead letter.',
      'Redrive',
      async () => ((await api.redrive(id)).redriven ? 'Redriven: it is being tried again.' : 'It is no dead letter any more.'),
    ),
  now: ({ id }) =>
    redrive('Try it now?', 'It is due at once. Does the tool still not answer, it waits again.', 'Try now', async () =>
      (await api.redrive(id)).redriven ? 'It is being tried.' : 'It does not wait any more.',
    ),
  'redrive-all': () =>
    redrive(
      'Redrive all dead letters?',
      `All ${number.format(state.status.counts.dead_letters)} are tried again at once. Those whose cause is still there come back as dead letters.`,
      'Redrive all',
      async () => redriven(await api.redriveAll('')),
    ),
  copy: async () => {
    try {
      await navigator.clipboard.writeText(byId('payload').textContent);
      tell('Copied.');
    } catch {
      getSelection().selectAllChildren(byId('payload'));
      tell('Selected: copy it with the keyboard.');
    }
  },
  'to-preview': ({ of, type }) => {
    const text = byId('payload').textContent;
    byId('preview-for').value = `connection ${of}`;
    render();
    byId('preview-type').value = type;
    byId('preview-alert').value = text;
    dialog.close();
    byId('preview').scrollIntoView();
    byId('preview-alert').focus();
  },
};

/** Dark or light: as the system, until the person chooses the other one. */
function theme(choice) {
  const outside = darkOutside.matches ? 'dark' : 'light';
  const now = choice ?? outside;
  if (choice && choice !== outside) document.documentElement.dataset.theme = choice;
  else delete document.documentElement.dataset.theme;
  try {
    if (choice && choice !== outside) localStorage.setItem(THEME, choice);
    else if (choice) localStorage.removeItem(THEME);
  } catch {
    // A browser that stores nothing: the choice lasts as long as the page.
  }
  byId('theme').textContent = now === 'dark' ? 'Light theme' : 'Dark theme';
  byId('theme').dataset.to = now === 'dark' ? 'light' : 'dark';
  drawTrends();
}

function storedTheme() {
  try {
    return localStorage.getItem(THEME) ?? undefined;
  } catch {
    return undefined;
  }
}

function start() {
  theme(storedTheme());
  darkOutside.addEventListener('change', () => theme(storedTheme()));
  byId('theme').addEventListener('click', (event) => theme(event.target.dataset.to));
  byId('sign-out').addEventListener('click', () => signIn(null));
  document.addEventListener('click', (event) => {
    const pressed = event.target.closest('button[data-act]');
    if (pressed) acts[pressed.dataset.act]?.(pressed.dataset);
  });
  byId('sign-in-form').addEventListener('submit', (event) => {
    event.preventDefault();
    if (!byId('key').value) return byId('key').focus();
    keepKey(byId('key').value.trim());
    round(true);
  });
  byId('filter').addEventListener('change', () => {
    state.filter = Object.fromEntries(new FormData(byId('filter')));
    state.listed = null;
    render();
    round(true);
  });
  byId('records-filter').addEventListener('change', () => {
    state.kind = byId('records-kind').value;
    render();
    round(true);
  });
  byId('preview-form').addEventListener('submit', (event) => {
    event.preventDefault();
    if (!state.busy.has('preview')) runPreview();
  });
  byId('preview-form').addEventListener('change', (event) => {
    if (event.target.id === 'preview-for') render();
    const chosen = event.target.id === 'preview-example' && EXAMPLES[event.target.value];
    if (chosen) {
      byId('preview-alert').value = JSON.stringify(chosen[1], null, 2);
      wrong('');
    }
  });
  for (const id of ['filter', 'records-filter']) byId(id).addEventListener('submit', (event) => event.preventDefault());
  new ResizeObserver(drawTrends).observe(byId('trends-body'));
  poll.onChange = render;
  poll.onKey = signIn;
  watchVisibility();
  takeKey();
  round(true);
}

start();
