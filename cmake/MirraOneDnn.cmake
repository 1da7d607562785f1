# oneDNN for the light runtime: MIRRA_ONEDNN is a folder with include/ and lib/, as scripts/lib.sh puts the Python wheels
# together. The target mirra_onednn_library is a copy of it without symbols.
find_path(MIRRA_ONEDNN_INCLUDE oneapi/dnnl/dnnl.hpp PATHS ${MIRRA_ONEDNN}/include NO_DEFAULT_PATH REQUIRED)
find_file(MIRRA_ONEDNN_LIBRARY libdnnl.so.3 PATHS ${MIRRA_ONEDNN}/lib NO_DEFAULT_PATH REQUIRED)
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libgomp.so.1 OUTPUT_VARIABLE gomp OUTPUT_STRIP_TRAILING_WHITESPACE)
file(REAL_PATH "${gomp}" gomp)
# Under the name that libraries ask for, in a folder of its own.
set(MIRRA_ONEDNN_OPENMP ${PROJECT_BINARY_DIR}/onednn/openmp)
configure_file(${gomp} ${MIRRA_ONEDNN_OPENMP}/libgomp.so.1 COPYONLY)
set(MIRRA_ONEDNN_STRIPPED ${PROJECT_BINARY_DIR}/onednn/libdnnl.so.3)
if(NOT EXISTS ${MIRRA_ONEDNN_STRIPPED})
    execute_process(COMMAND ${CMAKE_STRIP} -o ${MIRRA_ONEDNN_STRIPPED} ${MIRRA_ONEDNN_LIBRARY} COMMAND_ERROR_IS_FATAL ANY)
endif()

add_library(mirra_onednn_library SHARED IMPORTED)
set_target_properties(mirra_onednn_library PROPERTIES IMPORTED_LOCATION ${MIRRA_ONEDNN_STRIPPED}
    INTERFACE_INCLUDE_DIRECTORIES ${MIRRA_ONEDNN_INCLUDE})

# What the licences ask to go along; a package for Debian has it in its file "copyright".
if(NOT MIRRA_DEB)
    install(DIRECTORY ${MIRRA_ONEDNN}/share/doc/onednn DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime OPTIONAL
        FILES_MATCHING PATTERN LICENSE PATTERN THIRD-PARTY-PROGRAMS)
    install(FILES ${PROJECT_SOURCE_DIR}/sdk/runtime/onednn/OPENMP DESTINATION ${CMAKE_INSTALL_DOCDIR}/onednn COMPONENT runtime)
    install(FILES /usr/share/common-licenses/GPL-3 DESTINATION ${CMAKE_INSTALL_DOCDIR}/onednn COMPONENT runtime OPTIONAL)
endif()
