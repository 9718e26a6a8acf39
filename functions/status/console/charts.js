// Draws numbers: bars over time with uPlot, rankings as lists of bars. Every chart over time stands beside a table of the same numbers,
// which is what a screen reader is led to.

const charts = new Map(); // id -> {plot, frame, drawn}

/** Steps of a chart over time, in seconds; the smallest that needs no more than `most` bars is taken. */
const STEPS = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86400, 7 * 86400];

/** Counts things into steps of time: `{step, from: [seconds], columns: [[counts], ..]}`; `things` are {at: seconds, counts: [..]}. */
function bins(things, width, most = 48) {
  things = things.filter(({ at }) => Number.isFinite(at));
  if (!things.length) return { step: STEPS[0], from: [], columns: Array.from({ length: width }, () => []) };
  const times = things.map((thing) => thing.at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const step = STEPS.find((seconds) => (last - first) / seconds < most - 1) ?? STEPS.at(-1);
  const start = Math.floor(first / step) * step;
  // A chart of one bar says little; a dozen steps are the least.
  const steps = Math.max(12, Math.floor((last - start) / step) + 1);
  const begin = start - (steps - Math.floor((last - start) / step) - 1) * step;
  const from = Array.from({ length: steps }, (_, index) => begin + index * step);
  const columns = Array.from({ length: width }, () => new Array(steps).fill(0));
  for (const { at, counts } of things) {
    const index = Math.floor((at - begin) / step);
    counts.forEach((value, column) => {
      columns[column][index] += value;
    });
  }
  return { step, from, columns };
}

/** A colour of the style sheet as the canvas wants it. */
function colour(name) {
  const swatch = h('span', { class: `ink-${name}` });
  byId('board').append(swatch);
  const value = getComputedStyle(swatch).color;
  swatch.remove();
  return value;
}

/** Draws, or changes, the chart in the frame `id`. `series` are {label, ink, values, bars?}; `from` are seconds. */
function draw(id, from, series, step) {
  const frame = byId(id);
  if (!frame?.clientWidth) return;
  const known = charts.get(id);
  const stamp = JSON.stringify([from, series.map((one) => one.values)]);
  const look = [document.documentElement.dataset.theme, matchMedia('(prefers-color-scheme: dark)').matches, series.length].join();
  if (known && known.frame === frame && known.look === look) {
    if (known.stamp !== stamp) known.plot.setData([from, ...series.map((one) => one.values)]);
    if (known.plot.width !== frame.clientWidth) known.plot.setSize({ width: frame.clientWidth, height: 168 });
    known.stamp = stamp;
    return;
  }
  known?.plot.destroy();
  const [ink, grid] = [colour('quiet'), colour('line')];
  const axis = { stroke: ink, font: '11px system-ui, sans-serif', grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  const plot = new uPlot(
    {
      width: frame.clientWidth,
      height: 168,
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: { drag: { setScale: false }, points: { show: false }, y: false },
      scales: {
        x: { time: true, range: (_, low, high) => (step ? [low - step / 2, high + step / 2] : [Math.min(low, high - 60), high]) },
        y: { range: (_, __, high) => [0, Math.max(4, Math.ceil((high ?? 0) * 1.1))] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          space: 64,
          values: (_, marks, __, ___, gap) => marks.map((mark) => axisTime(mark, gap)),
        },
        { ...axis, size: 34, space: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000] },
      ],
      series: [
        {},
        ...series.map((one, index) => ({
          label: one.label,
          stroke: colour(one.ink),
          fill: one.bars ? colour(one.ink) : undefined,
          width: one.bars ? 0 : 1.5,
          points: { show: false },
          paths: one.bars
            ? uPlot.paths.bars({ size: [0.36, 24], align: index === 0 ? -1 : 1, gap: 1 })
            : uPlot.paths.stepped({ align: 1 }),
        })),
      ],
      hooks: { setCursor: [(self) => readOut(id, self, series)] },
    },
    [from, ...series.map((one) => one.values)],
    frame,
  );
  charts.set(id, { plot, frame, look, stamp });
}

function axisTime(seconds, gap) {
  const date = new Date(seconds * 1000);
  if (gap >= 86400) return new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' }).format(date);
  return new Intl.DateTimeFormat(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(gap < 60 && { second: '2-digit' }),
  }).format(date);
}

/** The numbers under the pointer, for those who see it; others have the table. */
function readOut(id, plot, series) {
  const place = byId(`${id}-read`);
  const index = plot.cursor.idx;
  if (!place) return;
  place.textContent =
    index === null || index === undefined
      ? ''
      : `${day.format(new Date(plot.data[0][index] * 1000))}: ${series.map((one, at) => `${plot.data[at + 1][index]} ${one.label}`).join(', ')}`;
}

/** The frame of a chart over time and the table beside it. `rows` are [text or node, numbers..]. */
function chart(id, title, says, legend, rows, none) {
  return h(
    'article',
    { class: 'panel boxed', 'data-key': id },
    h('h3', null, title),
    h(
      'p',
      { class: 'legend quiet' },
      legend.map(([name, label]) => h('span', null, h('i', { class: `swatch ink-${name}`, 'aria-hidden': 'true' }), label)),
      h('span', { id: `${id}-read`, class: 'read', 'aria-hidden': 'true', 'data-key': 'read', 'data-keep': true }),
    ),
    none && h('p', { class: 'empty small' }, none),
    h('div', {
      id,
      class: none ? 'frame none' : 'frame',
      'data-key': `${id}-frame`,
      role: 'img',
      'aria-label': says,
      'data-keep': true,
    }),
    rows.length > 0 &&
      h(
        'details',
        { 'data-key': 'table' },
        h('summary', null, 'As a table'),
        h(
          'div',
          { class: 'scroll short', tabindex: '0', role: 'region', 'aria-label': `${title}, as a table` },
          table(
            title,
            [
              { label: 'From', cell: (row) => row[0] },
              ...legend.map(([, label], index) => ({
                label: capital(label),
                number: true,
                cell: (row) => number.format(row[index + 1]),
              })),
            ],
            rows,
            (row) => row.at(-1),
          ),
        ),
      ),
  );
}

/** Names with counts, most first, as a table with bars: `entries` are [name, count, more?]. */
function ranking(key, title, caption, heads, entries, none) {
  const most = Math.max(1, ...entries.map(([, value]) => value));
  return h(
    'article',
    { class: 'panel boxed', 'data-key': key },
    h('h3', null, title),
    entries.length === 0
      ? h('p', { class: 'empty small' }, none)
      : table(
          caption,
          [
            { label: heads[0], cell: ([name, value]) => h('span', { class: 'bar', share: value / most }, name) },
            { label: heads[1], number: true, cell: ([, value]) => number.format(value) },
          ],
          entries,
          ([name]) => `of ${name}`,
          { class: 'ranking' },
        ),
  );
}

/** Counts `names`, most frequent first, then by name. */
function tally(names, most) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([one, a], [other, b]) => b - a || one.localeCompare(other)).slice(0, most);
}
