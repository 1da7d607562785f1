// mirra completion: a script with which a shell completes commands, tasks and options.
#include "../checks.hpp"
#include "../command.hpp"
#include "../loading.hpp"
#include "../schema.hpp"

#include <CLI/CLI.hpp>

namespace mirra::cli {
namespace {

/// A command or task, and its long options.
struct Word {
    std::string name;
    std::vector<std::string> options;
    bool task = false;
};

Word word_of(Command &command, bool task) {
    Word word{command.name(), {}, task};
    for (const auto *option : command.parser().get_options())
        for (const auto &name : option->get_lnames()) word.options.push_back(name);
    return word;
}

std::vector<Word> all_words() {
    std::vector<Word> words;
    for (const auto &command : make_commands()) words.push_back(word_of(*command, false));
    for (const auto &task : read_schema(make_engine()))
        words.push_back(word_of(*make_task_command(task.name), true));
    return words;
}

/// For bash, and for zsh, which has a part of its own that runs such scripts.
std::string bash_script(const std::vector<Word> &words) {
    std::string first = "run help", tasks, cases;
    for (const Word &word : words) {
        (word.task ? tasks : first) += " " + word.name;
        cases += "    " + word.name + ") words=\"";
        for (const std::string &option : word.options) cases += " --" + option;
        cases += "\" ;;\n";
    }
    return "_mirra_words() {\n  local words current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
           "  [[ $command == run && $COMP_CWORD -gt 2 ]] && command=${COMP_WORDS[2]}\n"
           "  if ((COMP_CWORD == 1)); then words=\"" +
           first + tasks + "\"\n  elif ((COMP_CWORD == 2)) && [[ ${COMP_WORDS[1]} == run ]]; then words=\"" +
           tasks + "\"\n  elif [[ $current == -* ]]; then case $command in\n" + cases +
           "    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\n"
           "complete -o default -F _mirra_words mirra";
}

std::string fish_script(const std::vector<Word> &words) {
    std::string first = "run help", tasks, lines;
    for (const Word &word : words) {
        (word.task ? tasks : first) += " " + word.name;
        for (const std::string &option : word.options)
            lines +=
                "complete -c mirra -n '__fish_seen_subcommand_from " + word.name + "' -l " + option + "\n";
    }
    return "complete -c mirra -n __fish_use_subcommand -f -a '" + first + tasks + "'\n" +
           "complete -c mirra -n '__fish_seen_subcommand_from run' -f -a '" + tasks + "'\n" + lines;
}

class CompletionCommand final : public Command {
  public:
    CompletionCommand()
        : Command("completion", "Prints a script with which bash, zsh or fish completes words.") {}

    ExitCode run() override {
        const auto words = all_words();
        console_.block("# Completion of mirra; in bash: source <(mirra completion bash)");
        if (shell_ == "zsh") console_.result("autoload -U +X bashcompinit && bashcompinit");
        console_.block(shell_ == "fish" ? fish_script(words) : bash_script(words));
        return ExitCode::ok;
    }

  private:
    void declare(CLI::App &app) override {
        app.add_option("SHELL", shell_, "bash, zsh or fish.")
            ->required()
            ->check(one_of({"bash", "zsh", "fish"}));
    }

    std::string shell_;
};

} // namespace

std::unique_ptr<Command> make_completion_command() {
    return std::make_unique<CompletionCommand>();
}

} // namespace mirra::cli
