// mirra devices: what networks can run on.
#include "../devices.hpp"
#include "../command.hpp"
#include "../loading.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

class DevicesCommand final : public Command {
  public:
    DevicesCommand() : Command("devices", "Lists the devices, and why one cannot be used.") {}

    void declare(CLI::App &app) override { console_.declare_json(app); }

    ExitCode run() override {
        const Engine engine = make_engine();
        const Json devices = devices_json(engine);
        if (console_.json()) {
            console_.document(Json{{"devices", devices}});
            return ExitCode::ok;
        }
        for (const auto &device : devices) console_.result(device_line(device));
        return ExitCode::ok;
    }
};

} // namespace

std::unique_ptr<Command> make_devices_command() {
    return std::make_unique<DevicesCommand>();
}

} // namespace mirra::cli
