// One Chromium, and pages that are watched: what a browser complains of, and every request, is kept and judged at the end of each story.

import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(join(process.env.CONSOLE_MODULES, 'x.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function open() {
  const profile = mkdtempSync(join(tmpdir(), 'console-chromium-'));
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ARGUMENTS,
    env: { ...process.env, HOME: profile },
  });
  return {
    browser,
    close: async () => {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

const visits = new WeakMap();

/** Closes the pages that a story opened; answers what they complained of. */
export async function leave(browser) {
  const complaints = (visits.get(browser) ?? []).flatMap((visit) => visit.complaints);
  for (const context of browser.contexts()) {
    for (const page of context.pages()) await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  }
  visits.delete(browser);
  return complaints;
}

/** A page in a profile of its own, watched. `expected` are complaints that belong to the story. */
export async function visitor(browser, site, { expected = [], ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    colorScheme: 'light',
    ...options,
  });
  context.setDefaultTimeout(30000);
  await context.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  const page = await context.newPage();
  const complaints = [];
  const requests = [];
  visits.set(browser, [...(visits.get(browser) ?? []), { complaints }]);
  page.on(
    'console',
    (message) => ['error', 'warning'].includes(message.type()) && complaints.push(`${message.text()} ${message.location().url}`),
  );
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack}`));
  page.on('dialog', (dialog) => {
    complaints.push(`a script opened a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => requests.push({ url: request.url(), method: request.method(), headers: request.headers() }));
  const judge = async () => {
    const found = complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint)));
    found.push(...(await page.evaluate(() => globalThis.violations)).map((violation) => `policy: ${violation}`));
    found.push(
      ...requests
        .filter(({ url }) => new URL(url).origin !== site.origin && !url.startsWith('data:'))
        .map(({ url }) => `another host: ${url}`),
    );
    found.push(
      ...requests
        .filter(({ url }) => url.includes(site.key) && !url.includes('/console'))
        .map(({ url }) => `the key stands in an address: ${url}`),
    );
    if (found.length) throw new Error(found.join('\n'));
  };
  return { page, context, requests, judge };
}

/** Opens the console with its key and waits until it shows what is. */
export async function enter(page, site, part = '') {
  await page.goto(`${site.page}#code=${site.key}`);
  await ready(page);
  if (part) await page.locator(part).scrollIntoViewIfNeeded();
}

export async function ready(page) {
  await page.locator('#overall .verdict').waitFor();
  await page.waitForFunction(
    () =>
      document.querySelector('#deliveries-body table, #deliveries-body .empty') &&
      document.querySelector('#chart-backlog canvas') &&
      !document.querySelector('main .waiting'),
  );
}

/** No violation of WCAG 2.2 A and AA or of what axe calls good practice: of the page, or of the dialog that is open over it. */
export async function accessible(page, where) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  // What stands half under the bar at the top would be judged as small.
  await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
  // Colours that are still on their way from one to another would be judged as they are now.
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState === 'finished'));
  const found = await page.evaluate(async () =>
    (
      await globalThis.axe.run(document.querySelector('dialog[open]') ?? document, {
        resultTypes: ['violations'],
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      })
    ).violations.map(
      (violation) =>
        `${violation.id}: ${violation.help}: ${violation.nodes
          .slice(0, 3)
          .map((node) => `${node.target} (${node.failureSummary.split('\n').at(-1).trim()})`)
          .join('; ')}`,
    ),
  );
  if (found.length) throw new Error(`${where}: ${found.join('\n')}`);
}

/** Nothing is wider than the window. */
export async function fits(page, where) {
  const { wide, window } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, window: innerWidth }));
  if (wide > window) throw new Error(`${where}: ${wide} px in a window of ${window} px`);
}
