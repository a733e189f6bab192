// The light bulb, the menu of the status bar, switches and what they say, the walkthrough.
import { command, done, entries, message, page, picture, ready } from '../workbench.mjs';

await ready();
const seen = {};
const bulb = '[class*="lightbulb"]:not([style*="display: none"]), [class*="light-bulb"], [class*="lightBulb"] .codicon';
const bulbs = async () => {
  await page.waitForTimeout(1_500);
  return page.$$eval(bulb, (found) => found.filter((one) => one.getBoundingClientRect().width > 0).length);
};
const ordinary = [];
for (let i = 0; i < 3; i++) {
  ordinary.push(await bulbs());
  await page.keyboard.press('ArrowDown');
}
seen.ordinary = ordinary;
seen.atBlank = await bulbs();
await picture('bulb');
await page.keyboard.press('Control+Home');
await page.keyboard.press('Control+.');
await page.waitForSelector('.action-widget .monaco-list-row', { timeout: 30_000 });
seen.asked = await page.$$eval('.action-widget .monaco-list-row', (rows) => rows.map((row) => row.textContent));
await page.keyboard.press('Escape');

await page.click('.statusbar-item:has-text("Lacuna")');
seen.menu = await entries('Snooze');
seen.title = await page.$eval('.quick-input-title', (one) => one.textContent);
await picture('menu');
await page.keyboard.press('Escape');

await command('Lacuna: Suggestions On or Off for This Language');
seen.off = await message('makes no suggestions in python files');
await command('Lacuna: Suggestions On or Off for This Language');
seen.on = await message('suggests text in python files');
await command('Lacuna: Snooze Suggestions');
await entries('15 minutes');
await page.keyboard.press('Enter');
seen.snoozed = await message('makes no suggestions until');
await page.waitForSelector('.statusbar-item .codicon-bell-slash');
seen.tooltip = await page.$eval('.statusbar-item:has(.codicon-bell-slash)', (one) => one.getAttribute('aria-label'));
await command('Notifications: Clear All Notifications');
await command('Lacuna: First Steps');
await page.waitForSelector('.getting-started-step, .getting-started-category-step', { timeout: 30_000 }).catch(() => null);
await page.waitForTimeout(1_000);
await picture('walkthrough');
seen.steps = await page.$$eval('.getting-started-step, .getting-started-category-step', (found) => found.map((one) => one.textContent));
await done(seen);
