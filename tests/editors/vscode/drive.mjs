// Drive a workbench in Chromium: node vscode_drive.mjs INSTALLED PORT WORKSPACE FILE SCREENSHOT; last line of stdout is JSON.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [installed, port, workspace, file, screenshot] = process.argv.slice(2);
const { chromium } = createRequire(`${installed}/package.json`)('playwright-core');
const quiet = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const context = await chromium.launchPersistentContext(`${workspace}/../browser`, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  viewport: { width: 800, height: 420 },
  args: [...quiet, '--disable-background-networking', '--disable-component-update'],
});
const page = await context.newPage();
const open = JSON.stringify([['openFile', `vscode-remote://127.0.0.1:${port}${workspace}/${file}`]]);
await page.goto(`http://127.0.0.1:${port}/?folder=${workspace}&payload=${encodeURIComponent(open)}`);
const lines = '.editor-instance .monaco-editor .view-lines';
const ghost = '.ghost-text-decoration, .ghost-text';
const text = () => readFileSync(`${workspace}/${file}`, 'utf8');

async function command(name) {
  await page.keyboard.press('F1');
  await page.keyboard.type(name);
  await page.waitForSelector('.quick-input-list .monaco-list-row');
  await page.waitForTimeout(400);
  await page.keyboard.press('Enter');
}

async function save() {
  const before = text();
  await page.keyboard.press('Control+s');
  for (let i = 0; i < 40 && text() === before; i++) await page.waitForTimeout(100);
  return text();
}

await page.waitForSelector(lines, { timeout: 60_000 });
const ready = () => [...document.querySelectorAll('.statusbar-item')].some((item) => item.textContent.includes('Lacuna') && item.querySelector('.codicon-check'));
await page.waitForFunction(ready, null, { timeout: 60_000 });
await page.click(lines);
const seen = {};

// A suggestion at the end of line 5; the model may still be loading, and nothing asks again without an edit.
await page.keyboard.press('Control+Home');
for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
await page.keyboard.press('End');
for (let i = 0; i < 15; i++) {
  await page.keyboard.type('t');
  if (await page.waitForSelector(ghost, { timeout: 1_500 }).catch(() => null)) break;
  await page.keyboard.press('Backspace');
}
await page.waitForTimeout(500); // a suggestion is drawn piece by piece
seen.ghost = (await page.$$eval(ghost, (parts) => parts.map((part) => part.textContent).join(''))).replace(/\u00a0/g, ' ');
if (screenshot) await page.screenshot({ path: screenshot });
await page.keyboard.press('Tab');
seen.accepted = await save();

await command('Lacuna: Fill All Blanks');
await page.waitForFunction((where) => !document.querySelector(where).textContent.includes('____'), lines, { timeout: 30_000 });
seen.filled = await save();

await page.click(lines);
await page.keyboard.press('Control+Home');
await page.keyboard.press('Shift+End');
await command('Lacuna: Rewrite the Selection');
await page.waitForTimeout(600);
await page.keyboard.type('width');
await page.keyboard.press('Enter');
const first = seen.filled.split('\n')[0];
await page.waitForFunction(([where, line]) => document.querySelector(`${where} .view-line`).textContent.replace(/\u00a0/g, ' ') !== line, [lines, first], { timeout: 30_000 });
seen.rewritten = await save();

await context.close();
console.log(JSON.stringify(seen));
