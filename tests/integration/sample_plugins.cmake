# The sample plugins: each is built alone, against an installation, and dropped in.
if(MIRRA_BUILD_CLI AND MIRRA_BUILD_RUNTIME)
    set(sdk ${CMAKE_CURRENT_BINARY_DIR}/sample-sdk)
    add_test(NAME sample-plugin.sdk
        COMMAND ${CMAKE_CURRENT_LIST_DIR}/install_sdk.sh ${CMAKE_COMMAND} ${PROJECT_BINARY_DIR} ${sdk})
    set_tests_properties(sample-plugin.sdk PROPERTIES FIXTURES_SETUP sample_sdk)
    foreach(sample unsharp-mask upscale)
        add_test(NAME sample-plugin.${sample} COMMAND ${PROJECT_SOURCE_DIR}/samples/plugins/${sample}/test)
        set_tests_properties(sample-plugin.${sample} PROPERTIES FIXTURES_REQUIRED sample_sdk TIMEOUT 300
            SKIP_RETURN_CODE 77 ENVIRONMENT "MIRRA_PREFIX=${sdk}")
    endforeach()
endif()

# The C header in Rust, which plugins of `mirra new-plugin --lang rust` have, is what bindgen makes of it.
add_test(NAME sample-plugin.rust-header COMMAND ${PROJECT_SOURCE_DIR}/plugins/template-rust/generate --check)
set_tests_properties(sample-plugin.rust-header PROPERTIES SKIP_RETURN_CODE 77)
