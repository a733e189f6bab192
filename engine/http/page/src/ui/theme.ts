/** Light, dark, or as the system has it; remembered in this browser. */

const KEY = 'lacuna-theme';
const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const stored = (): Theme => THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'auto';

export function themeButton(button: HTMLButtonElement): void {
  const show = (theme: Theme) => {
    document.documentElement.dataset.theme = theme;
    const label = `Colours: ${theme === 'auto' ? 'as the system' : theme}`;
    button.setAttribute('aria-label', label);
    button.title = label;
  };
  show(stored());
  button.addEventListener('click', () => {
    const next = THEMES[(THEMES.indexOf(stored()) + 1) % THEMES.length] ?? 'auto';
    localStorage.setItem(KEY, next);
    show(next);
  });
}
