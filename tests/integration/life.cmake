# What a host's process may do: end, fork, have threads, settings and another LibTorch of its own.
if(MIRRA_BUILD_RUNTIME AND MIRRA_PRIVATE_LIBTORCH)
    find_package(OpenMP REQUIRED COMPONENTS CXX)
    add_executable(mirra_life_host life/host.cpp)
    target_compile_definitions(mirra_life_host PRIVATE
        MIRRA_LIFE_PICTURE="${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/png/rgb16_gamma.png"
        MIRRA_LIFE_FORKS="${CMAKE_CURRENT_BINARY_DIR}/life-forks")
    target_link_libraries(mirra_life_host PRIVATE mirra mirra_warnings OpenMP::OpenMP_CXX)
    add_library(mirra_life_probe MODULE life/probe.cpp)
    target_link_libraries(mirra_life_probe PRIVATE mirra mirra_warnings)
    add_library(mirra_life_forks MODULE life/forks.c)
    target_link_libraries(mirra_life_forks PRIVATE mirra_warnings)
    set_target_properties(mirra_life_forks PROPERTIES
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/life-forks)
    add_dependencies(mirra_life_host mirra_runtime_torch mirra_plugin_denoiser mirra_life_forks)
    if(MIRRA_ONEDNN)
        add_dependencies(mirra_life_host mirra_runtime_onednn)
    endif()

    foreach(mode exit-job quick-exit exit-run exit-callback exit-beside-done exit-done thread-ends fork-before fork-after fork-errors
            fork-loading fork-as-loaded fork-engines fork-pictures fork-callback openmp arithmetic comma stack-128 stack-512 signals removed-folder few-threads
            little-memory busy-neighbours idle-threads loaded)
        add_test(NAME life.${mode} COMMAND mirra_life_host ${mode})
        # Over LibTorch, where the light runtime is what a session takes by itself.
        add_test(NAME life.libtorch.${mode} COMMAND mirra_life_host ${mode})
        set_tests_properties(life.libtorch.${mode} PROPERTIES ENVIRONMENT MIRRA_RUNTIME_MODULE=$<TARGET_FILE:mirra_runtime_torch>)
        set_tests_properties(life.${mode} life.libtorch.${mode} PROPERTIES TIMEOUT 120)
    endforeach()
    set_tests_properties(life.busy-neighbours life.libtorch.busy-neighbours PROPERTIES RUN_SERIAL ON)

    add_test(NAME life.unloaded COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/life/unload.py $<TARGET_FILE:mirra_life_probe>)
    add_test(NAME life.moved-install COMMAND ${CMAKE_CURRENT_LIST_DIR}/life/check_moved_install.sh
        ${CMAKE_COMMAND} ${PROJECT_BINARY_DIR} ${MIRRA_LIBTORCH})
    # MIRRA_TEST_OTHER_TORCH names a folder with another version's whole Python package (pip install --target).
    add_test(NAME life.other-torch COMMAND ${CMAKE_CURRENT_LIST_DIR}/life/check_other_torch.sh
        $<TARGET_FILE:mirra_life_probe> ${MIRRA_LIBTORCH})
    set_tests_properties(life.moved-install life.other-torch PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
