/** A blank: a range of the text that the engine writes, and what is asked of it. */

export const OPEN_TEXT = '____';

/** What is asked of one blank; guarantees, not hints. */
export interface Wish {
  tokens: number | null;
  lines: number | null;
  pins: string[];
  name: string | null;
}

export const NO_WISH: Wish = { tokens: null, lines: null, pins: [], name: null };

/** A piece of an answer as the model wrote it. */
export interface Word {
  text: string;
  /** Probability; null: still masked, or chosen by the user. */
  confidence: number | null;
  masked?: boolean;
}

export interface Blank {
  id: number;
  from: number;
  to: number;
  /** Nothing is written yet: the text holds OPEN_TEXT. */
  open: boolean;
  /** What stood there before it became a blank. */
  was: string;
  wish: Wish;
  words: Word[];
  confidence: number | null;
}

let last = 0;
export const newId = (): number => (last += 1);

/** Ids that were restored are not given again. */
export function reserveIds(blanks: readonly Blank[]): void {
  for (const blank of blanks) last = Math.max(last, blank.id);
}

export const openBlank = (from: number, was: string, wish: Wish = NO_WISH): Blank => ({
  id: newId(), from, to: from + OPEN_TEXT.length, open: true, was, wish, words: [], confidence: null,
});
