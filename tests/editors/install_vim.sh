#!/usr/bin/env bash
# Unpack Vim 9.1 or newer and llama.vim into a folder of its own. Needs apt, dpkg-deb, patchelf and git; no root.
# Usage: install_vim.sh FOLDER; prints the path of the editor. The plugin lies in FOLDER/llama.vim.
set -euo pipefail
dest=$(mkdir -p "$1" && cd "$1" && pwd)
if [ -x "$dest/vim" ]; then echo "$dest/vim"; exit; fi
. "$(dirname "$0")/unpack_debian.sh"

unpack_debian "$dest" vim usr/bin/vim.basic
[ -d "$dest/llama.vim" ] || git clone --quiet --depth 1 https://github.com/ggml-org/llama.vim "$dest/llama.vim"
runtime=$(ls -d "$dest"/root/usr/share/vim/vim9*)
printf '#!/bin/sh\nVIMRUNTIME=%s exec %s "$@"\n' "$runtime" "$dest/root/usr/bin/vim.basic" > "$dest/vim.partial"
chmod +x "$dest/vim.partial"
"$dest/vim.partial" --version > /dev/null
mv "$dest/vim.partial" "$dest/vim"
echo "$dest/vim"
