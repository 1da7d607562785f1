// Lays out and draws contact sheets.
#include "sheet.hpp"

#include "font.hpp"
#include "pictures.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace mirra::cli {
namespace {

constexpr int kGap = 12;
constexpr int kTextScale = 2;
constexpr int kTextHeight = kGlyphHeight * kTextScale;
constexpr int kCaptionHeight = kTextHeight + kGap;
constexpr std::int64_t kMaxPixels = 1 << 28;
constexpr double kPaper = 1.0;
constexpr double kInk = 0.1;

using Rgb = std::array<double, 3>;

/// A pixel as it looks on white paper.
Rgb pixel(const mirra_image &image, int x, int y) {
    const bool gray = image.color < MIRRA_COLOR_RGB;
    const bool has_alpha = image.color == MIRRA_COLOR_GRAY_ALPHA || image.color == MIRRA_COLOR_RGBA;
    const double alpha = has_alpha ? sample(image, x, y, image.color - 1) : 1.0;
    Rgb out{};
    for (int c = 0; c < 3; ++c) {
        const double value = sample(image, x, y, gray ? 0 : c);
        const double covered = image.alpha_mode == MIRRA_ALPHA_PREMULTIPLIED ? value : value * alpha;
        out[static_cast<std::size_t>(c)] = covered + kPaper * (1 - alpha);
    }
    return out;
}

void put(const mirra_image &sheet, int x, int y, const Rgb &color) {
    for (int c = 0; c < 3; ++c) set_sample(sheet, x, y, c, color[static_cast<std::size_t>(c)]);
}

/// Mean of a block of `step` times `step` pixels.
Rgb block_mean(const mirra_image &image, int x0, int y0, int step) {
    Rgb sum{};
    int count = 0;
    for (int y = y0; y < std::min(y0 + step, image.height); ++y)
        for (int x = x0; x < std::min(x0 + step, image.width); ++x, ++count) {
            const Rgb value = pixel(image, x, y);
            for (std::size_t c = 0; c < 3; ++c) sum[c] += value[c];
        }
    for (auto &value : sum) value /= count;
    return sum;
}

void draw_reduced(const mirra_image &sheet, int left, int top, const mirra_image &image, int step) {
    for (int y = 0; y * step < image.height; ++y)
        for (int x = 0; x * step < image.width; ++x)
            put(sheet, left + x, top + y, block_mean(image, x * step, y * step, step));
}

/// Where a detail of `size` pixels begins, so that it lies inside of `extent`.
int detail_begin(int centre, int size, int extent) {
    return std::clamp(centre - size / 2, 0, std::max(0, extent - size));
}

void draw_detail(const mirra_image &sheet, int left, int top, const mirra_image &image,
                 const SheetSettings &settings, int width, int height) {
    const auto [cx, cy] = settings.detail.value_or(std::pair(image.width / 2, image.height / 2));
    const int x0 = detail_begin(cx, width, image.width);
    const int y0 = detail_begin(cy, height, image.height);
    const int factor = settings.zoom_factor;
    for (int y = 0; y < std::min(height, image.height) * factor; ++y)
        for (int x = 0; x < std::min(width, image.width) * factor; ++x)
            put(sheet, left + x, top + y, pixel(image, x0 + x / factor, y0 + y / factor));
}

/// One line of text, cut off at `width` pixels.
void draw_text(const mirra_image &sheet, int left, int top, const std::string &text, int width) {
    const auto fitting = static_cast<std::size_t>(std::max(1, width / (kGlyphWidth * kTextScale)));
    const std::string shown = text.size() <= fitting ? text : text.substr(0, fitting - 1) + "~";
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const Glyph &glyph = glyph_of(shown[i]);
        for (int y = 0; y < kTextHeight; ++y)
            for (int x = 0; x < kGlyphWidth * kTextScale; ++x)
                if ((glyph[static_cast<std::size_t>(y / kTextScale)] & (0x80 >> (x / kTextScale))) != 0)
                    put(sheet, left + static_cast<int>(i) * kGlyphWidth * kTextScale + x, top + y,
                        {kInk, kInk, kInk});
    }
}

/// Sizes of the parts of a sheet, in its pixels.
struct Layout {
    int step;                        ///< picture pixels for one of the sheet
    int cell_width, cell_height;     ///< of a picture
    int detail_width, detail_height; ///< in picture pixels; 0: no such row
    std::int64_t width, height;      ///< of the sheet
};

Layout lay_out(std::span<const mirra_image> images, const SheetSettings &settings) {
    int width = 1;
    int height = 1;
    for (const auto &image : images) {
        width = std::max(width, image.width);
        height = std::max(height, image.height);
    }
    Layout out{};
    out.step = std::max(1, (width + settings.cell_width - 1) / settings.cell_width);
    constexpr int kMinimumCell = 16 * kGlyphWidth * kTextScale;
    out.cell_width = std::max((width + out.step - 1) / out.step, kMinimumCell);
    out.cell_height = (height + out.step - 1) / out.step;
    if (settings.zoom) {
        out.detail_width = std::max(1, std::min(width, out.cell_width / settings.zoom_factor));
        out.detail_height =
            std::min({height, out.detail_width, std::max(1, out.cell_height / settings.zoom_factor)});
    }
    const int detail = settings.zoom ? out.detail_height * settings.zoom_factor + kGap : 0;
    out.width = kGap + static_cast<std::int64_t>(images.size()) * (out.cell_width + kGap);
    out.height = static_cast<std::int64_t>(kGap) + out.cell_height + kCaptionHeight + detail + kGap;
    if (out.width * out.height > kMaxPixels)
        throw Failure(ExitCode::input, "the sheet would be too large", "sheet", "put fewer pictures on it");
    return out;
}

void fill(const mirra_image &sheet) {
    for (int y = 0; y < sheet.height; ++y)
        for (int x = 0; x < sheet.width; ++x) put(sheet, x, y, {kPaper, kPaper, kPaper});
}

} // namespace

std::pair<int, int> sheet_size(std::span<const mirra_image> images, const SheetSettings &settings) {
    const Layout layout = lay_out(images, settings);
    return {static_cast<int>(layout.width), static_cast<int>(layout.height)};
}

Picture make_sheet(std::span<const SheetEntry> entries, const SheetSettings &settings) {
    const Picture &first = *entries[0].picture;
    const bool same = std::ranges::all_of(
        entries, [&](const SheetEntry &each) { return comparable(first, *each.picture); });
    std::vector<Picture> converted;
    std::vector<mirra_image> images;
    for (const auto &entry : entries) {
        if (!same) converted.push_back(srgb_copy(*entry.picture));
        images.push_back(view_of(same ? *entry.picture : converted.back()));
    }
    const Layout layout = lay_out(images, settings);
    Picture picture = make_picture(static_cast<int>(layout.width), static_cast<int>(layout.height),
                                   MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    const Picture &colors = same ? first : converted.front();
    const mirra_image described = view_of(colors);
    // A profile of gray that could not be converted is none of a sheet, which is in colours.
    if (described.color >= MIRRA_COLOR_RGB || described.icc == nullptr) copy_color(picture, colors);
    const mirra_image sheet = view_of(picture);
    fill(sheet);
    for (std::size_t i = 0; i < images.size(); ++i) {
        const int left = kGap + static_cast<int>(i) * (layout.cell_width + kGap);
        const int caption = kGap + layout.cell_height + kGap / 2;
        draw_reduced(sheet, left, kGap, images[i], layout.step);
        draw_text(sheet, left, caption, entries[i].label, layout.cell_width);
        if (settings.zoom)
            draw_detail(sheet, left, caption + kTextHeight + kGap / 2, images[i], settings,
                        layout.detail_width, layout.detail_height);
    }
    return picture;
}

} // namespace mirra::cli
