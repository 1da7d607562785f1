# Completion of mirra-train in fish: commands and options as its own help has them.
function __mirra_train_words
    set -l given (commandline -opc | string match --invert -- '-*')
    mirra-train $given[2..-1] --help 2>/dev/null | awk '
        /^Subcommands:/ { commands = 1 }
        commands && /^  [a-z]/ { print $1 }
        /^  (-[a-zA-Z],)?--/ { sub(/^  (-[a-zA-Z],)?/, ""); sub(/[ =,].*/, ""); print }'
end
complete -c mirra-train -a '(__mirra_train_words)'
