// What has happened before the stories begin: on `local` alerts that became work items, two that cannot (no Event Management), some that
// wait for a tool that is down and for a right password; on `demo` its dozen.

import { alert, post, until } from './processes.mjs';

export async function seed({ local, demo }) {
  for (const name of [
    'synthetic_metric_fired',
    'common_test_log_v2',
    'synthetic_log_v2_fired',
    'synthetic_prometheus_fired',
    'synthetic_metric_resolved',
  ])
    await post(local, 'snow/incident', alert(name));
  for (const name of ['synthetic_metric_fired', 'synthetic_log_v2_fired']) await post(local, 'snow/event', alert(name));
  for (const name of ['synthetic_metric_fired', 'common_test_log_v2', 'synthetic_resource_health_active'])
    await post(local, 'branch/incident', alert(name));
  await post(local, 'trial/incident', alert('synthetic_metric_fired'));
  await post(local, 'web', alert('synthetic_log_v2_fired'));
  const gates = (status) => Object.fromEntries(status.connections.map((one) => [one.name, one.gate.reason]));
  await until(
    local,
    '/status',
    (status) =>
      status.counts.dead_letters === 2 &&
      status.counts.backlog === 4 &&
      gates(status).branch === 'outage' &&
      gates(status).trial === 'credentials',
  );
  await until(
    demo,
    '/status',
    (status) =>
      status.counts.accepted === 13 && status.counts.backlog === 0 && status.connections[0].sync.every((kind) => kind.current_to),
    30000,
  );
}

/** Fails with `what` unless it holds. */
export function check(holds, what) {
  if (!holds) throw new Error(what);
}

export function equal(found, wanted, what) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${what}: found ${one}, wanted ${other}`);
}

/** Waits until `read` answers `wanted`; complains with what it answered last. */
export async function becomes(read, wanted, what, within = 30000) {
  const end = Date.now() + within;
  for (;;) {
    const found = await read();
    if (JSON.stringify(found) === JSON.stringify(wanted)) return;
    if (Date.now() > end) equal(found, wanted, what);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
