// Blanks that were filled on trial: shown in place, accepted or rejected one by one, by lens or by key.

import * as vscode from 'vscode';

import { Asker } from './ask';
import { Proposed, Written } from './drafts';

const REVIEWING = 'lacuna.reviewing';

export class Review implements vscode.Disposable, vscode.CodeLensProvider {
  private readonly written = new Written();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private document?: vscode.TextDocument;
  private proposals: Proposed[] = [];
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly asker: Asker) {
    this.subscriptions = [
      vscode.languages.registerCodeLensProvider({ pattern: '**' }, this),
      vscode.languages.registerCodeLensProvider({ scheme: 'untitled' }, this),
      vscode.workspace.onDidChangeTextDocument((event) => this.follow(event)),
      vscode.window.onDidChangeVisibleTextEditors(() => this.draw()),
    ];
  }

  /** True while there is something to decide about in a document. */
  has(document: vscode.TextDocument): boolean {
    return document === this.document && this.proposals.length > 0;
  }

  /** Fill the blanks on trial and show what would come. */
  async start(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const version = editor?.document.version;
    const found = await this.asker.propose('lacuna.fillBlanks', { guesses: true });
    if (!editor || !found) {
      return;
    }
    if (editor.document.version !== version) {
      void vscode.window.showInformationMessage('Lacuna: the text changed in the meantime; ask again.');
      return;
    }
    this.document = editor.document;
    this.proposals = found;
    this.update();
    this.goTo(this.proposals[0]);
  }

  async accept(at?: number): Promise<void> {
    const one = this.at(at);
    if (one) {
      await this.put([one]);
      this.goTo(this.nearest());
    }
  }

  reject(at?: number): void {
    const one = this.at(at);
    if (one) {
      this.proposals = this.proposals.filter((other) => other !== one);
      this.update();
      this.goTo(this.nearest());
    }
  }

  async acceptAll(): Promise<void> {
    await this.put(this.proposals);
  }

  rejectAll(): void {
    this.proposals = [];
    this.update();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (document !== this.document) {
      return [];
    }
    const lenses = this.proposals.flatMap((one, at) => {
      const sure = one.confidence === undefined ? '' : ` (${Math.round(one.confidence * 100)} %)`;
      return [
        lens(one, `$(check) Accept “${short(one.text)}”${sure}`, 'lacuna.acceptBlank', at),
        lens(one, '$(close) Reject', 'lacuna.rejectBlank', at),
      ];
    });
    if (this.proposals.length > 1) {
      lenses.push(lens(this.proposals[0], `$(check-all) Accept All ${this.proposals.length}`, 'lacuna.acceptAllBlanks'));
      lenses.push(lens(this.proposals[0], '$(close-all) Reject All', 'lacuna.rejectAllBlanks'));
    }
    return lenses;
  }

  dispose(): void {
    this.subscriptions.forEach((one) => one.dispose());
    this.written.dispose();
  }

  /** The proposal of a lens, or the one at the cursor, or the next one. */
  private at(at: number | undefined): Proposed | undefined {
    return at === undefined ? this.nearest() : this.proposals[at];
  }

  private nearest(): Proposed | undefined {
    const cursor = vscode.window.activeTextEditor?.selection.active;
    return this.proposals.find((one) => !cursor || one.range.end.isAfterOrEqual(cursor)) ?? this.proposals[0];
  }

  /** One edit, one undo step. */
  private async put(some: Proposed[]): Promise<void> {
    if (!this.document || some.length === 0) {
      return;
    }
    const edit = new vscode.WorkspaceEdit();
    for (const { range, text } of some) {
      edit.replace(this.document.uri, range, text);
    }
    this.proposals = this.proposals.filter((one) => !some.includes(one));
    if (!(await vscode.workspace.applyEdit(edit))) {
      void vscode.window.showInformationMessage('Lacuna: the text could not be changed.');
    }
    this.update();
  }

  /** Proposals move with the text around them; one whose place was changed is gone. */
  private follow(event: vscode.TextDocumentChangeEvent): void {
    if (event.document !== this.document || this.proposals.length === 0) {
      return;
    }
    for (const change of event.contentChanges) {
      this.proposals = this.proposals.flatMap((one) => {
        if (change.range.start.isAfterOrEqual(one.range.end)) {
          return [one];
        }
        return change.range.end.isBeforeOrEqual(one.range.start) ? [{ ...one, range: moved(one.range, change) }] : [];
      });
    }
    this.update();
  }

  private goTo(one: Proposed | undefined): void {
    const editor = vscode.window.activeTextEditor;
    if (one && editor && editor.document === this.document) {
      editor.selection = new vscode.Selection(one.range.start, one.range.start);
      editor.revealRange(one.range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    }
  }

  private update(): void {
    void vscode.commands.executeCommand('setContext', REVIEWING, this.proposals.length > 0);
    this.draw();
    this.changed.fire();
  }

  private draw(): void {
    if (this.document) {
      this.written.show(this.document.uri, this.proposals);
    }
  }
}

function moved(range: vscode.Range, change: vscode.TextDocumentContentChangeEvent): vscode.Range {
  const lines = change.text.split('\n');
  const down = lines.length - 1 - (change.range.end.line - change.range.start.line);
  const last = lines[lines.length - 1].length + (lines.length === 1 ? change.range.start.character : 0);
  const right = last - change.range.end.character;
  const move = (place: vscode.Position): vscode.Position =>
    place.line === change.range.end.line ? place.translate(down, right) : place.translate(down, 0);
  return new vscode.Range(move(range.start), move(range.end));
}

function lens(one: Proposed, title: string, command: string, at?: number): vscode.CodeLens {
  return new vscode.CodeLens(one.range, { title, command, arguments: at === undefined ? [] : [at] });
}

function short(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}
