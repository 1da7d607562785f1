# mirra_compressed(FILE OUTPUT): a copy by gzip, without name and time.
function(mirra_compressed file output)
    get_filename_component(folder ${output} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    execute_process(COMMAND gzip -9nc ${file} OUTPUT_FILE ${output} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# mirra_install_man_page(FILE COMPONENT): a page that is written by hand.
function(mirra_install_man_page file component)
    get_filename_component(name ${file} NAME)
    mirra_compressed(${file} ${PROJECT_BINARY_DIR}/man/${name}.gz)
    install(FILES ${PROJECT_BINARY_DIR}/man/${name}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${component})
endfunction()

find_package(Python3 3.9 COMPONENTS Interpreter QUIET)
if(NOT Python3_Interpreter_FOUND)
    message(STATUS "There is no Python 3.9: the manual pages are not installed")
endif()

# mirra_install_man_pages(TARGET COMPONENT): the manual pages of that program, as it describes itself. They are written when
# they are installed, because that takes seconds.
function(mirra_install_man_pages target component)
    if(Python3_Interpreter_FOUND)
        install(CODE "execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND \"${Python3_EXECUTABLE}\" -B
            \"${PROJECT_SOURCE_DIR}/cmake/man_pages.py\" ${component} \"$<TARGET_FILE:${target}>\" \"${PROJECT_SOURCE_DIR}/docs/reference/cli.md\"
            \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man1\")"
            COMPONENT ${component})
    endif()
endfunction()
