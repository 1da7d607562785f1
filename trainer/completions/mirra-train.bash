# Completion of mirra-train in bash: commands and options as its own help has them.
_mirra_train() {
    local word words=() current=${COMP_WORDS[COMP_CWORD]}
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == [a-z]* ]] || break
        words+=("$word")
    done
    words=$("${COMP_WORDS[0]}" "${words[@]}" --help 2>/dev/null | awk '
        /^Subcommands:/ { commands = 1 }
        commands && /^  [a-z]/ { print $1 }
        /^  (-[a-zA-Z],)?--/ { sub(/^  (-[a-zA-Z],)?/, ""); sub(/[ =,].*/, ""); print }')
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _mirra_train mirra-train
