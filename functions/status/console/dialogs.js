// The one dialog of the page: asks before something is changed, and shows what is too much for a row (probes, a sync, an alert).
// Escape and Close end it; focus goes back to what opened it, or to what stands in its place.

const dialog = {
  element: () => byId('dialog'),
  turn: 0,
  done: null,

  /** Opens with a title and what is in it; answers a function that replaces the content while this dialog is open. */
  open(title, ...content) {
    const element = this.element();
    this.done?.(false);
    this.turn += 1;
    const turn = this.turn;
    const opener = document.activeElement;
    element.onclose = () => {
      this.done?.(false);
      if (!opener?.isConnected) byId('main').focus({ preventScroll: true });
    };
    const update = (...more) => {
      if (turn !== this.turn || !element.open) return false;
      show(element.querySelector('.dialog-body'), ...more);
      return true;
    };
    element.replaceChildren(
      h(
        'div',
        { class: 'dialog-head' },
        h('h2', { id: 'dialog-title', tabindex: '-1' }, title),
        button('Close', { 'data-act': 'close', class: 'plain' }),
      ),
      h('div', { class: 'dialog-body boxed', tabindex: '0', role: 'region', 'aria-labelledby': 'dialog-title' }, ...content),
    );
    if (!element.open) element.showModal();
    byId('dialog-title').focus();
    return update;
  },

  close() {
    this.element().close();
  },

  /** Asks; true when the person says so. */
  ask(title, text, yes) {
    this.open(
      title,
      h('p', null, text),
      h(
        'div',
        { class: 'choices' },
        button('Cancel', { 'data-act': 'close' }),
        button(yes, { 'data-act': 'yes', class: 'strong' }),
      ),
    );
    byId('dialog').querySelector('.choices button').focus();
    return new Promise((resolve) => {
      this.done = (answer) => {
        this.done = null;
        resolve(answer);
      };
    });
  },

  yes() {
    this.done?.(true);
    this.close();
  },
};

const waiting = (text) => h('p', { class: 'waiting' }, text);
const refused = (refusal) =>
  h(
    'div',
    { class: 'notice bad', role: 'alert' },
    h('strong', null, refusal.title),
    h('span', { class: 'cause' }, refusal.detail),
    refusal.remedy && h('span', { class: 'remedy' }, h('b', null, 'Do: '), refusal.remedy),
  );

/** Runs `work` once at a time under `name` and shows what came of it in a dialog. */
async function inDialog(name, title, meanwhile, work, shown) {
  const update = dialog.open(title, waiting(meanwhile));
  if (state.busy.has(name)) return;
  state.busy.add(name);
  poll.onChange();
  try {
    const answer = await work();
    if (!update(shown(answer))) tell(`${title}: done.`);
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    if (failure.kind === 'key') poll.onKey(failure);
    else if (!update(refused(failure))) tell(`${title}: ${failure.detail}`);
  } finally {
    state.busy.delete(name);
    poll.onChange();
  }
}
