# mirra_test_suites(PROGRAM [APART] [PREFIX P] [EXCEPT FILTER...] [PROPERTIES NAME VALUE...]): an entry of ctest for each
# suite of Google Test in a program, which is asked after it is built. gtest_discover_tests starts a process for every test,
# and most of them take longer to load LibTorch than to run. APART: an entry for each test all the same, where tests are about
# their process, or take seconds by themselves; also under sanitizers.
function(mirra_test_suites program)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "APART" "PREFIX" "EXCEPT;PROPERTIES") # a value may be a list
    if(MIRRA_SANITIZE)
        set(ARG_APART ON) # so that what a sanitizer finds has the name of its test
    endif()
    set(except "")
    if(ARG_EXCEPT)
        list(JOIN ARG_EXCEPT ":" except)
        string(PREPEND except "-")
    endif()
    set(listed ${CMAKE_CURRENT_BINARY_DIR}/${ARG_PREFIX}${program}-suites.cmake)
    add_custom_command(TARGET ${program} POST_BUILD VERBATIM BYPRODUCTS ${listed}
        COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:${program}> -D EXCEPT=${except} -D APART=${ARG_APART} -D LISTED=${listed}
            -P ${PROJECT_SOURCE_DIR}/cmake/MirraListSuites.cmake)

    set(properties "")
    foreach(property ${ARG_PROPERTIES})
        string(APPEND properties " [==[${property}]==]")
    endforeach()
    set(entries ${CMAKE_CURRENT_BINARY_DIR}/${ARG_PREFIX}${program}-tests.cmake)
    file(GENERATE OUTPUT ${entries} CONTENT "\
if(EXISTS \"${listed}\")
    include(\"${listed}\")
    foreach(filter \${filters})
        string(REPLACE \".*\" \"\" name \"${ARG_PREFIX}\${filter}\")
        add_test(\"\${name}\" \"$<TARGET_FILE:${program}>\" \"--gtest_filter=\${filter}${except}\")
        set_tests_properties(\"\${name}\" PROPERTIES WORKING_DIRECTORY \"${CMAKE_CURRENT_BINARY_DIR}\"${properties})
    endforeach()
else()
    add_test(\"${ARG_PREFIX}${program}_NOT_BUILT\" \"${program}_NOT_BUILT\")
endif()
")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${entries})
endfunction()
