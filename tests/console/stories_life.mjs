// How the page lives with its server: polls, rests while nobody looks, backs off when nobody answers, comes back; and what it leaves out
// where the process only lets it look.

import { accessible, enter, fits, visitor } from './browser.mjs';
import { local as start } from './processes.mjs';
import { becomes, check, equal } from './scene.mjs';

const statuses = (requests) => requests.filter(({ url }) => url.endsWith('/api/status')).length;

export const stories = {
  async 'a hidden tab asks for nothing, and asks at once when it is seen again'({ browser, demo }) {
    const { page, judge, requests } = await visitor(browser, demo);
    await page.clock.install();
    await enter(page, demo);
    const hide = (hidden) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    const idle = () => page.waitForFunction(() => poll.running === null);
    await idle();
    let before = statuses(requests);
    await page.clock.fastForward(3100);
    await becomes(async () => statuses(requests), before + 1, 'a poll every 3 s');
    await idle();
    before = statuses(requests);
    await hide(true);
    await page.clock.fastForward(600000);
    await page.evaluate(() => fetch('/healthz').then((response) => response.text()));
    equal(statuses(requests), before, 'polls of a hidden tab');
    await hide(false);
    await becomes(async () => statuses(requests), before + 1, 'a poll at once');
    await judge();
  },

  async 'lists are asked for again only when something happened'({ browser, demo }) {
    const { page, judge, requests } = await visitor(browser, demo);
    await page.clock.install();
    await enter(page, demo);
    const lists = () => requests.filter(({ url }) => url.includes('/deliveries') || url.includes('/records')).length;
    const [before, polls] = [lists(), statuses(requests)];
    for (const more of [1, 2]) {
      await page.waitForFunction(() => poll.running === null);
      await page.clock.fastForward(3100);
      await becomes(async () => statuses(requests), polls + more, 'polls');
    }
    await page.waitForFunction(() => poll.running === null);
    equal(lists(), before, 'lists');
    await judge();
  },

  async 'when the connector is gone it says so, asks less and less often, and goes on when it is back'({ browser, local, scene }) {
    const { page, judge, requests } = await visitor(browser, local, { expected: [/ERR_CONNECTION_REFUSED/] });
    await page.clock.install();
    await enter(page, local);
    const known = () => page.locator('.figures dd').evaluateAll((all) => all.map((one) => one.firstChild.textContent));
    const figures = await known();
    await local.stop('SIGKILL');
    // From here on time passes as told.
    await page.clock.pauseAt(Date.now() + 60000);
    await page.locator('#lost').getByText('No answer since').waitFor();
    equal(await page.locator('#pulse').textContent(), 'No answer', 'pulse');
    equal(await page.locator('#said').textContent(), 'The connector does not answer.', 'said once');
    equal(await known(), figures, 'what was known stays');
    const rests = [];
    for (let times = 0; times < 6; times += 1) {
      const { tries, rest } = await page.evaluate(() => state.lost);
      rests.push([tries, rest / 1000]);
      await page.clock.fastForward(rest - 200);
      equal(await page.evaluate(() => [state.lost.tries, poll.running]), [tries, null], 'not before its time');
      await page.clock.fastForward(400);
      await page.waitForFunction((old) => state.lost.tries === old + 1 && poll.running === null, tries);
    }
    const first = rests[0][0];
    equal(
      rests,
      [3, 6, 12, 24, 30, 30, 30, 30].slice(first - 1, first + 5).map((rest, index) => [first + index, rest]),
      'rests',
    );
    await page.clock.resume();
    await accessible(page, 'gone');
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.waitForFunction(() => poll.running === null);
    check(
      await page.getByRole('button', { name: 'Try now' }).evaluate((element) => document.activeElement === element),
      'the focus stays on the button',
    );
    scene.local = await start(scene.name, scene.ports.local);
    const before = statuses(requests);
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.locator('#lost').waitFor({ state: 'hidden' });
    await becomes(() => page.locator('#pulse').textContent(), 'Live', 'pulse');
    equal(
      await page
        .locator('#said')
        .textContent()
        .then((text) => text !== 'The connector does not answer.'),
      true,
      'said',
    );
    await becomes(async () => statuses(requests) > before + 1, true, 'it polls again by itself');
    await judge();
  },

  async 'a connector that comes back is found without anybody pressing anything'({ browser, scene }) {
    const { page, judge } = await visitor(browser, scene.local, { expected: [/ERR_CONNECTION_REFUSED/] });
    await enter(page, scene.local);
    await scene.local.stop();
    await page.locator('#lost').waitFor();
    scene.local = await start(scene.name, scene.ports.local);
    await page.locator('#lost').waitFor({ state: 'hidden', timeout: 20000 });
    await judge();
  },

  async 'a key that is taken away while the page is open leads back to the form'({ browser, scene: { local } }) {
    const { page, judge } = await visitor(browser, local, { expected: [/401/] });
    await enter(page, local);
    await page.route('**/api/status', (route) =>
      route.continue({ headers: { ...route.request().headers(), 'x-functions-key': 'rotated' } }),
    );
    await page.locator('#sign-in').getByText('The key is not one of the accepted keys').waitFor();
    check(await page.locator('#board').isHidden(), 'nothing stays on the screen');
    await judge();
  },

  async 'where the process only lets it look, nothing else is offered or asked'({ browser, scene: { local } }) {
    const { page, judge, requests } = await visitor(browser, local);
    await page.clock.install();
    await page.route('**/api/status', async (route) => {
      const response = await route.fetch();
      const status = await response.json();
      const connections = status.connections.map((one) => ({ ...one, gate: null }));
      await route.fulfill({
        response,
        json: { ...status, counts: { ...status.counts, dead_letters: 1 }, console: { actions: [] }, connections },
      });
    });
    await page.route('**/api/status/deliveries?status=dead_letter*', (route) =>
      route.fulfill({
        json: {
          deliveries: [
            {
              id: '01a21e12-560d-7086-a3ab-77b0a8afab69',
              connection: 'snow',
              work_item_type: 'event',
              status: 'dead_letter',
              accepted_at: new Date().toISOString(),
              due: new Date().toISOString(),
              attempts: 1,
              cause: 'creating event: Invalid table em_event',
              remedy: 'activate the plugin',
              summary: null,
            },
          ],
        },
      }),
    );
    await page.route('**/api/status/deliveries/*', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), payload: null } });
    });
    await enter(page, local);
    equal(await page.getByRole('button', { name: /Check|Sync|Redrive|Preview/ }).count(), 0, 'buttons');
    check(await page.locator('#preview').isHidden(), 'no preview');
    check(await page.getByRole('link', { name: 'Preview' }).isHidden(), 'no way to it');
    await page.getByText('Other processes deliver.').first().waitFor();
    await page.getByText('itsm-connector deliveries redrive').waitFor();
    await page.getByText('ServiceDesk_CL').last().waitFor();
    await page
      .getByRole('button', { name: /^Details of/ })
      .first()
      .click();
    await page.getByRole('dialog').getByText('The alert', { exact: true }).waitFor();
    await accessible(page, 'read only');
    await fits(page, 'read only');
    await page.waitForFunction(() => poll.running === null);
    const before = statuses(requests);
    await page.clock.fastForward(5000);
    equal(await page.evaluate(() => poll.running), null, 'it does not ask every 3 s');
    await page.clock.fastForward(10100);
    await becomes(async () => statuses(requests), before + 1, 'but every 15 s');
    check(
      requests.every(({ method, url }) => method === 'GET' && !url.includes('/records')),
      'only what may be looked at is asked',
    );
    await judge();
  },
};
