#!/usr/bin/env bash
# Unpack Neovim 0.12 or newer into a folder of its own: packages of Debian's forky from the system's own mirror, which
# neither the system's sources nor its package database learn of. Needs apt, dpkg-deb and patchelf; no root.
# Usage: install_neovim.sh FOLDER; prints the path of the editor.
set -euo pipefail
dest=$(mkdir -p "$1" && cd "$1" && pwd)
if [ -x "$dest/nvim" ]; then echo "$dest/nvim"; exit; fi

site=$(apt-get indextargets --format '$(SITE)' | head -n 1)
apt="$dest/apt"
mkdir -p "$apt"/{etc/apt.conf.d,etc/preferences.d,state/lists/partial,cache/archives/partial}
: > "$apt/state/status"  # nothing is installed, so all that is needed comes along
keyring=$(ls /usr/share/keyrings/debian-archive-keyring.* | head -n 1)
echo "deb [signed-by=$keyring] $site forky main" > "$apt/etc/sources.list"
cat > "$apt/apt.conf" <<CONF
Dir::Etc "$apt/etc"; Dir::State "$apt/state"; Dir::State::status "$apt/state/status"; Dir::Cache "$apt/cache";
Dir::Etc::sourceparts "-"; APT::Install-Recommends "false"; APT::Architecture "$(dpkg --print-architecture)";
APT::Sandbox::User "$(id -un)"; Debug::NoLocking "true";
# A mirror may be some weeks behind; signatures are still checked.
Acquire::Check-Valid-Until "false";
CONF
export APT_CONFIG="$apt/apt.conf"
apt-get -qq update
apt-get -qq -y -d install neovim
for package in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$package" "$dest/root"; done

libraries=$(dirname "$(find "$dest/root" -name 'ld-linux-*.so.*' -path '*/lib/*' | head -n 1)")
patchelf --set-interpreter "$(ls "$libraries"/ld-linux-*.so.* | head -n 1)" --force-rpath --set-rpath "$libraries" "$dest/root/usr/bin/nvim"
printf '#!/bin/sh\nVIMRUNTIME=%s exec %s "$@"\n' "$dest/root/usr/share/nvim/runtime" "$dest/root/usr/bin/nvim" > "$dest/nvim.partial"
chmod +x "$dest/nvim.partial"
rm -rf "$apt"
"$dest/nvim.partial" --version > /dev/null
mv "$dest/nvim.partial" "$dest/nvim"
echo "$dest/nvim"
