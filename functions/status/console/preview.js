// The form that shows what work items an alert would make. Nothing is sent to the ITSM tool.

const pers = [
  ['', 'as usual'],
  ['alert', 'alert'],
  ['rule', 'alert rule'],
  ['ci', 'configuration item'],
  ['row', 'row of the search result'],
];
const option = ([value, text]) => h('option', { value }, text);

/** Types of work items that the connection can make. */
function types(name) {
  return state.status.console.work_item_types?.[name] ?? ['incident'];
}

/** What the form is for: a connection, or a route. */
function target() {
  const [kind, name = ''] = (byId('preview-for')?.value ?? '').split(' ');
  return { route: kind === 'route', name };
}

function previewForm() {
  const { connections: all } = state.status;
  const routes = state.status.console.routes ?? [];
  const { route, name } = target();
  const field = (key, label, input, hint) =>
    h(
      'div',
      { class: 'field', 'data-key': key },
      h('label', { for: `preview-${key}` }, label),
      input,
      hint && h('p', { class: 'quiet hint', id: `preview-${key}-hint` }, hint),
    );
  return [
    h(
      'div',
      { class: 'pair', 'data-key': 'where' },
      field(
        'for',
        'For',
        h(
          'select',
          { id: 'preview-for', name: 'for' },
          h(
            'optgroup',
            { label: 'Connections' },
            all.map((one) => option([`connection ${one.name}`, one.name])),
          ),
          routes.length > 0 &&
            h(
              'optgroup',
              { label: 'Routes' },
              routes.map((one) => option([`route ${one}`, one])),
            ),
        ),
      ),
      !route &&
        field(
          'type',
          'Work item',
          h(
            'select',
            { id: 'preview-type', name: 'type' },
            types(name || all[0]?.name).map((type) => option([type, typeName(type)])),
          ),
        ),
    ),
    h(
      'div',
      { class: 'pair', 'data-key': 'choices' },
      field('per', 'One for each', h('select', { id: 'preview-per', name: 'per' }, pers.map(option))),
      field(
        'template',
        'Template of the tool',
        h('input', { id: 'preview-template', name: 'template', type: 'text', autocomplete: 'off', spellcheck: 'false' }),
      ),
    ),
    field(
      'fields',
      'Fields',
      h('textarea', {
        id: 'preview-fields',
        name: 'fields',
        rows: 2,
        spellcheck: 'false',
        'aria-describedby': 'preview-fields-hint',
      }),
      'One NAME=VALUE a line, by the names of the ITSM tool; may stay empty.',
    ),
    h(
      'div',
      { class: 'field', 'data-key': 'alert' },
      h(
        'div',
        { class: 'heading' },
        h('label', { for: 'preview-alert' }, 'The alert, as Azure posts it (JSON)'),
        h(
          'label',
          { class: 'inline' },
          'Example ',
          h(
            'select',
            { id: 'preview-example' },
            option(['', 'choose']),
            Object.entries(EXAMPLES).map(([key, [text]]) => option([key, text])),
          ),
        ),
      ),
      h('textarea', {
        id: 'preview-alert',
        name: 'alert',
        rows: 14,
        spellcheck: 'false',
        required: true,
        'aria-describedby': 'preview-wrong',
      }),
      h('p', { id: 'preview-wrong', class: 'wrong', role: 'alert', 'data-keep': true, 'data-key': 'wrong' }),
    ),
    h(
      'div',
      { class: 'choices', 'data-key': 'go' },
      button(state.busy.has('preview') ? 'Asking…' : 'Preview', { type: 'submit', class: 'strong' }),
      h('span', { class: 'quiet' }, 'Nothing is sent to the ITSM tool.'),
    ),
  ];
}

/** Where something stands that is no part of JSON; not every browser says where it stopped. */
function strangeAt(text) {
  const part = /\s*(?:[{}[\]:,]|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)\s*/y;
  for (let at = 0; at < text.length; at = part.lastIndex) {
    part.lastIndex = at;
    if (!part.test(text)) return at + text.slice(at).search(/\S|$/);
  }
  return undefined;
}

/** Where JSON goes wrong, for people. */
function jsonProblem(text, failure) {
  if (!text.trim()) return 'There is no alert yet: paste one, or choose an example.';
  const at = /position (\d+)/.exec(failure.message)?.[1] ?? strangeAt(text);
  const before = at === undefined ? null : text.slice(0, Number(at)).split('\n');
  const place = before ? ` at line ${before.length}, column ${before.at(-1).length + 1}` : '';
  return `This is not JSON${place}. Paste the whole body, from the first { to the last }.`;
}

function wrong(text) {
  byId('preview-wrong').textContent = text;
  byId('preview-alert').setAttribute('aria-invalid', String(text !== ''));
  if (text) byId('preview-alert').focus();
}

function fieldLines(text) {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const bad = lines.find((line) => line.indexOf('=') < 1);
  if (bad) return { bad };
  return {
    query: Object.fromEntries(
      lines.map((line) => [`field.${line.slice(0, line.indexOf('=')).trim()}`, line.slice(line.indexOf('=') + 1).trim()]),
    ),
  };
}

async function runPreview() {
  const text = byId('preview-alert').value;
  const result = byId('preview-result');
  try {
    JSON.parse(text);
  } catch (failure) {
    return wrong(jsonProblem(text, failure));
  }
  const { bad, query } = fieldLines(byId('preview-fields').value);
  if (bad) return wrong(`The field "${bad}" has no "=": write NAME=VALUE.`);
  wrong('');
  const { route, name } = target();
  const path = route ? [name] : [name, byId('preview-type').value];
  state.busy.add('preview');
  render();
  try {
    const answer = await api.preview(
      path,
      { per: byId('preview-per').value, template: byId('preview-template').value.trim(), ...query },
      text,
    );
    show(result, previewed(answer));
    say(`${count(answer.work_items.length, 'work item')} shown.`);
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    if (failure.kind === 'key') poll.onKey(failure);
    else show(result, refused(failure));
  } finally {
    state.busy.delete('preview');
    render();
  }
}
