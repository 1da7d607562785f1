// Tensor sets, DLPack, and graphs run as they are.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <numeric>

namespace mirra::test {
namespace {

/// A DLPack tensor over memory of the test's.
struct Borrowed {
    Borrowed(std::vector<float> data, std::vector<std::int64_t> extents)
        : values(std::move(data))
        , shape(std::move(extents)) {
        managed.dl_tensor.data = values.data();
        managed.dl_tensor.device = {kDLCPU, 0};
        managed.dl_tensor.ndim = static_cast<std::int32_t>(shape.size());
        managed.dl_tensor.dtype = {kDLFloat, 32, 1};
        managed.dl_tensor.shape = shape.data();
    }
    Borrowed(const Borrowed &) = delete;
    Borrowed &operator=(const Borrowed &) = delete;

    std::vector<float> values;
    std::vector<std::int64_t> shape, strides;
    DLManagedTensorVersioned managed{};
};

Tensors empty() {
    Tensors tensors;
    EXPECT_OK(mirra_tensors_create(tensors.out(), error));
    return tensors;
}

std::vector<float> values_of(const Tensors &tensors, const char *name) {
    DLManagedTensorVersioned *tensor = nullptr;
    EXPECT_OK(mirra_tensors_get_versioned(tensors.get(), name, &tensor, error));
    if (tensor == nullptr) return {};
    std::size_t count = 1;
    for (std::int32_t i = 0; i < tensor->dl_tensor.ndim; ++i)
        count *= static_cast<std::size_t>(tensor->dl_tensor.shape[i]);
    const auto *data = static_cast<const float *>(tensor->dl_tensor.data);
    std::vector<float> values(data, data + count);
    tensor->deleter(tensor);
    return values;
}

TEST(CapiTensors, AreCopiedWhateverTheirStrides) {
    Borrowed transposed({1, 2, 3, 4, 5, 6}, {3, 2});
    transposed.strides = {1, 3};
    transposed.managed.dl_tensor.strides = transposed.strides.data();
    const Tensors tensors = empty();
    EXPECT_OK(mirra_tensors_add(tensors.get(), "x", &transposed.managed.dl_tensor, error));
    EXPECT_EQ((std::vector<float>{1, 4, 2, 5, 3, 6}), values_of(tensors, "x"));
}

TEST(CapiTensors, AViewOutlivesItsSet) {
    Borrowed x({1, 2}, {2});
    DLManagedTensorVersioned *view = nullptr;
    {
        const Tensors tensors = empty();
        EXPECT_OK(mirra_tensors_add(tensors.get(), "x", &x.managed.dl_tensor, error));
        EXPECT_OK(mirra_tensors_get_versioned(tensors.get(), "x", &view, error));
    }
    EXPECT_EQ(2, static_cast<const float *>(view->dl_tensor.data)[1]);
    view->deleter(view);
}

TEST(CapiTensors, WhatCannotBeReadIsRefused) {
    const Tensors tensors = empty();
    const auto refused = [&](mirra_status status, void (*damage)(DLTensor &)) {
        Borrowed x({1, 2}, {2});
        damage(x.managed.dl_tensor);
        EXPECT_STATUS(status, mirra_tensors_add(tensors.get(), "x", &x.managed.dl_tensor, error));
    };
    refused(MIRRA_E_UNSUPPORTED, [](DLTensor &t) { t.device.device_type = kDLVulkan; });
    refused(MIRRA_E_UNSUPPORTED, [](DLTensor &t) { t.dtype.code = kDLInt; });
    refused(MIRRA_E_UNSUPPORTED, [](DLTensor &t) { t.dtype.lanes = 4; });
    refused(MIRRA_E_INVALID_ARGUMENT, [](DLTensor &t) { t.shape = nullptr; });
    refused(MIRRA_E_INVALID_ARGUMENT, [](DLTensor &t) { t.data = nullptr; });
    refused(MIRRA_E_INVALID_ARGUMENT, [](DLTensor &t) { t.shape[0] = -2; });
    refused(MIRRA_E_LIMIT, [](DLTensor &t) { t.shape[0] = INT64_MAX; });
    refused(MIRRA_E_LIMIT, [](DLTensor &t) { t.ndim = 99; });
    refused(MIRRA_E_INVALID_ARGUMENT, [](DLTensor &t) { t.ndim = -1; });
    refused(MIRRA_E_UNSUPPORTED, [](DLTensor &t) { t.dtype.bits = 8; });
    EXPECT_EQ(0U, mirra_tensors_count(tensors.get()));
}

/// The error of adding a tensor of these strides (in elements) over `values`.
std::string refusal(mirra_status status, std::vector<float> values, std::vector<std::int64_t> shape,
                    std::vector<std::int64_t> strides, std::uint64_t byte_offset = 0) {
    Borrowed x(std::move(values), std::move(shape));
    x.strides = std::move(strides);
    if (!x.strides.empty()) x.managed.dl_tensor.strides = x.strides.data();
    x.managed.dl_tensor.byte_offset = byte_offset;
    const Tensors tensors = empty();
    Failure failure;
    EXPECT_EQ(status, mirra_tensors_add(tensors.get(), "x", &x.managed.dl_tensor, failure.out()))
        << message(failure);
    EXPECT_EQ(0U, mirra_tensors_count(tensors.get()));
    return message(failure);
}

TEST(CapiTensors, AFewBytesDoNotClaimAnySize) {
    using testing::HasSubstr;
    EXPECT_THAT(refusal(MIRRA_E_LIMIT, {1}, {1024, 1024, 4096}, {0, 0, 0}),
                HasSubstr("4294967296 elements overlap in memory for 1"));
    // A window that slides by one element: each is there 4096 times.
    EXPECT_THAT(refusal(MIRRA_E_LIMIT, std::vector<float>(16384), {8192, 4096}, {1, 1}),
                HasSubstr("overlap"));
    Borrowed row({1, 2, 3}, {4, 3});
    row.strides = {0, 1};
    row.managed.dl_tensor.strides = row.strides.data();
    const Tensors tensors = empty();
    EXPECT_OK(mirra_tensors_add(tensors.get(), "x", &row.managed.dl_tensor, error));
    EXPECT_EQ((std::vector<float>{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}), values_of(tensors, "x"));
}

TEST(CapiTensors, StridesAndOffsetsThatPointNowhereAreNamed) {
    using testing::HasSubstr;
    const auto far = INT64_MAX / 2;
    EXPECT_THAT(refusal(MIRRA_E_INVALID_ARGUMENT, {1, 2}, {1, 2}, {0, far}),
                HasSubstr("stride in dimension 1"));
    EXPECT_THAT(refusal(MIRRA_E_INVALID_ARGUMENT, {1, 2}, {2, 1}, {INT64_MIN, 0}),
                HasSubstr("stride in dimension 0"));
    EXPECT_THAT(refusal(MIRRA_E_INVALID_ARGUMENT, {1, 2}, {3, 1}, {INT64_MAX / 8, 0}),
                HasSubstr("beyond all memory"));
    EXPECT_THAT(refusal(MIRRA_E_INVALID_ARGUMENT, {1, 2}, {2}, {-(INT64_MAX / 8)}),
                HasSubstr("beyond all memory"));
    EXPECT_THAT(refusal(MIRRA_E_INVALID_ARGUMENT, {1, 2}, {2}, {}, UINT64_MAX - 3), HasSubstr("byte_offset"));
    // What steps nowhere may have any stride.
    Borrowed single({7}, {1, 1});
    single.strides = {INT64_MIN, INT64_MAX};
    single.managed.dl_tensor.strides = single.strides.data();
    const Tensors tensors = empty();
    EXPECT_OK(mirra_tensors_add(tensors.get(), "x", &single.managed.dl_tensor, error));
    EXPECT_EQ(std::vector<float>{7}, values_of(tensors, "x"));
}

TEST(CapiTensors, BackwardAndWideStridesAreRead) {
    std::vector<float> ramp(200000);
    std::iota(ramp.begin(), ramp.end(), 0.0F);
    Borrowed x(ramp, {100000});
    x.strides = {-2};
    x.managed.dl_tensor.strides = x.strides.data();
    x.managed.dl_tensor.byte_offset = 199999 * sizeof(float);
    const Tensors tensors = empty();
    EXPECT_OK(mirra_tensors_add(tensors.get(), "x", &x.managed.dl_tensor, error));
    std::vector<float> want(100000);
    for (std::size_t i = 0; i < want.size(); ++i) want[i] = ramp[199999 - 2 * i];
    EXPECT_EQ(want, values_of(tensors, "x"));
}

TEST(CapiTensors, SurviveASafetensorsFile) {
    Borrowed b({1, 2, 3, 4}, {2, 2});
    Borrowed a({5}, {1});
    const Tensors tensors = empty();
    EXPECT_OK(mirra_tensors_add(tensors.get(), "b", &b.managed.dl_tensor, error));
    EXPECT_OK(mirra_tensors_add(tensors.get(), "a", &a.managed.dl_tensor, error));
    const std::string path = temporary("tensors.safetensors");
    EXPECT_OK(mirra_tensors_write(tensors.get(), path.c_str(), error));
    Tensors read;
    EXPECT_OK(mirra_tensors_read(path.c_str(), read.out(), error));
    ASSERT_EQ(2U, mirra_tensors_count(read.get()));
    EXPECT_STREQ("a", mirra_tensors_name(read.get(), 0));
    EXPECT_EQ(nullptr, mirra_tensors_name(read.get(), 2));
    EXPECT_EQ(b.values, values_of(read, "b"));
    DLManagedTensorVersioned *missing = nullptr;
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_tensors_get_versioned(read.get(), "c", &missing, error));
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_tensors_read("/nowhere", read.out(), error));
}

TEST(CapiTensors, AGraphIsRunAsItIs) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    std::vector<float> ramp(3 * 4 * 5);
    std::iota(ramp.begin(), ramp.end(), 0.0F);
    Borrowed image(ramp, {1, 3, 4, 5});
    Borrowed level(std::vector<float>(20, 0.5F), {1, 1, 4, 5});
    const Tensors inputs = empty();
    EXPECT_OK(mirra_tensors_add(inputs.get(), "image", &image.managed.dl_tensor, error));
    Tensors outputs;
    EXPECT_STATUS(MIRRA_E_MISMATCH, mirra_graph_run(engine.get(), bundle.get(), "denoiser", nullptr,
                                                    inputs.get(), outputs.out(), error));
    EXPECT_OK(mirra_tensors_add(inputs.get(), "noise_level", &level.managed.dl_tensor, error));
    EXPECT_OK(
        mirra_graph_run(engine.get(), bundle.get(), "denoiser", nullptr, inputs.get(), outputs.out(), error));
    std::vector<float> want = ramp;
    for (float &value : want) value += 0.5F;
    EXPECT_EQ(want, values_of(outputs, "image"));
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_graph_run(engine.get(), bundle.get(), "other", nullptr,
                                                     inputs.get(), outputs.out(), error));
    Borrowed wrong({1, 2}, {2});
    EXPECT_OK(mirra_tensors_add(inputs.get(), "image", &wrong.managed.dl_tensor, error));
    EXPECT_STATUS(MIRRA_E_MISMATCH, mirra_graph_run(engine.get(), bundle.get(), "denoiser", nullptr,
                                                    inputs.get(), outputs.out(), error));
}

/// Inputs of the test network.
Tensors network_inputs(std::int64_t size) {
    const auto pixels = static_cast<std::size_t>(size * size);
    Borrowed image(std::vector<float>(3 * pixels, 0.25F), {1, 3, size, size});
    Borrowed level(std::vector<float>(pixels, 0.5F), {1, 1, size, size});
    Tensors inputs = empty();
    EXPECT_OK(mirra_tensors_add(inputs.get(), "image", &image.managed.dl_tensor, error));
    EXPECT_OK(mirra_tensors_add(inputs.get(), "noise_level", &level.managed.dl_tensor, error));
    return inputs;
}

TEST(CapiTensors, TheWorkOfAGraphIsAskedForWithItsInputs) {
    constexpr unsigned kWeights = 3 * 4 * 5 * 5; // of its one convolution
    const Bundle bundle = make_bundle();
    std::uint64_t work = 0, more = 0;
    EXPECT_OK(mirra_graph_work(bundle.get(), "denoiser", network_inputs(8).get(), &work, error));
    EXPECT_EQ(8U * 8 * kWeights, work);
    EXPECT_OK(mirra_graph_work(bundle.get(), "denoiser", network_inputs(16).get(), &more, error));
    EXPECT_EQ(16U * 16 * kWeights, more);
    EXPECT_STATUS(MIRRA_E_NOT_FOUND,
                  mirra_graph_work(bundle.get(), "other", network_inputs(8).get(), &work, error));
    EXPECT_STATUS(MIRRA_E_MISMATCH, mirra_graph_work(bundle.get(), "denoiser", empty().get(), &work, error));
}

TEST(CapiTensors, ThePeakIsThatOfOneDevice) {
    const Engine engine = make_engine();
    double peak = 0;
    EXPECT_OK(mirra_engine_measure_peak(engine.get(), nullptr, MIRRA_PRECISION_FP32, 1, &peak, error));
    EXPECT_GT(peak, 1e5);
    EXPECT_LT(peak, 1e14);
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED,
                  mirra_engine_measure_peak(engine.get(), "cuda:all", MIRRA_PRECISION_FP32, 0, &peak, error));
    EXPECT_STATUS(MIRRA_E_NOT_FOUND,
                  mirra_engine_measure_peak(engine.get(), "tpu", MIRRA_PRECISION_FP32, 0, &peak, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_engine_measure_peak(engine.get(), "cpu", 99, 0, &peak, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_engine_measure_peak(engine.get(), "cpu", MIRRA_PRECISION_FP32, -1, &peak, error));
}

TEST(CapiTensors, AGraphKeepsItsMemoryLimit) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Tensors inputs = network_inputs(64);
    MIRRA_STRUCT(mirra_graph_options, options);
    Tensors outputs;
    const auto run_with = [&](std::uint64_t limit, mirra_error **error) {
        options.memory_limit = limit;
        return mirra_graph_run(engine.get(), bundle.get(), "denoiser", &options, inputs.get(), outputs.out(),
                               error);
    };
    Failure failure;
    ASSERT_EQ(MIRRA_E_BUDGET, run_with(100, failure.out()));
    const std::string hint = mirra_error_hint(failure.get());
    const auto digits = hint.find_first_of("0123456789");
    ASSERT_NE(std::string::npos, digits) << hint;
    const std::uint64_t needed = std::stoull(hint.substr(digits));
    EXPECT_STATUS(MIRRA_E_BUDGET, run_with(needed - 1, error));
    EXPECT_OK(run_with(needed, error));
    EXPECT_EQ(std::vector<float>(3U * 64 * 64, 0.75F), values_of(outputs, "image"));
}

TEST(CapiTensors, OptionsOfAGraphAreChecked) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Tensors inputs = network_inputs(8);
    Tensors outputs;
    const auto refused = [&](mirra_status status, const mirra_graph_options &options) {
        EXPECT_STATUS(status, mirra_graph_run(engine.get(), bundle.get(), "denoiser", &options, inputs.get(),
                                              outputs.out(), error));
    };
    for (const std::int32_t threads : {-1, 1025, 1000000}) {
        MIRRA_STRUCT(mirra_graph_options, options);
        options.threads = threads;
        refused(MIRRA_E_INVALID_ARGUMENT, options);
    }
    MIRRA_STRUCT(mirra_graph_options, options);
    options.reserved = 1;
    refused(MIRRA_E_UNSUPPORTED, options);
}

TEST(CapiTensors, ABundleIsWhatWasVerifiedWhateverBecomesOfItsFile) {
    const Engine engine = make_engine();
    const std::string path = write_bundle_file({});
    Bundle bundle;
    EXPECT_OK(mirra_bundle_open(path.c_str(), bundle.out(), error));
    std::filesystem::resize_file(path, 0); // as a copy over it begins
    Tensors outputs;
    EXPECT_OK(mirra_graph_run(engine.get(), bundle.get(), "denoiser", nullptr, network_inputs(8).get(),
                              outputs.out(), error));
    EXPECT_EQ(std::vector<float>(3U * 8 * 8, 0.75F), values_of(outputs, "image"));
}

} // namespace
} // namespace mirra::test
