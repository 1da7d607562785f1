# shellcheck shell=bash
# Shared by test and bench: the SDK and the JDK.

[[ -n ${MIRRA_PREFIX:-} && -e $MIRRA_PREFIX/include/mirra/mirra.h ]] ||
    die "set MIRRA_PREFIX to a folder where Mirra is installed"

# java_version JDK: its major version, or 0.
java_version() {
    local version
    version=$("$1/bin/javac" -version 2>/dev/null) || version="javac 0"
    version=${version#javac }
    say "${version%%[.-]*}"
}

# Sets JAVA_HOME to the newest JDK that is new enough.
need_jdk() {
    local jdk best=21
    for jdk in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*/; do
        if (($(java_version "$jdk") > best)); then
            best=$(java_version "$jdk")
            export JAVA_HOME=${jdk%/}
        fi
    done
    ((best > 21)) || die "JDK 22 or newer is needed: set JAVA_HOME to one (https://adoptium.net has them)"
}

need_jdk
