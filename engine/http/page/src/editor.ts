/** The editor: CodeMirror with blanks, surprise and what a language needs. */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { indentUnit } from '@codemirror/language';
import { search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, highlightSpecialChars, keymap, type ViewUpdate } from '@codemirror/view';
import { blanksDrawing } from './blanks/drawing';
import { blanksState } from './blanks/field';
import { heatState } from './surprise/heat_map';
import { sourceState } from './text/source';
import { languageSupport } from './ui/languages';

const NONCE = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
const language = new Compartment();

/** An editor in `parent`; `more` comes before the defaults. */
export function makeEditor(parent: HTMLElement, label: string, more: Extension, onUpdate: (update: ViewUpdate) => void): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      extensions: [
        more,
        EditorView.cspNonce.of(NONCE),
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off', tabindex: '0' }),
        EditorView.lineWrapping,
        history({ minDepth: 500 }),
        search({ top: true }),
        highlightSpecialChars(),
        indentUnit.of('    '),
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap]),
        language.of([]),
        sourceState,
        blanksState,
        blanksDrawing,
        heatState,
        EditorView.updateListener.of(onUpdate),
      ],
    }),
  });
}

/** Read the text as another language. */
export const useLanguage = (view: EditorView, id: string): void => view.dispatch({ effects: language.reconfigure(languageSupport(id)) });

