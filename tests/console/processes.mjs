// The processes that the stories are about: the demo, and a connector on one machine with a tool that works, one that is down, and one
// whose password is wrong. All listen on free ports of 127.0.0.1, write below a directory of their own, and end with the run.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { CONSOLE_ROOT: root, CONSOLE_TARGET: target } = process.env;
const running = new Set();

export const home = mkdtempSync(join(tmpdir(), 'console-stories-'));
export const alert = (name) => readFileSync(join(root, 'tests/fixtures/alerts', `${name}.json`), 'utf8');

/** Starts a program and waits for the line of its output that `pattern` finds; answers {found, stop, errors}. */
async function start(program, args, pattern, env = {}) {
  const child = spawn(join(target, program), args, {
    cwd: home,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, NO_PROXY: '127.0.0.1', ...env },
  });
  running.add(child);
  const errors = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => running.delete(child));
  const said = new Promise((resolve) =>
    createInterface({ input: child.stdout }).on('line', (line) => pattern.exec(line) && resolve(pattern.exec(line))),
  );
  const found = await Promise.race([
    said,
    ended.then(() => Promise.reject(new Error(`${program} ended: ${errors.slice(-5).join('\n')}`))),
  ]);
  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    await ended;
  };
  return { found, stop, errors };
}

export function endAll() {
  for (const child of running) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
}

/** A port that nobody listens on now. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function demo() {
  const { found, stop } = await start('itsm-connector', ['demo', '--listen', '127.0.0.1:0'], /^\s*console\s+(http:\S+)#code=(\S+)/);
  return { page: found[1], key: found[2], origin: new URL(found[1]).origin, stop };
}

/** An emulated ServiceNow; without Event Management an event cannot be made there. */
export async function tool(port, ...args) {
  const { found, stop } = await start('emulator', ['servicenow', '--listen', `127.0.0.1:${port}`, ...args], /"url":"([^"]+)"/);
  return { url: found[1], stop };
}

export const KEY = 'key-of-the-stories';

/** What the `local` of this name is given. Nobody listens on `nobody`. */
export function settings(name, toolUrl, nobody) {
  const connection = (name, url, password, more = '') =>
    `[connections.${name}]\nprovider = "servicenow"\nurl = "${url}"\n${more}auth = { type = "basic", username = "itsm", password = "$${password}" }\n`;
  const text = [
    connection('branch', `http://127.0.0.1:${nobody}`, 'TOOL_PASSWORD'),
    connection('snow', toolUrl, 'TOOL_PASSWORD'),
    connection('trial', toolUrl, 'WRONG_PASSWORD', 'dry_run = true\n'),
    '[intake]\napi_keys = ["$INTAKE_KEY"]\n',
    '[route.web]\nconnection = "snow"\nwork_item_type = "incident"\nper = "ci"\n',
  ].join('\n');
  writeFileSync(join(home, `${name}.toml`), text);
}

export async function local(name, port) {
  const env = { TOOL_PASSWORD: 'p', WRONG_PASSWORD: 'not-p', INTAKE_KEY: KEY };
  const { found, stop } = await start(
    'itsm-connector',
    ['local', '--config', `${name}.toml`, '--data', name, '--listen', `127.0.0.1:${port}`],
    /listening on (http:\S+)/,
    env,
  );
  return { origin: found[1], page: `${found[1]}/api/status/console`, key: KEY, stop };
}

/** Asks the connector, as a program would. */
export async function ask(site, path, options = {}) {
  const response = await fetch(`${site.origin}/api${path}`, {
    ...options,
    headers: { 'x-functions-key': site.key, ...options.headers },
  });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`);
  return response.json();
}

export const post = (site, path, body) =>
  ask(site, `/alerts/${path}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

/** Asks until `good` says so of the answer; a limit of time stands for "never". */
export async function until(site, path, good, within = 30000) {
  const end = Date.now() + within;
  for (;;) {
    const answer = await ask(site, path);
    if (good(answer)) return answer;
    if (Date.now() > end) throw new Error(`${path} did not become so: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
