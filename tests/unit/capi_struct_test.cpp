// The struct_size rule, NULL rules, errors.
#include "c_struct.hpp"
#include "capi_test_support.hpp"
#include "throws.hpp"

#include <gmock/gmock.h>

#include <cstring>

namespace mirra::test {
namespace {

/// A struct that has grown since version 1.0, by `later`.
struct Grown {
    std::uint32_t struct_size;
    std::uint32_t flags;
    const char *later;
};

} // namespace
} // namespace mirra::test

template<>
inline constexpr std::uint32_t mirra::host::least_size<mirra::test::Grown> =
    offsetof(mirra::test::Grown, later);

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

/// mirra_run_options as a later version might have it.
struct Newer {
    mirra_read_options known;
    std::uint64_t unknown;
};

TEST(CapiStruct, AZeroTailOfANewerStructIsFine) {
    Newer options{};
    options.known.struct_size = sizeof(Newer);
    Picture picture;
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_image_read("/nowhere.png", &options.known, picture.out(), error));
}

TEST(CapiStruct, ANonZeroTailIsRefused) {
    Newer options{};
    options.known.struct_size = sizeof(Newer);
    options.unknown = 1;
    Picture picture;
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED,
                  mirra_image_read("/nowhere.png", &options.known, picture.out(), error));
}

/// Where the compiler does not see which size it is.
[[gnu::noinline]] void write(Grown *target, const Grown &value) {
    host::write_struct(target, value);
}

TEST(CapiStruct, AMissingTailIsTheDefault) {
    Grown older{offsetof(Grown, later), 3, reinterpret_cast<const char *>(1)}; // which must not be read
    const Grown read = host::read_struct(&older, "options");
    EXPECT_EQ(3U, read.flags);
    EXPECT_EQ(nullptr, read.later);

    write(&older, {.struct_size = 0, .flags = 4, .later = "text"});
    EXPECT_EQ(4U, older.flags);
    EXPECT_EQ(reinterpret_cast<const char *>(1), older.later);
    EXPECT_EQ(offsetof(Grown, later), older.struct_size);
}

/// What it says of a struct of this size.
template<class Struct> std::string complaint(std::uint32_t size) {
    Struct given{};
    given.struct_size = size;
    try {
        host::check_struct(&given, "given");
        return "";
    } catch (const Error &error) {
        EXPECT_EQ(ErrorCode::invalid_argument, error.code());
        EXPECT_EQ("given", error.subject());
        return error.what();
    }
}

TEST(CapiStruct, ASizeBelowThatOfVersionOneIsRefused) {
    EXPECT_EQ("given.struct_size is 0, the struct has at least 8 bytes", complaint<Grown>(0));
    EXPECT_EQ("given.struct_size is 7, the struct has at least 8 bytes", complaint<Grown>(7));
    EXPECT_EQ("", complaint<Grown>(8));
    EXPECT_EQ("given.struct_size is 12, no multiple of 8", complaint<Grown>(12));
    EXPECT_EQ("given.struct_size is 65544, more than any struct has", complaint<Grown>(65544));
    EXPECT_EQ("given.struct_size is 8, the struct has at least " + std::to_string(sizeof(mirra_value)) +
                  " bytes",
              complaint<mirra_value>(8));
    EXPECT_EQ("", complaint<mirra_value>(sizeof(mirra_value)));
}

TEST(CapiStruct, NothingIsAnsweredInAStructThatIsTooSmall) {
    const Engine engine = make_engine();
    mirra_device_info info{};
    info.struct_size = 8;
    Failure failure;
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, mirra_engine_device(engine.get(), 0, &info, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("info.struct_size is 8, the struct has at least "));
    EXPECT_EQ(0, info.usable);
}

TEST(CapiStruct, AForgottenSizeIsRefused) {
    mirra_engine_options options{};
    Engine engine;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_create(&options, engine.out(), error));
    EXPECT_EQ(nullptr, engine.get());
    mirra_device_info info{};
    engine = make_engine();
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_device(engine.get(), 0, &info, error));
}

TEST(CapiStruct, ASizeThatCutsAPointerInTwoIsRefused) {
    mirra_engine_options options{};
    options.struct_size = offsetof(mirra_engine_options, plugin_path) + sizeof(void *) / 2;
    options.plugin_path = "/nowhere";
    Engine engine;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_create(&options, engine.out(), error));
    engine = make_engine();
    mirra_device_info info{};
    info.struct_size = offsetof(mirra_device_info, id) + sizeof(void *) / 2;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_device(engine.get(), 0, &info, error));
}

TEST(CapiStruct, OutputsAreFilledAsFarAsTheyGo) {
    struct {
        mirra_device_info info;
        std::uint64_t beyond;
    } larger{};
    larger.info.struct_size = sizeof(larger);
    larger.beyond = 77;
    const Engine engine = make_engine();
    EXPECT_OK(mirra_engine_device(engine.get(), 0, &larger.info, error));
    EXPECT_EQ(0U, larger.beyond);
    EXPECT_STREQ("cpu", larger.info.id);
}

TEST(CapiStruct, ArraysGoByTheirStructSize) {
    struct Wider {
        mirra_port_value value;
        std::uint64_t more;
    };
    Wider two[2] = {};
    for (int i = 0; i < 2; ++i) {
        two[i].value.struct_size = sizeof(Wider);
        two[i].value.name = i == 0 ? "first" : "second";
    }
    const auto read = host::read_array(&two[0].value, 2, "values");
    ASSERT_EQ(2U, read.size());
    EXPECT_STREQ("second", read[1].name);
    two[1].value.struct_size = 3;
    EXPECT_THAT([&] { static_cast<void>(host::read_array(&two[0].value, 2, "values")); },
                mirra::test::throws_error(ErrorCode::invalid_argument,
                                          "values[1].struct_size is 3, that of values[0] is " +
                                              std::to_string(sizeof(Wider)) + " (values[1])"));
    two[0].value.struct_size = 5;
    EXPECT_THAT([&] { static_cast<void>(host::read_array(&two[0].value, 2, "values")); },
                mirra::test::throws_error(ErrorCode::invalid_argument,
                                          "values[0].struct_size is 5, the struct has at least " +
                                              std::to_string(sizeof(mirra_port_value)) +
                                              " bytes (values[0])"));
}

TEST(CapiStruct, NullIsRefusedEverywhereAndDestroyTakesIt) {
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_create(nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_task(nullptr, 0, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_param(nullptr, nullptr, 0, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_runtime(nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_find_bundle(nullptr, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_bundle_open(nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_bundle_open_memory(nullptr, 4, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_bundle_get_info(nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_bundle_graph(nullptr, 0, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_read(nullptr, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_image_write("/tmp/x.png", nullptr, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_picture_view(nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_add_noise(nullptr, 1, 1, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_compare(nullptr, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_estimate_noise(nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_tensors_create(nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_tensors_add(nullptr, "x", nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_tensors_get_versioned(nullptr, "x", nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_graph_run(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_create(nullptr, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_set(nullptr, "x", nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_plan(nullptr, 1, 1, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_run(nullptr, nullptr, 0, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_submit(nullptr, nullptr, 0, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_job_poll(nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_job_wait(nullptr, 0, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_result_get_info(nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_cancel_create(nullptr, error));
    EXPECT_EQ(0U, mirra_engine_task_count(nullptr));
    EXPECT_EQ(0U, mirra_engine_device_count(nullptr));
    EXPECT_EQ(0, mirra_cancel_requested(nullptr));
    EXPECT_EQ(nullptr, mirra_tensors_name(nullptr, 0));
    EXPECT_STREQ("", mirra_engine_schema_json(nullptr));
    EXPECT_STREQ("", mirra_error_message(nullptr));
    EXPECT_EQ(MIRRA_OK, mirra_error_code(nullptr));
    mirra_cancel_request(nullptr);
    mirra_job_cancel(nullptr);
    mirra_string_free(nullptr);
    char *text = nullptr;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_text_printable(nullptr, &text, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_text_printable("x", nullptr, error));
}

TEST(CapiStruct, ErrorsMayBeLeftOut) {
    mirra_bundle *bundle = nullptr;
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_bundle_open("/nowhere.mirra", &bundle, nullptr));
    EXPECT_EQ(nullptr, bundle);
}

TEST(CapiStruct, SuccessLeavesTheErrorAlone) {
    auto *untouched = reinterpret_cast<mirra_error *>(16);
    mirra_cancel *cancel = nullptr;
    EXPECT_EQ(MIRRA_OK, mirra_cancel_create(&cancel, &untouched));
    EXPECT_EQ(reinterpret_cast<mirra_error *>(16), untouched);
    mirra_cancel_destroy(cancel);
}

TEST(CapiStruct, CodesAreThoseOfTheSdk) {
    EXPECT_EQ(static_cast<int>(ErrorCode::busy), MIRRA_E_BUSY);
    EXPECT_EQ(static_cast<int>(ErrorCode::timeout), MIRRA_E_TIMEOUT);
    EXPECT_EQ(static_cast<int>(ErrorCode::budget), MIRRA_E_BUDGET);
    EXPECT_EQ(static_cast<int>(ErrorCode::mismatch), MIRRA_E_MISMATCH);
    EXPECT_EQ(static_cast<int>(ErrorCode::internal), MIRRA_E_INTERNAL);
    EXPECT_STREQ(MIRRA_TEST_VERSION, mirra_version_string());
    EXPECT_EQ(static_cast<std::uint32_t>(MIRRA_VERSION), mirra_version());
    EXPECT_EQ(1U, mirra_abi_version());
}

} // namespace
} // namespace mirra::test
