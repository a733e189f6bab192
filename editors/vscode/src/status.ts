// How the server is, in the status bar.

import * as vscode from 'vscode';

/** What the server says of itself, or the client of a server that is not there. */
export interface Health {
  state: 'starting' | 'ready' | 'busy' | 'off' | 'error' | 'stopped' | 'missing';
  message: string;
}

const SHOWN: Record<Health['state'], [icon: string, says: string]> = {
  starting: ['$(loading~spin)', 'is starting'],
  ready: ['$(check)', 'is ready'],
  busy: ['$(loading~spin)', 'is writing'],
  off: ['$(circle-slash)', 'makes no suggestions; its commands work'],
  error: ['$(warning)', 'has a problem'],
  stopped: ['$(circle-slash)', 'is stopped'],
  missing: ['$(warning)', 'has no server'],
};

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('lacuna.status', vscode.StatusBarAlignment.Right, 100);
  private until?: Date;
  private waking?: NodeJS.Timeout;
  health: Health = { state: 'starting', message: '' };
  /** Called when a fill is over. */
  onQuiet: () => void = () => undefined;

  constructor() {
    this.item.name = 'Lacuna';
    this.item.command = 'lacuna.menu';
    this.item.show();
  }

  get snoozed(): boolean {
    return this.until !== undefined && this.until.getTime() > Date.now();
  }

  /** No suggestions until then; undefined: again from now on. */
  snooze(until: Date | undefined): void {
    clearTimeout(this.waking);
    this.until = until;
    if (until) {
      this.waking = setTimeout(() => this.draw(), until.getTime() - Date.now() + 100);
    }
    this.draw();
  }

  show(health: Health): void {
    this.health = health;
    const runs = health.state === 'ready' || health.state === 'busy' || health.state === 'off';
    void vscode.commands.executeCommand('setContext', 'lacuna.ready', runs); // a step of the walkthrough
    if (health.state !== 'busy') {
      this.onQuiet();
    }
    this.draw();
  }

  /** One sentence. */
  get sentence(): string {
    if (this.snoozed && (this.health.state === 'ready' || this.health.state === 'off')) {
      const clock = this.until?.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
      return `Lacuna makes no suggestions until ${clock}.`;
    }
    const { state, message } = this.health;
    return `Lacuna ${SHOWN[state][1]}${message ? `: ${message}` : ''}`.replace(/\.?$/, '.');
  }

  dispose(): void {
    clearTimeout(this.waking);
    this.item.dispose();
  }

  private draw(): void {
    const { state } = this.health;
    const icon = this.snoozed && state === 'ready' ? '$(bell-slash)' : SHOWN[state][0];
    const wrong = state === 'error' || state === 'missing' || state === 'stopped';
    this.item.text = `${icon} Lacuna`;
    this.item.tooltip = `${this.sentence} Click for its menu.`;
    this.item.accessibilityInformation = { label: this.sentence, role: 'button' };
    this.item.backgroundColor = wrong ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
  }
}
