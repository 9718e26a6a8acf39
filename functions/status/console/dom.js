'use strict';
// Makes and changes elements. Texts from outside enter the page here, as text and never as markup. What has not changed is not
// touched, so that focus, selection and scrolling survive every poll; the rest of the page says what should be there and leaves the
// difference to `fill`.

/** An element with attributes and children (nodes, texts, arrays of them; nothing is left out). `share` is 0..1, the length of a bar. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name === 'share') element.style.setProperty('--share', String(value));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== '')
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

const byId = (id) => document.getElementById(id);
const keyOf = (node) => node.dataset?.key;
const alike = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other) && one.id === other.id;

/** Makes `children` the children of `parent`, with the elements that are there where they fit. Focus that would be lost goes to the heading. */
function show(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  fill(parent, nodes(children));
  if (focused && !focused.isConnected) parent.closest('section')?.querySelector('h2')?.focus({ preventScroll: true });
}

function fill(parent, wanted) {
  const keyed = new Map([...parent.children].filter(keyOf).map((child) => [keyOf(child), child]));
  const kept = new Set(wanted.map(keyOf));
  for (const [key, child] of keyed) if (!kept.has(key)) child.remove();
  let next = parent.firstChild;
  for (const node of wanted) {
    const key = keyOf(node);
    const there = key ? keyed.get(key) : next && alike(next, node) ? next : null;
    if (!there || !alike(there, node)) {
      parent.insertBefore(node, next);
      continue;
    }
    if (there === next) next = next.nextSibling;
    else parent.insertBefore(there, next);
    morph(there, node);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

/** What is inside of `data-keep` is drawn by somebody else (a chart); `open` of <details> belongs to the reader. */
function morph(there, wanted) {
  if (there.isEqualNode(wanted)) return;
  if (!(there instanceof Element)) {
    there.data = wanted.data;
    return;
  }
  for (const { name } of [...there.attributes]) if (name !== 'open' && !wanted.hasAttribute(name)) there.removeAttribute(name);
  for (const { name, value } of wanted.attributes) {
    if (name === 'style') there.style.cssText = wanted.style.cssText;
    else if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  }
  if (!there.hasAttribute('data-keep')) fill(there, [...wanted.childNodes]);
}

/** A table: `columns` are {label, cell(row), number?, wide?}, rows are named by `key(row)`. Narrow screens show each row as a card. */
function table(caption, columns, rows, key, attributes) {
  const cell = (row, column, first) =>
    h(
      first ? 'th' : 'td',
      {
        role: first ? 'rowheader' : 'cell',
        scope: first && 'row',
        class: [column.number && 'number', column.wide && 'wide'].filter(Boolean).join(' ') || null,
      },
      h('span', { class: 'label', 'aria-hidden': 'true' }, column.label),
      h('span', { class: 'value' }, column.cell(row)),
    );
  return h(
    'table',
    { role: 'table', ...attributes },
    h('caption', { class: 'only-heard' }, caption),
    h(
      'thead',
      { role: 'rowgroup' },
      h(
        'tr',
        { role: 'row' },
        columns.map((column) => h('th', { role: 'columnheader', scope: 'col', class: column.number && 'number' }, column.label)),
      ),
    ),
    h(
      'tbody',
      { role: 'rowgroup' },
      rows.map((row) =>
        h(
          'tr',
          { role: 'row', 'data-key': key(row) },
          columns.map((column, index) => cell(row, column, index === 0)),
        ),
      ),
    ),
  );
}

/** An address from outside as a link, if it is one of the web; else as text. */
function link(address, text) {
  let url = null;
  try {
    url = new URL(address);
  } catch {
    return text;
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return text;
  return h('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer' }, text);
}

const empty = (text, next) => h('p', { class: 'empty' }, h('strong', null, text), ' ', next);
const chip = (kind, text) => h('span', { class: `chip ${kind}` }, text);
const button = (text, attributes) => h('button', { type: 'button', ...attributes }, text);

/** Hides or shows; says nothing to the document when it is so already. */
function hide(id, hidden) {
  if (byId(id).hidden !== hidden) byId(id).hidden = hidden;
}

/** The text of an element that stands in the page from the start. */
function put(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

/** Says something to those who listen: the verdict when it changes, and the server's coming and going. */
function say(text) {
  byId('said').textContent = text;
}

/** Tells everybody what came of what they did, for a while. */
function tell(text) {
  byId('told').textContent = text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => {
    byId('told').textContent = '';
  }, 8000);
}
