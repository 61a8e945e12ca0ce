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
(most, nested, mark) => {
  const frames = globalThis.lantianFrames = [];
  const isFrame = (node) => node.localName === "iframe" || node.localName === "frame";
  // What the browser itself says of a frame that did not come is not of the page.
  const own = nested && location.protocol === "chrome-error:";
  const root = own ? null : nested ? document.body : document.documentElement;
  const plain = () => {
    if (nested) return false;
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT);
    while (walker.nextNode()) {
      if (walker.currentNode.shadowRoot || isFrame(walker.currentNode)) return false;
    }
    return true;
  };
  // A document without a window: nothing in it runs or loads.
  const still = document.implementation.createHTMLDocument("");
  const framed = (node) => {
    const box = node.getBoundingClientRect();
    const copy = still.createElement("div");
    copy.setAttribute("data-lantian-frame", node.src || "about:srcdoc");
    if (box.width >= 40 && box.height >= 20 && frames.length < 20) {
      copy.append(still.createComment(mark + frames.length));
      frames.push(node);
    }
    return copy;
  };
  const copied = (node, within) => {
    if (isFrame(node)) return [framed(node), false];
    if (node.localName === "frameset") {
      return [still.createElement(within.localName === "html" ? "body" : "div"), true];
    }
    const copy = still.importNode(node, node.localName === "template");
    if (node.localName === "noscript") {
      copy.innerHTML = node.textContent;
      return [copy, false];
    }
    if (nested) {
      for (const name of ["href", "src"]) {
        if (node.nodeType === 1 && node.hasAttribute(name) && typeof node[name] === "string") {
          copy.setAttribute(name, node[name]);
        }
      }
    }
    return [copy, node.nodeType === 1 && node.localName !== "template"];
  };
  const children = (node, copy) => {
    if (node.shadowRoot) {
      copy.setAttribute("data-lantian-shadow", "");
      return node.shadowRoot.childNodes;
    }
    if (node.localName === "slot" && node.getRootNode() instanceof ShadowRoot) {
      const put = node.assignedNodes();
      if (put.length) return put;
    }
    return node.childNodes;
  };
  const flat = () => {
    const [whole] = copied(root, still);
    const waiting = [[root, whole]];
    while (waiting.length) {
      const [from, to] = waiting.pop();
      for (const node of children(from, to)) {
        const [copy, deeper] = copied(node, to);
        to.append(copy);
        if (deeper) waiting.push([node, copy]);
      }
    }
    return nested ? whole.innerHTML : whole.outerHTML;
  };
  const type = nested ? null : document.doctype;
  const head = type ? new XMLSerializer().serializeToString(type) + "\\n" : "";
  const text = head + (root ? (plain() ? root.outerHTML : flat()) : "");
  return {charset: document.characterSet, text: text.length > most ? null : text,
          frames: frames.length};
}
"""
"""The rendered document as a person sees it, unless that is more than `most` characters.

What stands in open shadow roots stands in their elements, with what is put into their slots.
Frames of some size are left empty but for a comment, `mark` and their number. With `nested` the
document is that of such a frame: only the inside of its body is told, with whole addresses.
"""

FRAME = "(number) => globalThis.lantianFrames[number]"
"""The element of one of the frames that `RENDERED` left empty."""

_EVERYWHERE = """
  const everywhere = (css) => {
    const found = [...document.querySelectorAll(css)];
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT);
    const roots = [];
    while (walker.nextNode()) if (walker.currentNode.shadowRoot) roots.push(walker.currentNode);
    while (roots.length) {
      const root = roots.pop().shadowRoot;
      found.push(...root.querySelectorAll(css));
      for (const one of root.querySelectorAll("*")) if (one.shadowRoot) roots.push(one);
    }
    return found;
  };
  const page = () => document.scrollingElement || document.documentElement;
  const much = (css) => css ? everywhere(css).length : page().scrollHeight;
"""

MUCH = "(css) => {" + _EVERYWHERE + "return much(css); }"
"""How many elements there are, in open shadow roots too; without a selector the page's height."""

GROWN = (
    """(css, before, seconds) => {"""
    + _EVERYWHERE
    + """
  return new Promise((done) => {
    const end = performance.now() + seconds * 1000;
    const look = () => {
      if (much(css) > before) done(true);
      else if (performance.now() >= end) done(false);
      else setTimeout(look, 50);
    };
    look();
  });
}
"""
)
"""Resolves once there is more than before, or after so many seconds."""

CLICK = (
    """(css) => {"""
    + _EVERYWHERE
    + """
  const usable = (one) => one.getClientRects().length > 0 && !one.disabled &&
    one.getAttribute("aria-disabled") !== "true" && getComputedStyle(one).visibility !== "hidden";
  const found = everywhere(css).find(usable);
  if (!found) return false;
  found.scrollIntoView({block: "center", behavior: "instant"});
  found.click();
  return true;
}
"""
)
"""Clicks the first such element that can be seen and is not switched off; whether there was one."""

TO_THE_END = (
    """(css) => {"""
    + _EVERYWHERE
    + """
  const found = css === "page" ? page() : everywhere(css)[0];
  if (!found) return false;
  // A list that waits for its end to come into view may be there already: first a little up.
  found.scrollBy({top: -found.clientHeight / 2, behavior: "instant"});
  found.scrollTo({top: found.scrollHeight, behavior: "instant"});
  return true;
}
"""
)
"""Scrolls the page, or such an element, to its end; whether there was one."""

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
