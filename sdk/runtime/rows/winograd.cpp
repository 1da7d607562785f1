// A part is some tiles of 4x4 values. Their windows of 6x6 are transformed into 36 matrices {tile, input},
// which are multiplied by the weight's and transformed back. All of a part stays in a core's second cache.
#include "runtime/rows/winograd.hpp"

#include "runtime/rows/vectors.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mirra::runtime {
namespace {

constexpr std::int64_t kSide = 4, kWindow = 6, kProducts = kWindow * kWindow;
constexpr std::int64_t kTiles = 24; ///< of a part; a multiple of the rows of all kernels
constexpr float kA = 0.75F, kB = 1.5F;
constexpr float kA2 = kA * kA, kB2 = kB * kB;

constexpr std::int64_t kMostLanes = kLanes<Wide>;

constexpr std::int64_t round_up(std::int64_t value, std::int64_t step) {
    return (value + step - 1) / step * step;
}

/// Values between two of the 36 matrices. Not a multiple of 4 KiB, where all would meet in one set of a
/// cache.
constexpr std::int64_t matrix(std::int64_t channels) {
    constexpr std::int64_t kPage = 1024;
    const auto values = kTiles * round_up(channels, kMostLanes);
    return values % kPage == 0 ? values + kMostLanes : values;
}

/// What the kernels of a part have in common, in values.
struct Sizes {
    std::int64_t inputs, outputs;
    std::int64_t lanes; ///< of a vector
    std::int64_t in_row = round_up(inputs, lanes), out_row = round_up(outputs, lanes);
    std::int64_t in_matrix = matrix(inputs), out_matrix = matrix(outputs);
};

/// Vectors side by side that a kernel of products computes at a time, and the rows that fill the registers
/// then.
template<class V> struct Panels;
template<> struct Panels<Wide> {
    static constexpr std::int64_t kRows[] = {0, 12, 12, 8};
    static std::int64_t width(std::int64_t all, std::int64_t at) {
        return all % 3 == 0 ? 3 : std::min<std::int64_t>(2, all - at);
    }
};
template<> struct Panels<Narrow> {
    static constexpr std::int64_t kRows[] = {0, 12, 6};
    static std::int64_t width(std::int64_t all, std::int64_t at) {
        return std::min<std::int64_t>(2, all - at);
    }
};

/// B^T d of a row or column of a window. @param step  between the results
template<class V> MIRRA_INLINE void transform_input(const V *d, V *result, std::int64_t step) {
    const V even_a = d[4] - kB2 * d[2], odd_a = kA * (d[3] - kB2 * d[1]);
    const V even_b = d[4] - kA2 * d[2], odd_b = kB * (d[3] - kA2 * d[1]);
    result[0] = kA2 * kB2 * d[0] - (kA2 + kB2) * d[2] + d[4];
    result[step] = even_a + odd_a;
    result[2 * step] = even_a - odd_a;
    result[3 * step] = even_b + odd_b;
    result[4 * step] = even_b - odd_b;
    result[5 * step] = kA2 * kB2 * d[1] - (kA2 + kB2) * d[3] + d[5];
}

/// A^T m of a row or column of products.
template<class V> MIRRA_INLINE void transform_output(const V *m, V *result, std::int64_t step) {
    const V sum_a = m[1] + m[2], difference_a = m[1] - m[2];
    const V sum_b = m[3] + m[4], difference_b = m[3] - m[4];
    result[0] = m[0] + sum_a + sum_b;
    result[step] = kA * difference_a + kB * difference_b;
    result[2 * step] = kA2 * sum_a + kB2 * sum_b;
    result[3 * step] = kA2 * kA * difference_a + kB2 * kB * difference_b + m[5];
}

/// A window of 6x6 pixels into its row of the 36 matrices. What lies beside the picture is zero.
/// @param whole  nothing of the window lies there
template<class V, bool whole>
MIRRA_INLINE void read_window(const WinogradPictures &picture, const Sizes &sizes, std::int64_t top,
                              std::int64_t left, float *matrices) {
    const auto pitch = picture.width * sizes.inputs;
    const auto inside = [](std::int64_t at, std::int64_t extent) { return at >= 0 && at < extent; };
    const float *corner = picture.in + top * pitch + left * sizes.inputs;
    for (std::int64_t c = 0; c < sizes.inputs; c += kLanes<V>) {
        V half[kWindow][kWindow];
        MIRRA_UNROLLED
        for (std::int64_t x = 0; x < kWindow; ++x) {
            V line[kWindow];
            MIRRA_UNROLLED
            for (std::int64_t y = 0; y < kWindow; ++y)
                if (whole || (inside(left + x, picture.width) && inside(top + y, picture.height)))
                    load(line[y], corner + y * pitch + x * sizes.inputs + c, sizes.inputs - c);
                else
                    line[y] = V{};
            transform_input(line, &half[0][x], kWindow);
        }
        MIRRA_UNROLLED
        for (std::int64_t y = 0; y < kWindow; ++y) {
            V line[kWindow];
            transform_input(half[y], line, 1);
            MIRRA_UNROLLED
            for (std::int64_t x = 0; x < kWindow; ++x)
                store(matrices + (y * kWindow + x) * sizes.in_matrix + c, line[x]);
        }
    }
}

/// Values of the result at `at`, of `count` channels that are left.
template<class V>
MIRRA_INLINE void finish(V &value, const WinogradPictures &picture, std::int64_t at, std::int64_t count) {
    if (picture.addend != nullptr) {
        V addend;
        load(addend, picture.addend + at, count);
        value += addend;
    }
    if (picture.relu) Compared<V>::cut_negative(value);
    if (count >= kLanes<V>)
        store(picture.out + at, value);
    else
        std::memcpy(picture.out + at, &value, static_cast<std::size_t>(count) * sizeof(float));
}

/// A tile's row of the 36 matrices of products into 4x4 values of the result, or those that are in the
/// picture.
/// @param whole  all of them are
template<class V, bool whole>
MIRRA_INLINE void write_tile(const WinogradPictures &picture, const Sizes &sizes, const float *bias,
                             std::int64_t top, std::int64_t left, const float *matrices) {
    for (std::int64_t c = 0; c < sizes.outputs; c += kLanes<V>) {
        V half[kSide][kWindow], offset;
        MIRRA_UNROLLED
        for (std::int64_t x = 0; x < kWindow; ++x) {
            V line[kWindow];
            MIRRA_UNROLLED
            for (std::int64_t y = 0; y < kWindow; ++y)
                load(line[y], matrices + (y * kWindow + x) * sizes.out_matrix + c);
            transform_output(line, &half[0][x], kWindow);
        }
        load(offset, bias + c);
        MIRRA_UNROLLED
        for (std::int64_t y = 0; y < kSide; ++y) {
            V line[kSide];
            transform_output(half[y], line, 1);
            MIRRA_UNROLLED
            for (std::int64_t x = 0; x < kSide; ++x) {
                if (!whole && (top + y >= picture.height || left + x >= picture.width)) continue;
                line[x] += offset;
                finish(line[x], picture, ((top + y) * picture.width + left + x) * sizes.outputs + c,
                       sizes.outputs - c);
            }
        }
    }
}

/// So many rows of a product, and so many vectors of each: {rows, depth} by a panel {depth, width}.
template<class V, int rows, int width>
MIRRA_INLINE void multiply(const float *a, std::int64_t a_row, const float *panel, std::int64_t depth,
                           float *result, std::int64_t result_row) {
    V sums[rows][width] = {};
    for (std::int64_t k = 0; k < depth; ++k) {
        V weights[width];
        for (int v = 0; v < width; ++v) load(weights[v], panel + (k * width + v) * kLanes<V>);
#pragma GCC unroll 12
        for (int row = 0; row < rows; ++row)
#pragma GCC unroll 3
            for (int v = 0; v < width; ++v) sums[row][v] += a[row * a_row + k] * weights[v];
    }
    for (int row = 0; row < rows; ++row)
        for (int v = 0; v < width; ++v) store(result + row * result_row + v * kLanes<V>, sums[row][v]);
}

template<class V, int width>
MIRRA_INLINE void multiply_panel(const Sizes &sizes, const float *a, const float *panel, float *result,
                                 std::int64_t tiles) {
    constexpr int kRows = Panels<V>::kRows[width];
    for (std::int64_t row = 0; row < tiles; row += kRows)
        multiply<V, kRows, width>(a + row * sizes.in_row, sizes.in_row, panel, sizes.inputs,
                                  result + row * sizes.out_row, sizes.out_row);
}

template<class V>
MIRRA_INLINE void multiply_all(const Sizes &sizes, const float *weight, const float *in, float *out,
                               std::int64_t tiles) {
    const auto vectors = sizes.out_row / kLanes<V>;
    for (std::int64_t product = 0; product < kProducts; ++product) {
        const float *a = in + product * sizes.in_matrix;
        float *result = out + product * sizes.out_matrix;
        std::int64_t width = 0;
        for (std::int64_t at = 0; at < vectors; at += width) {
            width = Panels<V>::width(vectors, at);
            float *place = result + at * kLanes<V>;
            if (width == 1) multiply_panel<V, 1>(sizes, a, weight, place, tiles);
            if (width == 2) multiply_panel<V, 2>(sizes, a, weight, place, tiles);
            if constexpr (std::size(Panels<V>::kRows) > 3)
                if (width == 3) multiply_panel<V, 3>(sizes, a, weight, place, tiles);
            weight += sizes.inputs * width * kLanes<V>;
        }
    }
}

struct Part {
    WinogradPictures picture;
    Sizes sizes;
    const float *weight, *bias;
    std::int64_t index;
    float *scratch;
};

template<class V> MIRRA_INLINE void run_part(const Part &part) {
    const auto [picture, sizes, weight, bias, index, in] = part;
    const auto across = (picture.width + kSide - 1) / kSide, down = (picture.height + kSide - 1) / kSide;
    const auto first = index * kTiles, tiles = std::min(kTiles, across * down - first);
    float *out = in + kProducts * sizes.in_matrix;
    for (std::int64_t i = 0; i < tiles; ++i) {
        const auto top = (first + i) / across * kSide - 1, left = (first + i) % across * kSide - 1;
        const bool whole =
            top >= 0 && left >= 0 && top + kWindow <= picture.height && left + kWindow <= picture.width;
        if (whole)
            read_window<V, true>(picture, sizes, top, left, in + i * sizes.in_row);
        else
            read_window<V, false>(picture, sizes, top, left, in + i * sizes.in_row);
    }
    for (std::int64_t i = 0; i < kProducts && tiles < kTiles; ++i)
        std::fill_n(in + i * sizes.in_matrix + tiles * sizes.in_row, (kTiles - tiles) * sizes.in_row, 0.0F);
    multiply_all<V>(sizes, weight, in, out, tiles);
    for (std::int64_t i = 0; i < tiles; ++i) {
        const auto top = (first + i) / across * kSide, left = (first + i) % across * kSide;
        if (top + kSide <= picture.height && left + kSide <= picture.width)
            write_tile<V, true>(picture, sizes, bias, top, left, out + i * sizes.out_row);
        else
            write_tile<V, false>(picture, sizes, bias, top, left, out + i * sizes.out_row);
    }
}

MIRRA_FOR("x86-64-v4") void run_wide(const Part &part) {
    run_part<Wide>(part);
}
MIRRA_FOR("x86-64-v3") void run_narrow(const Part &part) {
    run_part<Narrow>(part);
}

std::int64_t lanes() {
    return static_cast<std::int64_t>(vector_bytes() / sizeof(float));
}

/// G w G^T of one kernel. Row p of G is (1, p, p^2) over the product of p's distances to the other points.
std::array<double, kProducts> transform_weight(const float *weight) {
    const double a = kA, b = kB, near = 2 * a * a * (a * a - b * b), far = 2 * b * b * (b * b - a * a);
    const double g[kWindow][3] = {{1 / (a * a * b * b), 0, 0},         {1 / near, a / near, a * a / near},
                                  {1 / near, -a / near, a * a / near}, {1 / far, b / far, b * b / far},
                                  {1 / far, -b / far, b * b / far},    {0, 0, 1}};
    double half[kWindow][3];
    for (std::int64_t y = 0; y < kWindow; ++y)
        for (std::int64_t x = 0; x < 3; ++x)
            half[y][x] = g[y][0] * static_cast<double>(weight[x]) +
                         g[y][1] * static_cast<double>(weight[3 + x]) +
                         g[y][2] * static_cast<double>(weight[6 + x]);
    std::array<double, kProducts> made{};
    for (std::int64_t y = 0; y < kWindow; ++y)
        for (std::int64_t x = 0; x < kWindow; ++x)
            made[static_cast<std::size_t>(y * kWindow + x)] =
                half[y][0] * g[x][0] + half[y][1] * g[x][1] + half[y][2] * g[x][2];
    return made;
}

/// Where the panel of an output begins, in vectors, and how wide it is.
template<class V> std::pair<std::int64_t, std::int64_t> panel_of(std::int64_t vector, std::int64_t vectors) {
    std::int64_t at = 0;
    while (at + Panels<V>::width(vectors, at) <= vector) at += Panels<V>::width(vectors, at);
    return {at, Panels<V>::width(vectors, at)};
}

template<class V> void pack(std::span<const float> weight, const Sizes &sizes, std::vector<float> &packed) {
    const auto vectors = sizes.out_row / kLanes<V>, matrix = sizes.inputs * sizes.out_row;
    for (std::int64_t o = 0; o < sizes.outputs; ++o) {
        const auto [at, width] = panel_of<V>(o / kLanes<V>, vectors);
        float *to = packed.data() + at * kLanes<V> * sizes.inputs + o - at * kLanes<V>;
        for (std::int64_t i = 0; i < sizes.inputs; ++i) {
            const auto made = transform_weight(weight.data() + (o * sizes.inputs + i) * 9);
            for (std::int64_t product = 0; product < kProducts; ++product)
                to[product * matrix + i * width * kLanes<V>] =
                    static_cast<float>(made[static_cast<std::size_t>(product)]);
        }
    }
}

} // namespace

bool WinogradFilter::supported() {
    return vector_bytes() > 0;
}

bool WinogradFilter::pays(std::int64_t height, std::int64_t width) {
    constexpr std::int64_t kLeastTiles = 32;
    return ((height + kSide - 1) / kSide) * ((width + kSide - 1) / kSide) >= kLeastTiles;
}

std::uint64_t WinogradFilter::weight_bytes(std::int64_t inputs, std::int64_t outputs) {
    return static_cast<std::uint64_t>(kProducts * inputs * round_up(outputs, kMostLanes)) * sizeof(float);
}

std::int64_t WinogradFilter::scratch(std::int64_t inputs, std::int64_t outputs) {
    return kProducts * (matrix(inputs) + matrix(outputs));
}

WinogradFilter::WinogradFilter(std::span<const float> weight, std::span<const float> bias,
                               std::int64_t inputs, std::int64_t outputs)
    : inputs_(inputs)
    , outputs_(outputs)
    , weight_(weight_bytes(inputs, outputs) / sizeof(float))
    , bias_(bias.begin(), bias.end()) {
    bias_.resize(static_cast<std::size_t>(round_up(outputs, kMostLanes)));
    const Sizes sizes{inputs, outputs, lanes()};
    if (vector_bytes() == sizeof(Wide))
        pack<Wide>(weight, sizes, weight_);
    else
        pack<Narrow>(weight, sizes, weight_);
}

std::int64_t WinogradFilter::parts(std::int64_t height, std::int64_t width) {
    const auto tiles = ((height + kSide - 1) / kSide) * ((width + kSide - 1) / kSide);
    return (tiles + kTiles - 1) / kTiles;
}

void WinogradFilter::run(const WinogradPictures &pictures, std::int64_t part, float *scratch) const {
    const auto of_picture = parts(pictures.height, pictures.width);
    const auto pixels = part / of_picture * pictures.height * pictures.width;
    WinogradPictures one = pictures;
    one.in += pixels * inputs_;
    one.out += pixels * outputs_;
    if (one.addend != nullptr) one.addend += pixels * outputs_;
    const Sizes sizes{inputs_, outputs_, lanes()};
    const Part wanted{one, sizes, weight_.data(), bias_.data(), part % of_picture, scratch};
    if (vector_bytes() == sizeof(Wide))
        run_wide(wanted);
    else
        run_narrow(wanted);
}

} // namespace mirra::runtime
