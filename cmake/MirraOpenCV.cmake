# Debian splits OpenCV; its parts come without a CMake config, so they are found one by one.
find_path(MIRRA_OPENCV_INCLUDE opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
add_library(mirra_opencv INTERFACE)
target_include_directories(mirra_opencv SYSTEM INTERFACE ${MIRRA_OPENCV_INCLUDE})
foreach(part core imgproc photo)
    find_library(MIRRA_OPENCV_${part} opencv_${part} REQUIRED)
    target_link_libraries(mirra_opencv INTERFACE ${MIRRA_OPENCV_${part}})
endforeach()
