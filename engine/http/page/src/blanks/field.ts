/** The blanks of a document as editor state: they move with the text, and undo brings them back. */

import { invertedEffects } from '@codemirror/commands';
import { type ChangeDesc, type EditorState, type Extension, type Text, StateEffect, StateField } from '@codemirror/state';
import { type Blank, OPEN_TEXT } from './blank';

const moved = (blanks: readonly Blank[], changes: ChangeDesc): Blank[] =>
  blanks.map((blank) => {
    const from = changes.mapPos(blank.from, 1);
    return { ...blank, from, to: Math.max(from, changes.mapPos(blank.to, -1)) };
  });

/** All blanks; positions are those after the transaction's changes. */
export const setBlanks = StateEffect.define<readonly Blank[]>({ map: moved });

export const blanksField = StateField.define<readonly Blank[]>({
  create: () => [],
  update(blanks, transaction) {
    let now = blanks;
    if (transaction.docChanged && blanks.length) {
      now = moved(blanks, transaction.changes).filter((blank, index) => stands(blank, blanks[index], transaction.newDoc));
    }
    for (const effect of transaction.effects) {
      if (effect.is(setBlanks)) now = [...effect.value].sort((a, b) => a.from - b.from || a.to - b.to);
    }
    return now;
  },
});

/** An open blank is gone when its marker was edited, a filled one when all of its text was deleted. */
function stands(blank: Blank, before: Blank | undefined, doc: Text): boolean {
  if (blank.open) return doc.sliceString(blank.from, blank.to) === OPEN_TEXT;
  return blank.to > blank.from || before?.to === before?.from;
}

const withUndo = invertedEffects.of((transaction) => {
  const before = transaction.startState.field(blanksField);
  return before === transaction.state.field(blanksField) ? [] : [setBlanks.of(before)];
});

export const blanksState: Extension = [blanksField, withUndo];

export const blanksOf = (state: EditorState): readonly Blank[] => state.field(blanksField);

/** The blank that a place belongs to: inside, or at one of its ends. */
export const blankAt = (state: EditorState, place: number): Blank | undefined =>
  blanksOf(state).find((blank) => blank.from <= place && place <= blank.to);

export const blankOf = (state: EditorState, id: number): Blank | undefined => blanksOf(state).find((blank) => blank.id === id);
