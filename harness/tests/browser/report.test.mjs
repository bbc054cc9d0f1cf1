// The HTML report in a real Chromium: it opens from a file, says what broke, its slider moves and the views change, by
// mouse and by keyboard; without JavaScript the story is there; light and dark differ; nothing is loaded.
//
// The page is made of the run that is committed beside this file, by the binary as it is now. CRASHWORTHY names another
// binary than `cargo run` builds, CHROMIUM another browser than the usual places have.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../../..');
const TIMEOUT_MS = 20_000;
const ARGUMENTS = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const places = process.env.CHROMIUM
    ? [process.env.CHROMIUM]
    : names.flatMap((name) => folders.map((folder) => join(folder, name)));
  for (const place of places) {
    try {
      accessSync(place, constants.X_OK);
      return place;
    } catch { /* the next one */ }
  }
  throw new Error('there is no Chromium: install one (Debian: apt-get install chromium) or name it with CHROMIUM=PATH');
}

function crashworthy(...words) {
  const options = { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] };
  if (process.env.CRASHWORTHY) return execFileSync(process.env.CRASHWORTHY, words, options);
  const cargo = ['run', '--quiet', '--locked', '--package', 'crashworthy-harness', '--bin', 'crashworthy', '--'];
  return execFileSync('cargo', [...cargo, ...words], options);
}

let folder, browser, url, hostileUrl;

before(async () => {
  const executablePath = findChromium();
  folder = mkdtempSync(join(tmpdir(), 'crashworthy-report-'));
  const page = join(folder, 'report.html');
  crashworthy('report', join(here, 'run'), '--bench', join(here, 'bench.json'), '--out', page);
  url = pathToFileURL(page).href;

  // The same run by a subject that would like to run a script in its reader's browser.
  const hostile = join(folder, 'hostile');
  cpSync(join(here, 'run'), hostile, { recursive: true });
  const evil = '</script></style><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
  const certificate = JSON.parse(readFileSync(join(hostile, 'certificate.json'), 'utf8'));
  certificate.subject.command = evil;
  const row = certificate.guarantees.find((row) => row.counterexample);
  const file = join(hostile, row.counterexample);
  const counterexample = JSON.parse(readFileSync(file, 'utf8'));
  counterexample.summary = evil;
  counterexample.story = [evil];
  counterexample.timeline.lanes[0] = evil;
  counterexample.timeline.cause = evil;
  for (const step of counterexample.timeline.steps) {
    step.text = evil;
    step.memory = [{ path: evil, shown: evil }];
  }
  writeFileSync(join(hostile, 'certificate.json'), JSON.stringify(certificate));
  writeFileSync(file, JSON.stringify(counterexample));
  const hostilePage = join(folder, 'hostile.html');
  crashworthy('report', hostile, '--out', hostilePage);
  hostileUrl = pathToFileURL(hostilePage).href;

  browser = await chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: ARGUMENTS });
}, { timeout: 30 * 60_000 });

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Opens the page, and notes what it complains about and what it asks for. */
async function open(options = {}, where = url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (request.url() !== where) complaints.push(`it asked for ${request.url()}`);
  });
  await page.goto(where);
  return { page, complaints, close: () => context.close() };
}

/** The first timeline, and what it shows now. */
function firstTimeline(page) {
  const timeline = page.locator('.timeline').first();
  const moment = timeline.locator('.moment:visible');
  return {
    timeline,
    slider: timeline.locator('input[type=range]'),
    moment,
    views: moment.locator('.view'),
    shown: async () => (await moment.locator('.views').innerText()).replace(/\s+/g, ' '),
    step: async () => Number(await moment.getAttribute('data-step')),
  };
}

test('it opens from a file, says what broke, and complains of nothing', async () => {
  const { page, complaints, close } = await open();
  assert.match(await page.title(), /REFUTED/);
  assert.match(await page.locator('.stamp').innerText(), /REFUTED/);
  const cases = page.locator('article.case');
  assert.ok(await cases.count() > 0);
  for (const one of await cases.all()) {
    assert.match(await one.locator('.replay code').innerText(), /^crashworthy replay .+\.json$/);
    assert.ok((await one.locator('.story li').allInnerTexts()).length > 3);
    assert.ok(await one.locator('.timeline').isVisible());
  }
  const links = await page.locator('a[href^="#"]').evaluateAll((links) =>
    links.filter((link) => !document.getElementById(link.hash.slice(1))).map((link) => link.hash));
  assert.deepEqual(links, [], 'every link leads somewhere');
  assert.deepEqual(complaints, []);
  await close();
});

test('the slider moves by keyboard, and the views change with it', async () => {
  const { page, complaints, close } = await open();
  const { slider, moment, views, shown, step, timeline } = firstTimeline(page);
  assert.equal(await moment.count(), 1, 'one moment is shown');
  assert.deepEqual(await views.locator('h4').allInnerTexts(),
    ['In memory (what the kernel shows)', 'On disk for sure (model: strict)', 'What a new reader would see']);
  await slider.focus();
  await page.keyboard.press('Home');
  assert.equal(await step(), 0);
  const first = await shown();
  const seen = new Set([first]);
  const last = Number(await slider.getAttribute('max')) - 1;
  for (let at = 1; at <= last; at += 1) {
    await page.keyboard.press('ArrowRight');
    assert.equal(await step(), at);
    assert.equal(await timeline.locator('tr.current').getAttribute('data-step'), String(at));
    seen.add(await shown());
  }
  assert.ok(seen.size >= 3, `the views change: ${[...seen].join(' | ')}`);
  assert.ok(await timeline.locator('.views .new').count() > 0, 'changes are marked');
  await page.keyboard.press('Home');
  assert.equal(await shown(), first);
  assert.match(await slider.getAttribute('aria-valuetext'), /^Step 1 of/);
  assert.deepEqual(complaints, []);
  await close();
});

test('buttons, rows and the mouse do the same, and all of it can be reached by Tab', async () => {
  const { page, complaints, close } = await open();
  const { timeline, step, slider } = firstTimeline(page);
  const start = await step();
  await timeline.locator('.previous').click();
  assert.equal(await step(), start - 1);
  await timeline.locator('.next').click();
  assert.equal(await step(), start);
  await timeline.locator('tr.step').first().click();
  assert.equal(await step(), 0);
  assert.ok(await timeline.locator('.previous').isDisabled());
  const box = await slider.boundingBox();
  await page.mouse.click(box.x + box.width - 2, box.y + box.height / 2);
  assert.equal(await step(), Number(await slider.getAttribute('max')) - 1);

  await page.reload();
  const reached = new Set();
  for (let press = 0; press < 400; press += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const active = document.activeElement;
      return active === document.body ? null : `${active.className || active.type || active.tagName}`;
    });
    if (at === null) break;
    reached.add(at);
    if (press === 0) assert.equal(at, 'skip', 'the skip link comes first');
  }
  for (const wanted of ['range', 'previous', 'next', 'copy js-only']) assert.ok(reached.has(wanted), `${wanted}: ${[...reached]}`);
  assert.deepEqual(complaints, []);
  await close();
});

test('a mark at a glance unfolds the counterexample that it stands for', async () => {
  const { page, close } = await open();
  const folded = page.locator('details.case').first();
  const id = await folded.getAttribute('id');
  assert.equal(await folded.evaluate((it) => it.open), false);
  await page.locator(`.marks a[href="#${id}"]`).click();
  await page.waitForFunction((id) => document.getElementById(id).open, id);
  assert.ok(await folded.locator('.timeline').isVisible());
  await close();
});

test('without JavaScript the story, the tables and every moment are there', async () => {
  const { page, close } = await open({ javaScriptEnabled: false });
  assert.ok(await page.locator('.story li').first().isVisible());
  assert.ok(await page.locator('table.verdicts').first().isVisible());
  assert.ok(await page.locator('tr.step').first().isVisible());
  assert.equal(await page.locator('input[type=range]:visible').count(), 0);
  assert.equal(await page.locator('button:visible').count(), 0);
  const moments = page.locator('.timeline').first().locator('.moment');
  assert.ok(await moments.count() > 3);
  assert.equal(await moments.locator('summary:visible').count(), await moments.count());
  await moments.first().locator('summary').click();
  assert.ok(await moments.first().locator('.view').first().isVisible());
  await close();
});

test('light and dark are two sets of colours, each of them readable', async () => {
  const backgrounds = [];
  for (const colorScheme of ['light', 'dark']) {
    const { page, close } = await open({ colorScheme });
    const [background, worst] = await page.evaluate(() => {
      const parse = (text) => text.match(/[\d.]+/g).map(Number);
      const luminance = ([r, g, b]) => [r, g, b]
        .map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const colour = parse(getComputedStyle(at).backgroundColor);
          if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
      };
      let worst = [99, ''];
      for (const element of document.querySelectorAll('p, h1, h2, h3, h4, dt, dd, li, td, th, span, code, summary, q, a')) {
        if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || !element.offsetParent) continue;
        const [one, other] = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
        const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (contrast < worst[0]) worst = [contrast, element.outerHTML.slice(0, 120)];
      }
      return [getComputedStyle(document.body).backgroundColor, worst];
    });
    backgrounds.push(background);
    // WCAG 2.2, 1.4.3: normal text.
    assert.ok(worst[0] >= 4.5, `${colorScheme}: contrast ${worst[0].toFixed(2)} in ${worst[1]}`);
    await close();
  }
  assert.notEqual(backgrounds[0], backgrounds[1]);
});

test('what it costs is plotted: every dot is within its interval, and a slower one is further right', async () => {
  const { page, complaints, close } = await open();
  const rows = await page.locator('table.costs tbody tr:not(.block)').evaluateAll((rows) => rows.map((row) => {
    const box = (selector) => row.querySelector(selector)?.getBoundingClientRect();
    const [dot, interval, cell] = ['circle.median', 'line.interval', 'td.plot'].map(box);
    return {
      said: row.querySelector('td:last-child').textContent,
      kept: row.querySelector('td').textContent.trim(),
      dot: dot && (dot.left + dot.right) / 2,
      interval: interval && [interval.left, interval.right],
      cell: [cell.left, cell.right],
      table: [...document.querySelectorAll('table.costs')].indexOf(row.closest('table')),
    };
  }));
  const units = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };
  const plotted = rows.filter((row) => row.dot);
  assert.ok(plotted.length > 10, `${plotted.length} dots`);
  for (const row of plotted) {
    const [, number, unit] = row.said.match(/^([\d.]+) (ns|µs|ms|s) /);
    row.nanos = number * units[unit];
    assert.ok(row.cell[0] <= row.interval[0] && row.interval[1] <= row.cell[1], row.said);
    assert.ok(row.interval[0] - 1 <= row.dot && row.dot <= row.interval[1] + 1, row.said);
  }
  for (const a of plotted) {
    for (const b of plotted.filter((b) => b.table === a.table && b.nanos > 1.05 * a.nanos)) {
      assert.ok(b.dot > a.dot, `${a.said} is left of ${b.said}`);
    }
  }
  for (const row of rows.filter((row) => !row.dot)) assert.match(row.said, /below the protocol|not measured/);
  // Options decide what is kept: the same backend is there twice.
  for (const row of rows) assert.match(row.kept, /^\d+ of 41$/);
  assert.equal(new Set(rows.map((row) => row.kept)).size, 3);
  assert.deepEqual(complaints, []);
  await close();
});

test('no table is wider than its box, however long its words are', async () => {
  const { page, close } = await open({ viewport: { width: 1200, height: 900 } });
  const wide = () => page.locator('.scroll').evaluateAll((boxes) => boxes
    .filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => `${box.getAttribute('aria-label')}: ${box.scrollWidth} px in ${box.clientWidth} px`));
  assert.deepEqual(await wide(), []);
  await page.locator('.claim, .bound, .reason, .summary, .costs tbody th, .models thead th')
    .evaluateAll((cells) => cells.forEach((cell) => cell.append(` ${'long/'.repeat(60)}`)));
  assert.deepEqual(await wide(), []);
  await close();
});

test('on a narrow screen no name of a subject is chopped, and no label of a tick runs into a heading', async () => {
  const { page, close } = await open({ viewport: { width: 400, height: 800 } });
  const chopped = await page.locator('.costs tbody tr:not(.block) th, .models thead th').evaluateAll((cells) => cells
    .filter((cell) => !/\s/.test(cell.textContent.trim()))
    .filter((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return range.getClientRects().length > 1;
    })
    .map((cell) => cell.textContent));
  assert.deepEqual(chopped, []);
  const run = await page.locator('.costs thead svg text').evaluateAll((labels) => labels
    .filter((label) => {
      const [text, cell] = [label, label.closest('th')].map((it) => it.getBoundingClientRect());
      return text.left < cell.left || text.right > cell.right;
    })
    .map((label) => label.textContent));
  assert.deepEqual(run, []);
  await close();
});

test('names in tables are code, and no backtick is left of them', async () => {
  const { page, close } = await open();
  const cells = await page.locator('table.verdicts tbody').allInnerTexts();
  assert.ok(cells.length > 0);
  for (const cell of cells) assert.doesNotMatch(cell, /`[a-z]/);
  assert.ok(await page.locator('table.verdicts .summary code').count() > 0);
  for (const note of await page.locator('#costs ~ .intro').allInnerTexts()) assert.doesNotMatch(note, /`/);
  await close();
});

test('nothing sticks out on a telephone', async () => {
  const { page, close } = await open({ viewport: { width: 375, height: 800 } });
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window, `${wide} px of ${window}`);
  await close();
});

test('on paper every step of a told counterexample is there', async () => {
  const { page, close } = await open();
  await page.emulateMedia({ media: 'print' });
  const timeline = page.locator('.timeline').first();
  const steps = await timeline.locator('.steps').evaluate((it) => [it.scrollHeight, it.clientHeight]);
  assert.ok(steps[0] <= steps[1] + 1, `${steps}`);
  assert.equal(await page.locator('button:visible').count(), 0);
  await close();
});

test('what a subject says is text and never markup', async () => {
  const { page, complaints, close } = await open({}, hostileUrl);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.locator('script').count(), 1);
  assert.match(await page.locator('h1').innerText(), /^<\/script>/);
  assert.deepEqual(complaints, []);
  await close();
});
