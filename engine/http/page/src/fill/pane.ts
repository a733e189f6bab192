/** One editor with the fills of its text: live drafts, the answers as one step of undo, the slider back through the steps. */

import { EditorView } from '@codemirror/view';
import { type Client, wasCancelled } from '../api/client';
import type { Blank } from '../blanks/blank';
import { rewritten } from '../blanks/commands';
import { setPreview } from '../blanks/drawing';
import { blankOf, blanksOf, setBlanks } from '../blanks/field';
import { type Answer, type DraftWords, type Outcome, requestFill } from './request';
import { livePlayer } from './player';
import type { Settings } from './settings';
import { Timeline } from './timeline';

export class Pane {
  readonly timeline: Timeline;
  private running: AbortController | null = null;
  private drafts: DraftWords[] = [];
  private filled: readonly number[] = [];
  answers: Answer[] = [];

  constructor(readonly view: EditorView, id: string, private readonly client: Client, readonly settings: Settings) {
    this.timeline = new Timeline(id, (step) => {
      const shown = step === null ? null : this.drafts[step] ?? null;
      this.view.dispatch({ effects: setPreview.of(shown) });
    });
  }

  get busy(): boolean {
    return this.running !== null;
  }

  /** Fill these blanks, all together, in one step of undo. Rejects when it was stopped or refused; the text is then as before. */
  async fill(blanks: readonly Blank[]): Promise<Outcome> {
    this.stop();
    const control = new AbortController();
    const player = livePlayer();
    control.signal.addEventListener('abort', () => player.stop());
    this.running = control;
    this.drafts = [];
    this.timeline.hide();
    try {
      const outcome = await requestFill(this.client, this.view.state, blanks, this.settings, control.signal, (words) => {
        const step = this.drafts.push(words) - 1;
        player.push(() => {
          this.view.dispatch({ effects: setPreview.of(words) });
          this.timeline.grow(step);
        });
      });
      await player.finish();
      control.signal.throwIfAborted();
      this.running = null;
      this.write(outcome);
      return outcome;
    } catch (error) {
      player.stop();
      if (this.running === control || wasCancelled(error)) this.timeline.hide();
      this.view.dispatch({ effects: setPreview.of(null) });
      throw error;
    } finally {
      if (this.running === control) this.running = null;
    }
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
  }

  /** Put answers in place of the blanks that are still there. */
  accept(answers: readonly Answer[]): void {
    const { state } = this.view;
    const pieces = answers.flatMap((answer) => {
      const blank = blankOf(state, answer.id);
      if (blank === undefined) return [];
      const was = blank.open ? blank.was : state.sliceDoc(blank.from, blank.to);
      return [{ from: blank.from, to: blank.to, insert: answer.text, blank: { ...blank, open: false, was, words: answer.words, confidence: answer.confidence } }];
    });
    if (pieces.length) this.view.dispatch({ ...rewritten(state, pieces), userEvent: 'input.fill' });
  }

  /** Keep drafts and slider in step with the text, after every update of the editor. */
  follow(changed: boolean): void {
    if (this.busy || !changed) return;
    const there = this.filled.some((id) => blankOf(this.view.state, id)?.open === false);
    if (!there) this.timeline.hide();
    else this.timeline.toEnd();
  }

  /** Begin with another text and its blanks. */
  adopt(other: EditorView): void {
    this.stop();
    this.timeline.hide();
    this.answers = [];
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: other.state.doc },
      effects: [setBlanks.of(blanksOf(other.state)), setPreview.of(null)],
    });
  }

  private write(outcome: Outcome): void {
    this.answers = outcome.answers;
    this.filled = outcome.answers.map(({ id }) => id);
    const drafts = this.drafts;
    this.accept(outcome.answers);
    this.view.dispatch({ effects: setPreview.of(null) });
    this.drafts = drafts;
    this.timeline.settle(drafts.length, facts(outcome));
  }
}

export function facts(outcome: Outcome): string {
  const passes = `${outcome.nfe} ${outcome.nfe === 1 ? 'pass' : 'passes'}`;
  const time = outcome.ms < 1000 ? `${Math.max(1, Math.round(outcome.ms))} ms` : `${(outcome.ms / 1000).toFixed(1)} s`;
  return `${passes} · ${time}${outcome.stopped === 'deadline' ? ' · time was up' : ''}`;
}
