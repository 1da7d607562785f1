# Unit tests of the C interface, the host room and the plugins; what they link, and the modules that they load.
set(MIRRA_UNIT_CAPI_TESTS
    capi_bundles_test.cpp
    capi_constants_test.cpp
    capi_cpp_test.cpp
    capi_descriptor_test.cpp
    capi_engine_test.cpp
    capi_image_test.cpp
    capi_job_test.cpp
    capi_memory_io_test.cpp
    capi_messages_test.cpp
    capi_null_test.cpp
    capi_output_test.cpp
    capi_parameters_test.cpp
    capi_session_test.cpp
    capi_shutdown_test.cpp
    capi_struct_test.cpp
    capi_tensors_test.cpp
    capi_threads_test.cpp
    host_allowance_test.cpp
    host_bundle_cache_test.cpp
    host_graph_run_test.cpp
    host_hidden_test.cpp
    host_paths_test.cpp
    host_plan_test.cpp
    host_pool_test.cpp
    host_resample_test.cpp
    host_team_test.cpp
    host_value_test.cpp
    libtorch_names_test.cpp
    libtorch_prepare_test.cpp
    plugin_anomaly_test.cpp
    plugin_cpp_test.cpp
    plugin_denoiser_test.cpp
    plugin_described_test.cpp
    plugin_header_test.cpp
    plugin_host_functions_test.cpp
    plugin_inverter_optimize_test.cpp
    plugin_inverter_test.cpp
    plugin_light_test.cpp
    plugin_misfits_test.cpp
    plugin_stylizer_test.cpp
    plugin_rogues_test.cpp
    plugin_search_test.cpp
    plugin_tensors_test.cpp
    plugin_zoo_test.cpp)
set(MIRRA_UNIT_CAPI_LIBRARIES mirra mirra_host nlohmann_json::nlohmann_json)
include(${CMAKE_CURRENT_LIST_DIR}/capi_functions.cmake)

add_library(mirra_fake_runtime MODULE ${CMAKE_CURRENT_LIST_DIR}/fake_runtime.cpp ${CMAKE_CURRENT_LIST_DIR}/fake_ops.cpp)
target_link_libraries(mirra_fake_runtime PRIVATE mirra_runtime_plain mirra_cuda_side mirra_warnings)
target_include_directories(mirra_fake_runtime PRIVATE ${PROJECT_SOURCE_DIR}/sdk)
# Thread-local memory that a thread takes at its first use ends the process where there is none; here it comes with the thread.
target_compile_options(mirra_fake_runtime PRIVATE -ftls-model=initial-exec)
if(MIRRA_FUZZ) # of the fuzzers' time the plugins should have the most, not these sums
    target_compile_options(mirra_fake_runtime PRIVATE -fno-sanitize=all -O3)
endif()
set_target_properties(mirra_fake_runtime PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

# A LibTorch of a few kilobytes, and the real shim for it.
add_library(mirra_tiny_torch MODULE ${CMAKE_CURRENT_LIST_DIR}/tiny_torch.c)
set_target_properties(mirra_tiny_torch PROPERTIES OUTPUT_NAME torch_cpu BUILD_RPATH "$ORIGIN")
target_link_options(mirra_tiny_torch PRIVATE -Wl,-soname,libtorch_cpu.so)
add_library(mirra_tiny_shim MODULE ${PROJECT_SOURCE_DIR}/sdk/runtime/libtorch/shim.c)
set_target_properties(mirra_tiny_shim PROPERTIES OUTPUT_NAME mirra_libtorch_shim)
target_link_options(mirra_tiny_shim PRIVATE -Wl,-soname,c.so.6)
foreach(library mirra_tiny_torch mirra_tiny_shim)
    target_compile_options(${library} PRIVATE -fno-sanitize=all)
    target_link_options(${library} PRIVATE -Wl,--hash-style=gnu -fno-sanitize=all)
    set_target_properties(${library} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/tiny)
    list(APPEND MIRRA_UNIT_CAPI_DEPENDENCIES ${library})
endforeach()

function(mirra_zoo_animal name source)
    add_library(mirra_zoo_${name} MODULE ${CMAKE_CURRENT_LIST_DIR}/${source})
    target_include_directories(mirra_zoo_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    set_target_properties(mirra_zoo_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} SUFFIX ".so" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/zoo)
endfunction()

set(index 0)
foreach(animal no-symbol abi-too-new abi-too-old init-fails scribbles-size scribbles-beyond same-id null-functions no-init
        no-tasks declines same-task bad-default bad-name two-outputs no-tile wrong-shape fails-silently statistics
        input-as-output fails-with-output mismatched-shapes unknown-task-flag unknown-port-flag unknown-param-flag
        reserved-param optional-first-input no-input resamples-to-nothing half-extents wide-halo wide-margin
        many-passes two-transfers unknown-setup-flag series-without-count count-without-series numbered-series
        stated-place endless-series series-meets-name pixels-of-text condition-of-none condition-of-itself
        condition-of-no-value names-alike digit-first bad-color wild-scale sized-tiles)
    math(EXPR index "${index} + 1")
    mirra_zoo_animal(${animal} plugin_zoo.c)
    target_compile_definitions(mirra_zoo_${animal} PRIVATE ZOO=${index} ZOO_NAME="${animal}")
    list(APPEND MIRRA_UNIT_CAPI_DEPENDENCIES mirra_zoo_${animal})
endforeach()
set(index 0)
foreach(rogue releases-input gives-twice releases-twice made-up-handles keeps-context keeps-input foreign-error freed-error
        wrong-results not-set part-at-the-end huge-result own-threads loud-init-fails loud-task-taken loud-id-taken
        rounds-up latin-texts name-dash name-help param-dash param-underscore param-trailing null-choice same-choice
        nan-range infinite-range long-text late-task run-function-in-configure through-thread says-table crashes-in-init
        hangs-in-init exits-in-init named-as-command closes-descriptors overflows-in-init loud)
    math(EXPR index "${index} + 1")
    mirra_zoo_animal(${rogue} plugin_rogues.c)
    target_compile_definitions(mirra_zoo_${rogue} PRIVATE ROGUE=${index} ROGUE_NAME="${rogue}")
    target_link_libraries(mirra_zoo_${rogue} PRIVATE Threads::Threads)
    list(APPEND MIRRA_UNIT_CAPI_DEPENDENCIES mirra_zoo_${rogue})
endforeach()
set(index 0)
foreach(misfit throws-in-query throws-in-init throws-in-create throws-in-configure throws-in-begin throws-a-number
        throws-in-finish task-of-no-size task-cut-short task-with-tail port-cut-short param-cut-short same-task-twice
        from-a-thread params-named-as-ports params-named-as-options thousand-params speaks-all-abis long-doc gives-kept
        thread-keeps-context destroy-keeps-context positive-status ok-with-error no-instance huge-extra logs-a-lot
        crashes-when-loaded hangs-in-query prints changes-folder changes-locale ignores-signals hangs-in-process)
    math(EXPR index "${index} + 1")
    mirra_zoo_animal(${misfit} plugin_misfits.cpp)
    target_compile_definitions(mirra_zoo_${misfit} PRIVATE MISFIT=${index} MISFIT_NAME="${misfit}")
    target_link_libraries(mirra_zoo_${misfit} PRIVATE Threads::Threads)
    list(APPEND MIRRA_UNIT_CAPI_DEPENDENCIES mirra_zoo_${misfit})
endforeach()
mirra_zoo_animal(outputs plugin_outputs.c)
mirra_zoo_animal(throws plugin_throws.cpp)
mirra_zoo_animal(described plugin_described.c)
mirra_zoo_animal(tensors plugin_tensors.c)
target_link_libraries(mirra_zoo_tensors PRIVATE Threads::Threads m)
mirra_zoo_animal(probe plugin_probe.cpp)
mirra_zoo_animal(ends plugin_ends.c)
list(APPEND MIRRA_UNIT_CAPI_DEPENDENCIES mirra_zoo_outputs mirra_zoo_throws mirra_zoo_described mirra_zoo_tensors mirra_zoo_probe mirra_zoo_ends)
set(MIRRA_UNIT_PLUGINS mirra_fake_runtime mirra_plugin_anomaly mirra_plugin_denoiser mirra_plugin_inverter mirra_plugin_stylizer)
list(APPEND MIRRA_UNIT_CAPI_DEPENDENCIES ${MIRRA_UNIT_PLUGINS} mirra_plugin_gain)

add_executable(mirra_secure_probe ${CMAKE_CURRENT_LIST_DIR}/secure_probe.cpp)
target_link_libraries(mirra_secure_probe PRIVATE mirra_host mirra_warnings)
list(APPEND MIRRA_UNIT_CAPI_DEPENDENCIES mirra_secure_probe mirra-worker)

set(MIRRA_UNIT_CAPI_DEFINITIONS
    MIRRA_TEST_SECURE_PROBE="$<TARGET_FILE:mirra_secure_probe>"
    MIRRA_TEST_HEADERS="${PROJECT_SOURCE_DIR}/include/mirra"
    MIRRA_TEST_VERSION="${PROJECT_VERSION}"
    MIRRA_TEST_RUNTIME="$<TARGET_FILE:mirra_fake_runtime>"
    MIRRA_TEST_PLUGINS="$<TARGET_FILE_DIR:mirra_plugin_denoiser>"
    MIRRA_TEST_TEMPLATE="$<TARGET_FILE:mirra_plugin_gain>"
    MIRRA_TEST_TINY_TORCH="$<TARGET_FILE:mirra_tiny_torch>"
    MIRRA_TEST_TINY_SHIM="$<TARGET_FILE:mirra_tiny_shim>"
    MIRRA_TEST_ZOO="$<TARGET_FILE_DIR:mirra_zoo_no-symbol>")

if(TARGET mirra_runtime_torch)
    list(APPEND MIRRA_UNIT_CAPI_DEFINITIONS MIRRA_TEST_REAL_RUNTIME="$<TARGET_FILE:mirra_runtime_torch>")
    list(APPEND MIRRA_UNIT_CAPI_DEPENDENCIES mirra_runtime_torch)
    list(APPEND MIRRA_UNIT_PLUGINS mirra_runtime_torch)
    # Programs of their own, over the real runtime: what a process takes is measured.
    add_executable(mirra_memory_child ${CMAKE_CURRENT_LIST_DIR}/memory_child.cpp)
    target_link_libraries(mirra_memory_child PRIVATE mirra mirra_warnings)
    set_target_properties(mirra_memory_child PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    mirra_unit_test(capi_memory APART SOURCES capi_memory_test.cpp capi_memory_bound_test.cpp LIBRARIES mirra mirra_host mirra_random_graphs
        DEFINITIONS ${MIRRA_UNIT_CAPI_DEFINITIONS} MIRRA_TEST_MEMORY_CHILD="$<TARGET_FILE:mirra_memory_child>"
        DEPENDENCIES mirra_runtime_torch mirra_memory_child mirra_plugin_denoiser)
endif()

# Programs of their own: one stands before the allocator of the whole process, the other takes seconds by intent.
set(MIRRA_UNIT_FAULTS_TESTS memory_faults_test.cpp failing_memory.cpp)
set(MIRRA_UNIT_SOAK_TESTS soak_test.cpp)
set(MIRRA_UNIT_SOAK_LABEL threads)

# Filters of Google Test: not run once more with sessions in a process of their own.
set(MIRRA_UNIT_CAPI_OF_ONE_PROCESS
    BundleCache.* CapiConstants.* CapiCounts.* CapiEngine.IsMadeInMilliseconds CapiImage.* CapiMessages.* CapiNull.*
    CapiSession.ARunInPlaceNeedsItsCopyBesides CapiStruct.* EngineLog.* HiddenColors.* HostPaths.* HostPlan.* HostResample.*
    HostTeam.* HostValue.* InMemory.* LibTorchCache.* LibTorchNames.* LibTorchPrepare.* PluginHeader.*
    PluginRogueTable.EnginesOneAfterTheOtherUseOneTable Values.*)
