// Lacuna in VS Code: starts the language server, shows how it is, and gives its commands names.
// Inline completion itself is the language client's; what is thought is thought by the server.

import * as vscode from 'vscode';

import { Asker, selection } from './editing/ask';
import { otherWords, rewrite } from './editing/choose';
import { showDraft, Written } from './editing/drafts';
import { Review } from './editing/review';
import { showMenu } from './menu';
import { Server } from './server/client';
import { Found } from './server/find';
import { install, wheel } from './server/install';
import { showTool } from './server/tools';
import { StatusBar } from './status';
import { snooze, toggleLanguage, toggleSuggestions } from './toggles';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('Lacuna', { log: true });
  const tools = vscode.window.createOutputChannel('Lacuna: doctor');
  const status = new StatusBar();
  const drafts = new Written();
  const running = new Server(context, log, status);
  const asker = new Asker(running, status);
  const review = new Review(asker);
  server = running;
  running.onDraft = (draft) => showDraft(drafts, draft);
  status.onQuiet = () => drafts.clear();
  running.reviews = (document) => review.has(document);
  running.onMissing = (found) => tellMissing(context, found);
  context.subscriptions.push(log, tools, status, drafts, running, review);

  const commands: Record<string, (...given: never[]) => unknown> = {
    fillAll: () => asker.run('lacuna.fillBlanks', {}),
    fillHere: () => asker.run('lacuna.fillBlanks', { range: selectedLines() }),
    fillMySelections: () => asker.run('lacuna.fillSelections', { ranges: selections() }),
    reviewBlanks: () => review.start(),
    acceptBlank: (at?: number) => review.accept(at),
    rejectBlank: (at?: number) => review.reject(at),
    acceptAllBlanks: () => review.acceptAll(),
    rejectAllBlanks: () => review.rejectAll(),
    otherWords: () => otherWords(asker),
    rewriteKeeping: () => rewrite(asker),
    improve: () => asker.run('lacuna.rewrite', { range: selection(), strength: 0.2 }),
    before: () => asker.run('lacuna.writeBefore', { range: selection() }),
    between: () => asker.run('lacuna.writeBetween', { range: selection() }),
    showDraft: () => showPreview(running),
    menu: () => showMenu(running, status),
    toggleSuggestions,
    toggleLanguage: () => toggleLanguage('languages'),
    toggleProofreading: () => toggleLanguage('proofread'),
    snooze: () => snooze(status),
    showCounts: () => asker.run('lacuna.showStatus', {}),
    runDoctor: () => showTool(running, 'doctor', tools),
    showModels: () => showTool(running, 'models', tools),
    showLog: () => log.show(),
    restart: () => running.restart(),
    installServer: async () => (await install(context, log)) && running.restart(),
    openWalkthrough: () => vscode.commands.executeCommand('workbench.action.openWalkthrough', 'lacuna.lacuna#lacuna.start', false),
  };
  for (const [name, action] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(`lacuna.${name}`, action));
  }
  context.subscriptions.push(
    // What the server can be told, the language client tells it; another command is another server.
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration('lacuna.command') && running.restart()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => !running.running && running.restart()),
  );
  await running.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** There is no server, or the one that was found does not start: one message with what to do. */
function tellMissing(context: vscode.ExtensionContext, found: Found | undefined): void {
  const says = found
    ? `Lacuna: "${found.command.join(' ')}" (${found.origin}) did not start.`
    : 'Lacuna writes on your own machine; the program that does so is not installed yet.';
  const actions: Record<string, string> = {
    ...(wheel(context) && { 'Install It': 'lacuna.installServer' }),
    'Set Where It Is': 'workbench.action.openSettings',
    ...(found && { 'Show the Log': 'lacuna.showLog' }),
  };
  const show = found ? vscode.window.showErrorMessage : vscode.window.showInformationMessage;
  void show(says, ...Object.keys(actions)).then(
    (chosen) => chosen && vscode.commands.executeCommand(actions[chosen], 'lacuna.command'),
  );
}

function selections(): vscode.Range[] {
  return vscode.window.activeTextEditor?.selections.map((one) => new vscode.Range(one.start, one.end)) ?? [];
}

function selectedLines(): vscode.Range | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor && new vscode.Range(editor.selection.start.line, 0, editor.selection.end.line + 1, 0);
}

/** A read-only document beside this one that shows a fill while it is being written. */
async function showPreview(running: Server): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  const client = running.running;
  if (!client || !document) {
    return;
  }
  const of = client.code2ProtocolConverter.asUri(document.uri);
  const uri = vscode.Uri.from({ scheme: 'lacuna-draft', path: document.uri.path, query: of });
  const draft = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(draft, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true });
}
