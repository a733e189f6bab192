/** How blanks look: open ones as chips, drafts with their masks, answers coloured by confidence. */

import { type EditorState, type Extension, Prec, type Range, RangeSet, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType } from '@codemirror/view';
import { h } from '../ui/dom';
import type { Blank, Wish, Word } from './blank';
import { blankAt, blanksField, blanksOf } from './field';

/** What is shown in place of blanks, by id, without being in the text; null: the text itself. */
export type Preview = ReadonlyMap<number, readonly Word[]> | null;
export const setPreview = StateEffect.define<Preview>();
export const previewField = StateField.define<Preview>({
  create: () => null,
  update(preview, transaction) {
    for (const effect of transaction.effects) if (effect.is(setPreview)) return effect.value;
    // What is on show belongs to the text as it was; the next draft of a running fill comes anyway.
    return transaction.docChanged ? null : preview;
  },
});

const STEPS = [0.2, 0.4, 0.6, 0.8, 0.95];
/** 0 (unsure) to 5 (sure). */
export const level = (confidence: number): number => STEPS.filter((step) => confidence >= step).length;

const look = (word: Word): string => (word.masked ? 'mask' : word.confidence === null ? 'chosen' : `sure-${level(word.confidence)}`);

export function wishLabel(wish: Wish): string {
  return [
    wish.tokens === null ? '' : `${wish.tokens} ${wish.tokens === 1 ? 'token' : 'tokens'}`,
    wish.lines === null ? '' : `${wish.lines} ${wish.lines === 1 ? 'line' : 'lines'}`,
    wish.name === null ? '' : `= ${wish.name}`,
    wish.pins.length ? `“${wish.pins.join(' … ')}”` : '',
  ].filter(Boolean).join(' · ');
}

class Chip extends WidgetType {
  constructor(readonly id: number, readonly number: number, readonly label: string, readonly current: boolean) {
    super();
  }
  override eq(other: Chip): boolean {
    return other.id === this.id && other.number === this.number && other.label === this.label && other.current === this.current;
  }
  override toDOM(): HTMLElement {
    return h('span', {
      class: `blank-open${this.current ? ' current' : ''}`,
      role: 'img',
      'aria-label': `blank ${this.number}${this.label ? `, ${this.label}` : ''}`,
      'data-blank': String(this.id),
    }, h('span', { class: 'gap' }), this.label ? h('span', { class: 'wish' }, this.label) : null);
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

class DraftText extends WidgetType {
  constructor(readonly id: number, readonly words: readonly Word[]) {
    super();
  }
  override eq(other: DraftText): boolean {
    return other.id === this.id && other.words === this.words;
  }
  override toDOM(): HTMLElement {
    const parts = this.words.map((word) => h('span', { class: look(word) }, word.masked ? '\u00a0' : word.text));
    return h('span', { class: 'blank-draft', 'data-blank': String(this.id) }, ...parts);
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

class Nothing extends WidgetType {
  constructor(readonly id: number) {
    super();
  }
  override eq(other: Nothing): boolean {
    return other.id === this.id;
  }
  override toDOM(): HTMLElement {
    return h('span', { class: 'blank-empty', role: 'img', 'aria-label': 'a blank filled with nothing', 'data-blank': String(this.id) });
  }
}

function draw(state: EditorState): DecorationSet {
  const preview = state.field(previewField);
  const here = blankAt(state, state.selection.main.head);
  const ranges: Range<Decoration>[] = [];
  blanksOf(state).forEach((blank, index) => {
    const current = blank === here;
    const words = preview?.get(blank.id);
    if (words !== undefined) {
      const widget = new DraftText(blank.id, words);
      ranges.push(blank.to > blank.from ? Decoration.replace({ widget }).range(blank.from, blank.to) : Decoration.widget({ widget, side: 1 }).range(blank.from));
    } else if (blank.open) {
      ranges.push(Decoration.replace({ widget: new Chip(blank.id, index + 1, wishLabel(blank.wish), current) }).range(blank.from, blank.to));
    } else if (blank.to === blank.from) {
      ranges.push(Decoration.widget({ widget: new Nothing(blank.id), side: 1 }).range(blank.from));
    } else {
      ranges.push(...answer(state, blank));
    }
  });
  return RangeSet.of(ranges, true);
}

/** Around every answer; of lower precedence than its words, and so outside of them. */
function frame(state: EditorState): DecorationSet {
  const preview = state.field(previewField);
  const here = blankAt(state, state.selection.main.head);
  const filled = blanksOf(state).filter((blank) => !blank.open && blank.to > blank.from && !preview?.has(blank.id));
  return RangeSet.of(filled.map((blank) =>
    Decoration.mark({ class: `blank-filled${blank === here ? ' current' : ''}`, attributes: { 'data-blank': String(blank.id) } }).range(blank.from, blank.to)));
}

function answer(state: EditorState, blank: Blank): Range<Decoration>[] {
  const ranges: Range<Decoration>[] = [];
  let at = blank.from;
  // Text that was edited by hand is nobody's guess any more.
  if (state.sliceDoc(blank.from, blank.to) !== blank.words.map((word) => word.text).join('')) return ranges;
  for (const word of blank.words) {
    const end = at + word.text.length;
    if (end > at) ranges.push(Decoration.mark({ class: look(word) }).range(at, end));
    at = end;
  }
  return ranges;
}

const drawn = [
  EditorView.decorations.compute([blanksField, previewField, 'selection'], draw),
  Prec.lowest(EditorView.decorations.compute([blanksField, previewField, 'selection'], frame)),
];

/** The cursor passes an open blank in one step, and one Backspace deletes it. */
const whole = EditorView.atomicRanges.of((view) =>
  RangeSet.of(blanksOf(view.state).filter((blank) => blank.open).map((blank) => Decoration.mark({}).range(blank.from, blank.to))),
);

export const blanksDrawing: Extension = [previewField, drawn, whole];
