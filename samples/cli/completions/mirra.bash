# Completion of mirra in bash, with the tasks of all plugins that are installed.
source <(mirra completion bash)
