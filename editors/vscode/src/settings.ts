// What the server is told of the settings: only what the user has set, so that a lacuna.toml counts for the rest.

import * as vscode from 'vscode';

/** Kept by the client. */
const OWN = new Set(['command']);

/** Settings that were set for a document or folder, or for everything. */
export function settings(scope?: string): Record<string, unknown> {
  const uri = scope === undefined ? undefined : vscode.Uri.parse(scope);
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri?.toString());
  const all = vscode.workspace.getConfiguration('lacuna', document ?? uri);
  const names = Object.keys(all).filter((name) => typeof all[name] !== 'function' && !OWN.has(name));
  return Object.fromEntries(names.filter((name) => isSet(all, name)).map((name) => [name, all.get(name)]));
}

function isSet(all: vscode.WorkspaceConfiguration, name: string): boolean {
  const found = all.inspect(name);
  return (
    found !== undefined &&
    [
      found.globalValue,
      found.workspaceValue,
      found.workspaceFolderValue,
      found.globalLanguageValue,
      found.workspaceLanguageValue,
      found.workspaceFolderLanguageValue,
    ].some((value) => value !== undefined)
  );
}
