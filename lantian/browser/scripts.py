"""What is run in a page, in a world of its own that the page's scripts cannot see or change."""

QUIET = """
(seconds) => new Promise((done) => {
  const wait = seconds * 1000;
  let timer = setTimeout(finish, wait);
  const observer = new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(finish, wait);
  });
  function finish() { observer.disconnect(); done(true); }
  observer.observe(document, {subtree: true, childList: true, attributes: true,
                              characterData: true});
})
"""
"""Resolves once the DOM has not changed for that long."""

RENDERED = """
(most) => {
  const type = document.doctype;
  const head = type ? new XMLSerializer().serializeToString(type) + "\\n" : "";
  const html = document.documentElement ? document.documentElement.outerHTML : "";
  const text = head + html;
  return {charset: document.characterSet, length: text.length,
          text: text.length > most ? null : text};
}
"""
"""The rendered document, or its length alone where that is more than `most` characters."""

SCROLL = """
async (most) => {
  const step = Math.max(200, window.innerHeight);
  const frame = () => new Promise((next) => setTimeout(next, 20));
  const height = () => Math.min(most, document.documentElement.scrollHeight);
  for (let y = 0, steps = 0; y < height() && steps < 60; y += step, steps += 1) {
    window.scrollTo(0, y);
    await frame();
  }
  window.scrollTo(0, 0);
  await frame();
}
"""
"""Passes over the page once, so that what waits to be seen is loaded."""

BOXES = """
(texts) => {
  const found = [];
  const walker = document.createTreeWalker(document.body || document, NodeFilter.SHOW_TEXT);
  const parts = [];
  let whole = "";
  while (walker.nextNode()) {
    const node = walker.currentNode;
    parts.push([whole.length, node]);
    whole += node.data;
  }
  const at = (place) => {
    let low = 0, high = parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (parts[middle][0] <= place) low = middle; else high = middle - 1;
    }
    return [parts[low][1], place - parts[low][0]];
  };
  for (const text of texts) {
    for (let place = whole.indexOf(text); text && place >= 0 && found.length < 200;
         place = whole.indexOf(text, place + text.length)) {
      const range = document.createRange();
      const [first, from] = at(place);
      const [last, to] = at(place + text.length - 1);
      range.setStart(first, from);
      range.setEnd(last, to + 1);
      for (const box of range.getClientRects()) {
        if (box.width && box.height) {
          found.push([text, box.x + window.scrollX, box.y + window.scrollY, box.width,
                      box.height]);
        }
      }
    }
  }
  return found;
}
"""
"""Where these texts stand on the page: [text, x, y, width, height] in CSS pixels."""
