/** The card at a blank or a word: other texts for it, and what the blank asks for. */

import { EditorSelection } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { type Client, messageOf, wasCancelled } from '../api/client';
import type { Blank, Wish } from '../blanks/blank';
import { chosenWords } from '../blanks/words';
import { rewritten, toggleBlank, unblank } from '../blanks/commands';
import { blankAt, blankOf, blanksOf, setBlanks } from '../blanks/field';
import { alternatives } from '../fill/alternatives';
import { asked } from '../fill/request';
import type { Settings } from '../fill/settings';
import { byId, h } from './dom';
import { icon } from './icons';
import { wishForm } from './wish_form';

interface Range {
  from: number;
  to: number;
}

/** For some words: about as many tokens as they are long. */
const likewise = ({ from, to }: Range) => ({ max_tokens: Math.max(4, Math.ceil((to - from) / 2)), single_line: true });

export class Card {
  private readonly element = byId('card');
  private control: AbortController | null = null;
  private place = 0;
  private shown: number | null = null;

  constructor(
    private readonly view: EditorView,
    private readonly client: Client,
    private readonly settings: Settings,
    private readonly fill: (blanks: readonly Blank[]) => void,
  ) {
    this.element.addEventListener('keydown', (event) => this.keys(event));
    addEventListener('resize', () => this.move());
    view.scrollDOM.addEventListener('scroll', () => this.move());
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** Open at a place of the text, or for a range without blanks; with `focus` the keyboard goes to the card. */
  open(place: number, focus: boolean, range: Range | null = null): boolean {
    const { state } = this.view;
    const blank = range === null ? blankAt(state, place) : undefined;
    const word = range ?? this.wordAt(place, blank);
    if (blank === undefined && word === null) return false;
    this.close(false);
    this.place = blank?.open ? blank.from : (word ?? { from: blank?.from ?? place }).from;
    this.shown = blank?.id ?? null;
    this.element.replaceChildren(...(blank === undefined ? this.wordParts(word as Range) : this.blankParts(blank, word)));
    this.element.hidden = false;
    this.move();
    if (focus) this.element.querySelector<HTMLElement>('.choices, input, select, button.choice')?.focus();
    return true;
  }

  close(refocus = true): void {
    this.control?.abort();
    const inside = this.element.contains(document.activeElement);
    this.element.hidden = true;
    this.element.replaceChildren();
    if (inside && refocus) this.view.focus();
  }

  /** The text changed under the card. */
  follow(): void {
    if (!this.isOpen || this.element.contains(document.activeElement)) return;
    if (this.shown !== null && blankOf(this.view.state, this.shown) === undefined) this.close(false);
    else this.move();
  }

  /** The word at a place; in an answer, the nearest one before it, and all of an answer that has no word. */
  private wordAt(place: number, blank: Blank | undefined): Range | null {
    const { state } = this.view;
    if (blank === undefined) return state.wordAt(place);
    if (blank.open || blank.from === blank.to) return null;
    for (let at = place; at >= blank.from; at -= 1) {
      const word = state.wordAt(at);
      const [from, to] = [Math.max(word?.from ?? at, blank.from), Math.min(word?.to ?? at, blank.to)];
      if (from < to) return { from, to };
    }
    return { from: blank.from, to: blank.to };
  }

  private wordParts(word: Range): HTMLElement[] {
    const text = this.view.state.sliceDoc(word.from, word.to);
    const blankIt = h('button', {
      type: 'button',
      onclick: () => {
        toggleBlank(this.view, EditorSelection.range(word.from, word.to));
        this.close();
      },
    }, 'Make it a blank');
    return [this.head(`Instead of “${text}”`), this.choices(word, null), h('div', { class: 'actions' }, blankIt)];
  }

  private blankParts(blank: Blank, word: Range | null): HTMLElement[] {
    const number = blanksOf(this.view.state).findIndex((one) => one.id === blank.id) + 1;
    const sure = blank.open || blank.confidence === null ? '' : ` · ${Math.round(100 * blank.confidence)} % sure`;
    const parts = [this.head(`Blank ${number}${sure}`)];
    if (!blank.open && word !== null) {
      parts.push(h('h3', {}, `Instead of “${this.view.state.sliceDoc(word.from, word.to)}”`), this.choices(word, blank));
    }
    const whole = { from: blank.from, to: blank.to };
    if (!blank.open && word === null) parts.push(h('h3', {}, 'Instead of nothing'), this.choices(whole, blank));
    else {
      const others = h('button', { type: 'button', onclick: () => others.replaceWith(this.choices(whole, blank, true)) }, 'Suggest texts for the whole blank');
      parts.push(h('div', { class: 'whole' }, others));
    }
    parts.push(wishForm(blank.wish, this.names(blank), (wish) => this.wish(blank.id, wish)));
    parts.push(
      h('div', { class: 'actions' },
        h('button', { type: 'button', class: 'primary', onclick: () => this.fillOne(blank.id) }, blank.open ? 'Fill this one' : 'Fill this again'),
        h('button', {
          type: 'button',
          onclick: () => {
            const now = blankOf(this.view.state, blank.id);
            if (now !== undefined) unblank(this.view, now);
            this.close();
          },
        }, blank.open ? 'No blank here' : 'Keep as text')),
    );
    return parts;
  }

  private head(title: string): HTMLElement {
    const close = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close', onclick: () => this.close() }, icon('close'));
    return h('div', { class: 'head' }, h('h2', { id: 'card-title' }, title), close);
  }

  private names(blank: Blank): string[] {
    return [...new Set(blanksOf(this.view.state).filter((one) => one.id !== blank.id).flatMap((one) => one.wish.name ?? []))];
  }

  private wish(id: number, wish: Wish): void {
    const blanks = blanksOf(this.view.state).map((one) => (one.id === id ? { ...one, wish } : one));
    this.view.dispatch({ effects: setBlanks.of(blanks), userEvent: 'input.wish' });
  }

  /** Tied blanks are filled together, or they would no longer be alike. */
  private fillOne(id: number): void {
    const blank = blankOf(this.view.state, id);
    this.close();
    if (blank === undefined) return;
    this.fill(blanksOf(this.view.state).filter((one) => one.id === id || (blank.wish.name !== null && one.wish.name === blank.wish.name)));
  }

  private choices(range: Range, blank: Blank | null, focus = false): HTMLElement {
    const list = h('ul', { class: 'choices', tabindex: '-1', 'aria-label': 'Other texts', 'aria-busy': 'true' }, h('li', { class: 'note' }, 'Looking…'));
    if (focus) queueMicrotask(() => list.focus());
    void this.look(list, range, blank);
    return list;
  }

  private async look(list: HTMLElement, range: Range, blank: Blank | null): Promise<void> {
    const { state } = this.view;
    this.control?.abort();
    const control = new AbortController();
    this.control = control;
    const whole = blank !== null && range.from === blank.from && range.to === blank.to;
    // One word is the model's own: what stands elsewhere in the text is seldom one word.
    const [wish, settings] = whole ? [asked(state, blank, this.settings), this.settings] : [likewise(range), { ...this.settings, copies: false }];
    try {
      const found = await alternatives(this.client, state, range, wish, settings, control.signal);
      const offers = found.map((text) => h('li', {}, h('button', { type: 'button', class: 'choice', onclick: () => this.choose(state.doc, range, text, blank) }, text)));
      const had = document.activeElement === list;
      list.replaceChildren(...(offers.length ? offers : [h('li', { class: 'note' }, 'The model knows no other text here.')]));
      if (had) list.querySelector<HTMLElement>('button')?.focus();
    } catch (error) {
      if (wasCancelled(error)) return;
      list.replaceChildren(h('li', { class: 'note' }, messageOf(error)));
    } finally {
      list.setAttribute('aria-busy', 'false');
    }
    this.move();
  }

  /** Write a text; in a tied blank, into all that are tied to it. */
  private choose(asked: unknown, range: Range, text: string, blank: Blank | null): void {
    const { state } = this.view;
    this.close();
    // What was offered belongs to the text that it was asked for.
    if (state.doc !== asked) return;
    if (blank === null) {
      this.view.dispatch({ changes: { ...range, insert: text }, userEvent: 'input.choose' });
      return;
    }
    const now = blankOf(state, blank.id);
    if (now === undefined) return;
    const words = chosenWords(state, now, range, text);
    const insert = words.map((word) => word.text).join('');
    const tied = blanksOf(state).filter((one) => one.id === now.id || (now.wish.name !== null && one.wish.name === now.wish.name));
    const pieces = tied.map((one) => ({
      from: one.from,
      to: one.to,
      insert,
      blank: { ...one, open: false, was: one.open ? one.was : state.sliceDoc(one.from, one.to), words, confidence: null },
    }));
    this.view.dispatch({ ...rewritten(state, pieces), userEvent: 'input.choose' });
  }

  private keys(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.stopPropagation();
      this.close();
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const all = [...this.element.querySelectorAll<HTMLElement>('button.choice')];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const inList = at >= 0 || document.activeElement?.classList.contains('choices');
    if (!inList || !all.length) return;
    event.preventDefault();
    const next = event.key === 'ArrowDown' ? at + 1 : at - 1;
    all.at(next % all.length)?.focus();
  }

  /** Below its place, or above where there is no room; narrow screens have it at their lower edge. */
  private move(): void {
    if (!this.isOpen) return;
    const at = this.view.coordsAtPos(Math.min(this.place, this.view.state.doc.length), 1);
    if (at === null) return;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const below = at.bottom + 8;
    const top = below + height > innerHeight - 8 ? Math.max(8, at.top - height - 8) : below;
    this.element.style.left = `${Math.max(8, Math.min(at.left - 24, innerWidth - width - 8))}px`;
    this.element.style.top = `${top}px`;
  }
}
