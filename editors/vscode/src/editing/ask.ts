// Asking the server for edits of the active document.

import * as vscode from 'vscode';
import type { AnnotatedTextEdit, CodeAction, TextEdit } from 'vscode-languageclient';

import { Server } from '../server/client';
import { StatusBar } from '../status';
import { Proposed } from './drafts';

/** What a command of the server may be told besides the document. */
export interface Arguments {
  range?: vscode.Range;
  ranges?: vscode.Range[];
  strength?: number;
  keep?: string[];
  /** Also answers that are withheld: the user decides on each. */
  guesses?: boolean;
}

export class Asker {
  constructor(
    private readonly server: Server,
    private readonly status: StatusBar,
  ) {}

  /** Run a command that the server ends with an edit or an answer; it says itself why there is none. */
  async run<T>(command: string, more: Arguments): Promise<T | undefined> {
    return this.whileWriting((argument) => this.request<T>('workspace/executeCommand', { command, arguments: [argument] }), more);
  }

  /** The edit of a command without applying it: a text for every place. */
  async propose(command: string, more: Arguments): Promise<Proposed[] | undefined> {
    const action = await this.whileWriting(
      (argument) => this.request<CodeAction>('codeAction/resolve', { title: command, data: { command, argument } }),
      more,
    );
    const change = action?.edit?.documentChanges?.[0];
    const notes = action?.edit?.changeAnnotations ?? {};
    if (!change || !('edits' in change)) {
      return undefined;
    }
    return change.edits.map((edit) => {
      const { start, end } = edit.range;
      const note = notes[(edit as AnnotatedTextEdit).annotationId];
      return {
        range: new vscode.Range(start.line, start.character, end.line, end.character),
        text: 'newText' in edit ? (edit as TextEdit).newText : (edit as { snippet: { value: string } }).snippet.value,
        confidence: percentOf(note?.label),
      };
    });
  }

  private async whileWriting<T>(ask: (argument: object) => Promise<T | undefined>, more: Arguments): Promise<T | undefined> {
    const document = vscode.window.activeTextEditor?.document;
    const client = this.server.running;
    if (!document) {
      void vscode.window.showInformationMessage('Lacuna: open a file first.');
      return undefined;
    }
    if (!client) {
      const menu = 'Show the Menu';
      void vscode.window
        .showWarningMessage(this.status.sentence, menu)
        .then((chosen) => chosen && vscode.commands.executeCommand('lacuna.menu'));
      return undefined;
    }
    const convert = client.code2ProtocolConverter;
    const argument = {
      uri: convert.asUri(document.uri),
      version: document.version,
      ...more,
      range: more.range && convert.asRange(more.range),
      ranges: more.ranges?.map((place) => convert.asRange(place)),
    };
    const location = vscode.ProgressLocation.Window;
    return vscode.window.withProgress({ location, title: 'Lacuna is writing' }, () => ask(argument));
  }

  private async request<T>(method: string, params: object): Promise<T | undefined> {
    try {
      return (await this.server.running?.sendRequest<T>(method, params)) ?? undefined;
    } catch (error) {
      void vscode.window.showErrorMessage(`Lacuna: ${(error as Error).message}`);
      return undefined;
    }
  }
}

/** 0.62 of "Line 3, 62 % sure". */
function percentOf(label: string | undefined): number | undefined {
  const found = /(\d+)\s?%/.exec(label ?? '');
  return found ? Number(found[1]) / 100 : undefined;
}

export function selection(): vscode.Range | undefined {
  const chosen = vscode.window.activeTextEditor?.selection;
  return chosen && new vscode.Range(chosen.start, chosen.end);
}
