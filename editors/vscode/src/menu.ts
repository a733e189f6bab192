// The menu behind the status bar item.

import * as vscode from 'vscode';

import { Server } from './server/client';
import { StatusBar } from './status';
import { isOn } from './toggles';

interface Entry extends vscode.QuickPickItem {
  command?: string;
  arguments?: unknown[];
}

/** Show it, and run what was chosen. */
export async function showMenu(server: Server, status: StatusBar): Promise<void> {
  const chosen = await vscode.window.showQuickPick(entries(server, status), { title: status.sentence, matchOnDescription: true });
  if (chosen?.command) {
    await vscode.commands.executeCommand(chosen.command, ...(chosen.arguments ?? []));
  }
}

function entries(server: Server, status: StatusBar): Entry[] {
  const language = vscode.window.activeTextEditor?.document.languageId;
  const on = vscode.workspace.getConfiguration('lacuna').get<boolean>('inlineCompletion', true);
  const found: Entry[] = [];
  const add = (icon: string, label: string, command: string, description = '', ...more: unknown[]): void => {
    found.push({ label: `$(${icon}) ${label}`, command, description, arguments: more });
  };
  const separator = (label: string): void => {
    found.push({ label, kind: vscode.QuickPickItemKind.Separator });
  };

  if (status.health.state === 'missing') {
    add('cloud-download', 'Install the Server', 'lacuna.installServer', 'from the wheel beside this extension');
    add('gear', 'Set Where the Server Is', 'workbench.action.openSettings', '', 'lacuna.command');
  }
  separator('Suggestions');
  add(on ? 'circle-slash' : 'check', on ? 'Turn Suggestions Off' : 'Turn Suggestions On', 'lacuna.toggleSuggestions', 'everywhere');
  if (language) {
    const here = isOn('languages', language);
    add(here ? 'circle-slash' : 'check', `${here ? 'Turn Off' : 'Turn On'} for ${language}`, 'lacuna.toggleLanguage', 'suggestions in this language');
  }
  add('bell-slash', status.snoozed ? 'End the Snooze' : 'Snooze ...', 'lacuna.snooze', status.snoozed ? '' : 'no suggestions for a while');
  if (language) {
    const here = isOn('proofread', language);
    add('book', `${here ? 'Stop' : 'Start'} Proofreading ${language}`, 'lacuna.toggleProofreading');
  }
  separator('Server');
  add('info', 'What Became of the Suggestions', 'lacuna.showCounts');
  add('chip', 'Models', 'lacuna.showModels', 'which are here');
  add('pulse', 'Doctor', 'lacuna.runDoctor', 'what can run here');
  add('output', 'Log', 'lacuna.showLog');
  add('debug-restart', 'Restart', 'lacuna.restart', server.found && `the server of ${server.found.origin}`);
  add('gear', 'Settings', 'workbench.action.openSettings', '', '@ext:lacuna.lacuna');
  add('mortar-board', 'First Steps', 'lacuna.openWalkthrough');
  return found;
}
