# Completion of mirra in fish, with the tasks of all plugins that are installed.
mirra completion fish | source
