// Where the language server is: the user's setting, a virtual environment of a trusted workspace, what this extension
// installed, `uv tool` or pipx, PATH.

import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

import * as vscode from 'vscode';

export interface Found {
  command: string[];
  /** For people: where it was found. */
  origin: string;
}

const WINDOWS = process.platform === 'win32';
const PROGRAM = WINDOWS ? 'lacuna.exe' : 'lacuna';
const VERIFIED = 'verifiedServers';

/** The command line of the language server; undefined when there is none. */
export async function findServer(context: vscode.ExtensionContext): Promise<Found | undefined> {
  const set = chosenCommand();
  if (set) {
    return { command: set, origin: 'the setting lacuna.command' };
  }
  for (const [path, origin, known] of places(context)) {
    // Another program may have the same name; what this extension installed is ours.
    if (isProgram(path) && (known || (await isLacuna(context, path)))) {
      return { command: [path, 'lsp'], origin };
    }
  }
  return undefined;
}

/** The user's own setting, which a workspace cannot change. */
export function chosenCommand(): string[] | undefined {
  const command = vscode.workspace.getConfiguration('lacuna').inspect<string[]>('command')?.globalValue;
  return command?.length ? command : undefined;
}

/** The environment that this extension installs the server into. */
export function environment(context: vscode.ExtensionContext): string {
  return join(context.globalStorageUri.fsPath, 'server');
}

/** A program of a virtual environment. */
export function programOf(folder: string, name: string): string {
  return WINDOWS ? join(folder, 'Scripts', `${name}.exe`) : join(folder, 'bin', name);
}

function places(context: vscode.ExtensionContext): [path: string, origin: string, known: boolean][] {
  const found: [string, string, boolean][] = [];
  if (vscode.workspace.isTrusted) {
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      if (folder.uri.scheme === 'file') {
        for (const name of ['.venv', 'venv']) {
          found.push([programOf(join(folder.uri.fsPath, name), 'lacuna'), `the environment of ${folder.name}`, false]);
        }
      }
    }
  }
  found.push([programOf(environment(context), 'lacuna'), 'this extension', true]);
  const tools = [process.env.UV_TOOL_BIN_DIR, process.env.PIPX_BIN_DIR, process.env.XDG_BIN_HOME, join(homedir(), '.local', 'bin')];
  for (const folder of tools) {
    if (folder) {
      found.push([join(folder, PROGRAM), 'uv tool or pipx', false]);
    }
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    // A relative one would be looked for in whatever folder is the current one.
    if (isAbsolute(folder)) {
      found.push([join(folder, PROGRAM), 'PATH', false]);
    }
  }
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, WINDOWS ? constants.F_OK : constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** True for a program that says that it is a language server of ours; remembered until it changes. */
async function isLacuna(context: vscode.ExtensionContext, path: string): Promise<boolean> {
  const stamp = String(statSync(path).mtimeMs);
  const verified = context.globalState.get<Record<string, string>>(VERIFIED, {});
  if (verified[path] === stamp) {
    return true;
  }
  const ours = await new Promise<boolean>((resolve) => {
    execFile(path, ['lsp', '--help'], { timeout: 20_000 }, (error, stdout) => resolve(!error && /language\s+server/.test(stdout)));
  });
  if (ours) {
    await context.globalState.update(VERIFIED, { ...verified, [path]: stamp });
  }
  return ours;
}
