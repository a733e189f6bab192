/** Blanks as they are written in a file: `____`, and `<fill tokens=8 lines=2 name=x keep="a b">` where they ask for something. */

import { type Wish, NO_WISH } from '../blanks/blank';

const MARKER = /(?<![\w\\])(?:_{3,}(?!\w)|<fill((?:\s+(?:tokens|lines|name|keep)=(?:"[^"\n]*"|[^\s<>"]*))*)\s*>)/g;
const OPTION = /(\w+)=("[^"\n]*"|[^\s<>"]*)/g;
const RULES = new Set(['markdown', 'restructuredtext']);
const NO_TAGS = new Set(['html', 'xml']);

export interface Marker {
  from: number;
  to: number;
  wish: Wish;
}

/** The markers of a text with `\n` line ends. */
export function markersOf(text: string, language: string): Marker[] {
  const found: Marker[] = [];
  for (const match of text.matchAll(MARKER)) {
    const from = match.index;
    const to = from + match[0].length;
    const tag = match[0].startsWith('<');
    // Alone on its line it is a rule in Markdown; <fill> is an element in HTML.
    if (tag ? NO_TAGS.has(language) : RULES.has(language) && aloneOnLine(text, from, to)) continue;
    found.push({ from, to, wish: wishOf(match[1] ?? '') });
  }
  return found;
}

/** What stands for a blank in a text that leaves the page. */
export function markerOf(wish: Wish): string {
  const options = [
    wish.tokens === null ? '' : ` tokens=${wish.tokens}`,
    wish.lines === null ? '' : ` lines=${wish.lines}`,
    wish.name === null ? '' : ` name=${wish.name}`,
    wish.pins.length ? ` keep="${wish.pins.join(' ')}"` : '',
  ].join('');
  return options ? `<fill${options}>` : '____';
}

function aloneOnLine(text: string, from: number, to: number): boolean {
  const start = text.lastIndexOf('\n', from - 1) + 1;
  const end = text.indexOf('\n', to);
  return !(text.slice(start, from) + text.slice(to, end < 0 ? undefined : end)).trim();
}

function wishOf(options: string): Wish {
  const wish: Wish = { ...NO_WISH };
  for (const [, key, quoted] of options.matchAll(OPTION)) {
    const value = (quoted ?? '').replaceAll('"', '');
    if (key === 'tokens' || key === 'lines') wish[key] = Number.parseInt(value, 10) || null;
    if (key === 'name') wish.name = value || null;
    if (key === 'keep') wish.pins = value.split(/\s+/).filter(Boolean);
  }
  return wish;
}
