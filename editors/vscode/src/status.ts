// How the server is, in the status bar.

import * as vscode from 'vscode';

/** What the server says of itself, or the client of a server that is not there. */
export interface Health {
  state: 'starting' | 'ready' | 'busy' | 'off' | 'error' | 'stopped';
  message: string;
}

const SHOWN: Record<Health['state'], [string, string]> = {
  starting: ['$(loading~spin)', 'is starting'],
  ready: ['$(check)', 'is ready'],
  busy: ['$(loading~spin)', 'is writing'],
  off: ['$(circle-slash)', 'makes no suggestions; its commands work'],
  error: ['$(warning)', 'has a problem'],
  stopped: ['$(circle-slash)', 'is stopped'],
};

export function show(status: vscode.StatusBarItem, health: Health): void {
  const [icon, says] = SHOWN[health.state];
  status.text = `${icon} Lacuna`;
  status.tooltip = `Lacuna ${says}${health.message ? `: ${health.message}` : ''}. Click for what can run here.`;
}
