// A workbench in Chromium, and what a person does in it. node SCENARIO.mjs INSTALLED PORT WORKSPACE FILE [SCREENSHOTS]
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [installed, port, workspace, file, screenshots] = process.argv.slice(2);
const { chromium } = createRequire(`${installed}/package.json`)('playwright-core');
const quiet = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'lacuna-browser-')), {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  viewport: { width: 900, height: 640 },
  args: [...quiet, '--disable-background-networking', '--disable-component-update'],
});
export const page = await context.newPage();
const opened = JSON.stringify([['openFile', `vscode-remote://127.0.0.1:${port}${workspace}/${file}`]]);
await page.goto(`http://127.0.0.1:${port}/?folder=${workspace}&payload=${encodeURIComponent(opened)}`);

export const lines = '.editor-instance .monaco-editor .view-lines';
export const ghost = '.ghost-text-decoration, .ghost-text';
const PATIENT = { timeout: 90_000 };
const NOT_READY = 3;

/** The file on disk. */
export const text = () => readFileSync(`${workspace}/${file}`, 'utf8');

/** What the editor shows, a string a line. */
export const shown = () =>
  page.$$eval(`${lines} .view-line`, (found) =>
    found
      .map((line) => [parseFloat(line.style.top), line.textContent.replace(/\u00a0/g, ' ')])
      .sort((a, b) => a[0] - b[0])
      .map(([, line]) => line),
  );

/** Wait until the status bar's item has this icon, and put the cursor into the editor. */
export async function ready(icon = 'check') {
  const has = (name) =>
    [...document.querySelectorAll('.statusbar-item')].some((item) => item.textContent.includes('Lacuna') && item.querySelector(`.codicon-${name}`));
  try {
    await page.waitForSelector(lines, PATIENT);
    await page.waitForFunction(has, icon, PATIENT);
  } catch (error) {
    const items = await page.$$eval('.statusbar-item', (found) => found.map((item) => item.getAttribute('aria-label') ?? item.textContent));
    console.error(`The workbench is not ready: ${error.message}\nIts status bar: ${items.join(' | ')}`);
    await context.close();
    process.exit(NOT_READY);
  }
  await page.click(lines);
  await page.keyboard.press('Control+Home');
}

/** Run a command of the palette by its title. */
export async function command(title) {
  await page.keyboard.press('F1');
  await page.waitForSelector('.quick-input-widget input');
  await page.keyboard.type(title);
  await page.waitForFunction(
    (wanted) => document.querySelector('.quick-input-list .monaco-list-row.focused, .quick-input-list .monaco-list-row')?.textContent.includes(wanted),
    title,
    PATIENT,
  );
  await page.keyboard.press('Enter');
}

/** Entries of the list that is open. */
export async function entries(first) {
  await page.waitForFunction(
    (wanted) => [...document.querySelectorAll('.quick-input-list .monaco-list-row')].some((row) => row.textContent.includes(wanted)),
    first,
    PATIENT,
  );
  return page.$$eval('.quick-input-list .monaco-list-row', (rows) => rows.map((row) => row.textContent.replace(/\u00a0/g, ' ')));
}

/** The messages that are on show. */
export async function message(piece) {
  await page.waitForFunction(
    (wanted) => [...document.querySelectorAll('.notification-list-item')].some((one) => one.textContent.includes(wanted)),
    piece,
    PATIENT,
  );
  return page.$$eval('.notification-list-item', (found) => found.map((one) => one.textContent.replace(/\u00a0/g, ' ')));
}

/** Save, and give back what is on disk then. */
export async function save() {
  const before = text();
  let seen = before;
  await page.keyboard.press('Control+s');
  // The editor empties the file and then writes it: what is read twice is what was saved.
  for (let i = 0; i < 60; i++) {
    await page.waitForTimeout(100);
    const now = text();
    if (now && now !== before && now === seen) break;
    seen = now;
  }
  return text();
}

export async function picture(name) {
  if (screenshots) await page.screenshot({ path: `${screenshots}/${name}.png` });
}

/** Close, and tell the test what was seen: the last line of stdout is JSON. */
export async function done(seen) {
  await context.close();
  console.log(JSON.stringify(seen));
}
