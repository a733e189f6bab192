// The running language server and what it is asked.

import * as vscode from 'vscode';
import { LanguageClient, Middleware, State } from 'vscode-languageclient/node';

import { findServer, Found } from './find';
import { settings } from '../settings';
import { Health, StatusBar } from '../status';
import { Draft } from '../editing/drafts';

const BLANK = 'blank';

/** Documents of all kinds that people write in; not output, search results or the panes of Git. */
const DOCUMENTS = ['file', 'untitled', 'vscode-notebook-cell', 'vscode-vfs', 'vscode-userdata'].map((scheme) => ({ scheme }));

export class Server implements vscode.Disposable {
  private client?: LanguageClient;
  private starting: Promise<void> = Promise.resolve();
  found?: Found;
  /** Called for every draft of a fill. */
  onDraft: (draft: Draft) => void = () => undefined;
  /** True while the blanks of a document are under review, with lenses of ours. */
  reviews: (document: vscode.TextDocument) => boolean = () => false;
  /** Called when there is no server, or it does not start. */
  onMissing: (found: Found | undefined) => void = () => undefined;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly status: StatusBar,
  ) {}

  get running(): LanguageClient | undefined {
    return this.client?.state === State.Running ? this.client : undefined;
  }

  /** Start, or start again; one start at a time. */
  restart(): Promise<void> {
    this.starting = this.starting.then(() => this.startNow());
    return this.starting;
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.stop().catch(() => undefined);
  }

  dispose(): void {
    void this.stop();
  }

  private async startNow(): Promise<void> {
    await this.stop();
    this.status.show({ state: 'starting', message: '' });
    this.found = await findServer(this.context);
    if (!this.found) {
      this.status.show({ state: 'missing', message: 'its server is not installed' });
      this.onMissing(undefined);
      return;
    }
    const { command, origin } = this.found;
    this.log.info(`Starting ${command.join(' ')} (${origin})`);
    const client = new LanguageClient(
      'lacuna',
      'Lacuna',
      { command: command[0], args: command.slice(1) },
      {
        documentSelector: DOCUMENTS,
        initializationOptions: { drafts: true },
        synchronize: { configurationSection: 'lacuna' },
        outputChannel: this.log,
        middleware: this.middleware(),
      },
    );
    client.onNotification('lacuna/draft', (draft: Draft) => this.onDraft(draft));
    client.onNotification('lacuna/status', (health: Health) => this.status.show(health));
    client.onDidChangeState(({ newState }) => {
      if (newState !== State.Running) {
        this.status.show({ state: newState === State.Starting ? 'starting' : 'stopped', message: '' });
      }
    });
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.log.error(String(error));
      this.client = undefined;
      this.status.show({ state: 'missing', message: `"${command.join(' ')}" did not start` });
      this.onMissing(this.found);
    }
  }

  private middleware(): Middleware {
    return {
      workspace: {
        configuration: async (asked) => asked.items.map((item) => settings(item.scopeUri)),
      },
      provideInlineCompletionItems: (document, position, context, token, next) =>
        this.status.snoozed && context.triggerKind === vscode.InlineCompletionTriggerKind.Automatic
          ? undefined
          : next(document, position, context, token),
      provideCodeLenses: (document, token, next) => (this.reviews(document) ? [] : next(document, token)),
      // A light bulb on every line would say nothing; asked for by hand, all actions come.
      provideCodeActions: async (document, range, context, token, next) => {
        const all = (await next(document, range, context, token)) ?? [];
        if (context.triggerKind !== vscode.CodeActionTriggerKind.Automatic) {
          return all;
        }
        const lines = new vscode.Range(range.start.line, 0, range.end.line + 1, 0);
        const blank = vscode.languages
          .getDiagnostics(document.uri)
          .some((one) => one.source === 'lacuna' && one.code === BLANK && lines.contains(one.range));
        return all.filter((one) => {
          const kind = 'kind' in one ? one.kind?.value ?? '' : '';
          return kind.startsWith('quickfix') || (blank && kind.includes('fillBlanks'));
        });
      },
    };
  }
}
