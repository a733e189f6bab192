/** One sentence at a time for the user, said aloud by screen readers as well. */

import { byId, h } from './dom';
import { icon } from './icons';

type Kind = 'info' | 'error';
const STAY_MS = 6_000;

export class Notices {
  private readonly place = byId('notice');
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Errors stay until they are closed or something else is said. */
  say(sentence: string, kind: Kind = 'info'): void {
    clearTimeout(this.timer);
    const close = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close the message', onclick: () => this.clear() }, icon('close'));
    this.place.replaceChildren(h('span', {}, sentence), close);
    this.place.dataset.kind = kind;
    this.place.hidden = false;
    byId(kind === 'error' ? 'aloud-now' : 'aloud').textContent = sentence;
    if (kind === 'info') this.timer = setTimeout(() => this.clear(), STAY_MS);
  }

  /** For screen readers only. */
  announce(sentence: string): void {
    byId('aloud').textContent = sentence;
  }

  clear(): void {
    this.place.hidden = true;
    this.place.replaceChildren();
  }
}
