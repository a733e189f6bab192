// Switches that say what they did, and can be taken back.

import * as vscode from 'vscode';

import { StatusBar } from './status';

type List = 'languages' | 'proofread';

const SAYS: Record<List, (name: string, on: boolean) => string> = {
  languages: (name, on) => `Lacuna ${on ? 'suggests text in' : 'makes no suggestions in'} ${name} files now.`,
  proofread: (name, on) => `Lacuna ${on ? 'marks odd words in' : 'marks no words in'} ${name} files now.`,
};

/** Whether a language is on a list of the settings. */
export function isOn(list: List, language: string): boolean {
  return vscode.workspace.getConfiguration('lacuna').get<string[]>(list, []).includes(language);
}

/** Put the language of the active document on a list, or take it off, and say so. */
export async function toggleLanguage(list: List): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (!language) {
    void vscode.window.showInformationMessage('Lacuna: open a file first; this switch is for the language of the file in front.');
    return;
  }
  const all = vscode.workspace.getConfiguration('lacuna');
  const before = all.inspect<string[]>(list);
  const now = all.get<string[]>(list, []);
  const on = !now.includes(language);
  // What a workspace has set would hide a change of the user's setting.
  const target = before?.workspaceValue ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  const earlier = before?.workspaceValue ?? before?.globalValue;
  await all.update(list, on ? [...now, language] : now.filter((one) => one !== language), target);
  await offerUndo(SAYS[list](language, on), () => all.update(list, earlier, target));
}

/** Suggestions everywhere, on or off. */
export async function toggleSuggestions(): Promise<void> {
  const all = vscode.workspace.getConfiguration('lacuna');
  const before = all.inspect<boolean>('inlineCompletion');
  const on = !all.get<boolean>('inlineCompletion', true);
  const target = before?.workspaceValue !== undefined ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  const earlier = before?.workspaceValue ?? before?.globalValue;
  await all.update('inlineCompletion', on, target);
  const says = on ? 'Lacuna suggests text while you type.' : 'Lacuna makes no suggestions; its commands still work.';
  await offerUndo(says, () => all.update('inlineCompletion', earlier, target));
}

/** No suggestions for a while. */
export async function snooze(status: StatusBar): Promise<void> {
  if (status.snoozed) {
    status.snooze(undefined);
    void vscode.window.showInformationMessage('Lacuna suggests text again.');
    return;
  }
  const times = [5, 15, 60, 240].map((minutes) => ({
    label: minutes < 60 ? `${minutes} minutes` : minutes === 60 ? 'An hour' : `${minutes / 60} hours`,
    minutes,
  }));
  const chosen = await vscode.window.showQuickPick(times, { title: 'No suggestions for ...' });
  if (chosen) {
    const until = new Date(Date.now() + chosen.minutes * 60_000);
    status.snooze(until);
    const clock = until.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
    void vscode.window.showInformationMessage(`Lacuna makes no suggestions until ${clock}.`);
  }
}

async function offerUndo(says: string, undo: () => Thenable<void>): Promise<void> {
  const back = 'Undo';
  // Not awaited: the message stays until it is closed.
  void vscode.window.showInformationMessage(says, back).then((chosen) => chosen && undo());
}
