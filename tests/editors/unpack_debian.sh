# Sourced: unpack_debian FOLDER PACKAGE PROGRAM unpacks a package of Debian's forky with all it needs into FOLDER/root, from the
# system's own mirror, which neither the system's sources nor its package database learn of, and makes FOLDER/root/PROGRAM run
# with the libraries beside it. Needs apt, dpkg-deb and patchelf; no root.
unpack_debian() {
    local dest=$1 package=$2 program=$3 site apt keyring libraries
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
    APT_CONFIG="$apt/apt.conf" apt-get -qq update
    APT_CONFIG="$apt/apt.conf" apt-get -qq -y -d install "$package"
    for archive in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$archive" "$dest/root"; done
    libraries=$(dirname "$(find "$dest/root" -name 'ld-linux-*.so.*' -path '*/lib/*' | head -n 1)")
    patchelf --set-interpreter "$(ls "$libraries"/ld-linux-*.so.* | head -n 1)" --force-rpath --set-rpath "$libraries" "$dest/root/$program"
    rm -rf "$apt"
}
