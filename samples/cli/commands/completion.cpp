// mirra completion: a script with which a shell completes commands, tasks and options.
#include "../checks.hpp"
#include "../command.hpp"
#include "../loading.hpp"
#include "../schema.hpp"

namespace mirra::cli {
namespace {

/// All long options of a command, as its parser knows them.
std::string options_of(Command &command) {
    const auto app = make_parser(command);
    std::string out;
    for (const auto *option : app->get_options())
        for (const auto &name : option->get_lnames()) out += " --" + name;
    return out;
}

class CompletionCommand final : public Command {
  public:
    CompletionCommand() : Command("completion", "Prints a completion script for bash or zsh.") {}

    void declare(CLI::App &app) override {
        app.add_option("SHELL", shell_, "bash or zsh.")->required()->check(one_of({"bash", "zsh"}));
    }

    ExitCode run() override {
        std::string words = "run help";
        std::string tasks;
        std::string cases;
        for (const auto &command : make_commands()) {
            words += " " + command->name();
            cases += "    " + command->name() + ") words=\"" + options_of(*command) + "\" ;;\n";
        }
        for (const auto &task : read_schema(make_engine())) {
            tasks += " " + task.name;
            cases +=
                "    " + task.name + ") words=\"" + options_of(*make_task_command(task.name)) + "\" ;;\n";
        }
        if (shell_ == "zsh") console_.result("autoload -U +X bashcompinit && bashcompinit");
        console_.block(
            "# Completion of mirra; in bash: source <(mirra completion bash)\n"
            "_mirra() {\n  local words current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
            "  [[ $command == run && $COMP_CWORD -gt 2 ]] && command=${COMP_WORDS[2]}\n"
            "  if ((COMP_CWORD == 1)); then words=\"" +
            words + tasks + "\"\n  elif ((COMP_CWORD == 2)) && [[ ${COMP_WORDS[1]} == run ]]; then words=\"" +
            tasks + "\"\n  elif [[ $current == -* ]]; then case $command in\n" + cases +
            "    esac\n  fi\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\n"
            "complete -o default -F _mirra mirra");
        return ExitCode::ok;
    }

  private:
    std::string shell_;
};

} // namespace

std::unique_ptr<Command> make_completion_command() {
    return std::make_unique<CompletionCommand>();
}

} // namespace mirra::cli
