// No server anywhere: what is said, and what is offered.
import { command, done, entries, message, page, picture, ready } from '../workbench.mjs';

await ready('warning');
const seen = { message: await message('not installed yet') };
seen.buttons = await page.$$eval('.notification-list-item .monaco-button', (found) => found.map((one) => one.textContent));
await picture('missing');
await command('Lacuna: Menu');
seen.menu = await entries('Install the Server');
await page.keyboard.press('Escape');
await command('Lacuna: Fill All Blanks Together');
seen.fill = await message('has no server');
await done(seen);
