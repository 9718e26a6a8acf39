// What the page knows, and the polling that keeps it true: every 3 s on one machine and every 15 s where each question costs a start of a
// function, not while the tab is hidden, less and less often while the server is gone. Lists are asked for again only when the counts say
// that something happened.

const PACE = { here: 3000, afar: 15000, gone: [3000, 6000, 12000, 24000, 30000], anyway: 30000 };
const MOST = { listed: 100, drawn: 500, dead: 100, rows: 20 };

const state = {
  status: null, // of GET /status
  listed: null, // the table's deliveries
  drawn: null, // the newest 500, for trends
  dead: null, // dead letters
  rows: null, // newest rows: {kind, records, place} or {trouble}
  filter: { connection: '', status: '' },
  kind: 'incident',
  backlog: [], // [{at, waiting, oldest}] since the page was opened
  busy: new Set(), // what is under way, as `check:snow`
  lost: null, // {since, tries, rest, next, refusal} while the server does not answer
  ahead: 0, // the server's clock minus ours, ms
};

const serverNow = () => new Date(Date.now() + state.ahead);
const can = (action) => state.status?.console?.actions?.includes(action) ?? false;
/** Rows can be read where the process serves what only one machine can. */
const here = () => can('preview') || can('check');

const poll = { timer: 0, running: null, fresh: '', asked: 0, onChange: () => {}, onKey: () => {} };

/** What makes lists worth asking for again; attempts that fail again and again do not. */
function fingerprint({ started_at: started, counts, connections }) {
  const { accepted, work_items: made, updates, duplicates_suppressed: duplicates, dead_letters: dead, backlog } = counts;
  return JSON.stringify([
    started,
    accepted,
    made,
    updates,
    duplicates,
    dead,
    backlog,
    connections.map((one) => one.sync.map((kind) => kind.current_to)),
  ]);
}

function note(status) {
  if (status.now) state.ahead = new Date(status.now).getTime() - Date.now();
  state.status = status;
  const oldest = status.counts.oldest ? since(status.counts.oldest) : 0;
  state.backlog.push({ at: serverNow().getTime() / 1000, waiting: status.counts.backlog, oldest });
  if (state.backlog.length > 1200) state.backlog.splice(0, 400);
}

async function ask(signal, all) {
  const status = await api.status(signal);
  note(status);
  const now = fingerprint(status);
  const due = all || now !== poll.fresh || status.counts.backlog > 0 || Date.now() - poll.asked > PACE.anyway;
  if (!due) return;
  const { filter, kind } = state;
  const filtered = filter.connection !== '' || filter.status !== '';
  const changed = all || now !== poll.fresh || !state.drawn;
  const [listed, drawn, dead, rows] = await Promise.all([
    filtered || !changed ? api.deliveries({ ...filter, limit: MOST.listed }, signal) : null,
    changed ? api.deliveries({ limit: MOST.drawn }, signal) : null,
    status.counts.dead_letters > 0 ? api.deliveries({ status: 'dead_letter', limit: MOST.dead }, signal) : { deliveries: [] },
    here() ? api.records(kind, MOST.rows, signal).catch((refusal) => ifTold(refusal)) : null,
  ]);
  if (drawn) state.drawn = drawn.deliveries;
  state.listed = listed ? listed.deliveries : state.drawn.slice(0, MOST.listed);
  state.dead = dead.deliveries;
  state.rows = rows && { kind, ...rows };
  poll.fresh = now;
  poll.asked = Date.now();
}

/** What the server says against one part of the page belongs into that part; anything else stops the round. */
function ifTold(refusal) {
  if (refusal instanceof Refusal && refusal.kind === 'problem') return { trouble: refusal };
  throw refusal;
}

/** One round now; `all` asks for every list. A round that is under way is given up. */
async function round(all = false) {
  clearTimeout(poll.timer);
  poll.running?.abort();
  const running = new AbortController();
  poll.running = running;
  try {
    await ask(running.signal, all || state.lost !== null);
    if (state.lost) say('The connector answers again.');
    state.lost = null;
  } catch (failure) {
    if (running.signal.aborted) return;
    if (!(failure instanceof Refusal)) throw failure;
    if (failure.kind === 'key') {
      poll.running = null;
      poll.onKey(failure);
      return;
    }
    if (!state.lost) say('The connector does not answer.');
    state.lost = { since: state.lost?.since ?? new Date(), tries: (state.lost?.tries ?? 0) + 1, refusal: failure };
  }
  poll.running = null;
  const rest = state.lost ? PACE.gone[Math.min(state.lost.tries, PACE.gone.length) - 1] : here() ? PACE.here : PACE.afar;
  if (state.lost) Object.assign(state.lost, { rest, next: new Date(Date.now() + rest) });
  if (!document.hidden) poll.timer = setTimeout(round, rest);
  poll.onChange();
}

function pause() {
  clearTimeout(poll.timer);
  poll.running?.abort();
  poll.running = null;
}

/** A hidden tab asks for nothing; one that comes back asks at once. */
function watchVisibility() {
  document.addEventListener('visibilitychange', () => {
    if (!byId('sign-in').hidden) return;
    if (document.hidden) pause();
    else round();
  });
}
