/** The slider back through the steps of a fill. */

import { h } from '../ui/dom';
import { icon } from '../ui/icons';
import { Player } from './player';

export class Timeline {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly label: HTMLOutputElement;
  private readonly facts: HTMLElement;
  private readonly play: HTMLButtonElement;
  private player = new Player(160, 4_000);
  private last = 0;

  /** `show` is given a step, from 0, or null for the text as it is. */
  constructor(id: string, private readonly show: (step: number | null) => void) {
    this.slider = h('input', { type: 'range', id, min: '0', max: '0', step: '1', value: '0', oninput: () => this.move(Number(this.slider.value)) });
    this.label = h('output', { for: id, class: 'step' });
    this.facts = h('span', { class: 'facts' });
    this.play = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Play the steps again', title: 'Play the steps again', onclick: () => this.replay() }, icon('play'));
    this.element = h('div', { class: 'timeline', hidden: true }, this.play, h('label', { for: id }, 'Steps'), this.slider, this.label, this.facts);
  }

  /** While drafts come in. */
  grow(step: number): void {
    this.player.stop();
    this.last = step + 1;
    this.draw(step);
    this.facts.textContent = '';
    this.element.hidden = false;
  }

  /** After a fill of so many drafts; the last place of the slider is the answer. */
  settle(drafts: number, facts: string): void {
    this.last = drafts;
    this.draw(drafts);
    this.facts.textContent = facts;
    this.element.hidden = false;
    this.element.toggleAttribute('data-still', drafts === 0);
  }

  hide(): void {
    this.player.stop();
    this.element.hidden = true;
  }

  /** The text changed: the slider is at its end again. */
  toEnd(): void {
    this.player.stop();
    this.draw(this.last);
  }

  private move(step: number): void {
    this.player.stop();
    this.go(step);
  }

  private go(step: number): void {
    this.draw(step);
    this.show(step < this.last ? step : null);
  }

  private replay(): void {
    this.player.stop();
    for (let step = 0; step <= this.last; step += 1) this.player.push(() => this.go(step));
  }

  private draw(step: number): void {
    this.slider.max = String(this.last);
    this.slider.value = String(step);
    const words = step < this.last ? `step ${step + 1} of ${this.last}` : 'answer';
    this.label.textContent = words;
    this.slider.setAttribute('aria-valuetext', words);
  }
}
