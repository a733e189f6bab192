/** What a person does with blanks; each is one step of undo. */

import { type ChangeSpec, type EditorState, type TransactionSpec, EditorSelection, Prec } from '@codemirror/state';
import { type Command, EditorView } from '@codemirror/view';
import { markersOf } from '../text/markers';
import { type Blank, OPEN_TEXT, openBlank } from './blank';
import { blankAt, blanksOf, setBlanks } from './field';

/** Replace ranges, which do not overlap, and give the blanks that come of it. */
export function rewritten(state: EditorState, pieces: readonly { from: number; to: number; insert: string; blank?: Omit<Blank, 'from' | 'to'> }[]): TransactionSpec {
  const changes = state.changes(pieces.map(({ from, to, insert }): ChangeSpec => ({ from, to, insert })));
  const inside = (blank: Blank) => pieces.some(({ from, to }) => from <= blank.from && blank.to <= to);
  const kept = blanksOf(state)
    .filter((blank) => !inside(blank))
    .map((blank) => ({ ...blank, from: changes.mapPos(blank.from, 1), to: changes.mapPos(blank.to, -1) }));
  let shift = 0;
  const made = [...pieces].sort((a, b) => a.from - b.from).flatMap(({ from, to, insert, blank }) => {
    const start = from + shift;
    shift += insert.length - (to - from);
    return blank === undefined ? [] : [{ ...blank, from: start, to: start + insert.length }];
  });
  return { changes, effects: setBlanks.of([...kept, ...made]) };
}

/** A blank in place of a range; blanks inside it are swallowed. */
function blankOut(view: EditorView, from: number, to: number): void {
  const { state } = view;
  const whole = blanksOf(state).filter((blank) => blank.from < to && from < blank.to);
  const start = Math.min(from, ...whole.map((blank) => blank.from));
  const end = Math.max(to, ...whole.map((blank) => blank.to));
  const blank = openBlank(start, restored(state, start, end, whole));
  view.dispatch({
    ...rewritten(state, [{ from: start, to: end, insert: OPEN_TEXT, blank }]),
    selection: EditorSelection.cursor(start + OPEN_TEXT.length),
    userEvent: 'input.blank',
    scrollIntoView: true,
  });
}

function restored(state: EditorState, from: number, to: number, blanks: readonly Blank[]): string {
  let text = '';
  let at = from;
  for (const blank of blanks) {
    text += state.sliceDoc(at, blank.from) + (blank.open ? blank.was : state.sliceDoc(blank.from, blank.to));
    at = blank.to;
  }
  return text + state.sliceDoc(at, to);
}

/** Give a blank back to the text: what was written stays; of an open one, what stood there before. */
export function unblank(view: EditorView, blank: Blank): void {
  const { state } = view;
  const insert = blank.open ? blank.was : state.sliceDoc(blank.from, blank.to);
  view.dispatch({ ...rewritten(state, [{ from: blank.from, to: blank.to, insert }]), userEvent: 'input.blank' });
}

/** The selection becomes a blank; else the word around a place does; else one is put there. On a blank: it is undone. */
export function toggleBlank(view: EditorView, place = view.state.selection.main): boolean {
  const { state } = view;
  if (state.readOnly) return false;
  if (!place.empty) {
    blankOut(view, place.from, place.to);
    return true;
  }
  const found = blankAt(state, place.head);
  if (found !== undefined) {
    unblank(view, found);
    return true;
  }
  const word = state.wordAt(place.head);
  const inside = word !== null && word.from < place.head && place.head < word.to;
  blankOut(view, inside ? word.from : place.head, inside ? word.to : place.head);
  return true;
}

/** Move to the next or previous blank, around the end. */
export const goToBlank = (direction: 1 | -1): Command => (view) => {
  const blanks = blanksOf(view.state);
  if (!blanks.length) return false;
  const { from, to } = view.state.selection.main;
  const next = direction > 0 ? blanks.find((blank) => blank.from > from) : blanks.findLast((blank) => blank.to < to);
  const target = next ?? (direction > 0 ? blanks[0] : blanks.at(-1));
  if (target === undefined) return false;
  view.dispatch({ selection: target.open ? { anchor: target.to } : { anchor: target.from, head: target.to }, scrollIntoView: true });
  view.focus();
  return true;
};

/** Put a text with `\n` line ends that may hold markers in place of a range. */
export function insertMarked(state: EditorState, from: number, to: number, text: string, language: string): TransactionSpec {
  const markers = markersOf(text, language);
  let insert = '';
  let at = 0;
  const made: Blank[] = [];
  for (const marker of markers) {
    insert += text.slice(at, marker.from);
    made.push(openBlank(from + insert.length, '', marker.wish));
    insert += OPEN_TEXT;
    at = marker.to;
  }
  insert += text.slice(at);
  const changes = state.changes({ from, to, insert });
  const kept = blanksOf(state)
    .filter((blank) => blank.to <= from || to <= blank.from)
    .map((blank) => ({ ...blank, from: changes.mapPos(blank.from, 1), to: changes.mapPos(blank.to, -1) }));
  return { changes, effects: setBlanks.of([...kept, ...made]), selection: { anchor: from + insert.length } };
}

/** Four underscores become a blank as they are typed. */
export const typedBlanks = Prec.high(
  EditorView.inputHandler.of((view, from, to, text) => {
    if (text !== '_' || from !== to || view.state.readOnly) return false;
    const before = view.state.sliceDoc(Math.max(0, from - 4), from);
    if (!before.endsWith('___') || /[\w\\]___$/.test(before) || /^\w/.test(view.state.sliceDoc(to, to + 1))) return false;
    if (blanksOf(view.state).some((blank) => blank.open && from - 3 < blank.to && blank.from < from)) return false;
    const blank = openBlank(from - 3, '');
    view.dispatch({
      ...rewritten(view.state, [{ from: from - 3, to, insert: OPEN_TEXT, blank }]),
      selection: { anchor: from + 1 },
      userEvent: 'input.type',
    });
    return true;
  }),
);
