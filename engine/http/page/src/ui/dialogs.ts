/** Dialogs: the key of a server that wants one, and the list of keys on the keyboard. */

import { byId, h } from './dom';

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
/** A key binding as this machine's keyboard shows it. */
export function shortcut(binding: string): string {
  const shown = binding.replace(/-([a-z])$/, (_, letter: string) => `-${letter.toUpperCase()}`);
  return MAC ? shown.replace('Mod-', '⌘').replace('Shift-', '⇧') : shown.replace('Mod-', 'Ctrl+').replace('Shift-', 'Shift+');
}

const KEYS: [string, string][] = [
  ['Mod-b', 'Blank: the selection, or the word at the cursor; on a blank, no blank'],
  ['Mod-Enter', 'Fill all blanks'],
  ['Escape', 'Stop; close what is open'],
  ['F8', 'Next blank'],
  ['Shift-F8', 'Previous blank'],
  ['Mod-.', 'Other words, and what a blank asks for'],
  ['Mod-z', 'Undo'],
  [MAC ? 'Mod-Shift-z' : 'Mod-y', 'Redo'],
  ['Mod-o', 'Open a text'],
  ['Mod-s', 'Download'],
  ['Mod-f', 'Find'],
];

export function helpDialog(): void {
  const dialog = byId<HTMLDialogElement>('help');
  byId('keys').replaceChildren(...KEYS.flatMap(([binding, meaning]) => [h('dt', {}, h('kbd', {}, shortcut(binding))), h('dd', {}, meaning)]));
  byId('help-open').addEventListener('click', () => dialog.showModal());
  byId('help-close').addEventListener('click', () => dialog.close());
}

let asking: Promise<string | null> | null = null;

/** Ask for the server's key; null: not now. Several who ask at once get the same answer. */
export function askForKey(wrong: boolean): Promise<string | null> {
  asking ??= ask(wrong).finally(() => {
    asking = null;
  });
  return asking;
}

function ask(wrong: boolean): Promise<string | null> {
  const dialog = byId<HTMLDialogElement>('key');
  const field = byId<HTMLInputElement>('key-field');
  const form = byId<HTMLFormElement>('key-form');
  byId('key-wrong').hidden = !wrong;
  field.value = '';
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    let given: string | null = null;
    const submit = (event: Event) => {
      event.preventDefault();
      given = field.value.trim() || null;
      if (given !== null) dialog.close();
    };
    form.addEventListener('submit', submit);
    byId('key-later').onclick = () => dialog.close();
    dialog.addEventListener('close', () => {
      form.removeEventListener('submit', submit);
      field.value = '';
      resolve(given);
    }, { once: true });
  });
}
