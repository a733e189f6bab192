// Commands of the program that are not part of the language server: doctor, models.

import { execFile } from 'node:child_process';

import * as vscode from 'vscode';

import { Server } from './client';

/** What `lacuna NAME` says, in an output channel. */
export function showTool(server: Server, name: 'doctor' | 'models', channel: vscode.OutputChannel): void {
  channel.clear();
  channel.show(true);
  const command = server.found?.command;
  if (!command) {
    channel.appendLine('The server was not found. "Lacuna: Install the Server" installs it; lacuna.command names one that is elsewhere.');
    return;
  }
  channel.appendLine(`${server.found?.origin}: ${command.join(' ')}`);
  const more = name === 'models' ? ['--speed'] : [];
  execFile(command[0], [...command.slice(1, -1), name, ...more], { timeout: 60_000 }, (error, stdout, stderr) => {
    channel.append(stdout + stderr);
    if (error && !stdout) {
      channel.appendLine(`"${command[0]}" could not be started: ${error.message}`);
    }
  });
}
