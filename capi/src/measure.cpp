// Noise and quality of images.
#include "handles.hpp"

#include "noise.hpp"
#include "pixels.hpp"

#include <cmath>
#include <limits>

namespace {

using namespace mirra;
using namespace mirra::capi;

constexpr double kUnits = 255;
constexpr std::int32_t kSmallestForSsim = 11;

void add_noise(const image::ImageView &view, double sigma, std::uint64_t seed) {
    const int channels = view.color_channels();
    std::vector<float> pixels(static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.height) *
                              static_cast<std::size_t>(channels));
    const image::Rect all{0, 0, view.width, view.height};
    image::gather(view, all, pixels, channels);
    image::add_gaussian_noise(pixels, sigma / kUnits, seed, true);
    image::scatter({pixels, view.width, view.height, channels}, 0, 0, view, all);
}

} // namespace

extern "C" {

mirra_status mirra_image_add_noise(const mirra_image *image, double sigma, uint64_t seed,
                                   mirra_error **error) {
    return guard(error, [&] {
        if (!std::isfinite(sigma) || sigma < 0) {
            throw Error(ErrorCode::invalid_argument,
                        "sigma is " + std::to_string(sigma) + ", and must be a number of at least 0", "sigma",
                        "Give it in units of 1/255.");
        }
        const image::ImageView view = to_view(image, "image");
        host::check_writable(view, "image");
        add_noise(view, sigma, seed);
    });
}

mirra_status mirra_image_estimate_noise(const mirra_image *image, double *sigma, mirra_error **error) {
    return guard(error, [&] {
        required(sigma, "sigma");
        *sigma = host::estimate_noise_level(to_view(image, "image"));
    });
}

mirra_status mirra_image_compare(const mirra_image *a, const mirra_image *b, mirra_comparison *comparison,
                                 mirra_error **error) {
    return guard(error, [&] {
        check_struct(comparison, "comparison");
        const image::ImageView first = to_view(a, "a");
        const image::ImageView second = to_view(b, "b");
        if (first.transfer != second.transfer) {
            throw Error(ErrorCode::mismatch, "one image is linear light, the other is not", "b",
                        "Bring both to the same curve.");
        }
        mirra_comparison out{};
        out.psnr = image::psnr(image::ConstImageView(first), image::ConstImageView(second));
        const bool small = first.width < kSmallestForSsim || first.height < kSmallestForSsim;
        out.ssim = small ? std::numeric_limits<double>::quiet_NaN()
                         : image::ssim(image::ConstImageView(first), image::ConstImageView(second));
        write_struct(comparison, out);
    });
}
}
