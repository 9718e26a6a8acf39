// Whoever looks: by keyboard alone, on a telephone, in the dark, with less motion.

import { accessible, enter, fits, ready, visitor } from './browser.mjs';
import { becomes, check, equal } from './scene.mjs';

const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return {
      name: element.id || element.getAttribute('aria-label') || element.textContent.trim().slice(0, 30),
      seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.bottom > 0 && box.top < innerHeight,
    };
  });

/** Presses Tab until the focus is on what `wanted` names; each stop on the way has to be visible. */
async function tabTo(page, wanted, press = 'Tab', most = 150) {
  for (let step = 0; step < most; step += 1) {
    await page.keyboard.press(press);
    const { name, seen } = await focused(page);
    check(seen, `the focus cannot be seen on "${name}"`);
    if (name === wanted) return;
  }
  throw new Error(`Tab does not come to "${wanted}"`);
}

export const stories = {
  async 'everything can be done by keyboard alone, and the focus is always seen'({ browser, local }) {
    const { page, judge } = await visitor(browser, local, { expected: [/401/], reducedMotion: 'reduce' });
    await page.goto(local.page);
    await page.locator('#sign-in').waitFor();
    await page.keyboard.type(local.key);
    await page.keyboard.press('Enter');
    await ready(page);
    equal(await page.evaluate(() => document.activeElement.id), 'main', 'focus after signing in');
    await tabTo(page, 'Skip to content', 'Shift+Tab');
    await page.keyboard.press('Enter');
    equal(await page.evaluate(() => document.activeElement.id), 'main', 'skipped to');
    await tabTo(page, 'Check branch');
    await page.keyboard.press('Space');
    await page.getByRole('dialog').getByText('step failed').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
    check(await page.evaluate(() => document.activeElement.closest('dialog') !== null), 'the focus stays in the dialog');
    await page.keyboard.press('Escape');
    equal((await focused(page)).name, 'Check branch', 'back');
    await tabTo(page, 'filter-connection');
    await page.keyboard.press('s');
    await becomes(
      () =>
        page
          .locator('#deliveries-body tbody tr')
          .evaluateAll((all) => all.every((row) => row.cells[2].textContent.includes('snow'))),
      true,
      'filtered',
    );
    equal(await page.locator('#filter-connection').inputValue(), 'snow', 'by typing');
    await tabTo(page, 'deliveries-body');
    await tabTo(page, 'preview-example');
    await page.keyboard.press('A');
    check((await page.locator('#preview-alert').inputValue()).includes('schemaId'), 'an example is there');
    await tabTo(page, 'Preview');
    await page.keyboard.press('Enter');
    await page.locator('#preview-result').getByText('on branch.').waitFor();
    await tabTo(page, 'preview-result');
    await judge();
  },

  async 'landmarks, headings and tables are what a screen reader walks along'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local);
    equal(await page.locator('h1').count(), 1, 'one h1');
    const headings = await page.locator('h2:visible').allTextContents();
    equal(
      headings,
      ['Connections', 'Alerts and their work items', 'Dead letters', 'Trends', 'Records brought back', 'Preview'],
      'h2',
    );
    for (const role of ['banner', 'navigation', 'main', 'contentinfo']) equal(await page.getByRole(role).count(), 1, role);
    for (const name of headings.slice(0, 1).concat(headings.slice(2)))
      check((await page.getByRole('region', { name }).count()) > 0, `region ${name}`);
    const tables = await page
      .locator('table')
      .evaluateAll((all) =>
        all.map(
          (table) =>
            table.caption?.textContent &&
            table.querySelectorAll('th[scope=col]').length > 1 &&
            [...table.tBodies[0].rows].every((row) => row.querySelector('th[scope=row]')),
        ),
      );
    check(tables.length > 4 && tables.every(Boolean), 'captions and scopes');
    equal(await page.getByRole('status').count(), 2, 'live regions');
    await judge();
  },

  async 'dark and light, as the system says or as a person chooses'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const ink = () =>
      page.evaluate(() => {
        const canvas = document.querySelector('#chart-created canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let sum = 0;
        for (let at = 0; at < data.length; at += 4)
          if (data[at + 3]) sum = (sum * 31 + data[at] + data[at + 1] + data[at + 2]) % 1e9;
        return sum;
      });
    const [light, drawn] = [await ground(), await ink()];
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await ground();
    check(dark !== light, 'it follows the system');
    await page.emulateMedia({ colorScheme: 'light' });
    equal(await ground(), light, 'and back');
    await page.getByRole('button', { name: 'Dark theme' }).click();
    equal(await ground(), dark, 'as chosen');
    check((await ink()) !== drawn, 'charts too');
    await accessible(page, 'dark');
    await page.reload();
    await ready(page);
    equal(await ground(), dark, 'still, after a reload');
    await page.getByRole('button', { name: 'Light theme' }).click();
    equal(await ground(), light, 'back to the system');
    equal(await page.evaluate(() => localStorage.length), 0, 'nothing is left');
    await judge();
  },

  async 'every state is readable in the dark and on a telephone'({ browser, local, demo }) {
    for (const options of [{ colorScheme: 'dark' }, { viewport: { width: 360, height: 740 } }]) {
      const where = options.colorScheme ?? `${options.viewport.width} px`;
      const { page, judge } = await visitor(browser, local, { ...options, expected: [/401/, /ERR_FAILED/] });
      const good = async (state) => {
        await accessible(page, `${where}: ${state}`);
        await fits(page, `${where}: ${state}`);
      };
      await page.goto(local.page);
      await page.locator('#sign-in').waitFor();
      await good('sign-in');
      await page.locator('#key').fill(local.key);
      await page.keyboard.press('Enter');
      await ready(page);
      await good('board');
      await page.getByRole('button', { name: 'Check branch' }).click();
      await page.getByRole('dialog').getByRole('table').waitFor();
      await good('probes');
      await page.keyboard.press('Escape');
      await page.locator('#deliveries-body tr', { hasText: 'branch' }).first().getByRole('button').click();
      await page.getByRole('dialog').locator('pre').waitFor();
      await good('details');
      await page.keyboard.press('Escape');
      await page
        .getByRole('button', { name: /^Redrive (?!all)/ })
        .first()
        .click();
      await page.getByRole('dialog').getByText('Redrive this dead letter?').waitFor();
      await good('question');
      await page.keyboard.press('Escape');
      await page.getByLabel('Example').selectOption('metric');
      await page.getByRole('button', { name: 'Preview', exact: true }).click();
      await page.locator('#preview-result table').waitFor();
      await page.locator('#records-kind').selectOption('log');
      await page.locator('#records-rows table[data-key="log"]').waitFor();
      for (const table of await page.locator('summary').all()) await table.click();
      await good('preview, log, tables');
      await page.route('**/api/status', (route) => route.abort());
      await page.locator('#lost').waitFor();
      await accessible(page, `${where}: gone`);
      await judge();
      const second = await visitor(browser, demo, options);
      await enter(second.page, demo);
      await accessible(second.page, `${where}: demo`);
      await fits(second.page, `${where}: demo`);
      await second.judge();
    }
  },

  async 'with less motion nothing moves'({ browser, demo }) {
    const { page, judge } = await visitor(browser, demo, { reducedMotion: 'reduce' });
    await enter(page, demo);
    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter(
          (element) =>
            parseFloat(getComputedStyle(element).transitionDuration) > 0 || getComputedStyle(element).animationName !== 'none',
        ).length + (getComputedStyle(document.documentElement).scrollBehavior === 'smooth' ? 1 : 0),
    );
    equal(moving, 0, 'moving elements');
    await judge();
  },
};
