// The numeric value of every constant of the C headers: programs that are built keep the values that they
// were built with.
#include "mirra/mirra_plugin.h"

#include <gtest/gtest.h>

namespace {

TEST(CapiConstants, KeepTheirValues) {
    static_assert(MIRRA_ABI_VERSION == 1);
    static_assert(MIRRA_OK == 0);
    static_assert(MIRRA_E_INVALID_ARGUMENT == -1);
    static_assert(MIRRA_E_NOT_FOUND == -2);
    static_assert(MIRRA_E_IO == -3);
    static_assert(MIRRA_E_CORRUPT == -4);
    static_assert(MIRRA_E_UNSUPPORTED == -5);
    static_assert(MIRRA_E_LIMIT == -6);
    static_assert(MIRRA_E_BUDGET == -7);
    static_assert(MIRRA_E_CANCELLED == -8);
    static_assert(MIRRA_E_DEVICE == -9);
    static_assert(MIRRA_E_PLUGIN == -10);
    static_assert(MIRRA_E_MISMATCH == -11);
    static_assert(MIRRA_E_OUT_OF_MEMORY == -12);
    static_assert(MIRRA_E_BUSY == -13);
    static_assert(MIRRA_E_TIMEOUT == -14);
    static_assert(MIRRA_E_INTERNAL == -99);
    static_assert(MIRRA_LOG_DEBUG == 0);
    static_assert(MIRRA_LOG_INFO == 1);
    static_assert(MIRRA_LOG_WARNING == 2);
    static_assert(MIRRA_LOG_ERROR == 3);
    static_assert(MIRRA_ISOLATION_PROCESS == 1);
    static_assert(MIRRA_PLUGIN_PATH_ONLY == 2);
}

TEST(CapiConstants, OfSchemasKeepTheirValues) {
    static_assert(MIRRA_TYPE_BOOL == 1);
    static_assert(MIRRA_TYPE_INT == 2);
    static_assert(MIRRA_TYPE_FLOAT == 3);
    static_assert(MIRRA_TYPE_STRING == 4);
    static_assert(MIRRA_TYPE_ENUM == 5);
    static_assert(MIRRA_TYPE_IMAGE == 6);
    static_assert(MIRRA_TYPE_TENSOR == 7);
    static_assert(MIRRA_TASK_GLOBAL_STATISTICS == 1);
    static_assert(MIRRA_PORT_INPUT == 0);
    static_assert(MIRRA_PORT_OUTPUT == 1);
    static_assert(MIRRA_PORT_OPTIONAL == 1);
    static_assert(MIRRA_PORT_AS_IS == 2);
    static_assert(MIRRA_PORT_COLORED == 4);
    static_assert(MIRRA_PARAM_ADVANCED == 1);
    static_assert(MIRRA_PARAM_DEPRECATED == 2);
}

TEST(CapiConstants, OfImagesAndRunsKeepTheirValues) {
    static_assert(MIRRA_PRECISION_AUTO == 0);
    static_assert(MIRRA_PRECISION_FP32 == 1);
    static_assert(MIRRA_PRECISION_BF16 == 2);
    static_assert(MIRRA_PRECISION_FP16 == 3);
    static_assert(MIRRA_FORMAT_U8 == 1);
    static_assert(MIRRA_FORMAT_U16 == 2);
    static_assert(MIRRA_FORMAT_F16 == 3);
    static_assert(MIRRA_FORMAT_F32 == 4);
    static_assert(MIRRA_FORMAT_U16_SWAPPED == 5);
    static_assert(MIRRA_COLOR_GRAY == 1);
    static_assert(MIRRA_COLOR_GRAY_ALPHA == 2);
    static_assert(MIRRA_COLOR_RGB == 3);
    static_assert(MIRRA_COLOR_RGBA == 4);
    static_assert(MIRRA_ALPHA_STRAIGHT == 0);
    static_assert(MIRRA_ALPHA_PREMULTIPLIED == 1);
    static_assert(MIRRA_TRANSFER_ENCODED == 0);
    static_assert(MIRRA_TRANSFER_LINEAR == 1);
    static_assert(MIRRA_JOB_RUNNING == 1);
    static_assert(MIRRA_JOB_DONE == 2);
    static_assert(MIRRA_JOB_FAILED == 3);
    static_assert(MIRRA_JOB_CANCELLED == 4);
}

TEST(CapiConstants, OfPluginsKeepTheirValues) {
    static_assert(MIRRA_PLUGIN_ABI == 1);
    static_assert(MIRRA_BINARY_ADD == 0);
    static_assert(MIRRA_BINARY_SUBTRACT == 1);
    static_assert(MIRRA_BINARY_MULTIPLY == 2);
    static_assert(MIRRA_BINARY_DIVIDE == 3);
    static_assert(MIRRA_BINARY_MINIMUM == 4);
    static_assert(MIRRA_BINARY_MAXIMUM == 5);
    static_assert(MIRRA_PRODUCT_TRANSPOSE_A == 1);
    static_assert(MIRRA_PRODUCT_TRANSPOSE_B == 2);
    static_assert(MIRRA_REDUCE_SUM == 0);
    static_assert(MIRRA_REDUCE_MEAN == 1);
    static_assert(MIRRA_REDUCE_MINIMUM == 2);
    static_assert(MIRRA_REDUCE_MAXIMUM == 3);
}

} // namespace
