// mirra compare: how much two pictures differ.
#include "../command.hpp"
#include "../handles.hpp"

#include <cmath>

namespace mirra::cli {
namespace {

class CompareCommand final : public Command {
  public:
    CompareCommand() : Command("compare", "Prints PSNR and SSIM of two pictures of one size.") {}

    void declare(CLI::App &app) override {
        console_.declare_json(app);
        app.add_option("A", a_, "A PNG or JPEG file.")->required();
        app.add_option("B", b_, "Another of the same size.")->required();
    }

    ExitCode run() override {
        const Picture a = read_picture(a_);
        const Picture b = read_picture(b_);
        const mirra_image view_a = view_of(a);
        const mirra_image view_b = view_of(b);
        const auto result = get<mirra_comparison>(Phase::input, [&](mirra_comparison *out, mirra_error **e) {
            return mirra_image_compare(&view_a, &view_b, out, e);
        });
        if (console_.json()) {
            console_.document(Json{{"a", a_},
                                   {"b", b_},
                                   {"equal", std::isinf(result.psnr)},
                                   {"psnr", number(result.psnr)},
                                   {"ssim", number(result.ssim)}});
        } else {
            console_.result("PSNR " + fixed(result.psnr, 2) + " dB");
            console_.result("SSIM " + (std::isnan(result.ssim) ? "none (smaller than 11 pixels)"
                                                               : fixed(result.ssim, 4)));
        }
        return ExitCode::ok;
    }

  private:
    /// JSON has neither infinity (equal pictures) nor NaN (SSIM of a tiny picture).
    static Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

    std::string a_, b_;
};

} // namespace

std::unique_ptr<Command> make_compare_command() {
    return std::make_unique<CompareCommand>();
}

} // namespace mirra::cli
