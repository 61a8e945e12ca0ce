// Keys and ticks of the queue. Everything here also works by links and buttons.
(() => {
  'use strict';
  let armed = false; // after n, a digit from 1 to 9 dismisses
  let lastTick = null;
  const page = () => document.getElementById('page');
  const by = key => document.querySelector(`[data-key="${key}"]`);
  const inField = event => {
    const target = event.target;
    return target instanceof Element && (target.isContentEditable ||
      target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select') !== null);
  };
  const dead = event => event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey ||
    event.altKey || event.repeat || inField(event) || page()?.dataset.shortcuts !== 'on';
  const press = key => { const target = by(key); if (target) target.click(); };
  const reasons = open => {
    const list = document.querySelector('details.dismiss');
    armed = Boolean(list) && open;
    if (list) list.open = armed;
  };
  const count = () => {
    const shown = document.getElementById('ticked');
    if (shown) shown.textContent = String(document.querySelectorAll('.rows input:checked').length);
  };
  const tick = range => {
    const boxes = [...document.querySelectorAll('.rows input[name=clue]')];
    const at = boxes.findIndex(box => box.closest('li').classList.contains('open'));
    if (at < 0) return;
    if (range && lastTick !== null) {
      const [from, to] = [Math.min(at, lastTick), Math.max(at, lastTick)];
      boxes.slice(from, to + 1).forEach(box => { box.checked = true; });
    } else {
      boxes[at].checked = !boxes[at].checked;
    }
    lastTick = at;
    count();
  };
  const guarded = act => event => {
    if (dead(event)) return;
    event.preventDefault();
    act(event);
  };
  const plain = act => guarded(event => { reasons(false); act(event); });
  const bindings = {
    j: plain(() => press('j')), ArrowDown: plain(() => press('j')),
    k: plain(() => press('k')), ArrowUp: plain(() => press('k')),
    y: plain(() => press('y')), s: plain(() => press('s')), u: plain(() => press('u')),
    n: guarded(() => reasons(!armed)),
    x: plain(() => tick(false)), 'Shift+X': plain(() => tick(true)), 'Shift+x': plain(() => tick(true)),
    o: plain(() => press('o')),
    '/': plain(() => document.getElementById('search')?.select()),
    'Shift+?': plain(() => document.getElementById('keys')?.showModal()),
    '?': plain(() => document.getElementById('keys')?.showModal()),
    Escape: event => { if (!inField(event)) reasons(false); else event.target.blur(); },
  };
  for (let digit = 1; digit <= 9; digit += 1) {
    bindings[String(digit)] = guarded(() => {
      if (armed) document.querySelector(`[data-reason="${digit}"]`)?.click();
      armed = false;
    });
  }
  window.tinykeys.tinykeys(window, bindings);
  document.addEventListener('change', event => {
    if (event.target.matches?.('.rows input[name=clue]')) count();
  });
  const arrived = () => {
    armed = false;
    count();
    document.querySelector('.rows li.open')?.scrollIntoView({ block: 'nearest' });
  };
  document.addEventListener('htmx:after:swap', arrived);
  arrived();
})();
