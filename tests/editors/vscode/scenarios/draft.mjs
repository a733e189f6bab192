// A long fill is seen in the text while it is written, and nothing of that is left afterwards.
import { command, done, lines, page, picture, ready, save } from '../workbench.mjs';

await ready();
const written = () =>
  [...document.querySelectorAll('.view-line span')].map((span) => getComputedStyle(span, '::after').content).filter((content) => content && !['none', 'normal'].includes(content));
await page.evaluate((source) => {
  const look = new Function(`return (${source})()`);
  window.lacunaDrafts = new Set();
  window.lacunaLook = setInterval(() => look().forEach((content) => window.lacunaDrafts.add(content)), 20);
}, written.toString());
await command('Lacuna: Fill All Blanks Together');
await page.waitForFunction((where) => !document.querySelector(where).textContent.includes('<fill'), lines, { timeout: 60_000 });
await page.waitForTimeout(1_000);
const seen = { drafts: await page.evaluate(() => [...window.lacunaDrafts]), left: await page.evaluate(written) };
seen.text = await save();
await picture('draft');
await done(seen);
