// Installing the server: from the wheel beside this extension, into an environment of this extension's own.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import * as vscode from 'vscode';

import { environment, programOf } from './find';

const NEWER_THAN = '3.11';
// The current folder may be a project with a venv.py or a pip/ of its own, which Python would run.
const ISOLATED = ['-I'];

/** The wheel that came with this extension. */
export function wheel(context: vscode.ExtensionContext): string | undefined {
  const folder = join(context.extensionPath, 'server');
  const name = existsSync(folder) ? readdirSync(folder).find((one) => one.endsWith('.whl')) : undefined;
  return name && join(folder, name);
}

/** Install it, with progress; true when it is there. */
export async function install(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<boolean> {
  const from = wheel(context);
  if (!from) {
    void vscode.window.showErrorMessage('Lacuna: this extension was packed without its server. Name one in the setting lacuna.command.');
    return false;
  }
  const python = findPython();
  if (!python) {
    const open = 'Open python.org';
    void vscode.window
      .showErrorMessage(`Lacuna: Python ${NEWER_THAN} or newer was not found on this machine; install it and try again.`, open)
      .then((chosen) => chosen && vscode.env.openExternal(vscode.Uri.parse('https://www.python.org/downloads/')));
    return false;
  }
  const title = 'Lacuna: installing the server';
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const folder = environment(context);
    try {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(dirname(folder), { recursive: true });
      progress.report({ message: 'making an environment' });
      await run([...python, ...ISOLATED, '-m', 'venv', folder], log, token);
      progress.report({ message: 'packages, some 250 MB with the model' });
      await run([programOf(folder, 'python'), ...ISOLATED, '-m', 'pip', 'install', '--disable-pip-version-check', `${from}[cpu]`], log, token);
      return true;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      if (!token.isCancellationRequested) {
        const show = 'Show the Log';
        void vscode.window
          .showErrorMessage(`Lacuna: the server was not installed: ${(error as Error).message}`, show)
          .then((chosen) => chosen && log.show());
      }
      return false;
    }
  });
}

function findPython(): string[] | undefined {
  const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
  const candidates = process.platform === 'win32' ? [['py', '-3'], ...names.map((name) => [name])] : names.map((name) => [name]);
  const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
  return candidates.find(([program, ...more]) => spawnSync(program, [...more, ...ISOLATED, '-c', check], { timeout: 20_000 }).status === 0);
}

function run(command: string[], log: vscode.LogOutputChannel, token: vscode.CancellationToken): Promise<void> {
  log.info(command.join(' '));
  return new Promise((resolve, reject) => {
    const process = spawn(command[0], command.slice(1));
    const stop = token.onCancellationRequested(() => process.kill());
    let last = '';
    const take = (data: Buffer): void => {
      for (const line of data.toString().split(/\r?\n/).filter((one) => one.trim())) {
        log.info(line);
        last = line;
      }
    };
    process.stdout.on('data', take);
    process.stderr.on('data', take);
    process.on('error', reject);
    process.on('close', (code) => {
      stop.dispose();
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(last || `${command[0]} ended with status ${code}`));
      }
    });
  });
}
