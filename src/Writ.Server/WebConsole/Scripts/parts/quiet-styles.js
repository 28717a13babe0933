// xterm.js writes rules into <style> elements and colours into style attributes. The page's Content-Security-Policy forbids
// both, and rightly so; what a script sets by the object model is allowed. So a <style> that is made in here becomes a
// constructed stylesheet, and a style attribute the element's own style.

const create = Document.prototype.createElement, setAttribute = Element.prototype.setAttribute;

Element.prototype.setAttribute = function (name, value) {
  if (name === 'style') this.style.cssText = value;
  else setAttribute.call(this, name, value);
};

export function quietly(act) {
  document.createElement = (tag, ...rest) => tag === 'style' ? standIn() : create.call(document, tag, ...rest);
  try {
    act();
  } finally {
    delete document.createElement;
  }
}

function standIn() {
  const [element, sheet] = [create.call(document, 'template'), new CSSStyleSheet()];
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const remove = element.remove.bind(element);
  Object.defineProperties(element, {
    textContent: { get: () => '', set: text => sheet.replaceSync(text) },
    sheet: { value: sheet },
    remove: { value: () => { document.adoptedStyleSheets = document.adoptedStyleSheets.filter(other => other !== sheet); remove(); } },
  });
  return element;
}
