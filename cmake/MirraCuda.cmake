# nvcc for the kernels' module: MIRRA_CUDA_COMPILER is its file, of a CUDA Toolkit or as scripts/lib.sh puts the Python
# wheels together. Sets MIRRA_CUDA_ARCHITECTURES to those that it knows of the wanted ones.
set(MIRRA_CUDA_ARCHITECTURES "80;86;89;90;100;120" CACHE STRING "Compute capabilities that the kernels are compiled for")
execute_process(COMMAND ${MIRRA_CUDA_COMPILER} --list-gpu-code OUTPUT_VARIABLE known COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[0-9]+" known "${known}")
set(MIRRA_CUDA_BUILT "")
foreach(architecture ${MIRRA_CUDA_ARCHITECTURES})
    if(architecture IN_LIST known)
        list(APPEND MIRRA_CUDA_BUILT ${architecture})
    endif()
endforeach()
if(NOT MIRRA_CUDA_BUILT)
    message(FATAL_ERROR "${MIRRA_CUDA_COMPILER} knows none of the architectures ${MIRRA_CUDA_ARCHITECTURES}: it knows ${known}.")
endif()
list(GET MIRRA_CUDA_BUILT 0 MIRRA_CUDA_INTERMEDIATE)

# Code of each, and of the first also the form that drivers compile for those that are newer.
list(TRANSFORM MIRRA_CUDA_BUILT APPEND "-real" OUTPUT_VARIABLE CMAKE_CUDA_ARCHITECTURES)
list(APPEND CMAKE_CUDA_ARCHITECTURES ${MIRRA_CUDA_INTERMEDIATE}-virtual)
set(CMAKE_CUDA_COMPILER ${MIRRA_CUDA_COMPILER})
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION) # CMake 3.25 does not know that nvcc has it
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
