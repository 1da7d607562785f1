# Warnings, sanitizers and ccache for every target of the project.
find_program(MIRRA_CCACHE ccache)
if(MIRRA_CCACHE)
    # What another clone compiled is found again; a precompiled header only with these sloppiness settings.
    set(CMAKE_C_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${MIRRA_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
    endif()
endif()

option(MIRRA_WARNINGS_AS_ERRORS "A warning ends the build; the presets set it, other compilers warn of other things" OFF)
add_library(mirra_warnings INTERFACE)
target_compile_options(mirra_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow $<$<BOOL:${MIRRA_WARNINGS_AS_ERRORS}>:-Werror>
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>)
# GCC 12 reports false positives inside libstdc++ at -O3 (GCC bugs 105562, 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(mirra_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized -Wno-restrict>)
endif()

# For what computes little itself: optimising it takes longer than it saves. -O1 serves the precompiled header of LibTorch as well.
set(MIRRA_QUICK_OPTIONS "")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    # GCC 12 takes joined texts and moved strings for errors of memory at -O1.
    set(MIRRA_QUICK_OPTIONS -O1
        "$<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-maybe-uninitialized>")
endif()

if(MIRRA_SANITIZE)
    add_compile_options(-fsanitize=${MIRRA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${MIRRA_SANITIZE})
endif()
