// The one-minute tour of the queue. It begins by itself in a demonstration, can be skipped and
// taken again, and goes on where it was after a decision brought the next clue.
(() => {
  'use strict';
  const KEPT = 'lantian-tour'; // the step that is shown, or "done"
  const read = () => { try { return localStorage.getItem(KEPT); } catch { return 'done'; } };
  const keep = value => { try { localStorage.setItem(KEPT, value); } catch { /* private window */ } };
  const show = () => {
    const tour = document.getElementById('tour');
    document.querySelectorAll('.toured').forEach(part => part.classList.remove('toured'));
    if (!tour) return;
    const steps = [...tour.querySelectorAll('li')];
    const kept = read() ?? (tour.dataset.begin === 'yes' ? '0' : 'done');
    const at = kept === 'done' ? -1 : Math.min(Number(kept) || 0, steps.length - 1);
    tour.hidden = at < 0;
    if (at < 0) return;
    steps.forEach((step, number) => { step.hidden = number !== at; });
    tour.querySelector('.fine').textContent = `${at + 1} / ${steps.length}`;
    document.querySelector(steps[at].dataset.at)?.classList.add('toured');
  };
  const act = what => {
    const last = document.querySelectorAll('#tour li').length - 1;
    const at = Number(read()) || 0;
    keep(what === 'again' ? '0' : what === 'skip' || at >= last ? 'done' : String(at + 1));
    show();
  };
  document.addEventListener('click', event => {
    const what = event.target.closest?.('[data-tour]')?.dataset.tour;
    if (what) act(what);
  });
  document.addEventListener('htmx:after:swap', show);
  show();
})();
