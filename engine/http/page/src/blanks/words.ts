/** Words of an answer when a part of it is exchanged by hand. */

import type { EditorState } from '@codemirror/state';
import type { Blank, Word } from './blank';

/** The words of a filled or open blank with `chosen` in place of a range inside it; the others keep their confidence. */
export function chosenWords(state: EditorState, blank: Blank, range: { from: number; to: number }, chosen: string): Word[] {
  const text = state.sliceDoc(blank.from, blank.to);
  // Text that was edited by hand has no words of the model's any more.
  const words = text === blank.words.map((word) => word.text).join('') ? blank.words : [{ text, confidence: null }];
  return [...cut(words, 0, range.from - blank.from), { text: chosen, confidence: null }, ...cut(words, range.to - blank.from, text.length)];
}

/** The part of some words between two offsets of their joined text. */
function cut(words: readonly Word[], start: number, end: number): Word[] {
  const parts: Word[] = [];
  let at = 0;
  for (const word of words) {
    const text = word.text.slice(Math.max(0, start - at), Math.max(0, end - at));
    if (text) parts.push({ ...word, text });
    at += word.text.length;
  }
  return parts;
}
