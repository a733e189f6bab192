/** Blanks by pointer: a click on one opens its card, the pen makes them, a selection offers to become one. */

import { EditorSelection, type Extension } from '@codemirror/state';
import { EditorView, showTooltip, type Tooltip } from '@codemirror/view';
import { toggleBlank } from '../blanks/commands';
import { blankOf, blanksOf } from '../blanks/field';
import { h } from './dom';
import { shortcut } from './dialogs';

/** Characters that are still some words. */
const FEW = 80;

export interface Hands {
  /** True while the pen is in hand. */
  pen(): boolean;
  /** Open the card at a place, for a range where one is chosen. */
  card(place: number, range?: { from: number; to: number }): void;
}

export function pointer(hands: Hands): Extension {
  return [
    EditorView.domEventHandlers({
      // No click comes where the press has redrawn what it was on.
      mouseup(event, view) {
        if (event.button !== 0) return;
        const place = view.posAtCoords({ x: event.clientX, y: event.clientY }, false);
        const id = (event.target as HTMLElement).closest<HTMLElement>('[data-blank]')?.dataset.blank;
        const blank = id === undefined ? undefined : blankOf(view.state, Number(id));
        if (hands.pen()) {
          if (view.state.selection.main.empty) toggleBlank(view, EditorSelection.cursor(blank?.from ?? place));
          else toggleBlank(view);
        } else if (blank !== undefined && view.state.selection.main.empty) {
          hands.card(Math.min(Math.max(place, blank.from), blank.to));
        }
      },
    }),
    showTooltip.compute(['selection', 'doc'], (state): Tooltip | null => {
      const { main } = state.selection;
      const own = blanksOf(state).some((blank) => blank.from === main.from && blank.to === main.to);
      if (main.empty || own || state.readOnly) return null;
      // Where fingers select, the system's own menu is above.
      return { pos: main.from, above: !matchMedia('(pointer: coarse)').matches, create: (view) => ({ dom: bubble(view, hands) }) };
    }),
  ];
}

function bubble(view: EditorView, hands: Hands): HTMLElement {
  // The selection has to outlive the press.
  const hold = (event: Event) => event.preventDefault();
  const make = h('button', { type: 'button', onmousedown: hold, onclick: () => toggleBlank(view) }, 'Blank', h('kbd', {}, shortcut('Mod-b')));
  const { main } = view.state.selection;
  const others = h('button', { type: 'button', onmousedown: hold, onclick: () => hands.card(main.from, main) }, 'Other words');
  const few = main.to - main.from <= FEW && !view.state.sliceDoc(main.from, main.to).includes('\n');
  const free = blanksOf(view.state).every((blank) => blank.to <= main.from || main.to <= blank.from);
  return h('div', { class: 'bubble' }, make, few && free ? others : null);
}
