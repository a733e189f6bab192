// A server is found, starts, and the log says where it was.
import { command, done, page, ready } from '../workbench.mjs';

await ready();
await command('Lacuna: Menu');
await page.keyboard.type('Restart');
await page.waitForTimeout(500);
const rows = await page.$$eval('.quick-input-list .monaco-list-row', (found) => found.map((one) => one.textContent));
await done({ restart: rows.find((row) => row.includes('Restart')) ?? '' });
