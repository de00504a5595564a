"""A report in headless Chromium: nothing on the console, nothing asked of the network, no sideways scrolling in any of
its forms, and what a reader who does not see it needs (WCAG 2.2: 1.1.1, 1.3.1, 1.4.3, 1.4.10, 2.1.1, 2.4.1, 2.4.2, 4.1.2).

report_browser.py CHROMIUM PAGE.html...     with SHOTS=FOLDER it leaves pictures there to look at
"""
import os
import pathlib
import sys

from playwright.sync_api import sync_playwright

forms = [("light", "light", 1280), ("dark", "dark", 1280), ("phone", "light", 390), ("phone dark", "dark", 360)]

checks = r"""() => {
  const wrong = [];
  const heads = [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1]);
  if (heads.filter(h => h === 1).length !== 1) wrong.push('not one h1');
  heads.reduce((before, h) => { if (h > before + 1) wrong.push('a heading skips a level'); return h; }, 0);
  for (const name of ['header', 'nav', 'main', 'footer'])
    if (document.querySelectorAll('body > ' + name).length !== 1) wrong.push('not one ' + name);
  if (!document.documentElement.lang) wrong.push('no language');
  if (!document.title) wrong.push('no title');
  const ids = new Set();
  for (const e of document.querySelectorAll('[id]')) { if (ids.has(e.id)) wrong.push('id twice: ' + e.id); ids.add(e.id); }
  for (const e of document.querySelectorAll('[aria-labelledby]'))
    for (const id of e.getAttribute('aria-labelledby').split(' ')) if (!ids.has(id)) wrong.push('label is not there: ' + id);
  for (const a of document.querySelectorAll('a[href^="#"]')) if (!ids.has(a.getAttribute('href').slice(1))) wrong.push('link to nowhere');
  for (const t of document.querySelectorAll('table')) {
    if (!t.caption) wrong.push('a table without caption');
    for (const th of t.querySelectorAll('th')) if (!th.scope) wrong.push('th without scope');
    for (const tr of t.tBodies[0].rows) if (tr.cells[0].tagName !== 'TH') wrong.push('a row without head');
  }
  for (const s of document.querySelectorAll('svg')) {
    if (s.getAttribute('role') !== 'img' || !s.querySelector('title')) wrong.push('a drawing without role or title');
  }
  for (const i of document.querySelectorAll('img')) if (!i.alt || !i.src.startsWith('data:')) wrong.push('a picture without words, or from elsewhere');
  if (document.querySelector('script, iframe, object, embed, link[rel=stylesheet]')) wrong.push('something that could load more');
  for (const e of document.querySelectorAll('.scroll')) {
    if (e.tabIndex !== 0) wrong.push('scrolls, but not by keyboard');
    if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'auto') wrong.push('cut off');
  }
  return [...new Set(wrong)];
}"""

contrast = r"""() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const f = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; }
    return [255, 255, 255, 255]; };
  let worst = 99, where = '', count = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || e.closest('title, desc, style, .skip, .drawing') || !e.getClientRects().length) continue;
    const svg = e.closest('svg') !== null;
    if (svg && e.classList.contains('strong')) continue; /* on a cell of its own color, compared beside */
    const style = getComputedStyle(e), a = light(rgba(svg ? style.fill : style.color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    count++;
    if (ratio < worst) { worst = ratio; where = e.className + ' ' + e.tagName + ' ' + walk.currentNode.data.trim().slice(0, 40); }
  }
  return [worst, where, count];
}"""


def look(browser, page_file, form, wrong):
    name, scheme, width = form
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    for line in said:
        wrong.append(f"{name}: console: {line}")
    for url in asked[1:]:
        if not url.startswith("data:"):
            wrong.append(f"{name}: asked for {url}")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    across, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    if across > room:
        wrong.append(f"{name}: {across} pixels across in {room}")
    wrong.extend(f"{name}: {line}" for line in page.evaluate(checks))
    ratio, where, count = page.evaluate(contrast)
    if ratio < 4.5:
        wrong.append(f"{name}: contrast {ratio:.2f} of {where!r}")
    keyboard(page, name, wrong)
    if "SHOTS" in os.environ:
        page.set_viewport_size({"width": width, "height": 1800})
        page.screenshot(path=f"{os.environ['SHOTS']}/{page_file.stem}-{name.replace(' ', '-')}.png")
    print(f"{page_file.name}, {name}: {count} texts, the least contrast {ratio:.2f}")
    context.close()


def keyboard(page, name, wrong):
    """The first stop leads to the content, the fold of an item opens and closes by keyboard."""
    page.evaluate("window.scrollTo(0, 0)")
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.getAttribute('href')") != "#main":
        wrong.append(f"{name}: the first stop does not skip to the report")
    if not page.evaluate("document.activeElement.getBoundingClientRect().left >= 0"):
        wrong.append(f"{name}: the first stop is not seen")
    summary = page.query_selector("summary")
    if summary is None:
        return
    before = page.evaluate("document.querySelector('details').open")
    summary.focus()
    page.keyboard.press("Enter")
    if page.evaluate("document.querySelector('details').open") == before:
        wrong.append(f"{name}: an item does not fold by keyboard")


def main():
    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
        for argument in sys.argv[2:]:
            page_file = pathlib.Path(argument).resolve()
            found = []
            for form in forms:
                look(browser, page_file, form, found)
            wrong.extend(f"{page_file.name}: {line}" for line in found)
        browser.close()
    print("\n".join(wrong))
    sys.exit(len(wrong) > 0)


main()
