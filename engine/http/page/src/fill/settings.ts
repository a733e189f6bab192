/** How a text is filled; each side of a comparison has its own. */

import { h } from '../ui/dom';

export interface Settings {
  threshold: number;
  temperature: number;
  steps: number | null;
  seed: number;
  maxTokens: number;
  copies: boolean;
}

export const DEFAULTS: Settings = { threshold: 0.9, temperature: 0, steps: null, seed: 0, maxTokens: 32, copies: true };
/** What the right side begins with: as many words at a time as it dares. */
export const HASTY: Settings = { ...DEFAULTS, threshold: 0.4 };

type Numeric = 'threshold' | 'temperature' | 'steps' | 'seed' | 'maxTokens';

interface Knob {
  name: Numeric;
  label: string;
  hint: string;
  min: number;
  max: number;
  step: number;
  slider?: boolean;
}

const KNOBS: Knob[] = [
  { name: 'threshold', label: 'Threshold', hint: 'A word this sure is fixed at once. Lower: fewer passes, more mistakes.', min: 0.05, max: 1, step: 0.05, slider: true },
  { name: 'temperature', label: 'Temperature', hint: '0 always takes the likeliest word.', min: 0, max: 1.5, step: 0.1, slider: true },
  { name: 'maxTokens', label: 'Longest answer', hint: 'Tokens of one blank, unless it says its own length.', min: 1, max: 256, step: 1 },
  { name: 'steps', label: 'Most steps', hint: 'Empty: as many as the text needs.', min: 1, max: 512, step: 1 },
  { name: 'seed', label: 'Seed', hint: 'The same seed gives the same answer.', min: 0, max: 2 ** 31 - 1, step: 1 },
];

/** A form that keeps `settings` up to date; wrong numbers are put right as soon as the field is left. */
export function settingsForm(title: string, settings: Settings, id: string): HTMLElement {
  const rows = KNOBS.map((knob) => row(knob, settings, `${id}-${knob.name}`));
  const copies = h('input', {
    type: 'checkbox',
    id: `${id}-copies`,
    checked: settings.copies,
    onchange: (event) => (settings.copies = (event.target as HTMLInputElement).checked),
  });
  const last = h('div', { class: 'knob check' }, copies, h('label', { for: copies.id, title: 'Answers may be copied from elsewhere in the text.' }, 'Copy from the text'));
  return h('fieldset', { class: 'settings' }, h('legend', {}, title), ...rows, last);
}

function row(knob: Knob, settings: Settings, id: string): HTMLElement {
  const shown = h('output', { for: id }, knob.slider ? settings[knob.name]?.toFixed(2) ?? '' : '');
  const input = h('input', {
    id,
    type: knob.slider ? 'range' : 'number',
    min: String(knob.min),
    max: String(knob.max),
    step: String(knob.step),
    value: settings[knob.name] === null ? '' : String(settings[knob.name]),
    placeholder: knob.name === 'steps' ? 'as needed' : '',
    'aria-describedby': `${id}-hint`,
    oninput: () => take(false),
    onchange: () => take(true),
  });
  const take = (finished: boolean) => {
    const value = input.valueAsNumber;
    const fits = Number.isFinite(value) && value >= knob.min && value <= knob.max && (knob.step < 1 || Number.isInteger(value));
    if (fits) settings[knob.name] = value;
    else if (knob.name === 'steps' && input.value === '') settings.steps = null;
    else if (finished) input.value = settings[knob.name] === null ? '' : String(settings[knob.name]);
    if (knob.slider) shown.textContent = input.valueAsNumber.toFixed(2);
  };
  return h('div', { class: 'knob' }, h('label', { for: id }, knob.label), input, knob.slider ? shown : null, h('small', { id: `${id}-hint` }, knob.hint));
}
