// What a person sees: the key's way in, the verdict, connections, alerts and their work items, trends, records. What is shown is compared
// with what the connector answers to a program.

import { accessible, enter, fits, ready, visitor } from './browser.mjs';
import { ask, post } from './processes.mjs';
import { becomes, check, equal } from './scene.mjs';

const refused = [/401 \(Unauthorized\)/];

const statuses = (requests) => requests.filter(({ url }) => url.endsWith('/api/status')).length;

export const stories = {
  async 'without a key a form asks for it, and says what is wrong with a wrong one'({ browser, local }) {
    const { page, judge, requests } = await visitor(browser, local, { expected: refused });
    await page.goto(local.page);
    await page.locator('#sign-in').waitFor();
    equal(await page.evaluate(() => document.activeElement.id), 'key', 'focus');
    equal(await page.locator('#key-wrong').textContent(), '', 'nothing is wrong yet');
    check(await page.locator('#board').isHidden(), 'nothing is shown without a key');
    await accessible(page, 'sign-in');
    await page.keyboard.type('wrong-key');
    await page.keyboard.press('Enter');
    await page.getByText('The key is not one of the accepted keys').waitFor();
    equal(await page.locator('#key').getAttribute('aria-invalid'), 'true', 'the field is marked');
    equal(await page.evaluate(() => sessionStorage.length), 0, 'a wrong key is not kept');
    await accessible(page, 'sign-in with a wrong key');
    await page.keyboard.type(local.key);
    await page.keyboard.press('Enter');
    await ready(page);
    equal(await page.evaluate((key) => Object.values(sessionStorage).concat(Object.values(localStorage)).filter((value) => value.includes(key)).length, local.key), 1, 'kept for this tab only');
    await page.reload();
    await ready(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('#sign-in').waitFor();
    equal(await page.evaluate(() => sessionStorage.length), 0, 'forgotten');
    const before = requests.length;
    await page.reload();
    await page.locator('#sign-in').waitFor();
    check(requests.slice(before).every(({ headers }) => !headers['x-functions-key']), 'no key is sent after signing out');
    await judge();
  },

  async 'a key in the address is taken from there and sent in the header only'({ browser, local }) {
    for (const address of [`${local.page}#code=${local.key}`, `${local.page}?code=${local.key}`, `${local.origin}/console#code=${local.key}`]) {
      const { page, judge, requests } = await visitor(browser, local);
      await page.goto(address);
      await ready(page);
      equal(page.url(), local.page, 'the address bar');
      const asked = requests.filter(({ url }) => !url.includes('/console'));
      check(asked.length > 2 && asked.every(({ headers }) => headers['x-functions-key'] === local.key), 'the header has the key');
      await judge();
    }
  },

  async 'the document names what it may do, and is not sent twice'({ local }) {
    const response = await fetch(local.page);
    const policy = response.headers.get('content-security-policy');
    check(/default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/.test(policy) && !policy.includes('unsafe'), policy);
    equal((await fetch(local.page, { headers: { 'if-none-match': response.headers.get('etag') } })).status, 304, 'not modified');
    check(!/<[^>]+\s(src|href)="(?!#|data:)/.test(await response.text()), 'nothing is loaded from elsewhere');
  },

  async 'the verdict says in words what is wrong, and each connection why and what to do'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local);
    const status = await ask(local, '/status');
    equal(await page.locator('#overall .verdict').textContent(), '2 connections wait, 2 dead letters need a person.', 'verdict');
    check((await page.title()).startsWith('('), 'the title of the tab counts troubles');
    const figures = Object.fromEntries(await page.locator('.figures > div').evaluateAll((all) => all.map((one) => [one.dataset.key, one.querySelector('dd').firstChild.textContent])));
    equal(figures, { accepted: String(status.counts.accepted), created: String(status.counts.work_items), updates: String(status.counts.updates), duplicates: String(status.counts.duplicates_suppressed), backlog: '4', dead: '2' }, 'counts');
    for (const one of status.connections) {
      const card = page.getByRole('article', { name: one.name });
      const text = (await card.textContent()).replaceAll(/\s+/g, ' ');
      check(text.includes('ServiceNow') && text.includes('Configuration'), text);
      if (one.gate.open) check(text.includes('Deliveries flow'), text);
      else check(text.includes('Waits') && text.includes(one.gate.remedy), text);
      equal(text.includes('Dry run'), one.dry_run, `dry run of ${one.name}`);
    }
    const until = page.getByRole('article', { name: 'branch' }).locator('time').first();
    check(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/.test(await until.getAttribute('title')), 'UTC on hover');
    await accessible(page, 'overview');
    await judge();
  },

  async 'times are in the zone of the reader'({ browser, local }) {
    const [first] = (await ask(local, '/status/deliveries?limit=1')).deliveries;
    for (const timezoneId of ['Asia/Tokyo', 'America/New_York']) {
      const { page, judge } = await visitor(browser, local, { timezoneId });
      await enter(page, local);
      const wanted = new Intl.DateTimeFormat('en-GB', { timeZone: timezoneId, hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(first.accepted_at));
      const time = page.locator(`#deliveries-body tr[data-key="${first.id}"] time`).first();
      check((await time.textContent()).includes(wanted), `${await time.textContent()} is not ${wanted}`);
      equal(await time.getAttribute('title'), `${first.accepted_at.slice(0, 19).replace('T', ' ')} UTC`, 'UTC');
      check((await page.locator('#zone').textContent()).includes(timezoneId), 'the zone is named');
      await judge();
    }
  },

  async 'alerts and their work items are what the connector answers, with links into the tool'({ browser, demo }) {
    const { page, judge } = await visitor(browser, demo);
    await enter(page, demo);
    const { deliveries } = await ask(demo, '/status/deliveries');
    const rows = await page.locator('#deliveries-body tbody tr').evaluateAll((all) => all.map((row) => ({ id: row.dataset.key, title: row.querySelector('.title').textContent, items: row.querySelector('.items').textContent })));
    equal(rows, deliveries.map(({ id, summary }) => ({ id, title: summary.title, items: summary.work_items.join(', ') })), 'rows');
    const [number, address] = Object.entries(deliveries.find(({ summary }) => summary.work_item_urls).summary.work_item_urls)[0];
    const anchor = page.getByRole('link', { name: number, exact: true }).first();
    equal(await anchor.getAttribute('href'), address, 'address');
    equal([await anchor.getAttribute('rel'), await anchor.getAttribute('target')], ['noopener noreferrer', '_blank'], 'opens apart');
    await accessible(page, 'demo');
    await judge();
  },

  async 'filters show what was asked for, and an empty answer says what to do next'({ browser, local }) {
    const { page, judge, requests } = await visitor(browser, local);
    await enter(page, local);
    const shown = () => page.locator('#deliveries-body tbody tr').evaluateAll((all) => all.map((row) => row.dataset.key));
    const wanted = async (query) => (await ask(local, `/status/deliveries?${query}`)).deliveries.map(({ id }) => id);
    await page.locator('#filter-connection').selectOption('snow');
    await becomes(shown, await wanted('connection=snow'), 'of snow');
    await page.locator('#filter-status').selectOption('dead_letter');
    await becomes(shown, await wanted('connection=snow&status=dead_letter'), 'dead letters of snow');
    check(requests.some(({ url }) => url.includes('connection=snow') && url.includes('status=dead_letter')), 'the connector filters');
    await page.locator('#filter-connection').selectOption('branch');
    await page.getByText('Nothing of that kind.').waitFor();
    await accessible(page, 'nothing found');
    await page.locator('#filter-connection').selectOption('');
    await page.locator('#filter-status').selectOption('');
    await becomes(shown, await wanted('limit=100'), 'everything');
    await judge();
  },

  async 'an alert that comes in appears by itself, and nothing else moves'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local);
    const details = page.locator('#deliveries-body tbody tr').first().getByRole('button');
    const row = await page.locator('#deliveries-body tbody tr').first().getAttribute('data-key');
    await details.focus();
    await page.evaluate(() => { globalThis.kept = document.activeElement; });
    const before = await page.locator('#deliveries-body').boundingBox();
    const { deliveryId } = await post(local, 'snow/incident', { title: 'a disk is full', computer: 'SQL01' });
    await page.locator(`#deliveries-body tr[data-key="${deliveryId}"]`).waitFor();
    check(await page.evaluate((id) => document.activeElement === globalThis.kept && document.activeElement.closest('tr').dataset.key === id, row), 'focus stays where it was');
    equal(await page.locator('#deliveries-body').boundingBox(), before, 'the table stays where it was');
    await page.locator(`#deliveries-body tr[data-key="${deliveryId}"]`).getByText('Done').waitFor();
    await judge();
  },

  async 'a poll that brings nothing new changes nothing but ages'({ browser, demo }) {
    const { page, judge, requests } = await visitor(browser, demo);
    await page.clock.install();
    await enter(page, demo);
    await page.evaluate(() => {
      globalThis.changes = [];
      new MutationObserver((all) => all.forEach((one) => globalThis.changes.push(`${one.type} ${one.target.nodeName} ${(one.target.closest('article') ?? one.target.parentElement.closest('[id]')).dataset.key} ${one.target.textContent.slice(0, 60)}`)))
        .observe(document.querySelector('main'), { subtree: true, childList: true, attributes: true });
    });
    const before = statuses(requests);
    for (const more of [1, 2]) {
      await page.waitForFunction(() => poll.running === null);
      await page.clock.fastForward(3100);
      await becomes(async () => statuses(requests), before + more, 'polls');
    }
    await page.waitForFunction(() => poll.running === null);
    const changes = await page.evaluate(() => globalThis.changes.filter((one) => !one.includes('chart-backlog')));
    equal(changes, [], 'elements');
    await judge();
  },

  async 'trends are drawn from the newest deliveries and stand beside tables of the same numbers'({ browser, demo }) {
    const { page, judge } = await visitor(browser, demo);
    await enter(page, demo, '#trends');
    const { deliveries } = await ask(demo, '/status/deliveries?limit=500');
    check((await page.locator('#trends-note').textContent()).startsWith(`From the newest ${deliveries.length} deliveries`), 'says of how many');
    const tally = (names) => [...names.reduce((counts, name) => counts.set(name, (counts.get(name) ?? 0) + 1), new Map())].sort(([one, a], [other, b]) => b - a || one.localeCompare(other)).slice(0, 8).map(([name, times]) => [name, String(times)]);
    const ranked = (key) => page.locator(`[data-key="${key}"] tbody tr`).evaluateAll((all) => all.map((row) => [row.querySelector('th .value').textContent, row.querySelector('td .value').textContent]));
    equal(await ranked('computers'), tally(deliveries.flatMap(({ summary }) => summary.configuration_items ?? [])), 'computers');
    equal(await ranked('rules'), tally(deliveries.map(({ summary }) => summary.rule).filter(Boolean)), 'rules');
    check((await ranked('computers')).length > 1 && (await ranked('rules')).length > 1, 'there is something to rank');
    const panel = page.locator('article[data-key="chart-created"]');
    await panel.locator('summary').click();
    const sums = await panel.locator('tbody tr').evaluateAll((all) => all.reduce(([made, updated], row) => [made + Number(row.cells[1].querySelector('.value').textContent), updated + Number(row.cells[2].querySelector('.value').textContent)], [0, 0]));
    equal(sums, [deliveries.reduce((sum, { summary }) => sum + summary.created, 0), deliveries.reduce((sum, { summary }) => sum + summary.updated, 0)], 'sums');
    equal(await panel.getByRole('img').getAttribute('aria-label').then((text) => text.split(' ')[0]), String(sums[0]), 'the text of the picture');
    const inked = await page.evaluate(() => [...document.querySelectorAll('.frame canvas')].map((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)));
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
          const things = Array.from({ length: many }, (_, index) => ({ at: 1.79e9 + 17 + (span * index) / Math.max(1, many - 1), counts: [index % 3, 1] }));
          const { from, columns, step } = bins(things, 2);
          const sums = columns.map((column) => column.reduce((sum, value) => sum + value, 0));
          const wanted = [0, 1].map((column) => things.reduce((sum, { counts }) => sum + counts[column], 0));
          const even = from.every((at, index) => index === 0 || at - from[index - 1] === step);
          if (String(sums) !== String(wanted) || !even || from.length < 12 || from.length > 64) found.push([span, many, from.length, sums, wanted]);
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
    check(rows.some((row) => row.includes('snow') && row.includes('Invalid table em_event') && row.includes('Event Management') && /2$/.test(row)), `both dead letters are one line: ${rows.join('\n')}`);
    check(rows.some((row) => row.includes('branch') && row.includes('cannot be reached') && row.includes('Do:')), 'the outage');
    await judge();
  },

  async 'records show how current they are and their newest rows'({ browser, demo }) {
    const { page, judge } = await visitor(browser, demo);
    await enter(page, demo, '#records');
    const lag = await page.locator('#records-lag tbody tr').evaluateAll((all) => all.map((row) => row.cells[1].querySelector('.value').textContent));
    equal(lag, ['Incidents', 'Change requests'], 'kinds');
    for (const [kind, member] of [['incident', 'ServiceDeskId_s'], ['change_request', 'ServiceDeskId_s'], ['log', 'Message_s']]) {
      await page.locator('#records-kind').selectOption(kind);
      const { records } = await ask(demo, `/records?kind=${kind}&limit=20`);
      check(records.length > 0, `rows of ${kind}`);
      await page.locator(`#records-rows table[data-key="${kind}"]`).waitFor();
      const text = await page.locator('#records-rows tbody').textContent();
      check(records.slice(1).every((row) => text.includes(row[member])), `${kind}: ${text}`);
      await accessible(page, `rows of ${kind}`);
    }
    await judge();
  },

  async 'a fresh connector says what to do next'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await page.route('**/api/status', async (route) => {
      const response = await route.fetch();
      const status = await response.json();
      const none = Object.fromEntries(Object.entries(status.counts).map(([name, value]) => [name, typeof value === 'number' ? 0 : null]));
      const connections = status.connections.filter(({ name }) => name === 'snow').map((one) => ({ ...one, counts: none, configuration: null }));
      await route.fulfill({ response, json: { ...status, counts: none, connections } });
    });
    await page.route('**/api/status/deliveries*', (route) => route.fulfill({ json: { deliveries: [] } }));
    await page.route('**/api/records*', (route) => route.fulfill({ json: { records: [] } }));
    await enter(page, local);
    for (const text of ['All is well.', 'No alerts yet.', 'itsm-connector send', 'None.', 'No work items yet', 'No alert named a computer', 'No rows yet.']) await page.getByText(text).first().waitFor();
    await accessible(page, 'nothing yet');
    await fits(page, 'nothing yet');
    await judge();
  },
};

