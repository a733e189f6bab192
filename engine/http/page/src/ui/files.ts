/** Texts in and out: open, drop, paste, copy, download, and over a reload of the page. */

import { EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { type Blank, reserveIds } from '../blanks/blank';
import { insertMarked } from '../blanks/commands';
import { blanksOf, setBlanks } from '../blanks/field';
import { lineEndOf, LINE_END_NAMES, withLineEnd, withLineFeeds } from '../text/line_ends';
import { markerOf, markersOf } from '../text/markers';
import { NO_SOURCE, type Source, setSource, sourceOf } from '../text/source';
import { h } from './dom';
import { languageOf } from './languages';
import type { Notices } from './notices';

const MOST_BYTES = 4_000_000;
const MARK = '\ufeff';
const KEPT = 'lacuna-text';

export class Files {
  constructor(private readonly view: EditorView, private readonly notices: Notices) {}

  /** Put a text in place of what is there; undo brings that back. */
  show(raw: string, name: string | null, language = languageOf(name ?? '')): void {
    const { state } = this.view;
    const { end, mixed } = lineEndOf(raw);
    const mark = raw.startsWith(MARK);
    const spec = insertMarked(state, 0, state.doc.length, withLineFeeds(mark ? raw.slice(1) : raw), language);
    const source: Source = { name, language, lineEnd: end, mark };
    this.view.dispatch({ ...spec, effects: [spec.effects ?? [], setSource.of(source)].flat(), selection: { anchor: 0 }, userEvent: 'input.open', scrollIntoView: true });
    if (mixed) this.notices.say(`The lines of this text ended in different ways; now all end in ${LINE_END_NAMES[end]}.`);
  }

  async open(file: File): Promise<void> {
    if (file.size > MOST_BYTES) {
      this.notices.say(`${file.name} is larger than 4 MB; open a part of it.`, 'error');
      return;
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer());
      if (text.includes('\0')) throw new TypeError('binary');
      this.show(text, file.name);
      this.view.focus();
    } catch (error) {
      const why = error instanceof TypeError ? 'is not a text in UTF-8; save it as such and open it again' : 'cannot be read; look whether it is still there';
      this.notices.say(`${file.name} ${why}.`, 'error');
    }
  }

  pick(): void {
    const input = h('input', {
      type: 'file',
      onchange: () => {
        const [file] = input.files ?? [];
        if (file !== undefined) void this.open(file);
      },
    });
    input.click();
  }

  async copy(): Promise<void> {
    const text = this.marked('\n');
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS only loopback has a clipboard.
      const area = h('textarea', { class: 'offscreen', 'aria-hidden': 'true' });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      if (!done) {
        this.notices.say('The browser does not let the page copy; select the text and copy it yourself.', 'error');
        return;
      }
    }
    this.notices.say('Copied.');
  }

  download(): void {
    const { name, lineEnd, mark, language } = sourceOf(this.view.state);
    const url = URL.createObjectURL(new Blob([(mark ? MARK : '') + this.marked(lineEnd)], { type: 'text/plain' }));
    h('a', { href: url, download: name ?? (language === 'markdown' ? 'text.md' : 'text.txt') }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** Keep the text over a reload of this tab; it ends with the tab. */
  keep(): void {
    const { state } = this.view;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ text: state.doc.toString(), blanks: blanksOf(state), source: sourceOf(state) }));
    } catch {
      sessionStorage.removeItem(KEPT); // larger than the browser allows
    }
  }

  restore(): void {
    const kept = sessionStorage.getItem(KEPT);
    if (kept === null) return;
    try {
      const { text, blanks, source } = JSON.parse(kept) as { text: string; blanks: Blank[]; source: Source };
      reserveIds(blanks);
      this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, effects: [setBlanks.of(blanks), setSource.of({ ...NO_SOURCE, ...source })] });
    } catch {
      sessionStorage.removeItem(KEPT); // written by another version of the page
    }
  }

  /** The text with open blanks as markers that say what they ask for. */
  private marked(lineEnd: Source['lineEnd']): string {
    const { state } = this.view;
    let text = '';
    let at = 0;
    for (const blank of blanksOf(state).filter((one) => one.open)) {
      text += state.sliceDoc(at, blank.from) + markerOf(blank.wish);
      at = blank.to;
    }
    return withLineEnd(text + state.sliceDoc(at), lineEnd);
  }
}

/** Pasted markers become blanks; a text pasted into an empty editor brings its line ends. */
export const markedPaste = (files: () => Files): Extension =>
  EditorView.domEventHandlers({
    paste(event, view) {
      const raw = event.clipboardData?.getData('text/plain') ?? '';
      if (!raw || view.state.facet(EditorState.readOnly)) return false;
      const { language } = sourceOf(view.state);
      const { from, to } = view.state.selection.main;
      if (view.state.doc.length === 0) files().show(raw, null, language);
      else if (view.state.selection.ranges.length === 1 && markersOf(withLineFeeds(raw), language).length) {
        view.dispatch({ ...insertMarked(view.state, from, to, withLineFeeds(raw), language), userEvent: 'input.paste', scrollIntoView: true });
      } else return false;
      event.preventDefault();
      return true;
    },
  });

/** Files that are dropped anywhere on the page are opened. */
export function acceptDrops(veil: HTMLElement, files: Files): void {
  const brings = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragover', (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) veil.hidden = true;
  });
  addEventListener('drop', (event) => {
    veil.hidden = true;
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    void files.open(file);
  }, true);
}
