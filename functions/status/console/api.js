// Talks to the server that this page came from: the key, requests, and answers that are errors. The key is kept for this tab only and
// never stands in an address.

const KEY = 'itsm-connector-key';
let heldKey = null;

function takeKey() {
  const url = new URL(location.href);
  const parts = new URLSearchParams(url.hash.slice(1));
  const key = parts.get('code') ?? url.searchParams.get('code');
  if (key) {
    keepKey(key);
    url.searchParams.delete('code');
    if (parts.has('code')) url.hash = '';
    history.replaceState(null, '', url.pathname + url.search + url.hash);
  }
  return heldKey ?? storedKey();
}

function storedKey() {
  try {
    heldKey = sessionStorage.getItem(KEY);
  } catch {
    // A browser that stores nothing: the key lasts as long as the page.
  }
  return heldKey;
}

function keepKey(key) {
  heldKey = key;
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch {
    // As above.
  }
}

/** What kept a request from its answer: `gone` (nobody answered), `key` (who are you), or what the server said. */
class Refusal extends Error {
  constructor(kind, problem) {
    super(problem.detail || problem.title);
    this.kind = kind;
    this.title = problem.title;
    this.detail = problem.detail ?? '';
    this.remedy = problem.remedy ?? '';
    this.status = problem.status ?? 0;
  }
}

/** Where the server's paths begin; the page itself is `{root}/status/console`. */
const root = location.pathname.replace(/\/status\/console\/?$/i, '');

/** Asks the server; answers JSON. A parameter without a value is left out. */
async function call(method, path, { query = {}, body, signal, patience = 10000 } = {}) {
  const asked = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== '' && value !== null && value !== undefined),
  );
  const address = `${root}${path}${asked.size ? `?${asked}` : ''}`;
  const headers = { accept: 'application/json' };
  if (heldKey) headers['x-functions-key'] = heldKey;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const limit = AbortSignal.timeout(patience);
  let response, text;
  try {
    response = await fetch(address, {
      method,
      headers,
      body,
      cache: 'no-store',
      redirect: 'manual',
      credentials: 'same-origin',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    text = await response.text();
  } catch (failure) {
    if (signal?.aborted) throw failure;
    const detail = failure.name === 'TimeoutError' ? `no answer within ${patience / 1000} s` : 'the connector does not answer';
    throw new Refusal('gone', {
      title: 'No answer',
      detail,
      remedy: 'see that the connector runs, and that this browser reaches it',
    });
  }
  if (response.type === 'opaqueredirect')
    throw new Refusal('gone', {
      title: 'Sent elsewhere',
      detail: 'whoever stands before the connector wants a sign-in',
      remedy: 'reload this page',
    });
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // A gateway between may answer with a page of its own.
  }
  if (response.ok && answer !== null) return answer;
  const problem =
    answer && typeof answer === 'object'
      ? answer
      : {
          title: `HTTP ${response.status}`,
          detail: `the answer (HTTP ${response.status}) is no JSON`,
          remedy: 'see what stands between this browser and the connector',
        };
  const kind = response.status === 401 ? 'key' : response.status === 502 || response.status === 504 ? 'gone' : 'problem';
  throw new Refusal(kind, { ...problem, status: response.status });
}

const seg = encodeURIComponent;
const api = {
  status: (signal) => call('GET', '/status', { signal }),
  deliveries: (query, signal) => call('GET', '/status/deliveries', { query, signal }),
  delivery: (id) => call('GET', `/status/deliveries/${seg(id)}`),
  redrive: (id) => call('POST', `/deliveries/${seg(id)}/redrive`),
  redriveAll: (connection) => call('POST', '/deliveries/redrive', { query: { connection } }),
  check: (connection) => call('POST', `/connections/${seg(connection)}/check`, { patience: 120000 }),
  sync: (connection) => call('POST', `/connections/${seg(connection)}/sync`, { patience: 150000 }),
  preview: (path, query, body) => call('POST', `/preview/${path.map(seg).join('/')}`, { query, body, patience: 30000 }),
  records: (kind, limit, signal) => call('GET', '/records', { query: { kind, limit }, signal }),
};
