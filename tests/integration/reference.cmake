# Importer and runtime against PyTorch; skipped where Python or torch is missing.
find_package(Python3 COMPONENTS Interpreter QUIET)
if(Python3_FOUND AND MIRRA_BUILD_CLI AND MIRRA_BUILD_TRAINER AND MIRRA_BUILD_RUNTIME AND NOT MIRRA_SANITIZE)
    set(MIRRA_TEST_PYTHON ${Python3_EXECUTABLE} CACHE FILEPATH "Python that can import torch, for the parity test")
    foreach(reference parity stylizer torchvision)
        add_test(NAME reference_${reference}
            COMMAND ${MIRRA_TEST_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/reference_${reference}.py
                    $<TARGET_FILE:mirra-cli> $<TARGET_FILE:mirra-train>)
        set_tests_properties(reference_${reference} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
    endforeach()
endif()
