# oneDNN for the light runtime: MIRRA_ONEDNN is a folder with include/ and lib/, as scripts/lib.sh puts the Python wheels
# together. A copy without symbols of its library goes beside the runtime module.
find_path(MIRRA_ONEDNN_INCLUDE oneapi/dnnl/dnnl.hpp PATHS ${MIRRA_ONEDNN}/include NO_DEFAULT_PATH REQUIRED)
find_file(MIRRA_ONEDNN_LIBRARY libdnnl.so.3 PATHS ${MIRRA_ONEDNN}/lib NO_DEFAULT_PATH REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)

set(MIRRA_ONEDNN_COPY ${PROJECT_BINARY_DIR}/lib/mirra/onednn/libdnnl.so.3)
if(NOT EXISTS ${MIRRA_ONEDNN_COPY})
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/lib/mirra/onednn)
    execute_process(COMMAND ${CMAKE_STRIP} -o ${MIRRA_ONEDNN_COPY} ${MIRRA_ONEDNN_LIBRARY} COMMAND_ERROR_IS_FATAL ANY)
endif()
install(PROGRAMS ${MIRRA_ONEDNN_COPY} DESTINATION ${CMAKE_INSTALL_LIBDIR}/mirra/onednn COMPONENT runtime)

add_library(mirra_onednn_library SHARED IMPORTED)
set_target_properties(mirra_onednn_library PROPERTIES IMPORTED_LOCATION ${MIRRA_ONEDNN_COPY} IMPORTED_SONAME libdnnl.so.3
    INTERFACE_INCLUDE_DIRECTORIES ${MIRRA_ONEDNN_INCLUDE})
