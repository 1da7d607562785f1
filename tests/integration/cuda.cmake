# Devices as a driver of NVIDIA's tells of them, and libraries that stand for the driver, the kernels and the runtime.
if(MIRRA_BUILD_CLI)
    set(drivers ${PROJECT_BINARY_DIR}/tests/cuda)
    add_library(mirra_fake_cuda_driver MODULE fake_cuda_driver.c)
    add_library(mirra_stub_cuda_driver MODULE fake_cuda_kernels.c)
    add_library(mirra_fake_cuda_kernels MODULE fake_cuda_kernels.c)
    add_library(mirra_fake_cuda_runtime MODULE fake_cuda_runtime.cpp)
    foreach(library mirra_fake_cuda_driver mirra_stub_cuda_driver mirra_fake_cuda_kernels mirra_fake_cuda_runtime)
        target_link_libraries(${library} PRIVATE mirra_warnings)
        target_include_directories(${library} PRIVATE ${PROJECT_SOURCE_DIR}/sdk)
        set_target_properties(${library} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    endforeach()
    target_link_libraries(mirra_fake_cuda_runtime PRIVATE mirra_runtime_plain)
    set_target_properties(mirra_fake_cuda_driver mirra_stub_cuda_driver PROPERTIES PREFIX "" OUTPUT_NAME libcuda SUFFIX .so.1
        LIBRARY_OUTPUT_DIRECTORY ${drivers})
    # A program's own dlopen finds the one that it has loaded by this name.
    target_link_options(mirra_fake_cuda_driver PRIVATE -Wl,-soname,libcuda.so.1)
    set_target_properties(mirra_stub_cuda_driver PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${drivers}/stub)

    mirra_cli_test(mirra_cli_cuda_tests exact cli_cuda_test.cpp)
    target_compile_definitions(mirra_cli_cuda_tests PRIVATE MIRRA_TEST_CUDA_DRIVER_FOLDER="${drivers}"
        MIRRA_TEST_CUDA_KERNELS_FILE="$<TARGET_FILE:mirra_fake_cuda_kernels>"
        MIRRA_TEST_CUDA_RUNTIME="$<TARGET_FILE:mirra_fake_cuda_runtime>"
        MIRRA_TEST_TWIN_KERNELS="$<TARGET_FILE:mirra_twin_kernels>")
    add_dependencies(mirra_cli_cuda_tests mirra_fake_cuda_driver mirra_stub_cuda_driver mirra_fake_cuda_kernels
        mirra_fake_cuda_runtime mirra_fake_runtime mirra_twin_kernels mirra-worker)
endif()
