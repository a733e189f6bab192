/** The page as a whole: what each button does, and what follows from a change of the text. */

import { redo, redoDepth, undo, undoDepth } from '@codemirror/commands';
import { EditorState, Prec } from '@codemirror/state';
import { type EditorView, keymap, runScopeHandlers, type ViewUpdate } from '@codemirror/view';
import { Client, messageOf, wasCancelled } from './api/client';
import { HealthWatch } from './api/health';
import type { Blank } from './blanks/blank';
import { goToBlank, toggleBlank, typedBlanks } from './blanks/commands';
import { blanksOf } from './blanks/field';
import { makeEditor } from './editor';
import { Pane } from './fill/pane';
import { DEFAULTS, HASTY, settingsForm } from './fill/settings';
import { HeatMap } from './surprise/heat_map';
import { setSource, sourceOf } from './text/source';
import { Card } from './ui/card';
import { askForKey, helpDialog } from './ui/dialogs';
import { byId } from './ui/dom';
import { acceptDrops, Files, markedPaste } from './ui/files';
import { Furniture } from './ui/furniture';
import { Notices } from './ui/notices';
import { pointer } from './ui/pointer';

export class App {
  private readonly notices = new Notices();
  private readonly client = new Client();
  private readonly furniture = new Furniture();
  private readonly view: EditorView;
  private readonly left: Pane;
  private right: Pane | null = null;
  private readonly files: Files;
  private readonly card: Card;
  private readonly heat: HeatMap;
  private readonly rightSettings = { ...HASTY };
  private pen = false;
  private comparing = false;

  constructor() {
    this.view = makeEditor(byId('left-sheet'), 'Text with blanks', [
      Prec.highest(keymap.of(this.keys())),
      typedBlanks,
      markedPaste(() => this.files),
      pointer({ pen: () => this.pen, card: (place, range) => this.card.open(place, false, range) }),
    ], (update) => this.updated(update));
    this.left = new Pane(this.view, 'left-timeline', this.client, { ...DEFAULTS });
    byId('left').append(this.left.timeline.element);
    this.files = new Files(this.view, this.notices);
    this.card = new Card(this.view, this.client, this.left.settings, (blanks) => void this.fill(blanks));
    this.heat = new HeatMap(this.view, this.client, (sentence) => this.furniture.legend(this.heat.on, sentence), (message) => this.notices.say(message, 'error'));
  }

  start(): void {
    this.client.askForKey = askForKey;
    helpDialog();
    this.furniture.wire({
      blank: () => this.pressBlank(),
      fill: () => (this.busy ? this.stop() : void this.fill(blanksOf(this.view.state))),
      surprise: (on) => this.heat.toggle(on),
      compare: (on) => this.compare(on),
      undo: () => undo(this.view),
      redo: () => redo(this.view),
      open: () => this.files.pick(),
      copy: () => void this.files.copy(),
      download: () => this.files.download(),
      take: () => this.take(),
      example: (example) => {
        this.files.show(example.text, example.name);
        this.view.focus();
      },
      language: (id) => this.view.dispatch({ effects: setSource.of({ ...sourceOf(this.view.state), language: id }), userEvent: 'input.language' }),
    });
    this.settingsForms();
    acceptDrops(byId('veil'), this.files);
    document.addEventListener('pointerdown', (event) => {
      const target = event.target as HTMLElement;
      if (!target.closest('#card, [data-blank]')) this.card.close(false);
    });
    document.addEventListener('keydown', (event) => this.anywhere(event));
    addEventListener('pagehide', () => this.files.keep());
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.files.keep();
    });
    this.files.restore();
    this.furniture.draw(this.view, undoDepth(this.view.state), redoDepth(this.view.state));
    void new HealthWatch(this.client, (health, model) => this.furniture.health(health, model)).look();
    this.view.focus();
  }

  private get busy(): boolean {
    return this.left.busy || this.right?.busy === true;
  }

  private keys() {
    const act = (run: () => void) => () => {
      run();
      return true;
    };
    return [
      { key: 'Mod-b', run: (view: EditorView) => toggleBlank(view) },
      { key: 'Mod-.', run: (view: EditorView) => this.card.open(view.state.selection.main.head, true) },
      { key: 'F8', run: goToBlank(1), shift: goToBlank(-1) },
      { key: 'Mod-Enter', run: act(() => void this.fill(blanksOf(this.view.state))) },
    ];
  }

  private anywhere(event: KeyboardEvent): void {
    if (document.querySelector('dialog[open]') !== null) return;
    const modifier = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape') {
      if (this.card.isOpen) this.card.close();
      else if (this.busy) this.stop();
      else this.hold(false);
      return;
    }
    const typing = (event.target as HTMLElement).closest('input, select, .cm-editor') !== null;
    if (modifier && event.key === 'o') this.files.pick();
    else if (modifier && event.key === 's') this.files.download();
    else if (modifier && event.key === 'Enter' && !event.defaultPrevented) void this.fill(blanksOf(this.view.state));
    // From a button, too, the keys of the text do what they say.
    else if (typing || !(modifier || event.key === 'F8') || !runScopeHandlers(this.view, event, 'editor')) return;
    event.preventDefault();
  }

  private updated(update: ViewUpdate): void {
    const before = sourceOf(update.startState);
    const after = sourceOf(update.state);
    if (before !== after) this.furniture.source(update.view, after);
    if (update.docChanged) {
      this.left.follow(true);
      this.heat.changed();
    }
    if (update.docChanged || update.selectionSet) this.card.follow();
    if (update.docChanged || update.selectionSet || update.transactions.length) {
      this.furniture.draw(update.view, undoDepth(update.state), redoDepth(update.state));
    }
  }

  /** With a selection: it becomes a blank. Without: the pen is taken up or put down. */
  private pressBlank(): void {
    if (this.view.state.selection.main.empty) this.hold(!this.pen);
    else {
      toggleBlank(this.view);
      this.view.focus();
    }
  }

  private hold(pen: boolean): void {
    if (pen === this.pen) return;
    this.pen = pen;
    this.furniture.pen(pen);
    if (pen) this.notices.say('Click where a blank should be, or drag over what it replaces. Escape ends this.');
    else this.notices.clear();
  }

  private async fill(blanks: readonly Blank[]): Promise<void> {
    this.stop();
    this.hold(false);
    this.card.close();
    this.notices.clear();
    if (!blanks.length) {
      this.notices.say('There is no blank yet: select some text and press Blank, or type ____.');
      return;
    }
    this.furniture.busy(true);
    try {
      // The other side starts from the same text, and runs afterwards: so their times can be compared.
      const { right } = this;
      if (this.comparing && right !== null) {
        right.adopt(this.view);
        this.furniture.taking(false);
      }
      const outcome = await this.left.fill(blanks);
      this.spoken(outcome.answers.length, outcome.answers.map((answer) => answer.confidence));
      if (this.comparing && right !== null) {
        await right.fill(blanks);
        this.furniture.taking(true);
      }
    } catch (error) {
      if (wasCancelled(error)) this.notices.say('Stopped; the text is as it was.');
      else this.notices.say(messageOf(error), 'error');
    } finally {
      this.furniture.busy(this.busy);
    }
  }

  private spoken(count: number, confidences: number[]): void {
    const least = Math.round(100 * Math.min(...confidences));
    this.notices.announce(count === 1 ? `Filled one blank, ${least} percent sure.` : `Filled ${count} blanks, the least sure with ${least} percent.`);
  }

  private stop(): void {
    this.left.stop();
    this.right?.stop();
    this.furniture.busy(false);
  }

  private compare(on: boolean): void {
    this.comparing = on;
    if (on && this.right === null) {
      const view = makeEditor(byId('right-sheet'), 'The same text, filled with other settings', [EditorState.readOnly.of(true)], (update) => {
        if (update.docChanged) this.right?.follow(true);
      });
      this.right = new Pane(view, 'right-timeline', this.client, this.rightSettings);
      byId('right').append(this.right.timeline.element);
      scrollTogether(this.view.scrollDOM, view.scrollDOM);
    }
    if (on) {
      this.right?.adopt(this.view);
      this.furniture.source(this.right?.view ?? this.view, sourceOf(this.view.state));
    } else this.right?.stop();
    this.furniture.taking(false);
    this.furniture.comparing(on);
    this.settingsForms();
  }

  /** The right side's answers in place of the left side's, one step of undo. */
  private take(): void {
    this.left.accept(this.right?.answers ?? []);
    this.furniture.taking(false);
    this.view.focus();
  }

  private settingsForms(): void {
    const forms = [settingsForm(this.comparing ? 'Left' : 'Filling', this.left.settings, 'left')];
    if (this.comparing) forms.push(settingsForm('Right', this.rightSettings, 'right'));
    byId('settings').replaceChildren(...forms);
  }
}

/** The same lines stay beside each other. */
function scrollTogether(one: HTMLElement, other: HTMLElement): void {
  for (const [from, to] of [[one, other], [other, one]] as const) {
    from.addEventListener('scroll', () => {
      if (to.scrollTop !== from.scrollTop) to.scrollTop = from.scrollTop;
    });
  }
}
