// The pictures of docs/console, taken of the same scenes that the stories play in. Each is an image of at most 250 KB.

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { enter, visitor } from './browser.mjs';
import { alert, ask } from './processes.mjs';

const folder = join(process.env.CONSOLE_ROOT, 'docs/console');
const MOST = 250 * 1024;

async function picture(page, name, clip) {
  const path = join(folder, `${name}.png`);
  await page.evaluate(() => document.activeElement.blur());
  await page.mouse.move(0, 0);
  await page.waitForFunction(
    () => poll.running === null && document.getAnimations().every((animation) => animation.playState === 'finished'),
  );
  await page.screenshot({ path, clip, animations: 'disabled', fullPage: Boolean(clip) });
  const { size } = statSync(path);
  if (size > MOST) throw new Error(`${name}.png has ${size} bytes, more than ${MOST}`);
  console.log(`docs/console/${name}.png  ${Math.round(size / 1024)} KB`);
}

/** The box around some elements, with a margin. */
async function around(page, ...selectors) {
  const boxes = await Promise.all(
    selectors.map((selector) =>
      page.locator(selector).evaluate((element) => {
        const { x, y, right, bottom } = element.getBoundingClientRect();
        return { x, y: y + scrollY, right, bottom: bottom + scrollY };
      }),
    ),
  );
  const [x, y] = [Math.min(...boxes.map((box) => box.x)) - 20, Math.min(...boxes.map((box) => box.y)) - 16];
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.right)) - x + 20,
    height: Math.max(...boxes.map((box) => box.bottom)) - y + 16,
  };
}

export async function take({ local, demo }, browser) {
  mkdirSync(folder, { recursive: true });
  const options = { viewport: { width: 1280, height: 940 }, timezoneId: 'UTC', reducedMotion: 'reduce' };
  const worked = await visitor(browser, local, options);
  await ask(local, '/connections/snow/sync', { method: 'POST' });
  await enter(worked.page, local);
  await picture(worked.page, 'overview');
  await picture(worked.page, 'dead-letters', await around(worked.page, '#dead-letters'));
  await worked.page.locator('#preview-for').selectOption('connection snow');
  await worked.page.getByLabel('The alert, as Azure posts it').fill(alert('synthetic_log_v2_fired'));
  await worked.page.getByRole('button', { name: 'Preview', exact: true }).click();
  await worked.page.locator('#preview-result table').waitFor();
  await worked.page.locator('#preview-alert').evaluate((element) => {
    element.scrollTop = 0;
  });
  await picture(worked.page, 'preview', await around(worked.page, '#preview'));
  await worked.judge();
  const shown = await visitor(browser, demo, { ...options, colorScheme: 'dark' });
  await enter(shown.page, demo);
  await picture(shown.page, 'dark', await around(shown.page, '#overall', '#trends'));
  await shown.judge();
}
