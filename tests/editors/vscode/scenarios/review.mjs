// Blanks one by one, by keys alone: accept the first, reject the second, accept the third.
import { command, done, page, picture, ready, save, shown, text } from '../workbench.mjs';

await ready();
const seen = { before: text() };
await command('Lacuna: Fill All Blanks, Accept or Reject Each');
await page.waitForFunction(() => [...document.querySelectorAll('.codelens-decoration')].some((lens) => lens.textContent.includes('Accept “')), null, { timeout: 60_000 });
seen.lenses = (await page.$$eval('.codelens-decoration', (found) => found.map((one) => one.textContent))).map((one) => one.replace(/\u00a0/g, ' '));
seen.untouched = text() === seen.before;
// What is proposed stands behind its blank, as decorations.
seen.proposed = await page.evaluate(() =>
  [...document.querySelectorAll('.view-line span')].map((span) => getComputedStyle(span, '::after').content).filter((content) => content && content !== 'none' && content !== 'normal'),
);
await picture('review');
const blanks = async () => (await shown()).join('\n').split('____').length - 1;
const count = await blanks();
await page.keyboard.press('Alt+Enter');
for (let i = 0; i < 50 && (await blanks()) === count; i++) await page.waitForTimeout(100);
await page.keyboard.press('Alt+Backspace');
await page.waitForTimeout(500);
await page.keyboard.press('Alt+Enter');
for (let i = 0; i < 50 && (await blanks()) > count - 2; i++) await page.waitForTimeout(100);
const left = () => page.$$eval('.codelens-decoration', (found) => found.filter((one) => one.textContent.includes('Accept “')).length);
for (let i = 0; i < 50 && (await left()) > 0; i++) await page.waitForTimeout(100);
seen.left = await left();
seen.after = await save();
await page.keyboard.press('Control+z');
seen.undone = await save();
await done(seen);
