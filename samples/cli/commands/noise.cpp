// mirra noise: adds noise to a picture, the same for the same seed.
#include "../checks.hpp"
#include "../command.hpp"
#include "../interrupt.hpp"
#include "../paths.hpp"
#include "../pictures.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

class NoiseCommand final : public Command {
  public:
    NoiseCommand() : Command("noise", "Adds Gaussian noise to a picture.") {}

    void declare(CLI::App &app) override {
        console_.declare(app);
        app.add_option("INPUT", input_, "A picture file.")->required();
        app.add_option("-o,--output", output_, "File for the result.")->required();
        app.add_option("--sigma", sigma_, "Standard deviation of the noise, of 255.")
            ->required()
            ->check(between(0.0, 255.0));
        app.add_option("--seed", seed_, "The same seed gives the same noise (0).");
        read_.declare(app);
        write_.declare(app, console_);
    }

    ExitCode run() override {
        DashNames(console_.json()).picture(output_, "--output");
        check_output(output_, write_);
        const Interrupt interrupt;
        const Picture source = read_picture(input_, read_.max_pixels);
        const mirra_image like = view_of(source);
        check_output(output_, write_, &like);
        const Picture noisy = copy_picture(source, output_format(like, write_));
        const mirra_image view = view_of(noisy);
        call(Phase::input, [&](mirra_error **e) { return mirra_image_add_noise(&view, sigma_, seed_, e); });
        interrupt.check();
        write_picture(output_, noisy, source.get(), write_);
        if (console_.json())
            console_.document(
                Json{{"input", input_}, {"output", output_}, {"sigma", sigma_}, {"seed", seed_}});
        console_.note(input_ + " -> " + output_ + ": sigma " + fixed(sigma_, 1));
        return ExitCode::ok;
    }

  private:
    std::string input_, output_;
    double sigma_ = 0;
    std::uint64_t seed_ = 0;
    ReadSettings read_;
    WriteSettings write_;
};

} // namespace

std::unique_ptr<Command> make_noise_command() {
    return std::make_unique<NoiseCommand>();
}

} // namespace mirra::cli
