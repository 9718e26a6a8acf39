// What a person counts on: trends, errors with remedies, records, and what an empty place says. Compared with what the connector answers
// to a program.

import { accessible, enter, fits, visitor } from './browser.mjs';
import { ask } from './processes.mjs';
import { check, equal } from './scene.mjs';

export const stories = {
  async 'trends are drawn from the newest deliveries and stand beside tables of the same numbers'({ browser, demo }) {
    const { page, judge } = await visitor(browser, demo);
    await enter(page, demo, '#trends');
    const { deliveries } = await ask(demo, '/status/deliveries?limit=500');
    check(
      (await page.locator('#trends-note').textContent()).startsWith(`From the newest ${deliveries.length} deliveries`),
      'says of how many',
    );
    const tally = (names) =>
      [...names.reduce((counts, name) => counts.set(name, (counts.get(name) ?? 0) + 1), new Map())]
        .sort(([one, a], [other, b]) => b - a || one.localeCompare(other))
        .slice(0, 8)
        .map(([name, times]) => [name, String(times)]);
    const ranked = (key) =>
      page
        .locator(`[data-key="${key}"] tbody tr`)
        .evaluateAll((all) =>
          all.map((row) => [row.querySelector('th .value').textContent, row.querySelector('td .value').textContent]),
        );
    equal(await ranked('computers'), tally(deliveries.flatMap(({ summary }) => summary.configuration_items ?? [])), 'computers');
    equal(await ranked('rules'), tally(deliveries.map(({ summary }) => summary.rule).filter(Boolean)), 'rules');
    check((await ranked('computers')).length > 1 && (await ranked('rules')).length > 1, 'there is something to rank');
    const panel = page.locator('article[data-key="chart-created"]');
    await panel.locator('summary').click();
    const sums = await panel
      .locator('tbody tr')
      .evaluateAll((all) =>
        all.reduce(
          ([made, updated], row) => [
            made + Number(row.cells[1].querySelector('.value').textContent),
            updated + Number(row.cells[2].querySelector('.value').textContent),
          ],
          [0, 0],
        ),
      );
    equal(
      sums,
      [
        deliveries.reduce((sum, { summary }) => sum + summary.created, 0),
        deliveries.reduce((sum, { summary }) => sum + summary.updated, 0),
      ],
      'sums',
    );
    equal(
      await panel
        .getByRole('img')
        .getAttribute('aria-label')
        .then((text) => text.split(' ')[0]),
      String(sums[0]),
      'the text of the picture',
    );
    const inked = await page.evaluate(() =>
      [...document.querySelectorAll('.frame canvas')].map((canvas) =>
        canvas
          .getContext('2d')
          .getImageData(0, 0, canvas.width, canvas.height)
          .data.some((value) => value > 0),
      ),
    );
    equal(inked, [true, true], 'both are drawn');
    await accessible(page, 'trends as tables');
    await judge();
  },

  async 'counting into steps of time loses nothing'({ browser, demo }) {
    const { page, judge } = await visitor(browser, demo);
    await enter(page, demo);
    const wrong = await page.evaluate(() => {
      const found = [];
      for (const span of [0, 1, 59, 3600, 86400, 40 * 86400, 400 * 86400]) {
        for (const many of [1, 2, 7, 500]) {
          const things = Array.from({ length: many }, (_, index) => ({
            at: 1.79e9 + 17 + (span * index) / Math.max(1, many - 1),
            counts: [index % 3, 1],
          }));
          const { from, columns, step } = bins(things, 2);
          const sums = columns.map((column) => column.reduce((sum, value) => sum + value, 0));
          const wanted = [0, 1].map((column) => things.reduce((sum, { counts }) => sum + counts[column], 0));
          const even = from.every((at, index) => index === 0 || at - from[index - 1] === step);
          if (String(sums) !== String(wanted) || !even || from.length < 12 || from.length > 64)
            found.push([span, many, from.length, sums, wanted]);
        }
      }
      return found;
    });
    equal(wrong, [], 'spans and numbers');
    await judge();
  },

  async 'errors of every connection stand together with their remedies'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local, '#trends');
    const rows = await page.locator('[data-key="errors"] tbody tr').evaluateAll((all) => all.map((row) => row.textContent));
    check(
      rows.some(
        (row) =>
          row.includes('snow') && row.includes('Invalid table em_event') && row.includes('Event Management') && /2$/.test(row),
      ),
      `both dead letters are one line: ${rows.join('\n')}`,
    );
    check(
      rows.some((row) => row.includes('branch') && row.includes('cannot be reached') && row.includes('Do:')),
      'the outage',
    );
    await judge();
  },

  async 'records show how current they are and their newest rows'({ browser, demo }) {
    const { page, judge } = await visitor(browser, demo);
    await enter(page, demo, '#records');
    const lag = await page
      .locator('#records-lag tbody tr')
      .evaluateAll((all) => all.map((row) => row.cells[1].querySelector('.value').textContent));
    equal(lag, ['Incidents', 'Change requests'], 'kinds');
    for (const [kind, member] of [
      ['incident', 'ServiceDeskId_s'],
      ['change_request', 'ServiceDeskId_s'],
      ['log', 'Message_s'],
    ]) {
      await page.locator('#records-kind').selectOption(kind);
      const { records } = await ask(demo, `/records?kind=${kind}&limit=20`);
      check(records.length > 0, `rows of ${kind}`);
      await page.locator(`#records-rows table[data-key="${kind}"]`).waitFor();
      const text = await page.locator('#records-rows tbody').textContent();
      check(
        records.slice(1).every((row) => text.includes(row[member])),
        `${kind}: ${text}`,
      );
      await accessible(page, `rows of ${kind}`);
    }
    await judge();
  },

  async 'a fresh connector says what to do next'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await page.route('**/api/status', async (route) => {
      const response = await route.fetch();
      const status = await response.json();
      const none = Object.fromEntries(
        Object.entries(status.counts).map(([name, value]) => [name, typeof value === 'number' ? 0 : null]),
      );
      const connections = status.connections
        .filter(({ name }) => name === 'snow')
        .map((one) => ({ ...one, counts: none, configuration: null }));
      await route.fulfill({ response, json: { ...status, counts: none, connections } });
    });
    await page.route('**/api/status/deliveries*', (route) => route.fulfill({ json: { deliveries: [] } }));
    await page.route('**/api/records*', (route) => route.fulfill({ json: { records: [] } }));
    await enter(page, local);
    for (const text of [
      'All is well.',
      'No alerts yet.',
      'itsm-connector send',
      'None.',
      'No work items yet',
      'No alert named a computer',
      'No rows yet.',
    ])
      await page.getByText(text).first().waitFor();
    await accessible(page, 'nothing yet');
    await fits(page, 'nothing yet');
    await judge();
  },
};
