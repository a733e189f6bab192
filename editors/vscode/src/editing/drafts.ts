// Text that is not in the document yet: drafts of a fill, and what is proposed, the more solid the surer the model is.

import * as vscode from 'vscode';

/** What the server sends while it writes. */
export interface Draft {
  uri: string;
  version: number;
  spans: { range: { start: Place; end: Place }; text: string; confidence: number }[];
}

interface Place {
  line: number;
  character: number;
}

/** A text for a place, and how sure the model is of it. */
export interface Proposed {
  range: vscode.Range;
  text: string;
  confidence?: number;
}

const LEVELS = 4;

/** Decorations of one kind of text; colours are `lacuna.draft1` (hardly sure) to `lacuna.draft4`. */
export class Written implements vscode.Disposable {
  private readonly types = Array.from({ length: LEVELS }, (_, level) =>
    vscode.window.createTextEditorDecorationType({
      opacity: '0.35',
      after: { color: new vscode.ThemeColor(`lacuna.draft${level + 1}`), fontStyle: 'italic' },
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    }),
  );

  /** Show texts in all editors of a document. */
  show(uri: vscode.Uri, texts: readonly Proposed[]): void {
    for (const editor of vscode.window.visibleTextEditors.filter((one) => one.document.uri.toString() === uri.toString())) {
      this.types.forEach((type, level) => {
        const here = texts.filter((one) => levelOf(one.confidence) === level);
        editor.setDecorations(type, here.map(decorated));
      });
    }
  }

  clear(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      this.types.forEach((type) => editor.setDecorations(type, []));
    }
  }

  dispose(): void {
    this.types.forEach((type) => type.dispose());
  }
}

function levelOf(confidence: number | undefined): number {
  return confidence === undefined ? LEVELS - 1 : Math.min(LEVELS - 1, Math.floor(confidence * LEVELS));
}

function decorated(one: Proposed): vscode.DecorationOptions {
  // Decorations are of one line, and collapse blanks at their ends.
  const contentText = one.text.replace(/\r?\n/g, ' ⏎ ').replace(/ /g, '\u00a0') || '\u00a0';
  const hoverMessage = new vscode.MarkdownString().appendCodeblock(one.text);
  return { range: one.range, hoverMessage, renderOptions: { after: { contentText } } };
}

/** Show a draft that the server sent; one of an older text is passed over. */
export function showDraft(written: Written, draft: Draft): void {
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === vscode.Uri.parse(draft.uri).toString());
  if (!document || document.version !== draft.version) {
    return;
  }
  const texts = draft.spans.map(({ range: { start, end }, text, confidence }) => ({
    range: new vscode.Range(start.line, start.character, end.line, end.character),
    text,
    confidence,
  }));
  written.show(document.uri, texts);
}
