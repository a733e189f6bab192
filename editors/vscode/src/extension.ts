// Lacuna in VS Code: starts the language server, shows how it is, and gives its commands names.
// Inline completion itself is the language client's; everything else is a command of the server.

import * as vscode from 'vscode';
import { LanguageClient, State } from 'vscode-languageclient/node';

import { runDoctor, serverCommand } from './server';
import { settings, toggle } from './settings';
import { Health, show } from './status';

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const status = vscode.window.createStatusBarItem('lacuna.status', vscode.StatusBarAlignment.Right, 100);
  status.name = 'Lacuna';
  status.command = 'lacuna.runDoctor';
  status.show();

  const register = (name: string, action: () => unknown): void => {
    context.subscriptions.push(vscode.commands.registerCommand(name, action));
  };
  register('lacuna.fillAll', () => run('lacuna.fillBlanks', {}));
  register('lacuna.fillHere', () => run('lacuna.fillBlanks', { range: selectedLines() }));
  register('lacuna.fillMySelections', () => run('lacuna.fillSelections', { ranges: selections() }));
  register('lacuna.otherWords', otherWords);
  register('lacuna.improve', () => run('lacuna.rewrite', { range: selection(), strength: 0.2 }));
  register('lacuna.before', () => run('lacuna.writeBefore', { range: selection() }));
  register('lacuna.between', () => run('lacuna.writeBetween', { range: selection() }));
  register('lacuna.rewriteKeeping', rewriteKeeping);
  register('lacuna.showDraft', showDraft);
  register('lacuna.toggleLanguage', () => toggle('languages'));
  register('lacuna.toggleProofreading', () => toggle('proofread'));
  register('lacuna.showCounts', () => client?.sendRequest('workspace/executeCommand', { command: 'lacuna.showStatus', arguments: [] }));
  register('lacuna.runDoctor', runDoctor);
  register('lacuna.restart', () => restart(status));

  context.subscriptions.push(
    status,
    vscode.workspace.onDidChangeConfiguration((change) => {
      // What the server can be told, the language client tells it; another command is another server.
      if (change.affectsConfiguration('lacuna.command')) {
        void restart(status);
      }
    }),
  );
  await restart(status);
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function restart(status: vscode.StatusBarItem): Promise<void> {
  await client?.stop().catch(() => undefined);
  client = undefined;
  const command = serverCommand();
  const started = new LanguageClient(
    'lacuna',
    'Lacuna',
    { command: command[0], args: command.slice(1) },
    {
      documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }, { scheme: 'vscode-notebook-cell' }],
      initializationOptions: { drafts: true },
      synchronize: { configurationSection: 'lacuna' },
      middleware: {
        workspace: {
          configuration: async (asked) => asked.items.map((item) => settings(item.scopeUri)),
        },
      },
    },
  );
  started.onNotification('lacuna/draft', (draft: Draft) => {
    writing?.report({ message: draft.spans.map((span) => span.text.trim()).join(' … ').slice(0, 80) });
  });
  started.onNotification('lacuna/status', (health: Health) => show(status, health));
  started.onDidChangeState(({ newState }) => {
    if (newState !== State.Running) {
      show(status, { state: newState === State.Starting ? 'starting' : 'stopped', message: '' });
    }
  });
  try {
    await started.start();
    client = started;
  } catch {
    status.text = '$(warning) Lacuna';
    status.tooltip = `Lacuna: ${command[0]} did not start. Click for what is missing.`;
    void vscode.window.showErrorMessage(
      `Lacuna: "${command.join(' ')}" did not start. It needs Python 3.11 or newer and \`pip install "lacuna-infill[cpu]"\`; ` +
        'where it is can be set in lacuna.command.',
    );
  }
}

/** A fill while it is being written. */
interface Draft {
  spans: { text: string; confidence: number }[];
}

let writing: vscode.Progress<{ message?: string }> | undefined;

/** What a command of the server may be told besides the document. */
interface Arguments {
  range?: vscode.Range;
  ranges?: vscode.Range[];
  strength?: number;
  keep?: string[];
}

/** Ask the server for an edit of the active document; the server applies it, or says why not. */
async function run<T>(command: string, more: Arguments): Promise<T | undefined> {
  const document = vscode.window.activeTextEditor?.document;
  if (!client || !document) {
    void vscode.window.showWarningMessage('Lacuna is not running here; see the status bar.');
    return undefined;
  }
  const uri = client.code2ProtocolConverter.asUri(document.uri);
  const range = more.range && client.code2ProtocolConverter.asRange(more.range);
  const ranges = more.ranges?.map((place) => client!.code2ProtocolConverter.asRange(place));
  const argument = { uri, version: document.version, ...more, range, ranges };
  const location = vscode.ProgressLocation.Window;
  return vscode.window.withProgress({ location, title: 'Lacuna is writing' }, async (progress) => {
    writing = progress;
    try {
      return await client!.sendRequest<T>('workspace/executeCommand', { command, arguments: [argument] });
    } finally {
      writing = undefined;
    }
  });
}

function selections(): vscode.Range[] {
  return vscode.window.activeTextEditor?.selections.map((one) => new vscode.Range(one.start, one.end)) ?? [];
}

/** Let the user choose another word for the one at the cursor. */
async function otherWords(): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const found = await run<{ word: string; range: vscode.Range; alternatives: string[] } | null>('lacuna.alternatives', {
    range: selection(),
  });
  if (!editor || !found) {
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

function selection(): vscode.Range | undefined {
  const chosen = vscode.window.activeTextEditor?.selection;
  return chosen && new vscode.Range(chosen.start, chosen.end);
}

function selectedLines(): vscode.Range | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor && new vscode.Range(editor.selection.start.line, 0, editor.selection.end.line + 1, 0);
}

async function rewriteKeeping(): Promise<void> {
  const words = await vscode.window.showInputBox({
    title: 'Rewrite the selection',
    prompt: 'Words that the new text keeps, in this order (may stay empty)',
  });
  if (words !== undefined) {
    const keep = words.split(/\s+/).filter((word) => word);
    await run('lacuna.rewrite', { range: selection(), keep });
  }
}

/** A read-only document beside this one that shows a fill while it is being written. */
async function showDraft(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!client || !document) {
    return;
  }
  const of = client.code2ProtocolConverter.asUri(document.uri);
  const uri = vscode.Uri.from({ scheme: 'lacuna-draft', path: document.uri.path, query: of });
  const draft = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(draft, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true });
}
