# shellcheck shell=bash
# Where scripts/test puts the parsers that other languages use; see need_parsers in scripts/lib.sh.
parsers=${MIRRA_PARSERS:-${MIRRA_DOWNLOADS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/mirra}/parsers-1}
PATH=$parsers/bin:$PATH
