// A suggestion, all blanks, a rewrite with a choice of answers.
import { command, done, entries, ghost, lines, page, picture, ready, save, shown } from '../workbench.mjs';

await ready();
const seen = {};

// At the end of line 5; the model may still be loading, and nothing asks again without an edit.
for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
await page.keyboard.press('End');
for (let i = 0; i < 15; i++) {
  await page.keyboard.type('t');
  if (await page.waitForSelector(ghost, { timeout: 1_500 }).catch(() => null)) break;
  await page.keyboard.press('Backspace');
}
await page.waitForTimeout(500); // a suggestion is drawn piece by piece
seen.ghost = (await page.$$eval(ghost, (parts) => parts.map((part) => part.textContent).join(''))).replace(/\u00a0/g, ' ');
await picture('suggestion');
await page.keyboard.press('Tab');
seen.accepted = await save();

await command('Lacuna: Fill All Blanks Together');
await page.waitForFunction((where) => !document.querySelector(where).textContent.includes('____'), lines, { timeout: 30_000 });
seen.filled = await save();

await page.click(lines);
await page.keyboard.press('Control+Home');
await page.keyboard.press('Shift+End');
await command('Lacuna: Rewrite the Selection');
await page.waitForSelector('.quick-input-widget input[placeholder], .quick-input-message');
await page.waitForTimeout(600);
await page.keyboard.type('width');
await page.keyboard.press('Enter');
await page.waitForFunction(() => document.querySelector('.quick-input-title')?.textContent.includes('Instead of the Selection'), null, { timeout: 60_000 });
seen.answers = await entries('width');
await page.keyboard.press('ArrowDown');
await page.waitForTimeout(300);
await picture('rewrite');
await page.keyboard.press('Enter');
const first = seen.filled.split('\n')[0];
for (let i = 0; i < 100 && (await shown())[0] === first; i++) await page.waitForTimeout(100);
seen.rewritten = await save();
await done(seen);
