// mirra compare: how much two pictures differ.
#include "../command.hpp"
#include "../handles.hpp"
#include "../pictures.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

class CompareCommand final : public Command {
  public:
    CompareCommand() : Command("compare", "Prints PSNR and SSIM of two pictures of one size.") {}

    void declare(CLI::App &app) override {
        console_.declare_json(app);
        read_.declare(app);
        app.add_option("A", a_, "A picture file.")->required();
        app.add_option("B", b_, "Another of the same size.")->required();
    }

    ExitCode run() override {
        Picture a = read_picture(a_, read_.max_pixels);
        Picture b = read_picture(b_, read_.max_pixels);
        if (mirra_picture_same_color(a.get(), b.get()) == 0) {
            a = srgb_copy(a);
            b = srgb_copy(b);
        }
        const mirra_image view_a = view_of(a);
        const mirra_image view_b = view_of(b);
        const auto result = get<mirra_comparison>(Phase::input, [&](mirra_comparison *out, mirra_error **e) {
            return mirra_image_compare(&view_a, &view_b, out, e);
        });
        const bool same_alpha = same(view_a, view_b, kAlpha, kAlpha);
        if (console_.json()) {
            console_.document(Json{{"a", a_},
                                   {"b", b_},
                                   {"equal", same_alpha && same(view_a, view_b, 0, kAlpha - 1)},
                                   {"equal_alpha", same_alpha},
                                   {"psnr", number(result.psnr)},
                                   {"ssim", number(result.ssim)}});
        } else {
            console_.result("PSNR " + fixed(result.psnr, 2) + " dB");
            console_.result("SSIM " + (std::isnan(result.ssim) ? "none (smaller than 11 pixels)"
                                                               : fixed(result.ssim, 4)));
            if (!same_alpha) console_.result("the transparency differs, which neither counts");
        }
        return ExitCode::ok;
    }

  private:
    static constexpr std::int32_t kAlpha = 3;

    /// A sample of RGBA: gray stands for three equal ones, no alpha for an opaque one.
    static double value(const mirra_image &image, std::int32_t x, std::int32_t y, std::int32_t channel) {
        const bool gray = image.color < MIRRA_COLOR_RGB;
        if (channel < kAlpha) return sample(image, x, y, gray ? 0 : channel);
        const bool alpha = image.color == MIRRA_COLOR_GRAY_ALPHA || image.color == MIRRA_COLOR_RGBA;
        return alpha ? sample(image, x, y, image.color - 1) : 1.0;
    }

    /// Are all samples of these channels the same? The first difference decides.
    static bool same(const mirra_image &a, const mirra_image &b, std::int32_t first, std::int32_t last) {
        for (std::int32_t y = 0; y < a.height; ++y)
            for (std::int32_t x = 0; x < a.width; ++x)
                for (std::int32_t c = first; c <= last; ++c)
                    if (value(a, x, y, c) != value(b, x, y, c)) return false;
        return true;
    }

    /// JSON has neither infinity nor NaN (SSIM of a tiny picture).
    static Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

    std::string a_, b_;
    ReadSettings read_;
};

} // namespace

std::unique_ptr<Command> make_compare_command() {
    return std::make_unique<CompareCommand>();
}

} // namespace mirra::cli
