/** Where a text came from, as editor state: undo brings the former one back with its text. */

import { invertedEffects } from '@codemirror/commands';
import { type EditorState, type Extension, StateEffect, StateField } from '@codemirror/state';
import type { LineEnd } from './line_ends';

export interface Source {
  name: string | null;
  language: string;
  lineEnd: LineEnd;
  /** The file began with a byte order mark. */
  mark: boolean;
}

export const NO_SOURCE: Source = { name: null, language: 'plaintext', lineEnd: '\n', mark: false };

export const setSource = StateEffect.define<Source>();

const sourceField = StateField.define<Source>({
  create: () => NO_SOURCE,
  update(source, transaction) {
    return transaction.effects.reduce((now, effect) => (effect.is(setSource) ? effect.value : now), source);
  },
});

const withUndo = invertedEffects.of((transaction) => {
  const before = transaction.startState.field(sourceField);
  return before === transaction.state.field(sourceField) ? [] : [setSource.of(before)];
});

export const sourceState: Extension = [sourceField, withUndo];

export const sourceOf = (state: EditorState): Source => state.field(sourceField);
