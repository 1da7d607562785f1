// Pictures and tensors as bytes in memory, pictures over the caller's pixels, and what callbacks are handed.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <thread>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> content(const std::string &path) {
    std::ifstream stream(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    const auto *first = reinterpret_cast<const std::byte *>(text.data());
    return {first, first + text.size()};
}

/// Bytes that the library gave.
struct Bytes {
    Bytes() = default;
    Bytes(const Bytes &) = delete;
    Bytes &operator=(const Bytes &) = delete;
    ~Bytes() { mirra_memory_free(data); }
    [[nodiscard]] std::vector<std::byte> copy() const {
        const auto *first = static_cast<const std::byte *>(data);
        return {first, first + size};
    }

    void *data = nullptr;
    std::size_t size = 0;
};

struct InMemory : ::testing::Test {
    Pixels<std::uint8_t> pixels{13, 9, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};

    InMemory() {
        for (std::size_t i = 0; i < pixels.samples.size(); ++i)
            pixels.samples[i] = static_cast<std::uint8_t>(i * 5);
    }
};

TEST_F(InMemory, APictureIsTheSameAsInAFile) {
    for (const char *format : {"png", "jpeg"}) {
        const std::string path = temporary(std::string("memory.") + format);
        EXPECT_OK(mirra_image_write(path.c_str(), &pixels.image, nullptr, nullptr, error));
        MIRRA_STRUCT(mirra_write_options, options);
        options.format = format;
        Bytes bytes;
        EXPECT_OK(
            mirra_image_write_memory(&pixels.image, nullptr, &options, &bytes.data, &bytes.size, error));
        EXPECT_EQ(content(path), bytes.copy());
        Picture file, memory;
        EXPECT_OK(mirra_image_read(path.c_str(), nullptr, file.out(), error));
        EXPECT_OK(mirra_image_read_memory(bytes.data, bytes.size, nullptr, memory.out(), error));
        const mirra_image one = view_of(file), other = view_of(memory);
        MIRRA_STRUCT(mirra_comparison, comparison);
        EXPECT_OK(mirra_image_compare(&one, &other, &comparison, error));
        EXPECT_EQ(80, comparison.psnr);
        MIRRA_STRUCT(mirra_picture_info, info);
        EXPECT_OK(mirra_picture_get_info(memory.get(), &info, error));
        EXPECT_STREQ(format, info.file_format);
    }
}

TEST_F(InMemory, WhatIsNoPictureIsAnErrorThatNamesTheBytes) {
    Picture picture;
    Failure failure;
    EXPECT_EQ(MIRRA_E_UNSUPPORTED,
              mirra_image_read_memory("no picture", 10, nullptr, picture.out(), failure.out()));
    EXPECT_STREQ("bytes", mirra_error_subject(failure.get()));
    EXPECT_STATUS(MIRRA_E_CORRUPT, mirra_image_read_memory(nullptr, 0, nullptr, picture.out(), error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_image_read_memory(nullptr, 1, nullptr, picture.out(), error));
    EXPECT_STATUS(MIRRA_E_LIMIT, mirra_image_read_memory("x", SIZE_MAX, nullptr, picture.out(), error));
    Bytes bytes;
    MIRRA_STRUCT(mirra_write_options, options);
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_write_memory(&pixels.image, nullptr, &options,
                                                                     &bytes.data, &bytes.size, error));
    options.format = "bmp";
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_image_write_memory(&pixels.image, nullptr, &options, &bytes.data,
                                                                &bytes.size, error));
    EXPECT_EQ(nullptr, bytes.data);
}

TEST_F(InMemory, TensorsAreTheSameAsInAFile) {
    std::vector<float> values{1, 2, 3, 4, 5, 6};
    std::int64_t shape[] = {2, 3};
    const DLTensor tensor{values.data(), {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape, nullptr, 0};
    Tensors set, read;
    EXPECT_OK(mirra_tensors_create(set.out(), error));
    EXPECT_OK(mirra_tensors_add(set.get(), "b", &tensor, error));
    EXPECT_OK(mirra_tensors_add(set.get(), "a", &tensor, error));
    const std::string path = temporary("memory.safetensors");
    EXPECT_OK(mirra_tensors_write(set.get(), path.c_str(), error));
    Bytes bytes;
    EXPECT_OK(mirra_tensors_write_memory(set.get(), &bytes.data, &bytes.size, error));
    EXPECT_EQ(content(path), bytes.copy());
    EXPECT_OK(mirra_tensors_read_memory(bytes.data, bytes.size, read.out(), error));
    EXPECT_EQ(2U, mirra_tensors_count(read.get()));
    Tensors none;
    const char rubbish[] = "\2\0\0\0\0\0\0\0{x";
    EXPECT_STATUS(MIRRA_E_CORRUPT, mirra_tensors_read_memory(rubbish, 10, none.out(), error));
    EXPECT_STATUS(MIRRA_E_LIMIT, mirra_tensors_read_memory("x", SIZE_MAX, none.out(), error));
}

TEST_F(InMemory, AViewOfTensorsSaysThatItIsReadOnlyAndACopyMayBeWritten) {
    std::vector<float> values{1, 2};
    std::int64_t shape[] = {2};
    const DLTensor tensor{values.data(), {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, shape, nullptr, 0};
    Tensors set;
    EXPECT_OK(mirra_tensors_create(set.out(), error));
    EXPECT_OK(mirra_tensors_add(set.get(), "x", &tensor, error));
    DLManagedTensorVersioned *view = nullptr;
    EXPECT_OK(mirra_tensors_get_versioned(set.get(), "x", &view, error));
    ASSERT_NE(nullptr, view);
    EXPECT_EQ(DLPACK_FLAG_BITMASK_READ_ONLY, view->flags);
    EXPECT_EQ(static_cast<std::uint32_t>(DLPACK_MAJOR_VERSION), view->version.major);
    EXPECT_EQ(1, view->dl_tensor.strides[0]);
    DLManagedTensor *copy = nullptr;
    EXPECT_OK(mirra_tensors_copy(set.get(), "x", &copy, error));
    ASSERT_NE(nullptr, copy);
    static_cast<float *>(copy->dl_tensor.data)[0] = 99;
    EXPECT_EQ(1, static_cast<const float *>(view->dl_tensor.data)[0]) << "the set's own";
    copy->deleter(copy);
    view->deleter(view);
}

TEST_F(InMemory, MetadataAreGivenAsTheyWouldBeWritten) {
    const std::vector<std::byte> profile = [] {
        std::vector<std::byte> bytes(200, std::byte{0});
        return bytes;
    }();
    pixels.image.icc = profile.data();
    pixels.image.icc_bytes = profile.size();
    Picture picture;
    EXPECT_OK(mirra_picture_wrap(&pixels.image, nullptr, nullptr, picture.out(), error));
    const void *bytes = nullptr;
    std::uint64_t size = 0;
    EXPECT_OK(mirra_picture_metadata(picture.get(), MIRRA_METADATA_ICC, &bytes, &size, error));
    ASSERT_EQ(profile.size(), size);
    EXPECT_NE(profile.data(), bytes) << "a copy";
    for (const mirra_metadata kind : {MIRRA_METADATA_EXIF, MIRRA_METADATA_XMP, MIRRA_METADATA_PHOTOSHOP}) {
        EXPECT_OK(mirra_picture_metadata(picture.get(), kind, &bytes, &size, error));
        EXPECT_EQ(nullptr, bytes);
        EXPECT_EQ(0U, size);
    }
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_picture_metadata(picture.get(), 0, &bytes, &size, error));
}

/// Counts how often it was freed.
void count(void *user) {
    ++*static_cast<std::atomic<int> *>(user);
}

TEST_F(InMemory, AWrappedPictureIsTheCallersPixels) {
    std::atomic<int> released{0};
    {
        Picture picture;
        EXPECT_OK(mirra_picture_wrap(&pixels.image, count, &released, picture.out(), error));
        const mirra_image view = view_of(picture);
        EXPECT_EQ(pixels.samples.data(), view.planes[0].data);
        EXPECT_EQ(3, view.planes[0].pixel_stride);
        EXPECT_EQ(39, view.planes[0].row_stride);
        EXPECT_EQ(0, released);
    }
    EXPECT_EQ(1, released);
    Picture none;
    pixels.image.width = 0;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_picture_wrap(&pixels.image, count, &released, none.out(), error));
    EXPECT_EQ(1, released) << "what was refused stays the caller's";
}

/// The samples of a picture over memory of the test.
struct Wrapped {
    std::vector<float> samples;
    mirra_image image{};
    Picture picture;

    explicit Wrapped(mirra_transfer transfer, std::int64_t row = 24) : samples(64, 0.25F) {
        image.struct_size = sizeof image;
        image.width = 2;
        image.height = 3;
        image.format = MIRRA_FORMAT_F32;
        image.color = MIRRA_COLOR_RGB;
        image.transfer = transfer;
        image.plane_count = 1;
        image.planes[0] = {samples.data(), 12, row};
        EXPECT_OK(mirra_picture_wrap(&image, nullptr, nullptr, picture.out(), error));
    }
    [[nodiscard]] mirra_image view() const { return view_of(picture); }
};

TEST_F(InMemory, AWrappedPictureOfLinearLightIsConvertedWhereItIs) {
    const Wrapped linear(MIRRA_TRANSFER_LINEAR, 40);
    const Wrapped encoded(MIRRA_TRANSFER_ENCODED);
    EXPECT_EQ(0, mirra_picture_same_color(linear.picture.get(), encoded.picture.get()));
    EXPECT_OK(mirra_picture_to_srgb(linear.picture.get(), error));
    EXPECT_EQ(MIRRA_TRANSFER_ENCODED, linear.view().transfer);
    EXPECT_NEAR(0.5371, linear.samples[0], 2e-3) << "0.25 on the sRGB curve";
    EXPECT_NEAR(0.5371, linear.samples[25], 2e-3) << "the last row";
    EXPECT_EQ(0.25F, linear.samples[6]) << "the gap between rows";
    EXPECT_EQ(1, mirra_picture_same_color(linear.picture.get(), encoded.picture.get()));
}

TEST_F(InMemory, NoSampleIsWrittenWhereNoneChanges) {
    const Wrapped repeated(MIRRA_TRANSFER_ENCODED, 0);
    EXPECT_OK(mirra_picture_to_srgb(repeated.picture.get(), error));
    EXPECT_EQ(0.25F, repeated.samples[0]);
    const Wrapped linear(MIRRA_TRANSFER_LINEAR, 0);
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_picture_to_srgb(linear.picture.get(), error));
    EXPECT_EQ(0.25F, linear.samples[0]);
    EXPECT_EQ(MIRRA_TRANSFER_LINEAR, linear.view().transfer);
}

TEST_F(InMemory, AViewOfAWrappedPictureIsItsDescription) {
    std::vector<std::uint8_t> memory(256);
    MIRRA_STRUCT(mirra_image, bgra);
    bgra.width = 4;
    bgra.height = 3;
    bgra.format = MIRRA_FORMAT_U8;
    bgra.color = MIRRA_COLOR_RGBA;
    bgra.alpha_mode = MIRRA_ALPHA_PREMULTIPLIED;
    bgra.plane_count = 4;
    const std::size_t offsets[] = {2, 1, 0, 3};
    for (std::size_t i = 0; i < 4; ++i) bgra.planes[i] = {memory.data() + offsets[i], 4, 20};
    Picture picture;
    EXPECT_OK(mirra_picture_wrap(&bgra, nullptr, nullptr, picture.out(), error));
    const mirra_image view = view_of(picture);
    EXPECT_EQ(MIRRA_ALPHA_PREMULTIPLIED, view.alpha_mode);
    EXPECT_EQ(4U, view.plane_count);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(bgra.planes[i].data, view.planes[i].data);
        EXPECT_EQ(20, view.planes[i].row_stride);
    }
    const void *lowest = nullptr;
    std::uint64_t bytes = 0;
    EXPECT_OK(mirra_image_extent(&view, 0, &lowest, &bytes, error));
    EXPECT_EQ(memory.data() + 2, lowest);
    EXPECT_EQ(2U * 20 + 3 * 4 + 1, bytes);
}

TEST_F(InMemory, ARunTakesPictures) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle, 4);
    Pixels<std::uint8_t> want(13, 9, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    EXPECT_OK(run(session, pixels.image, want.image, error));
    Picture in, out;
    EXPECT_OK(mirra_picture_wrap(&pixels.image, nullptr, nullptr, in.out(), error));
    EXPECT_OK(mirra_picture_create(13, 9, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB, out.out(), error));
    std::array<mirra_port_value, 2> ports{};
    for (mirra_port_value &each : ports) each.struct_size = sizeof each;
    ports[0].name = "image";
    ports[0].picture = in.get();
    ports[1].name = "output";
    ports[1].picture = out.get();
    EXPECT_OK(mirra_session_run(session.get(), ports.data(), ports.size(), nullptr, nullptr, error));
    const mirra_image view = view_of(out);
    const auto *made = static_cast<const std::uint8_t *>(view.planes[0].data);
    EXPECT_EQ(want.samples, std::vector<std::uint8_t>(made, made + want.samples.size()));
    ports[0].image = &pixels.image;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_run(session.get(), ports.data(), ports.size(), nullptr, nullptr, error));
}

/// A job whose progress waits until it is let go.
struct Slow {
    std::atomic<bool> go{false};
    std::atomic<int> freed{0}, done{0};
    std::atomic<mirra_status> status{1};

    static std::int32_t progress(void *user, const mirra_progress *) {
        while (!static_cast<Slow *>(user)->go) std::this_thread::yield();
        return 0;
    }
    static void ended(void *user, mirra_status status) {
        Slow &self = *static_cast<Slow *>(user);
        EXPECT_EQ(0, self.freed);
        self.status = status;
        ++self.done;
    }
    static void free(void *user) { ++static_cast<Slow *>(user)->freed; }

    mirra_run_options options() {
        MIRRA_STRUCT(mirra_run_options, out);
        out.progress = progress;
        out.done = ended;
        out.user = this;
        out.user_free = free;
        return out;
    }
};

TEST_F(InMemory, AJobKeepsItsPicturesUntilItIsDone) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle, 4);
    std::atomic<int> released{0};
    Slow slow;
    const mirra_run_options options = slow.options();
    Job job;
    {
        Picture picture;
        EXPECT_OK(mirra_picture_wrap(&pixels.image, count, &released, picture.out(), error));
        std::array<mirra_port_value, 2> ports{};
        for (mirra_port_value &each : ports) each.struct_size = sizeof each, each.picture = picture.get();
        ports[0].name = "image";
        ports[1].name = "output";
        EXPECT_OK(
            mirra_session_submit(session.get(), ports.data(), ports.size(), &options, job.out(), error));
    }
    EXPECT_EQ(0, released) << "the handle is gone, the job is not";
    EXPECT_STATUS(MIRRA_E_TIMEOUT, mirra_job_wait(job.get(), 0, nullptr, error));
    slow.go = true;
    EXPECT_OK(mirra_job_wait(job.get(), -1, nullptr, error));
    EXPECT_EQ(1, released) << "before the wait returns";
    job = Job();
    EXPECT_EQ(1, slow.done);
    EXPECT_EQ(MIRRA_OK, slow.status);
    EXPECT_EQ(1, slow.freed) << "once no callback follows";
}

TEST_F(InMemory, DoneTellsHowAJobEnded) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle, 4);
    const mirra_port_value ports[] = {port("image", pixels.image), port("output", pixels.image)};
    Slow slow;
    const mirra_run_options options = slow.options();
    Job job;
    EXPECT_OK(mirra_session_submit(session.get(), ports, 2, &options, job.out(), error));
    mirra_job_cancel(job.get());
    slow.go = true;
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), -1, nullptr, error));
    job = Job();
    EXPECT_EQ(MIRRA_E_CANCELLED, slow.status);
    EXPECT_EQ(1, slow.freed);
}

/// Jobs one after the other: `done` destroys its own and submits the next.
struct Chain {
    static constexpr std::size_t kJobs = 4;
    mirra_session *session = nullptr;
    std::vector<mirra_port_value> ports;
    std::array<std::atomic<mirra_job *>, kJobs> jobs{};
    std::atomic<std::size_t> submitted{0}, ended{0};

    /// A job may be done before the call that submits it returns: it waits here until its handle is known.
    static std::int32_t wait_for_handle(void *user, const mirra_progress *) {
        const Chain &self = *static_cast<Chain *>(user);
        while (self.jobs.at(self.submitted - 1) == nullptr) std::this_thread::yield();
        return 0;
    }
    static void done(void *user, mirra_status status) {
        Chain &self = *static_cast<Chain *>(user);
        EXPECT_EQ(MIRRA_OK, status);
        mirra_job *own = self.jobs.at(self.submitted - 1);
        EXPECT_EQ(MIRRA_OK, mirra_job_wait(own, 0, nullptr, nullptr));
        mirra_job_destroy(own);
        if (self.submitted < kJobs) self.submit();
        ++self.ended;
    }
    void submit() {
        MIRRA_STRUCT(mirra_run_options, options);
        options.progress = wait_for_handle;
        options.done = done;
        options.user = this;
        mirra_job *job = nullptr;
        const std::size_t index = submitted++;
        EXPECT_EQ(MIRRA_OK,
                  mirra_session_submit(session, ports.data(), ports.size(), &options, &job, nullptr));
        jobs.at(index) = job;
    }
};

TEST_F(InMemory, DoneMaySubmitTheNextJobAndDestroyItsOwn) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle, 4);
    Chain chain;
    chain.session = session.get();
    chain.ports = {port("image", pixels.image), port("output", pixels.image)};
    chain.submit();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (chain.ended < Chain::kJobs && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(Chain::kJobs, chain.ended);
}

TEST_F(InMemory, UserIsFreedOnceHoweverACallEnds) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle, 4);
    const mirra_port_value ports[] = {port("image", pixels.image), port("output", pixels.image)};
    std::atomic<int> freed{0};
    MIRRA_STRUCT(mirra_run_options, options);
    options.user = &freed;
    options.user_free = count;
    EXPECT_OK(mirra_session_run(session.get(), ports, 2, &options, nullptr, error));
    EXPECT_EQ(1, freed);
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_run(session.get(), ports, 1, &options, nullptr, error));
    EXPECT_EQ(2, freed);
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_run(nullptr, ports, 2, &options, nullptr, error));
    EXPECT_EQ(3, freed);
    Job job;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_submit(session.get(), ports, 2, &options, nullptr, error));
    EXPECT_EQ(4, freed);
    EXPECT_OK(mirra_session_submit(session.get(), ports, 2, &options, job.out(), error));
    job = Job();
    EXPECT_EQ(5, freed);
}

TEST_F(InMemory, UserIsFreedWhereOptionsAreOfANewerVersion) {
    struct Newer {
        mirra_run_options options{};
        std::uint64_t unknown = 1;
    } newer;
    std::atomic<int> freed{0};
    newer.options.struct_size = sizeof newer;
    newer.options.user = &freed;
    newer.options.user_free = count;
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle, 4);
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED,
                  mirra_session_run(session.get(), nullptr, 0, &newer.options, nullptr, error));
    EXPECT_EQ(1, freed);
}

TEST(EngineLog, HearsWhatIsAtLeastOfItsLevelAndIsFreedWithTheEngine) {
    struct Heard {
        std::atomic<int> freed{0};
        int least = MIRRA_LOG_ERROR, messages = 0;
    } heard;
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = MIRRA_TEST_PLUGINS;
    options.log = [](void *user, mirra_log_level level, const char *) {
        auto &self = *static_cast<Heard *>(user);
        self.least = std::min(self.least, level);
        ++self.messages;
    };
    options.log_user = &heard;
    options.log_user_free = [](void *user) { ++static_cast<Heard *>(user)->freed; };
    {
        Engine engine;
        EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
        EXPECT_LT(0, heard.messages);
        EXPECT_EQ(MIRRA_LOG_INFO, heard.least);
        EXPECT_EQ(0, heard.freed);
    }
    EXPECT_EQ(1, heard.freed);
    heard.messages = 0;
    options.log_level = MIRRA_LOG_ERROR;
    {
        Engine engine;
        EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
        EXPECT_EQ(0, heard.messages);
    }
    EXPECT_EQ(2, heard.freed);
    options.log_level = MIRRA_LOG_ERROR + 1;
    Engine none;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_create(&options, none.out(), error));
    EXPECT_EQ(3, heard.freed) << "also where the call fails";
}

TEST(Values, ANumberThatStandsAtATextIsNoNumber) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "auto", error));
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_OK(mirra_session_get(session.get(), "sigma", &value, error));
    EXPECT_EQ(MIRRA_TYPE_ENUM, value.type);
    EXPECT_STREQ("auto", value.text);
    EXPECT_NE(value.real, value.real) << "NaN";
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "0", error));
    EXPECT_OK(mirra_session_get(session.get(), "sigma", &value, error));
    EXPECT_EQ(MIRRA_TYPE_FLOAT, value.type);
    EXPECT_EQ(0, value.real);
}

} // namespace
} // namespace mirra::test
