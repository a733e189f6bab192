// How the server is started, and what to tell when it cannot be.

import { execFile } from 'node:child_process';

import * as vscode from 'vscode';

/** The command line of the language server: the user's setting, which a workspace cannot change. */
export function serverCommand(): string[] {
  const found = vscode.workspace.getConfiguration('lacuna').inspect<string[]>('command');
  const command = found?.globalValue ?? found?.defaultValue ?? [];
  return command.length ? command : ['lacuna', 'lsp'];
}

/** `lacuna doctor` in an output channel. */
export function runDoctor(): void {
  const command = serverCommand();
  const channel = vscode.window.createOutputChannel('Lacuna: doctor');
  channel.show();
  execFile(command[0], [...command.slice(1, -1), 'doctor'], (error, stdout, stderr) => {
    channel.append(stdout + stderr);
    if (error && !stdout) {
      channel.appendLine(`"${command[0]}" could not be started: ${error.message}`);
      channel.appendLine('Install Python 3.11 or newer, then: pip install "lacuna-infill[cpu]"');
    }
  });
}
