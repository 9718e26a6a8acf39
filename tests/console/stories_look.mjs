// What a person sees: the key's way in, the verdict, connections, alerts and their work items. What is shown is compared with what the
// connector answers to a program.

import { accessible, enter, ready, visitor } from './browser.mjs';
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
    equal(
      await page.evaluate(
        (key) =>
          Object.values(sessionStorage)
            .concat(Object.values(localStorage))
            .filter((value) => value.includes(key)).length,
        local.key,
      ),
      1,
      'kept for this tab only',
    );
    await page.reload();
    await ready(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('#sign-in').waitFor();
    equal(await page.evaluate(() => sessionStorage.length), 0, 'forgotten');
    const before = requests.length;
    await page.reload();
    await page.locator('#sign-in').waitFor();
    check(
      requests.slice(before).every(({ headers }) => !headers['x-functions-key']),
      'no key is sent after signing out',
    );
    await judge();
  },

  async 'a key in the address is taken from there and sent in the header only'({ browser, local }) {
    for (const address of [
      `${local.page}#code=${local.key}`,
      `${local.page}?code=${local.key}`,
      `${local.origin}/console#code=${local.key}`,
    ]) {
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
    check(
      /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/.test(policy) &&
        !policy.includes('unsafe'),
      policy,
    );
    equal((await fetch(local.page, { headers: { 'if-none-match': response.headers.get('etag') } })).status, 304, 'not modified');
    check(!/<[^>]+\s(src|href)="(?!#|data:)/.test(await response.text()), 'nothing is loaded from elsewhere');
  },

  async 'the verdict says in words what is wrong, and each connection why and what to do'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local);
    const status = await ask(local, '/status');
    equal(await page.locator('#overall .verdict').textContent(), '2 connections wait, 2 dead letters need a person.', 'verdict');
    check((await page.title()).startsWith('('), 'the title of the tab counts troubles');
    const figures = Object.fromEntries(
      await page
        .locator('.figures > div')
        .evaluateAll((all) => all.map((one) => [one.dataset.key, one.querySelector('dd').firstChild.textContent])),
    );
    equal(
      figures,
      {
        accepted: String(status.counts.accepted),
        created: String(status.counts.work_items),
        updates: String(status.counts.updates),
        duplicates: String(status.counts.duplicates_suppressed),
        backlog: '4',
        dead: '2',
      },
      'counts',
    );
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
      const wanted = new Intl.DateTimeFormat('en-GB', {
        timeZone: timezoneId,
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      }).format(new Date(first.accepted_at));
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
    const rows = await page.locator('#deliveries-body tbody tr').evaluateAll((all) =>
      all.map((row) => ({
        id: row.dataset.key,
        title: row.querySelector('.title').textContent,
        items: row.querySelector('.items').textContent,
      })),
    );
    equal(
      rows,
      deliveries.map(({ id, summary }) => ({ id, title: summary.title, items: summary.work_items.join(', ') })),
      'rows',
    );
    const [number, address] = Object.entries(deliveries.find(({ summary }) => summary.work_item_urls).summary.work_item_urls)[0];
    const anchor = page.getByRole('link', { name: number, exact: true }).first();
    equal(await anchor.getAttribute('href'), address, 'address');
    equal(
      [await anchor.getAttribute('rel'), await anchor.getAttribute('target')],
      ['noopener noreferrer', '_blank'],
      'opens apart',
    );
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
    check(
      requests.some(({ url }) => url.includes('connection=snow') && url.includes('status=dead_letter')),
      'the connector filters',
    );
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
    await page.evaluate(() => {
      globalThis.kept = document.activeElement;
    });
    const before = await page.locator('#deliveries-body').boundingBox();
    const { deliveryId } = await post(local, 'snow/incident', { title: 'a disk is full', computer: 'SQL01' });
    await page.locator(`#deliveries-body tr[data-key="${deliveryId}"]`).waitFor();
    check(
      await page.evaluate(
        (id) => document.activeElement === globalThis.kept && document.activeElement.closest('tr').dataset.key === id,
        row,
      ),
      'focus stays where it was',
    );
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
      new MutationObserver((all) =>
        all.forEach((one) =>
          globalThis.changes.push(
            `${one.type} ${one.target.nodeName} ${(one.target.closest('article') ?? one.target.parentElement.closest('[id]')).dataset.key} ${one.target.textContent.slice(0, 60)}`,
          ),
        ),
      ).observe(document.querySelector('main'), { subtree: true, childList: true, attributes: true });
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
};
