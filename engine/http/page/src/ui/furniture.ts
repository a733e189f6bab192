/** Buttons, bars and the line at the foot: wired once, drawn after every change. */

import type { EditorView } from '@codemirror/view';
import type { Health } from '../api/health';
import { blanksOf } from '../blanks/field';
import { useLanguage } from '../editor';
import { surpriseAt } from '../surprise/heat_map';
import { LINE_END_NAMES } from '../text/line_ends';
import type { Source } from '../text/source';
import { shortcut } from './dialogs';
import { byId, h } from './dom';
import { EXAMPLES, type Example } from './examples';
import { icon, type IconName } from './icons';
import { isCode, LANGUAGES } from './languages';
import { themeButton } from './theme';

export interface Acts {
  blank(): void;
  fill(): void;
  surprise(on: boolean): void;
  compare(on: boolean): void;
  undo(): void;
  redo(): void;
  open(): void;
  copy(): void;
  download(): void;
  take(): void;
  example(example: Example): void;
  language(id: string): void;
}

const ICONS: Record<string, IconName> = {
  blank: 'blank', fill: 'spark', surprise: 'heat', compare: 'compare', tune: 'tune', undo: 'undo', redo: 'redo',
  open: 'open', copy: 'copy', download: 'download', theme: 'theme', 'help-open': 'help',
};
const TITLES: Record<string, string> = {
  blank: `Blank the selection, or click where blanks should be (${shortcut('Mod-b')})`,
  fill: `Fill all blanks (${shortcut('Mod-Enter')})`,
  surprise: 'Colour every word by how much it surprises the model',
  compare: 'Two settings side by side',
  undo: `Undo (${shortcut('Mod-z')})`,
  redo: 'Redo',
  open: `Open a text (${shortcut('Mod-o')})`,
  copy: 'Copy the text',
  download: `Download the text (${shortcut('Mod-s')})`,
};
const HEALTH: Record<Health, string> = {
  ready: 'ready', loading: 'The model is loading', away: 'No server; looking for it', locked: 'A key is needed',
};

export class Furniture {
  private heat = '';

  wire(acts: Acts): void {
    for (const [id, name] of Object.entries(ICONS)) byId(id).prepend(icon(name));
    for (const [id, title] of Object.entries(TITLES)) byId(id).title = title;
    themeButton(byId<HTMLButtonElement>('theme'));
    byId('help-open').title = 'Help and keys';
    for (const id of ['blank', 'fill', 'undo', 'redo', 'open', 'copy', 'download', 'take'] as const) byId(id).addEventListener('click', () => acts[id]());
    // The selection in the text has to outlive a press on these.
    for (const id of ['blank', 'fill', 'undo', 'redo']) byId(id).addEventListener('mousedown', (event) => event.preventDefault());
    for (const id of ['surprise', 'compare'] as const) {
      byId(id).addEventListener('click', () => acts[id](press(byId(id))));
    }
    byId('tune').addEventListener('click', () => this.settings(byId('settings').hidden));
    byId('empty-open').addEventListener('click', () => acts.open());
    const links = EXAMPLES.map((example) => h('button', { type: 'button', class: 'link', onclick: () => acts.example(example) }, example.title));
    byId('examples').append(...links.flatMap((link, index) => (index ? [' · ', link] : [link])));
    const select = byId<HTMLSelectElement>('language');
    select.append(...LANGUAGES.map(({ id, label }) => h('option', { value: id }, label)));
    select.addEventListener('change', () => acts.language(select.value));
  }

  /** After every change of text, blanks or cursor. */
  draw(view: EditorView, undos: number, redos: number): void {
    const { state } = view;
    const blanks = blanksOf(state);
    byId('empty').hidden = state.doc.length > 0;
    byId<HTMLButtonElement>('undo').disabled = undos === 0;
    byId<HTMLButtonElement>('redo').disabled = redos === 0;
    const open = blanks.filter((blank) => blank.open).length;
    const filled = blanks.length - open;
    const parts = [open ? `${open} open` : '', filled ? `${filled} filled` : ''].filter(Boolean);
    byId('count').textContent = parts.length ? `${parts.join(', ')} ${blanks.length === 1 ? 'blank' : 'blanks'}` : `${state.doc.length.toLocaleString('en')} characters`;
    this.drawLegend(filled > 0, surpriseAt(state, state.selection.main.head));
  }

  source(view: EditorView, { name, language, lineEnd }: Source): void {
    byId('name').textContent = name ?? 'untitled';
    document.documentElement.dataset.text = isCode(language) ? 'code' : 'prose';
    document.title = name === null ? 'Lacuna' : `${name} – Lacuna`;
    byId<HTMLSelectElement>('language').value = language;
    const badge = byId('line-end');
    badge.hidden = lineEnd === '\n';
    badge.textContent = LINE_END_NAMES[lineEnd];
    // An update must not start another one.
    queueMicrotask(() => useLanguage(view, language));
  }

  health(health: Health, model: string | null): void {
    byId('state').dataset.health = health;
    byId('state-text').textContent = health === 'ready' ? `${model ?? 'ready'}` : HEALTH[health];
  }

  busy(on: boolean): void {
    const button = byId('fill');
    if (on === (button.dataset.busy === 'true')) return;
    button.dataset.busy = String(on);
    button.replaceChildren(icon(on ? 'stop' : 'spark'), h('span', {}, on ? 'Stop' : 'Fill'));
  }

  pen(on: boolean): void {
    byId('blank').setAttribute('aria-pressed', String(on));
    document.body.classList.toggle('pen', on);
  }

  comparing(on: boolean): void {
    byId('right').hidden = !on;
    byId('panes').classList.toggle('two', on);
    // On a phone they would leave no room for what they are about.
    if (on && !matchMedia('(max-width: 760px)').matches) this.settings(true);
  }

  taking(possible: boolean): void {
    byId<HTMLButtonElement>('take').disabled = !possible;
  }

  /** The heat map's sentence; empty when it is off. */
  legend(on: boolean, sentence: string): void {
    this.heat = on ? sentence : '';
    document.body.classList.toggle('heated', on);
    this.drawLegend(false, null);
  }

  private drawLegend(confident: boolean, surprise: number | null): void {
    const legend = byId('legend');
    const heated = document.body.classList.contains('heated');
    const key = heated ? `heat${this.heat}${surprise}` : String(confident);
    if (legend.dataset.key === key) return;
    legend.dataset.key = key;
    if (heated) {
      const here = surprise === null ? this.heat : `This word: ${surprise.toFixed(1)} nats, ${odds(surprise)}.`;
      legend.replaceChildren('expected', scale('heat'), 'surprising', h('span', { class: 'fact' }, here));
    } else legend.replaceChildren(...(confident ? ['unsure', scale('sure'), 'sure'] : []));
  }

  private settings(open: boolean): void {
    byId('settings').hidden = !open;
    byId('tune').setAttribute('aria-expanded', String(open));
  }
}

const odds = (nats: number): string => (nats < 0.7 ? 'what the model expects' : `one in ${Math.round(Math.exp(Math.min(nats, 16))).toLocaleString('en')}`);

const scale = (name: 'sure' | 'heat'): HTMLElement =>
  h('span', { class: 'scale', 'aria-hidden': 'true' }, ...[0, 1, 2, 3, 4, 5].map((step) => h('i', { class: `${name}-${step}` })));

function press(button: HTMLElement): boolean {
  const on = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(on));
  return on;
}
