# shellcheck shell=bash
# New Debian systems in folders, for tests that root runs. Needs scripts/lib.sh.

# Where this system gets Debian from.
debian_mirror() {
    local found
    found=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb  *\([^[ ]*\) .*/\1/p' /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null |
        awk '/\/debian\/*$/ && !found {print; found = 1}') || true
    say "${found:-http://deb.debian.org/debian}"
}

# new_debian SUITE FOLDER: a bare system, with this system's proxies.
new_debian() {
    local suite=$1 folder=$2 file
    need_packages debootstrap
    say "making a bare $suite"
    rm -rf --one-file-system "$folder"
    run_logged "debootstrap-$suite" "debootstrap failed; check the network" debootstrap --variant=minbase "$suite" "$folder" "$(debian_mirror)"
    for file in /etc/apt/apt.conf.d/*proxy*; do
        [[ ! -f $file ]] || cp "$file" "$folder/etc/apt/apt.conf.d/"
    done
    echo force-unsafe-io >"$folder/etc/dpkg/dpkg.cfg.d/unsafe-io"
}
