// Tells the stories, or takes the pictures for the docs; one line for each, as tests/clients/run prints them. The rooms are told in two
// lanes, side by side: each has a browser, a connector on one machine and a tool of its own, and in a lane one story follows another.

import { leave, open } from './browser.mjs';
import { demo, endAll, freePort, local, settings, tool } from './processes.mjs';
import { seed } from './scene.mjs';

const LANES = [
  ['look', 'numbers', 'work'],
  ['hostile', 'people', 'life'],
];
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const pictures = process.argv.includes('--screenshots');
const begun = Date.now();

async function stage(name, shown) {
  const ports = { tool: await freePort(), local: await freePort(), nobody: await freePort() };
  const worked = await tool(ports.tool, '--seed', 'incidents=40,change_requests=6', '--without-event-management');
  settings(name, worked.url, ports.nobody);
  const scene = { name, demo: await shown, tool: worked, local: await local(name, ports.local), ports };
  await seed(scene);
  return scene;
}

async function told(name, story, scene, browser) {
  const began = Date.now();
  let error = null;
  try {
    await story({ ...scene, scene, browser });
  } catch (failure) {
    error = failure;
  }
  const complaints = await leave(browser);
  console.log(`${error ? 'FAILED' : 'passed'} ${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${name}`);
  if (error) console.log(`  ${[error.stack ?? error, ...complaints].join('\n').replaceAll('\n', '\n  ')}`);
  return error === null;
}

async function lane(rooms, shown) {
  const modules = await Promise.all(rooms.map((room) => import(`./stories_${room}.mjs`)));
  const stories = modules
    .flatMap((room) => Object.entries(room.stories))
    .filter(([name]) => words.every((word) => name.includes(word)));
  if (!stories.length) return [];
  const [scene, { browser, close }] = await Promise.all([stage(rooms[0], shown), open()]);
  const results = [];
  try {
    for (const [name, story] of stories) results.push(await told(name, story, scene, browser));
  } finally {
    await close();
  }
  return results;
}

async function photograph(shown) {
  const [scene, { browser, close }] = await Promise.all([stage('pictures', shown), open()]);
  try {
    await (await import('./pictures.mjs')).take(scene, browser);
  } finally {
    await close();
  }
}

let results = [true];
try {
  const shown = demo();
  if (pictures) await photograph(shown);
  else results = (await Promise.all(LANES.map((rooms) => lane(rooms, shown)))).flat();
} finally {
  endAll();
}
const failed = results.filter((good) => !good).length;
if (!pictures)
  console.log(
    results.length
      ? `${results.length - failed} passed, ${failed} failed in ${((Date.now() - begun) / 1000).toFixed(0)} s`
      : `no story has all of: ${words.join(' ')}`,
  );
process.exit(failed || !results.length ? 1 : 0);
