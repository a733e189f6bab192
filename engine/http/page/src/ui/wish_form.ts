/** What a blank asks for: its length, words that it contains, and a name that ties it to others. */

import type { Wish } from '../blanks/blank';
import { h } from './dom';

type Length = 'free' | 'tokens' | 'lines';
const MOST: Record<Length, number> = { free: 0, tokens: 256, lines: 16 };

/** A form for one blank; `changed` hears every wish that is possible. */
export function wishForm(wish: Wish, names: readonly string[], changed: (wish: Wish) => void): HTMLElement {
  const kind: Length = wish.tokens !== null ? 'tokens' : wish.lines !== null ? 'lines' : 'free';
  const option = (value: Length, label: string) => h('option', { value, selected: value === kind }, label);
  const length = h('select', { id: 'wish-length', onchange: () => tell(true) }, option('free', 'as long as needed'), option('tokens', 'exactly, in tokens'), option('lines', 'exactly, in lines'));
  const count = h('input', { type: 'number', min: '1', step: '1', 'aria-label': 'How many', value: String(wish.tokens ?? wish.lines ?? 3), hidden: kind === 'free', oninput: () => tell(false) });
  const pins = h('input', { id: 'wish-pins', type: 'text', value: wish.pins.join(' '), placeholder: 'words, in order', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', onchange: () => tell(false) });
  const name = h('input', { id: 'wish-name', type: 'text', value: wish.name ?? '', placeholder: 'none', list: 'wish-names', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', onchange: () => tell(false) });

  const tell = (focus: boolean) => {
    const chosen = length.value as Length;
    count.hidden = chosen === 'free';
    count.max = String(MOST[chosen]);
    if (focus && chosen !== 'free') count.select();
    const number = Math.min(MOST[chosen], Math.max(1, Math.round(count.valueAsNumber || 1)));
    // A quotation mark would end the option where the blank is written as a marker.
    const clean = (text: string) => text.replaceAll('"', '').trim();
    changed({
      tokens: chosen === 'tokens' ? number : null,
      lines: chosen === 'lines' ? number : null,
      pins: clean(pins.value).split(/\s+/).filter(Boolean),
      name: clean(name.value).replace(/[\s<>]+/g, '-') || null,
    });
  };

  return h('div', { class: 'wishes' },
    h('label', { for: 'wish-length' }, 'Length'), h('span', { class: 'length' }, length, count),
    h('label', { for: 'wish-pins' }, 'Contains'), pins,
    h('label', { for: 'wish-name', title: 'Blanks of one name get the same text.' }, 'Same as'), name,
    h('datalist', { id: 'wish-names' }, ...names.map((value) => h('option', { value }))));
}
