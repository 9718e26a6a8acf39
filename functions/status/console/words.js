// Times, durations and names, as people read them: in the reader's zone and language, UTC on hover.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const number = new Intl.NumberFormat();

const utc = (date) => `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
const sameDay = (one, other) => one.toDateString() === other.toDateString();
const count = (value, one, many) => `${number.format(value)} ${value === 1 ? one : (many ?? `${one}s`)}`;
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** An instant, short: the time of day today, else the day too. */
function instant(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return '';
  return (sameDay(date, serverNow()) ? clock : day).format(date);
}

function when(text) {
  const date = new Date(text ?? NaN);
  if (Number.isNaN(date.getTime())) return null;
  return h('time', { datetime: date.toISOString(), title: utc(date) }, instant(text));
}

/** A length of time in its largest one or two units. */
function lasting(seconds) {
  if (!Number.isFinite(seconds)) return '';
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  const [hours, days] = [Math.floor(whole / 3600), Math.floor(whole / 86400)];
  if (hours < 48) return `${hours} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${days} days`;
}

const brief = (milliseconds) =>
  milliseconds < 950
    ? `${Math.max(1, Math.round(milliseconds))} ms`
    : milliseconds < 9950
      ? `${(milliseconds / 1000).toFixed(1)} s`
      : lasting(milliseconds / 1000);
const since = (text) => (serverNow().getTime() - new Date(text).getTime()) / 1000;

const products = { servicenow: 'ServiceNow', service_manager: 'Service Manager', provance: 'Provance', cherwell: 'Cherwell' };
const product = (name) => products[name] ?? name;
const kinds = { Incident: 'Incidents', ChangeRequest: 'Change requests' };
const reasons = {
  rate_limit: 'asked too often',
  outage: 'cannot be reached',
  hibernating: 'hibernates',
  credentials: 'credentials are refused',
};
const statuses = { waiting: 'Waiting', working: 'Working', done: 'Done', dead_letter: 'Dead letter' };
const statusKinds = { waiting: 'warn', working: 'busy', done: 'good', dead_letter: 'bad' };
const verdicts = {
  passed: ['good', 'Passed'],
  warning: ['warn', 'Warning'],
  failed: ['bad', 'Failed'],
  skipped: ['idle', 'Skipped'],
};
const typeName = (type) => String(type).replaceAll('_', ' ');

/** Cause and remedy, as everywhere on this page. */
const trouble = (cause, remedy) => [
  cause && h('span', { class: 'cause' }, cause),
  remedy && h('span', { class: 'remedy' }, h('b', null, 'Do: '), remedy),
];
