// No server anywhere; the button installs it from the wheel beside the extension, and it runs.
import { done, lines, message, page, picture, ready } from '../workbench.mjs';

await ready('warning');
await message('not installed yet');
await page.click('.notification-list-item .monaco-button:has-text("Install It")');
await page.waitForTimeout(2_000);
await picture('installing');
const has = () => [...document.querySelectorAll('.statusbar-item')].some((item) => item.textContent.includes('Lacuna') && item.querySelector('.codicon-check'));
await page.waitForFunction(has, null, { timeout: 500_000 });
await page.click(lines);
await done({ ready: true });
