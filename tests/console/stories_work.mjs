// What a person does: check, sync, look into an alert, redrive one and all, preview. Each is compared with what it did to the connector.

import { accessible, enter, visitor } from './browser.mjs';
import { alert, ask, tool, until } from './processes.mjs';
import { becomes, check, equal } from './scene.mjs';

const dialog = (page) => page.getByRole('dialog');
const paste = (page, text) => page.getByLabel('The alert, as Azure posts it').fill(text);
const preview = (page) => page.getByRole('button', { name: 'Preview', exact: true }).click();

export const stories = {
  async 'check goes every step and shows finding, cause and remedy'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local);
    const press = page.getByRole('button', { name: 'Check branch' });
    await press.click();
    await dialog(page).getByText('1 step failed').waitFor();
    const report = await ask(local, '/connections/branch/check', { method: 'POST' });
    const rows = await dialog(page)
      .locator('tbody tr')
      .evaluateAll((all) => all.map((row) => row.dataset.key));
    equal(
      rows,
      report.probes.map(({ name }) => name),
      'probes',
    );
    const failed = report.probes.find(({ verdict }) => verdict === 'failed');
    const text = await dialog(page).locator(`tr[data-key="${failed.name}"]`).textContent();
    check(
      [failed.finding, failed.cause, failed.remedy, 'Failed'].every((part) => text.includes(part)),
      text,
    );
    await accessible(page, 'probes');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'hidden' });
    check(await press.evaluate((element) => document.activeElement === element), 'focus is back at the button');
    await page.getByRole('button', { name: 'Check snow' }).click();
    await dialog(page).getByText(/^Good/).waitFor();
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await dialog(page).waitFor({ state: 'hidden' });
    await judge();
  },

  async 'sync reads now, says what came of it, and the rows are there'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local);
    await page.getByRole('button', { name: 'Sync snow' }).click();
    await dialog(page).getByRole('table').waitFor();
    const rows = await dialog(page)
      .locator('tbody tr')
      .evaluateAll((all) => all.map((row) => row.dataset.key));
    equal(rows, ['Incident', 'ChangeRequest'], 'kinds');
    await dialog(page).getByText('Configuration').waitFor();
    await accessible(page, 'sync');
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    const { records } = await ask(local, '/records?kind=incident&limit=1');
    await page.locator('#records-rows').getByText(records[0].ServiceDeskId_s, { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Sync trial' }).click();
    await dialog(page).getByText('User Not Authenticated').first().waitFor();
    await judge();
  },

  async 'details show what was done and remarked, and of one that waits the alert itself, which can be previewed'({
    browser,
    local,
  }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local);
    const { deliveries } = await ask(local, '/status/deliveries?connection=snow&status=done');
    const one = deliveries.find(({ summary }) => summary.remarks.length > 0);
    await page.locator(`tr[data-key="${one.id}"]`).getByRole('button').click();
    await dialog(page).getByText(one.summary.remarks[0]).waitFor();
    await dialog(page).getByText('not kept once the work item says').waitFor();
    await page.keyboard.press('Escape');
    const [waits] = (await ask(local, '/status/deliveries?connection=branch&status=waiting')).deliveries;
    await page.locator(`tr[data-key="${waits.id}"]`).getByRole('button').click();
    await dialog(page).getByText(waits.cause).waitFor();
    const { payload } = await ask(local, `/status/deliveries/${waits.id}`);
    equal(JSON.parse(await dialog(page).locator('pre').textContent()), payload, 'payload');
    await accessible(page, 'details');
    await dialog(page).getByRole('button', { name: 'Preview it' }).click();
    await dialog(page).waitFor({ state: 'hidden' });
    equal(await page.evaluate(() => document.activeElement.id), 'preview-alert', 'focus');
    equal(await page.locator('#preview-for').inputValue(), 'connection branch', 'for');
    await preview(page);
    await page.locator('#preview-result').getByText('1 incident on branch.').waitFor();
    await judge();
  },

  async 'one that waits can be tried at once'({ browser, local }) {
    const { page, judge, requests } = await visitor(browser, local);
    await enter(page, local);
    const { deliveries } = await ask(local, '/status/deliveries?connection=branch&status=waiting');
    await page.locator(`#deliveries-body tr[data-key="${deliveries[0].id}"]`).getByRole('button').click();
    await dialog(page).getByRole('button', { name: 'Try it now' }).click();
    await dialog(page).getByRole('button', { name: 'Try now' }).click();
    await page.locator('#told').getByText('It is being tried.').waitFor();
    check(
      requests.some(({ url, method }) => method === 'POST' && url.endsWith(`/api/deliveries/${deliveries[0].id}/redrive`)),
      'it was asked for',
    );
    await judge();
  },

  async 'a dead letter shows cause, remedy and alert; redrive asks first'({ browser, local }) {
    const { page, judge, requests } = await visitor(browser, local);
    await enter(page, local, '#dead-letters');
    const { deliveries } = await ask(local, '/status/deliveries?status=dead_letter');
    equal(deliveries.length, 2, 'dead letters');
    const row = (id) => page.locator(`#dead-letters-body tr[data-key="${id}"]`);
    for (const one of deliveries) {
      const text = await row(one.id).textContent();
      check(text.includes(one.title) && text.includes(one.cause) && text.includes(one.remedy), text);
    }
    const [one] = deliveries;
    await row(one.id)
      .getByRole('button', { name: /^The alert/ })
      .click();
    await dialog(page).locator('pre').waitFor();
    await page.keyboard.press('Escape');
    const redrives = () => requests.filter(({ method }) => method === 'POST').length;
    await row(one.id)
      .getByRole('button', { name: /^Redrive/ })
      .click();
    await dialog(page).getByText('Redrive this dead letter?').waitFor();
    await accessible(page, 'question');
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await dialog(page).waitFor({ state: 'hidden' });
    equal(redrives(), 0, 'nothing is done without a yes');
    await row(one.id)
      .getByRole('button', { name: /^Redrive/ })
      .click();
    await dialog(page).getByRole('button', { name: 'Redrive' }).click();
    await page.locator('#told').getByText('Redriven').waitFor();
    equal(redrives(), 1, 'one request');
    // The plugin is still missing, so it comes back, one attempt older.
    await until(local, '/status', ({ counts }) => counts.dead_letters === 2);
    await becomes(async () => await page.locator('#dead-letters-body tbody tr').count(), 2, 'it came back');
    await judge();
  },

  async 'once the cause is mended, redriving all leaves no dead letter'({ browser, local, scene }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local, '#dead-letters');
    await scene.tool.stop();
    scene.tool = await tool(scene.ports.tool, '--seed', 'incidents=40,change_requests=6');
    await page.getByRole('button', { name: 'Redrive all 2' }).focus();
    await page.keyboard.press('Enter');
    await dialog(page).getByText('Redrive all dead letters?').waitFor();
    await dialog(page).getByRole('button', { name: 'Redrive all' }).click();
    await page.locator('#told').getByText('Redriven: 2 dead letters.').waitFor();
    await page.locator('#dead-letters-body').getByText('None.').waitFor();
    await until(
      local,
      '/status/deliveries?connection=snow&status=done&limit=500',
      ({ deliveries }) => deliveries.filter(({ work_item_type: type }) => type === 'event').length === 2,
    );
    await becomes(() => page.locator('#overall .verdict').textContent(), '2 connections wait.', 'verdict');
    check(!(await page.evaluate(() => document.activeElement === document.body)), 'focus is not lost with the button');
    await accessible(page, 'no dead letters');
    await judge();
  },

  async 'a preview shows each work item field by field, as the command does'({ browser, local }) {
    const { page, judge, requests } = await visitor(browser, local);
    await enter(page, local, '#preview');
    await page.locator('#preview-for').selectOption('connection snow');
    await page.getByLabel('One for each').selectOption('ci');
    await page.getByLabel('Fields').fill('category=network\nu_cost = 4=5');
    await page.getByLabel('Template of the tool').fill('Server down');
    await paste(page, alert('common_test_log_v2'));
    await preview(page);
    const result = page.locator('#preview-result');
    await result.getByText('1 incident on snow.').waitFor();
    const asked = await ask(
      local,
      '/preview/snow/incident?per=ci&template=Server%20down&field.category=network&field.u_cost=4%3D5',
      { method: 'POST', body: alert('common_test_log_v2') },
    );
    const shown = await result
      .locator('.made')
      .evaluateAll((all) =>
        all.map((one) =>
          Object.fromEntries(
            [...one.querySelectorAll('tbody tr')].map((row) => [
              row.querySelector('code').textContent,
              row.querySelector('.text').textContent,
            ]),
          ),
        ),
      );
    equal(
      shown,
      asked.work_items.map(({ fields }) => fields),
      'fields',
    );
    equal(shown[0].category, 'network', 'a field of the form');
    await result.getByText('Server down').first().waitFor();
    await accessible(page, 'preview');
    check(
      requests.some(({ url }) => url.includes('per=ci') && url.includes('field.u_cost=4%3D5')),
      'choices are sent',
    );
    await judge();
  },

  async 'examples can be loaded, for other types and for routes too'({ browser, local }) {
    const { page, judge } = await visitor(browser, local);
    await enter(page, local, '#preview');
    const result = page.locator('#preview-result');
    await page.locator('#preview-for').selectOption('connection snow');
    for (const [example, says] of [
      ['metric', 'cpu-high-shop'],
      ['log', 'heartbeat-lost'],
      ['unknown', 'nightly backup failed'],
    ]) {
      await page.getByLabel('Example').selectOption(example);
      await preview(page);
      await result.getByText(says).first().waitFor();
    }
    await page.getByLabel('Work item', { exact: true }).selectOption('event');
    await preview(page);
    await result.getByText('1 event on snow.').waitFor();
    await page.getByLabel('Example').selectOption('resolved');
    await page.getByLabel('Work item', { exact: true }).selectOption('incident');
    await preview(page);
    await result.getByText('The alert is resolved.').waitFor();
    await result.getByText('close notes').waitFor();
    await page.locator('#preview-for').selectOption('route web');
    equal(await page.getByLabel('Work item', { exact: true }).count(), 0, 'a route has its own type');
    await page.getByLabel('Example').selectOption('metric');
    await preview(page);
    await result.getByText('1 incident on snow.').waitFor();
    await judge();
  },

  async 'what is no alert is told with what to do, near to where it is'({ browser, local }) {
    const { page, judge, requests } = await visitor(browser, local, { expected: [/400 \(Bad Request\)/] });
    await enter(page, local, '#preview');
    const wrong = page.locator('#preview-wrong');
    const posts = () => requests.filter(({ method }) => method === 'POST').length;
    await preview(page);
    await wrong.getByText('There is no alert yet').waitFor();
    await paste(page, '{"title": "half\n');
    await preview(page);
    await wrong.getByText('This is not JSON').waitFor();
    await paste(page, '{\n  "title": nothing\n}');
    await preview(page);
    await wrong.getByText('at line 2, column').waitFor();
    equal(await page.locator('#preview-alert').getAttribute('aria-invalid'), 'true', 'marked');
    await accessible(page, 'bad JSON');
    await page.getByLabel('Fields').fill('category');
    await paste(page, '{}');
    await preview(page);
    await wrong.getByText('has no "="').waitFor();
    equal(posts(), 0, 'nothing was asked');
    await page.getByLabel('Fields').fill('');
    await paste(page, '["no", "alert"]');
    await preview(page);
    const notice = page.locator('#preview-result').getByRole('alert');
    await notice.waitFor();
    check((await notice.textContent()).includes('Do:'), 'the connector says what to do');
    await accessible(page, 'refused');
    equal(await wrong.textContent(), '', 'the field is not marked any more');
    await judge();
  },
};
