// Nothing that comes from outside is ever more than text: titles, rules, rows, causes, addresses.

import { enter, visitor } from './browser.mjs';
import { ask, post, until } from './processes.mjs';
import { check, equal } from './scene.mjs';

const MARKUP =
  '</td></script><script>globalThis.struck=1</script><img src=x onerror="globalThis.struck=1"><svg onload="globalThis.struck=1">{{7*7}}';

/** Elements that no part of this page makes. */
const strange = (page) =>
  page.evaluate(() => ({
    struck: globalThis.struck ?? null,
    elements: document.querySelectorAll(
      'main img, main script, main svg, main iframe, main [onerror], main [onload], dialog img, dialog script, dialog svg',
    ).length,
  }));

export const stories = {
  async 'an alert full of markup is text in every place it is shown'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    const hostile = {
      schemaId: 'azureMonitorCommonAlertSchema',
      data: {
        essentials: {
          alertId: '/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/hostile',
          alertRule: MARKUP,
          severity: 'Sev0',
          signalType: 'Log',
          monitorCondition: 'Fired',
          monitoringService: 'Log Alerts V2',
          alertTargetIDs: [],
          configurationItems: [MARKUP],
          originAlertId: 'hostile',
          firedDateTime: '2026-03-02T05:00:12Z',
          description: MARKUP,
          essentialsVersion: '1.0',
          alertContextVersion: '1.0',
        },
        alertContext: { conditionType: 'LogQueryCriteria', condition: { allOf: [] } },
      },
    };
    const { deliveryId } = await post(local, 'snow/incident', hostile);
    const waits = await post(local, 'branch/incident', hostile);
    await until(local, `/status/deliveries/${deliveryId}`, ({ delivery }) => delivery.status === 'done');
    await ask(local, '/connections/snow/sync', { method: 'POST' });
    await enter(page, local);
    const row = page.locator(`#deliveries-body tr[data-key="${deliveryId}"]`);
    check((await row.textContent()).includes('onerror="globalThis.struck=1"'), 'the title is shown as it is');
    check((await page.locator('[data-key="rules"]').textContent()).includes('{{7*7}}'), 'the rule in its ranking');
    check((await page.locator('[data-key="computers"]').textContent()).includes('<img'), 'the computer in its ranking');
    check((await page.locator('#records-rows').textContent()).includes('<script>'), 'the row that came back');
    await page.locator('#records-kind').selectOption('log');
    await page.locator('#records-rows table[data-key="log"]').waitFor();
    await row.getByRole('button').click();
    await page
      .getByRole('dialog')
      .getByText('created')
      .or(page.getByRole('dialog').getByText('Its text is not kept'))
      .first()
      .waitFor();
    equal(await strange(page), { struck: null, elements: 0 }, 'in a dialog');
    await page.keyboard.press('Escape');
    await page.locator(`#deliveries-body tr[data-key="${waits.deliveryId}"]`).getByRole('button').click();
    await page.getByRole('dialog').locator('pre').getByText('globalThis.struck=1').waitFor();
    equal(await strange(page), { struck: null, elements: 0 }, 'as payload');
    await page.getByRole('button', { name: 'Preview it' }).click();
    await page.getByRole('button', { name: 'Preview', exact: true }).click();
    await page.locator('#preview-result').getByText('struck').first().waitFor();
    equal(await strange(page), { struck: null, elements: 0 }, 'in a preview');
    await judge();
  },

  async 'an address that is none of the web is no link, and words of the connector are text too'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    const bad = [
      'javascript:globalThis.struck=1',
      'data:text/html,<script>globalThis.struck=1</script>',
      'vbscript:x',
      '//evil.example/x',
      ' JaVaScRiPt:globalThis.struck=1',
      '',
    ];
    const records = bad.map((SourceUrl_s, index) => ({
      TimeGenerated: '2026-03-02T05:00:12Z',
      ServiceDeskId_s: `INC${index}${MARKUP}`,
      SourceUrl_s,
      Title_s: MARKUP,
      SourceVersion_s: String(index),
    }));
    await page.route('**/api/records*', (route) => route.fulfill({ json: { records } }));
    await page.route('**/api/status/deliveries*', (route) =>
      route.fulfill({
        json: {
          deliveries: bad.map((address, index) => ({
            id: `"><img src=x onerror=1> ${index}`,
            connection: MARKUP,
            work_item_type: '__proto__',
            status: index % 2 ? 'constructor' : 'dead_letter',
            accepted_at: 'never',
            due: 'never',
            attempts: 1,
            cause: MARKUP,
            remedy: MARKUP,
            summary:
              index % 2
                ? {
                    title: MARKUP,
                    rule: '__proto__',
                    severity: MARKUP,
                    configuration_items: ['__proto__', MARKUP],
                    created: 1,
                    updated: 0,
                    duplicates: 0,
                    work_items: ['__proto__', 'INC1'],
                    work_item_urls: { INC1: address },
                    remarks: [MARKUP],
                  }
                : null,
          })),
        },
      }),
    );
    await page.route('**/api/status', async (route) => {
      const response = await route.fetch();
      const status = await response.json();
      status.counts.dead_letters = 6;
      status.sink = MARKUP;
      status.connections[0] = {
        ...status.connections[0],
        name: MARKUP,
        provider: '__proto__',
        gate: { open: false, reason: MARKUP, cause: MARKUP, remedy: MARKUP, until: 'never' },
      };
      await route.fulfill({ response, json: status });
    });
    await page.goto(`${local.page}#code=${local.key}`);
    await page.locator('#records-rows tbody tr').first().waitFor();
    equal(await page.locator('#records-rows a, #deliveries-body a').count(), 0, 'links');
    equal(await strange(page), { struck: null, elements: 0 }, 'on the board');
    await judge();
  },

  async 'an answer that is no answer of the connector is told, not shown'({ browser, local }) {
    const { page, judge } = await visitor(browser, local, { expected: [/502 \(Bad Gateway\)/, /500 \(Internal/] });
    await page.route('**/api/status', (route) =>
      route.fulfill({ status: 502, contentType: 'text/html', body: `<h1>${MARKUP}</h1>` }),
    );
    await page.goto(`${local.page}#code=${local.key}`);
    await page.locator('#lost').getByText('is no JSON').waitFor();
    await page.unroute('**/api/status');
    await page.route('**/api/status', (route) =>
      route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Sign in to the network</h1>' }),
    );
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.locator('#lost').getByText('HTTP 200').waitFor();
    equal(await strange(page), { struck: null, elements: 0 }, 'on the bar');
    await judge();
  },

  async 'a page of somebody else may not make this one act'({ local }) {
    const paths = ['/deliveries/redrive', '/connections/snow/check', '/preview/snow/incident', '/connections/snow/sync'];
    for (const path of paths) {
      const response = await fetch(`${local.origin}/api${path}`, {
        method: 'POST',
        body: '{}',
        headers: { 'x-functions-key': local.key, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      });
      equal(response.status, 403, path);
    }
  },
};
