# Unit tests of the rooms base and image, and what they link.
set(MIRRA_UNIT_IMAGE_TESTS
    base_file_test.cpp
    base_json_test.cpp
    base_printable_test.cpp
    base_reader_test.cpp
    image_view_test.cpp
    image_tile_test.cpp
    image_png_test.cpp
    image_color_test.cpp
    image_jpeg_test.cpp
    image_metadata_damage_test.cpp
    image_metadata_test.cpp
    image_memory_test.cpp
    image_orientation_test.cpp
    image_damage_test.cpp
    image_write_test.cpp
    image_metrics_test.cpp
    image_noise_test.cpp
    image_noise_profile_test.cpp)
set(MIRRA_UNIT_IMAGE_LIBRARIES mirra_image PNG::PNG JPEG::JPEG ZLIB::ZLIB PkgConfig::EXIF PkgConfig::LCMS2)
if(MIRRA_WITH_WEBP)
    list(APPEND MIRRA_UNIT_IMAGE_TESTS image_webp_test.cpp)
    list(APPEND MIRRA_UNIT_IMAGE_LIBRARIES PkgConfig::WEBP)
endif()
if(MIRRA_WITH_JXL)
    list(APPEND MIRRA_UNIT_IMAGE_TESTS image_jxl_test.cpp)
    list(APPEND MIRRA_UNIT_IMAGE_LIBRARIES PkgConfig::JXL)
endif()
if(MIRRA_WITH_TIFF)
    list(APPEND MIRRA_UNIT_IMAGE_TESTS image_tiff_test.cpp)
    list(APPEND MIRRA_UNIT_IMAGE_LIBRARIES TIFF::TIFF)
endif()
