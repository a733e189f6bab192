// A choice of answers: for a selection that is rewritten, for a word that another could stand for.

import * as vscode from 'vscode';

import { Arguments, Asker, selection } from './ask';
import { Proposed, Written } from './drafts';

/** All of the selection written again, half of its words, a quarter (the oddest ones). */
const VARIANTS: Arguments[] = [{}, { strength: 0.5 }, { strength: 0.25 }];

interface Answer extends vscode.QuickPickItem {
  proposed: Proposed;
}

/** Rewrite the selection; the user names words that stay, and chooses between answers that are previewed in place. */
export async function rewrite(asker: Asker): Promise<void> {
  const words = await vscode.window.showInputBox({
    title: 'Rewrite the Selection',
    prompt: 'Words that the new text keeps, in this order (may stay empty)',
  });
  if (words !== undefined) {
    const keep = words.split(/\s+/).filter((word) => word);
    await chooseAnswer(asker, 'lacuna.rewrite', { range: selection(), keep });
  }
}

/** Several answers of a command; the one that is chosen is put into the text. */
async function chooseAnswer(asker: Asker, command: string, more: Arguments): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const version = editor?.document.version;
  const asked = VARIANTS.map((variant) => asker.propose(command, { ...more, ...variant }));
  const found = (await Promise.all(asked)).flatMap((one) => one?.slice(0, 1) ?? []);
  const different = found.filter((one, at) => found.findIndex((other) => other.text === one.text) === at);
  if (!editor || different.length === 0) {
    return;
  }
  const chosen = await pick(editor, different);
  if (!chosen) {
    return;
  }
  if (editor.document.version !== version) {
    void vscode.window.showInformationMessage('Lacuna: the text changed in the meantime; ask again.');
    return;
  }
  await editor.edit((edit) => edit.replace(chosen.range, chosen.text));
}

function pick(editor: vscode.TextEditor, proposed: Proposed[]): Promise<Proposed | undefined> {
  const written = new Written();
  const list = vscode.window.createQuickPick<Answer>();
  list.title = 'Instead of the Selection';
  list.items = proposed.map((one) => ({
    label: one.text.replace(/\s+/g, ' ').trim(),
    description: one.confidence === undefined ? undefined : `${Math.round(one.confidence * 100)} % sure`,
    proposed: one,
  }));
  return new Promise((resolve) => {
    list.onDidChangeActive(([active]) => active && written.show(editor.document.uri, [active.proposed]));
    list.onDidAccept(() => {
      resolve(list.selectedItems[0]?.proposed);
      list.hide();
    });
    list.onDidHide(() => {
      resolve(undefined);
      written.dispose();
      list.dispose();
    });
    list.show();
  });
}

/** Let the user choose another word for the one at the cursor. */
export async function otherWords(asker: Asker): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const found = await asker.run<{ word: string; range: vscode.Range; alternatives: string[] }>('lacuna.alternatives', {
    range: selection(),
  });
  if (!editor || !found) {
    return;
  }
  if (found.alternatives.length === 0) {
    void vscode.window.showInformationMessage(`Lacuna has no other word for “${found.word}” here.`);
    return;
  }
  const version = editor.document.version;
  const chosen = await vscode.window.showQuickPick(found.alternatives, { title: `Instead of “${found.word}”` });
  if (chosen && editor.document.version === version) {
    const { start, end } = found.range;
    const place = new vscode.Range(start.line, start.character, end.line, end.character);
    await editor.edit((edit) => edit.replace(place, chosen));
  }
}
