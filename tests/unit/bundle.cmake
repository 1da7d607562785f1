set(MIRRA_UNIT_BUNDLE_TESTS
    architecture_alexnet_test.cpp bundle_convert_test.cpp bundle_file_test.cpp bundle_tensor_file_test.cpp)
