'use strict';
// Filters what is there; without this the page is whole, only unfiltered.
(() => {
  const form = document.querySelector('.filters');
  if (!form) return;
  const rows = Array.from(document.querySelectorAll('.row'), (row) => ({
    row, level: row.dataset.level, rule: row.dataset.rule, cluster: row.dataset.cluster, text: null,
  }));
  const groups = Array.from(document.querySelectorAll('.application')).concat(
    Array.from(document.querySelectorAll('.cluster')));
  const shown = form.querySelector('output');
  const initially = new Map(groups.map((group) => [group, group.open]));
  const apply = () => {
    const words = form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const levels = new Set(Array.from(form.querySelectorAll('[name=level]:checked'), (box) => box.value));
    const { rule, cluster } = form.elements;
    let count = 0;
    for (const it of rows) {
      let fits = levels.has(it.level) && (!rule.value || it.rule === rule.value)
        && (!cluster.value || it.cluster === cluster.value);
      if (fits && words.length) {
        it.text ??= (it.row.textContent + ' ' + it.row.closest('.application').firstElementChild.textContent
          + ' ' + it.cluster).toLowerCase();
        fits = words.every((word) => it.text.includes(word));
      }
      it.row.hidden = !fits;
      count += fits;
    }
    const narrowed = words.length > 0 || rule.value || cluster.value;
    for (const group of groups) {
      group.hidden = !group.querySelector('.row:not([hidden])');
      group.open = narrowed ? !group.hidden && (count <= 500 || group.classList.contains('cluster')) : initially.get(group);
    }
    shown.textContent = `${count.toLocaleString('en')} of ${rows.length.toLocaleString('en')}`;
  };
  let waiting;
  form.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  form.addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    const target = link && document.getElementById(link.getAttribute('href').slice(1));
    if (target) target.open = true;
  });
  form.hidden = false;
  apply();
})();
