# LibTorch from a PyPI wheel, a conda package or a download: headers, libtorch_cpu and libc10, nothing of CUDA.
#   MIRRA_LIBTORCH  folder that holds include/ and lib/ (cache variable or environment)
set(MIRRA_LIBTORCH "$ENV{MIRRA_LIBTORCH}" CACHE PATH "LibTorch: the folder with include/ and lib/")
if(NOT EXISTS "${MIRRA_LIBTORCH}/include/torch/csrc/api/include/torch/torch.h")
    message(FATAL_ERROR "LibTorch not found at MIRRA_LIBTORCH='${MIRRA_LIBTORCH}': run scripts/setup, or set "
                        "MIRRA_LIBTORCH to the folder of a LibTorch that holds include/ and lib/.")
endif()
find_library(MIRRA_TORCH_CPU torch_cpu PATHS ${MIRRA_LIBTORCH}/lib NO_DEFAULT_PATH REQUIRED)
find_library(MIRRA_C10 c10 PATHS ${MIRRA_LIBTORCH}/lib NO_DEFAULT_PATH REQUIRED)

# The wheel links libtorch_cpu against CUDA's runtime and profiler even on machines without a GPU; they lie in
# packages of their own beside it.
set(MIRRA_TORCH_RPATH ${MIRRA_LIBTORCH}/lib)
file(GLOB MIRRA_TORCH_SIDE_LIBS ${MIRRA_LIBTORCH}/../nvidia/*/lib)
list(APPEND MIRRA_TORCH_RPATH ${MIRRA_TORCH_SIDE_LIBS})

add_library(mirra_libtorch INTERFACE)
target_include_directories(mirra_libtorch SYSTEM INTERFACE
    ${MIRRA_LIBTORCH}/include ${MIRRA_LIBTORCH}/include/torch/csrc/api/include)
target_link_libraries(mirra_libtorch INTERFACE ${MIRRA_TORCH_CPU} ${MIRRA_C10})
target_link_options(mirra_libtorch INTERFACE -Wl,--allow-shlib-undefined)
foreach(folder ${MIRRA_TORCH_SIDE_LIBS})
    target_link_options(mirra_libtorch INTERFACE -Wl,-rpath-link,${folder})
endforeach()
