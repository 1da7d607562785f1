// Runs on images in a GPU's memory, over a driver whose memory nobody reaches but copies and kernels.
#include "gpus_support.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <sstream>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template<class Function> Function *symbol(const char *library, const char *name) {
    void *const handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
    EXPECT_NE(handle, nullptr) << library;
    return reinterpret_cast<Function *>(dlsym(handle, name));
}

/// Memory of a GPU, which the test itself reaches by these functions alone.
class GpuMemory {
  public:
    explicit GpuMemory(std::size_t bytes, int gpu = 0, bool managed = false)
        : memory_(symbol<void *(std::size_t, int, int)>(kDriver, "fake_cuda_allocate")(bytes, gpu,
                                                                                       managed ? 1 : 0))
        , bytes_(bytes) {}
    GpuMemory(const GpuMemory &) = delete;
    GpuMemory &operator=(const GpuMemory &) = delete;
    ~GpuMemory() { symbol<void(void *)>(kDriver, "fake_cuda_free")(memory_); }

    [[nodiscard]] std::byte *get() const { return static_cast<std::byte *>(memory_); }
    void write(const std::vector<std::byte> &bytes) const {
        opened([&] { std::memcpy(memory_, bytes.data(), bytes.size()); });
    }
    [[nodiscard]] std::vector<std::byte> read() const {
        std::vector<std::byte> bytes(bytes_);
        opened([&] { std::memcpy(bytes.data(), memory_, bytes_); });
        return bytes;
    }

  private:
    static constexpr const char *kDriver = "libcuda.so.1";
    template<class Body> static void opened(const Body &body) {
        symbol<void()>(kDriver, "fake_cuda_open")();
        body();
        symbol<void()>(kDriver, "fake_cuda_close")();
    }

    void *memory_;
    std::size_t bytes_;
};

/// How an image lies in memory.
struct Layout {
    const char *name;
    mirra_format format;
    mirra_color color;
    bool planar = false;
    int gap = 0;       ///< bytes behind each row
    int pixel_gap = 0; ///< bytes behind each pixel
    bool upside_down = false;
    mirra_alpha_mode alpha = MIRRA_ALPHA_STRAIGHT;
    mirra_transfer transfer = MIRRA_TRANSFER_ENCODED;

    [[nodiscard]] int sample() const {
        return format == MIRRA_FORMAT_U8 ? 1 : format == MIRRA_FORMAT_F32 ? 4 : 2;
    }
    [[nodiscard]] int pixel() const { return sample() * (planar ? 1 : color) + pixel_gap; }
    [[nodiscard]] int row(int width) const { return width * pixel() + gap; }
    [[nodiscard]] std::size_t bytes(int width, int height) const {
        return static_cast<std::size_t>(row(width)) * static_cast<std::size_t>(height) *
               static_cast<std::size_t>(planar ? color : 1);
    }
    [[nodiscard]] mirra_image image(std::byte *memory, int width, int height) const {
        MIRRA_STRUCT(mirra_image, out);
        out.width = width;
        out.height = height;
        out.format = format;
        out.color = color;
        out.alpha_mode = alpha;
        out.transfer = transfer;
        out.plane_count = planar ? static_cast<std::uint32_t>(color) : 1U;
        const std::int64_t plane = std::int64_t{row(width)} * height;
        for (std::uint32_t i = 0; i < out.plane_count; ++i)
            out.planes[i] = {memory + i * plane + (upside_down ? plane - row(width) : 0), pixel(),
                             upside_down ? -row(width) : row(width)};
        return out;
    }
};

constexpr Layout kLayouts[] = {
    {"u8", MIRRA_FORMAT_U8, MIRRA_COLOR_RGB},
    {"u16 planes", MIRRA_FORMAT_U16, MIRRA_COLOR_RGB, true, 6},
    {"f32 gray", MIRRA_FORMAT_F32, MIRRA_COLOR_GRAY, false, 12},
    {"f16 upside down", MIRRA_FORMAT_F16, MIRRA_COLOR_RGB, false, 8, 2, true},
    {"u16 swapped", MIRRA_FORMAT_U16_SWAPPED, MIRRA_COLOR_RGB},
    {"u8 with a gap", MIRRA_FORMAT_U8, MIRRA_COLOR_RGB, false, 3, 1},
    {"u8 alpha", MIRRA_FORMAT_U8, MIRRA_COLOR_RGBA, false, 5},
    {"u16 premultiplied planes", MIRRA_FORMAT_U16, MIRRA_COLOR_RGBA, true, 0, 0, false,
     MIRRA_ALPHA_PREMULTIPLIED},
    {"f32 linear gray alpha", MIRRA_FORMAT_F32, MIRRA_COLOR_GRAY_ALPHA, false, 0, 0, false,
     MIRRA_ALPHA_STRAIGHT, MIRRA_TRANSFER_LINEAR},
};

/// Samples of a picture; alpha is above 0 unless pixels are to be hidden.
std::vector<std::byte> random_bytes(const Layout &layout, int width, int height, bool hidden = false) {
    std::vector<std::byte> bytes(layout.bytes(width, height));
    std::mt19937 random(7);
    for (std::byte &each : bytes) each = static_cast<std::byte>(random() % 200 + 40);
    const mirra_image image = layout.image(bytes.data(), width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < layout.color; ++c) {
                const mirra_plane &plane = image.planes[layout.planar ? c : 0];
                auto *const at = static_cast<std::byte *>(plane.data) + y * plane.row_stride +
                                 x * plane.pixel_stride + (layout.planar ? 0 : c * layout.sample());
                const bool alpha = layout.color % 2 == 0 && c == layout.color - 1;
                if (layout.format == MIRRA_FORMAT_F32) {
                    const float value = static_cast<float>(random() % 1000 + 1) / 1001.0F;
                    std::memcpy(at, &value, sizeof(value));
                } else if (layout.format == MIRRA_FORMAT_F16) {
                    const auto value = static_cast<std::uint16_t>(0x3000 + random() % 0x0b00);
                    std::memcpy(at, &value, sizeof(value));
                }
                if (alpha && hidden && (x + y) % 3 == 0)
                    std::memset(at, 0, static_cast<std::size_t>(layout.sample()));
            }
    return bytes;
}

std::vector<std::string> lines_of(const std::string &text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

class GpuImages : public Gpus {
  protected:
    static constexpr int kWidth = 70, kHeight = 55;

    /// What was put on streams since the last call.
    static std::string notes() {
        std::string text;
        symbol<void(void (*)(void *, const char *), void *)>(MIRRA_TEST_CUDA_KERNELS_FILE, "twin_notes")(
            [](void *user, const char *taken) { *static_cast<std::string *>(user) = taken; }, &text);
        return text;
    }
    static std::size_t count_of(const std::string &text, const std::string &what) {
        return static_cast<std::size_t>(std::ranges::count_if(
            lines_of(text), [&](const std::string &line) { return line.starts_with(what); }));
    }
    static mirra_image on(mirra_image image, const char *device, void *stream = nullptr) {
        image.device = device;
        image.stream = stream;
        return image;
    }
    Session tiled(const char *device, int tile_size, std::uint64_t limit = 0) {
        mirra_session_options given = options(device);
        given.tile_size = tile_size;
        given.memory_limit = limit;
        Session made;
        EXPECT_OK(mirra_session_create(engine_.get(), &given, made.out(), error));
        EXPECT_OK(mirra_session_set_text(made.get(), "sigma", "25.5", error));
        return made;
    }
    /// What the session says to a run on these.
    static std::string refused(const Session &session, const mirra_image &in, const mirra_image &out,
                               mirra_status status) {
        Failure failure;
        EXPECT_EQ(run(session, in, out, failure.out()), status) << message(failure);
        return message(failure);
    }
};

TEST_F(GpuImages, AreReadAndWrittenWhereTheyLie) {
    const Session session = tiled("cuda:1", 48);
    for (const Layout &layout : kLayouts) {
        const auto bytes = random_bytes(layout, kWidth, kHeight);
        auto in = bytes;
        std::vector<std::byte> wanted(bytes.size(), std::byte{0x5a});
        EXPECT_OK(run(session, layout.image(in.data(), kWidth, kHeight),
                      layout.image(wanted.data(), kWidth, kHeight), error));
        const GpuMemory from(bytes.size(), 1), to(bytes.size(), 1);
        from.write(bytes);
        to.write(std::vector<std::byte>(bytes.size(), std::byte{0x5a}));
        notes();
        EXPECT_OK(run(session, on(layout.image(from.get(), kWidth, kHeight), "cuda:1"),
                      on(layout.image(to.get(), kWidth, kHeight), "cuda:1"), error));
        EXPECT_EQ(to.read(), wanted) << layout.name;
        EXPECT_EQ(from.read(), bytes) << layout.name;
        const std::string done = notes();
        EXPECT_GT(count_of(done, "gather"), 3U) << layout.name;
        EXPECT_EQ(count_of(done, "scatter"), count_of(done, "gather")) << layout.name;
        EXPECT_EQ(count_of(done, "up"), 0U) << layout.name;
        EXPECT_EQ(count_of(done, "down") > 0, layout.color % 2 == 0) << layout.name << ": alpha is looked at";
    }
}

TEST_F(GpuImages, ComeAfterWhatTheirStreamsHadAndHaveEndedWithTheRun) {
    const Session session = tiled("cuda:0", 0);
    const Layout layout = kLayouts[0];
    const GpuMemory from(layout.bytes(kWidth, kHeight)), to(layout.bytes(kWidth, kHeight));
    int input_stream = 0, output_stream = 0;
    notes();
    EXPECT_OK(run(session, on(layout.image(from.get(), kWidth, kHeight), "cuda:0", &input_stream),
                  on(layout.image(to.get(), kWidth, kHeight), "cuda:0", &output_stream), error));
    const auto lines = lines_of(notes());
    const auto fence_on = [&](const void *stream) {
        const std::string end = " on " + std::to_string(reinterpret_cast<std::uintptr_t>(stream));
        for (const std::string &line : lines)
            if (line.starts_with("mark ") && line.ends_with(end))
                return line.substr(5, line.size() - 5 - end.size());
        return std::string("none");
    };
    const auto place_of = [&](const std::string &line) {
        return std::ranges::find(lines, line) - lines.begin();
    };
    const auto gather = place_of("gather on 0"), scatter = place_of("scatter on 0");
    ASSERT_LT(scatter, std::ssize(lines));
    for (const void *stream : {&input_stream, &output_stream}) {
        EXPECT_LT(place_of("0 waits for " + fence_on(stream)), gather);
        EXPECT_LT(place_of("mark " + fence_on(stream) + " on " +
                           std::to_string(reinterpret_cast<std::uintptr_t>(stream))),
                  2)
            << "at once, before anything is done";
    }
    const std::string last = lines[static_cast<std::size_t>(scatter) + 1];
    ASSERT_THAT(last, HasSubstr(" on 0"));
    const std::string fence = last.substr(5, last.find(' ', 5) - 5);
    EXPECT_GT(place_of("thread waits for " + fence), scatter);
    EXPECT_LT(place_of("thread waits for " + fence), std::ssize(lines));
}

TEST_F(GpuImages, MayBeOneOfTwo) {
    const Session session = tiled("cuda:0", 40);
    const Layout layout = kLayouts[1];
    auto bytes = random_bytes(layout, kWidth, kHeight);
    std::vector<std::byte> wanted(bytes.size()), found(bytes.size());
    const mirra_image input = layout.image(bytes.data(), kWidth, kHeight);
    EXPECT_OK(run(session, input, layout.image(wanted.data(), kWidth, kHeight), error));
    const GpuMemory from(bytes.size()), to(bytes.size());
    from.write(bytes);
    EXPECT_OK(run(session, on(layout.image(from.get(), kWidth, kHeight), "cuda:0"),
                  layout.image(found.data(), kWidth, kHeight), error));
    EXPECT_EQ(found, wanted);
    EXPECT_OK(run(session, input, on(layout.image(to.get(), kWidth, kHeight), "cuda:0"), error));
    EXPECT_EQ(to.read(), wanted);
}

TEST_F(GpuImages, WhatTheProcessorMustSeeIsCopied) {
    for (const bool in_place : {false, true}) {
        for (const Layout &layout : {kLayouts[0], kLayouts[6], kLayouts[7]}) {
            const Session session = tiled("cuda:0", 40);
            EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "auto", error));
            auto bytes = random_bytes(layout, kWidth, kHeight, true);
            const GpuMemory from(bytes.size()), to(bytes.size());
            from.write(bytes);
            to.write(std::vector<std::byte>(bytes.size()));
            std::vector<std::byte> wanted(in_place ? bytes : std::vector<std::byte>(bytes.size()));
            EXPECT_OK(run(session, layout.image(in_place ? wanted.data() : bytes.data(), kWidth, kHeight),
                          layout.image(wanted.data(), kWidth, kHeight), error));
            const mirra_image input = on(layout.image(from.get(), kWidth, kHeight), "cuda:0");
            EXPECT_OK(run(session, input,
                          in_place ? input : on(layout.image(to.get(), kWidth, kHeight), "cuda:0"), error));
            EXPECT_EQ((in_place ? from : to).read(), wanted) << layout.name << in_place;
        }
    }
}

TEST_F(GpuImages, PartsAndReducedOnesAreTheSame) {
    const Session session = tiled("cuda:0", 40);
    const Layout layout = kLayouts[0];
    auto bytes = random_bytes(layout, kWidth, kHeight);
    const GpuMemory from(bytes.size()), to(bytes.size());
    from.write(bytes);
    MIRRA_STRUCT(mirra_rect, rect);
    rect.x = 11;
    rect.y = 7;
    rect.width = 30;
    rect.height = 20;
    for (const bool part : {true, false}) {
        MIRRA_STRUCT(mirra_run_options, how);
        how.region = part ? &rect : nullptr;
        how.scale = part ? 0 : 0.5;
        const int width = part ? 30 : 35, height = part ? 20 : 28;
        std::vector<std::byte> wanted(layout.bytes(width, height));
        EXPECT_OK(run(session, layout.image(bytes.data(), kWidth, kHeight),
                      layout.image(wanted.data(), width, height), error, &how));
        EXPECT_OK(run(session, on(layout.image(from.get(), kWidth, kHeight), "cuda:0"),
                      on(layout.image(to.get(), width, height), "cuda:0"), error, &how));
        auto found = to.read();
        found.resize(wanted.size());
        EXPECT_EQ(found, wanted) << part;
    }
}

TEST_F(GpuImages, TilesAreToldOfWithTheirDeviceWhenTheyAreThere) {
    const Session session = tiled("cuda:0", 40);
    for (const Layout &layout : {kLayouts[0], kLayouts[6]}) {
        const auto bytes = random_bytes(layout, kWidth, kHeight, true);
        const GpuMemory from(bytes.size()), to(bytes.size());
        from.write(bytes);
        struct Seen {
            const GpuMemory &memory;
            std::string device;
            std::int64_t pixels = 0;
            static std::int32_t callback(void *user, const mirra_rect *rect, const mirra_image *pixels) {
                auto &own = *static_cast<Seen *>(user);
                own.device = pixels->device == nullptr ? "none" : pixels->device;
                own.pixels += rect->width * rect->height;
                const auto at = static_cast<std::byte *>(pixels->planes[0].data) - own.memory.get();
                EXPECT_GT(own.memory.read()[static_cast<std::size_t>(at)], std::byte{0});
                return 0;
            }
        } seen{to, ""};
        MIRRA_STRUCT(mirra_run_options, how);
        how.tile = Seen::callback;
        how.user = &seen;
        EXPECT_OK(run(session, on(layout.image(from.get(), kWidth, kHeight), "cuda:0"),
                      on(layout.image(to.get(), kWidth, kHeight), "cuda:0"), error, &how));
        EXPECT_EQ(seen.device, "cuda:0");
        EXPECT_EQ(seen.pixels, kWidth * kHeight);
    }
}

TEST_F(GpuImages, MustLieOnTheSessionsDevice) {
    const Layout layout = kLayouts[0];
    std::vector<std::byte> bytes(layout.bytes(kWidth, kHeight));
    const GpuMemory zero(bytes.size(), 0), one(bytes.size(), 1);
    const mirra_image host = layout.image(bytes.data(), kWidth, kHeight),
                      first = on(layout.image(zero.get(), kWidth, kHeight), "cuda:0"),
                      second = on(layout.image(one.get(), kWidth, kHeight), "cuda:1");
    EXPECT_THAT(refused(tiled("cpu", 0), first, host, MIRRA_E_MISMATCH),
                HasSubstr("image: its pixels are in the memory of cuda:0, and the session computes on cpu"));
    EXPECT_THAT(
        refused(tiled("cuda:0", 0), host, second, MIRRA_E_MISMATCH),
        HasSubstr("output: its pixels are in the memory of cuda:1, and the session computes on cuda:0"));
    EXPECT_THAT(refused(tiled("cuda:all", 0), first, second, MIRRA_E_MISMATCH),
                HasSubstr("those of 'image' in that of cuda:0"));
    EXPECT_THAT(refused(tiled("cuda:0,2", 0), second, host, MIRRA_E_MISMATCH), HasSubstr("cuda:0, cuda:2"));
}

TEST_F(GpuImages, MustBeWhatTheySay) {
    const Layout layout = kLayouts[0];
    std::vector<std::byte> bytes(layout.bytes(kWidth, kHeight)), out(bytes.size());
    const GpuMemory there(bytes.size()), other(bytes.size(), 1), managed(bytes.size(), 0, true);
    const Session session = tiled("cuda:0", 0);
    const mirra_image output = layout.image(out.data(), kWidth, kHeight);
    EXPECT_THAT(refused(session, on(layout.image(bytes.data(), kWidth, kHeight), "cuda:0"), output,
                        MIRRA_E_INVALID_ARGUMENT),
                HasSubstr("not in the memory of cuda:0, but in the processor's | image | Leave device NULL"));
    EXPECT_THAT(refused(session, on(layout.image(other.get(), kWidth, kHeight), "cuda:0"), output,
                        MIRRA_E_INVALID_ARGUMENT),
                HasSubstr("not in the memory of cuda:0, but in that of cuda:1"));
    EXPECT_THAT(
        refused(session, layout.image(there.get(), kWidth, kHeight), output, MIRRA_E_INVALID_ARGUMENT),
        HasSubstr("its pixels are in the memory of cuda:0 | image | State that in mirra_image.device"));
    EXPECT_THAT(refused(session, on(layout.image(there.get() + bytes.size() / 2, kWidth, kHeight), "cuda:0"),
                        output, MIRRA_E_INVALID_ARGUMENT),
                HasSubstr("but in the processor's"))
        << "it reaches beyond";
    EXPECT_OK(run(session, on(layout.image(managed.get(), kWidth, kHeight), "cuda:0"), output, error));
    EXPECT_OK(run(session, layout.image(managed.get(), kWidth, kHeight), output, error));
    const Layout wide = kLayouts[2];
    const GpuMemory odd(wide.bytes(8, 8) + 4);
    EXPECT_THAT(refused(session, on(wide.image(odd.get() + 2, 8, 8), "cuda:0"),
                        on(wide.image(odd.get(), 8, 8), "cuda:0"), MIRRA_E_UNSUPPORTED),
                HasSubstr("must lie at multiples of their size, 4 bytes"));
}

TEST_F(GpuImages, DoNotCrossIntoAnotherProcess) {
    MIRRA_STRUCT(mirra_engine_options, engine_options);
    engine_options.flags = MIRRA_PLUGIN_PATH_ONLY | MIRRA_ISOLATION_PROCESS;
    engine_options.plugin_path = MIRRA_TEST_PLUGINS;
    engine_options.runtime_module = MIRRA_TEST_RUNTIME;
    EXPECT_OK(mirra_engine_create(&engine_options, engine_.out(), error));
    const Session session = tiled("cpu", 0);
    const Layout layout = kLayouts[0];
    std::vector<std::byte> out(layout.bytes(8, 8));
    const GpuMemory in(out.size());
    EXPECT_THAT(refused(session, on(layout.image(in.get(), 8, 8), "cuda:0"), layout.image(out.data(), 8, 8),
                        MIRRA_E_UNSUPPORTED),
                HasSubstr("do not cross into the process"));
}

TEST_F(GpuImages, ChooseTheGpuOfSeveral) {
    setenv("MIRRA_FAKE_DELAY_MS", "30", 1);
    const Session all = session("cuda:all");
    const Layout layout = kLayouts[0];
    const GpuMemory from(layout.bytes(kWidth, kHeight), 2), to(layout.bytes(kWidth, kHeight), 2);
    const mirra_image in = on(layout.image(from.get(), kWidth, kHeight), "cuda:2"),
                      out = on(layout.image(to.get(), kWidth, kHeight), "cuda:2");
    for (int i = 0; i < 3; ++i) {
        Result result;
        EXPECT_OK(run(all, in, out, error, nullptr, result.out()));
        MIRRA_STRUCT(mirra_result_info, info);
        EXPECT_OK(mirra_result_get_info(result.get(), &info, error));
        EXPECT_STREQ(info.device, "cuda:2");
    }
    setenv("MIRRA_FAKE_LOST", "cuda:2", 1);
    EXPECT_THAT(refused(all, in, out, MIRRA_E_DEVICE), HasSubstr("it has fallen off the bus"));
    EXPECT_THAT(refused(all, in, out, MIRRA_E_DEVICE),
                HasSubstr("the GPU of the run's images has failed: cuda:2: "));
}

TEST_F(GpuImages, TakeNoMemoryOnTheirWay) {
    const Layout layout = kLayouts[0];
    constexpr int kSide = 600;
    std::vector<std::byte> bytes(layout.bytes(kSide, kSide)), out(bytes.size());
    const GpuMemory from(bytes.size()), to(bytes.size());
    const auto tiles = [&](const mirra_image &input, const mirra_image &output) {
        const Session limited = tiled("cuda:0", 0, std::uint64_t{124} << 20);
        Result result;
        EXPECT_OK(run(limited, input, output, error, nullptr, result.out()));
        MIRRA_STRUCT(mirra_result_info, info);
        EXPECT_OK(mirra_result_get_info(result.get(), &info, error));
        return info.tile_count;
    };
    const mirra_image host = layout.image(bytes.data(), kSide, kSide),
                      made = layout.image(out.data(), kSide, kSide);
    const mirra_image there = on(layout.image(from.get(), kSide, kSide), "cuda:0"),
                      written = on(layout.image(to.get(), kSide, kSide), "cuda:0");
    EXPECT_LT(tiles(there, written), tiles(there, made));
    EXPECT_LT(tiles(there, made), tiles(host, made));
}

TEST_F(GpuImages, TensorsOnAGpuAreCopied) {
    std::vector<float> values(24);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    const GpuMemory there(values.size() * sizeof(float), 1);
    const auto bytes = std::as_bytes(std::span(values));
    there.write({bytes.begin(), bytes.end()});
    std::int64_t shape[] = {3, 4}, strides[] = {-8, 2}; // rows from the last one on, every other value
    DLTensor tensor{};
    tensor.data = there.get() + 16 * sizeof(float);
    tensor.device = {kDLCUDA, 1};
    tensor.dtype = {kDLFloat, 32, 1};
    tensor.ndim = 2;
    tensor.shape = shape;
    tensor.strides = strides;
    Tensors set;
    EXPECT_OK(mirra_tensors_create(set.out(), error));
    for (const DLDeviceType type : {kDLCUDA, kDLCUDAManaged}) {
        tensor.device.device_type = type;
        EXPECT_OK(mirra_tensors_add(set.get(), "a", &tensor, error));
        DLManagedTensorVersioned *found = nullptr;
        EXPECT_OK(mirra_tensors_get_versioned(set.get(), "a", &found, error));
        const auto *copied = static_cast<const float *>(found->dl_tensor.data);
        EXPECT_EQ(std::vector<float>(copied, copied + 12),
                  (std::vector<float>{16, 18, 20, 22, 8, 10, 12, 14, 0, 2, 4, 6}));
        found->deleter(found);
    }
    for (const auto &[data, number] : {std::pair<void *, int>(there.get(), 0), {values.data(), 1}}) {
        DLTensor wrong = tensor;
        wrong.data = data;
        wrong.device.device_id = number;
        wrong.strides = nullptr;
        EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_tensors_add(set.get(), "b", &wrong, error));
    }
    strides[0] = std::int64_t{1} << 26;
    EXPECT_STATUS(MIRRA_E_LIMIT, mirra_tensors_add(set.get(), "b", &tensor, error));
    tensor.device.device_type = kDLVulkan;
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_tensors_add(set.get(), "b", &tensor, error));
    strides[0] = 4;
    tensor.data = values.data();
    tensor.device.device_type = kDLCUDAHost; // pinned memory of the processor
    EXPECT_OK(mirra_tensors_add(set.get(), "b", &tensor, error));
}

TEST_F(GpuImages, AStreamThatFailsIsAnErrorOfTheDevice) {
    const Session session = tiled("cuda:0", 0);
    const Layout layout = kLayouts[0];
    const GpuMemory from(layout.bytes(8, 8)), to(layout.bytes(8, 8));
    const mirra_image in = on(layout.image(from.get(), 8, 8), "cuda:0"),
                      out = on(layout.image(to.get(), 8, 8), "cuda:0");
    setenv("MIRRA_FAKE_STREAM_LOST", "1", 1);
    EXPECT_THAT(refused(session, in, out, MIRRA_E_DEVICE), HasSubstr("the device failed"));
    Job job;
    Failure failure;
    const mirra_port_value ports[] = {port("image", in), port("output", out)};
    EXPECT_EQ(mirra_session_submit(session.get(), ports, 2, nullptr, job.out(), failure.out()),
              MIRRA_E_DEVICE);
    unsetenv("MIRRA_FAKE_STREAM_LOST");
    EXPECT_OK(run(session, in, out, error));
}

} // namespace
} // namespace mirra::test
