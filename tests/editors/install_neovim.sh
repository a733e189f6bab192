#!/usr/bin/env bash
# Unpack Neovim 0.12 or newer into a folder of its own: packages of Debian's forky from the system's own mirror, which
# neither the system's sources nor its package database learn of. Needs apt, dpkg-deb and patchelf; no root.
# Usage: install_neovim.sh FOLDER; prints the path of the editor.
set -euo pipefail
dest=$(mkdir -p "$1" && cd "$1" && pwd)
if [ -x "$dest/nvim" ]; then echo "$dest/nvim"; exit; fi

. "$(dirname "$0")/unpack_debian.sh"

unpack_debian "$dest" neovim usr/bin/nvim
printf '#!/bin/sh\nVIMRUNTIME=%s exec %s "$@"\n' "$dest/root/usr/share/nvim/runtime" "$dest/root/usr/bin/nvim" > "$dest/nvim.partial"
chmod +x "$dest/nvim.partial"
"$dest/nvim.partial" --version > /dev/null
mv "$dest/nvim.partial" "$dest/nvim"
echo "$dest/nvim"
