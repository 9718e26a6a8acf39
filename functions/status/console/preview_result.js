// What a preview answers: each work item field by field, with what a person should know.

function previewed(answer) {
  const many = answer.work_items.length;
  const remarks = (list) =>
    list.length > 0 &&
    h(
      'ul',
      { class: 'remarks' },
      list.map((remark) => h('li', null, remark)),
    );
  return [
    h(
      'p',
      { class: 'verdict' },
      answer.state === 'resolved'
        ? 'The alert is resolved.'
        : `${count(many, typeName(answer.work_item_type))} on ${answer.connection}.`,
    ),
    answer.close_notes && h('p', null, 'A work item that exists is resolved with the close notes “', answer.close_notes, '”.'),
    remarks(answer.remarks),
    answer.work_items.map((item, index) =>
      h(
        'article',
        { class: 'made' },
        h(
          'h3',
          null,
          `${capital(typeName(answer.work_item_type))} ${index + 1} of ${many}`,
          item.label && h('span', { class: 'quiet' }, ` ${item.label}`),
        ),
        item.template && h('p', { class: 'quiet' }, `Filled from the template “${item.template}” of the ITSM tool first.`),
        item.configuration_item && h('p', { class: 'quiet' }, `Configuration item looked up: ${item.configuration_item}`),
        table(
          `Fields of work item ${index + 1}`,
          [
            { label: 'Field', cell: ([name]) => h('code', null, name) },
            { label: 'Value', wide: true, cell: ([, value]) => h('span', { class: 'text' }, value) },
          ],
          Object.entries(item.fields),
          ([name]) => `${item.key} ${name}`,
          { class: 'fields' },
        ),
        remarks(item.remarks),
      ),
    ),
  ];
}
