/** Colours every word by how much it surprises the model, given all the others. */

import { type EditorState, type Extension, RangeSet, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view';
import { type Client, messageOf, wasCancelled } from '../api/client';
import type { ScoreResult } from '../api/types';
import { blanksOf } from '../blanks/field';
import { CodePoints, wellFormed } from '../text/code_points';

/** Longer texts are scored around what is in view. */
const MOST = 12_000;
const REST_MS = 700;
/** In nats; one in 7, 55, 400, 3,000, 22,000. */
const BOUNDS = [2, 4, 6, 8, 10];

const setHeat = StateEffect.define<DecorationSet>();
const heatField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(heat, transaction) {
    for (const effect of transaction.effects) if (effect.is(setHeat)) return effect.value;
    return heat.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

export const heatState: Extension = heatField;

/** The surprise of the word at a place, in nats; null: none is known. */
export function surpriseAt(state: EditorState, place: number): number | null {
  let found: number | null = null;
  state.field(heatField).between(place, place, (_from, _to, mark) => {
    found = (mark.spec as { surprise: number }).surprise;
    return false;
  });
  return found;
}

export class HeatMap {
  private control: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  on = false;

  /** `tell` is given a sentence for the legend, `fail` one for the user. */
  constructor(private readonly view: EditorView, private readonly client: Client, private readonly tell: (sentence: string) => void, private readonly fail: (message: string) => void) {}

  toggle(on: boolean): void {
    this.on = on;
    if (on) void this.score();
    else this.clear();
  }

  /** The text changed: look again when it rests. */
  changed(): void {
    if (!this.on) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.score(), REST_MS);
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.control?.abort();
    this.view.dispatch({ effects: setHeat.of(Decoration.none) });
    this.tell('');
  }

  private async score(): Promise<void> {
    this.control?.abort();
    const control = new AbortController();
    this.control = control;
    const { state } = this.view;
    const { from, to } = this.part();
    const text = wellFormed(state.sliceDoc(from, to));
    if (text.trim() === '') {
      this.tell('There is no text yet.');
      return;
    }
    this.tell('Reading…');
    try {
      const result = await this.client.post<ScoreResult>('/v1/score', { text }, control.signal);
      if (control.signal.aborted || this.view.state.doc !== state.doc) return;
      this.view.dispatch({ effects: setHeat.of(marks(state, result, from, new CodePoints(text))) });
      const where = to - from < state.doc.length ? ', around what was in view' : '';
      this.tell(`Mean surprise ${result.mean_surprise.toFixed(1)} nats${where}.`);
    } catch (error) {
      if (wasCancelled(error)) return;
      this.tell('');
      this.fail(messageOf(error));
    }
  }

  /** Whole lines, at most MOST characters, with what is in view in their middle. */
  private part(): { from: number; to: number } {
    const { doc } = this.view.state;
    if (doc.length <= MOST) return { from: 0, to: doc.length };
    const rect = this.view.scrollDOM.getBoundingClientRect();
    const middle = this.view.posAtCoords({ x: rect.left + rect.width / 2, y: rect.top + rect.height / 2 }, false);
    const start = Math.max(0, middle - MOST / 2);
    const end = Math.min(doc.length, start + MOST);
    const { from } = doc.lineAt(start);
    const { to } = doc.lineAt(end);
    return start - from < MOST && to - end < MOST ? { from, to } : { from: start, to: end };
  }
}

function marks(state: EditorState, result: ScoreResult, start: number, offsets: CodePoints): DecorationSet {
  const open = blanksOf(state).filter((blank) => blank.open);
  const ranges = result.tokens.flatMap((token) => {
    const surprise = -token.log_prob;
    const from = start + offsets.units(token.start) + (token.text.length - token.text.trimStart().length);
    const to = start + offsets.units(token.end);
    const heat = BOUNDS.filter((bound) => surprise >= bound).length;
    if (from >= to || open.some((blank) => blank.from < to && from < blank.to)) return [];
    return [Decoration.mark({ class: `heat-${heat}`, surprise }).range(from, to)];
  });
  return RangeSet.of(ranges, true);
}
