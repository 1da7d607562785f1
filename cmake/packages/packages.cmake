# The packages: which component each is, and what people read about it. Included by MirraPackages.cmake.
set(onednn_licences "")
if(MIRRA_ONEDNN)
    set(onednn_licences ${MIRRA_ONEDNN}/share/doc/onednn/THIRD-PARTY-PROGRAMS)
    if(MIRRA_DEB AND NOT EXISTS ${onednn_licences})
        message(FATAL_ERROR "there is no ${onednn_licences}, which belongs into the package: build on oneDNN as its wheel has it")
    endif()
endif()
mirra_package(runtime libmirra1 libs
"denoise, stylize, invert and judge pictures: shared library
Mirra takes the noise out of photographs, gives them the style of others,
shows what a network sees in them, and finds defects. It works in tiles,
within a memory limit that holds.
.
This package has the library, its plugins, what runs networks on the
processor, and two networks that denoise."
    LICENCES ${onednn_licences}
    RECOMMENDS ${networks}
    SUGGESTS "libmirra-libtorch (= ${MIRRA_DEB_VERSION})"
    CONTROL_EXTRA ${package_sources}/shlibs ${package_sources}/triggers)

mirra_package(networks mirra-networks graphics
"denoise, stylize, invert and judge pictures: networks
The networks of Mirra's tasks that its library does not have with it: the
best denoiser, the stylizer, encoders of pictures, and inverters, which show
what an encoder sees."
    ARCHITECTURE all
    ENHANCES libmirra1)

if(MIRRA_BUILD_RUNTIME AND MIRRA_PRIVATE_LIBTORCH)
    file(GLOB licences ${MIRRA_LIBTORCH}/../torch-*.dist-info/licenses/* ${MIRRA_LIBTORCH}/../nvidia_cuda_runtime-*.dist-info/licenses/*)
    if(MIRRA_DEB AND NOT licences)
        message(FATAL_ERROR "there are no licences beside MIRRA_LIBTORCH=${MIRRA_LIBTORCH}: build packages on LibTorch as pip installs it")
    endif()
    mirra_package(libtorch libmirra-libtorch non-free/libs
"LibTorch for Mirra, under names of its own
Trainings need LibTorch, and networks can run on it, in fp16 too where the
processor has that. All of its names are changed, so that it lives beside any
other PyTorch in the same program.
.
Of CUDA it has the runtime and the profiler, which LibTorch links even
where there is no GPU. It computes on the processor."
        COMPONENTS runtime LICENCES ${licences})
endif()

mirra_package(dev libmirra-dev libdevel
"denoise, stylize, invert and judge pictures: development files
Headers for C and C++, files for pkg-config and CMake, sample programs, and
templates of plugins. 'mirra new-plugin' uses the templates."
    COMPONENTS runtime)

if(MIRRA_BUILD_CLI)
    mirra_package(tools mirra-tools graphics
"denoise, stylize, invert and judge pictures: the mirra command
The command takes the noise out of photographs, one file or whole folders:
'mirra denoise photo.jpg -o clean.jpg'. It also gives pictures the style of
others, shows what a network sees in a photograph, and finds defects in
pictures of parts."
        COMPONENTS ${running} RECOMMENDS ${networks} SUGGESTS libmirra-dev)
endif()

if(MIRRA_BUILD_TRAINER)
    mirra_package(trainer mirra-train science
"train networks for Mirra, and measure them
Trains denoisers, encoders, inverters, detectors of defects and style
transfers on pictures of your own, imports weights of PyTorch, and writes
networks as ONNX."
        COMPONENTS runtime libtorch RECOMMENDS ${networks} SUGGESTS mirra-tools)
endif()

mirra_adapter(gegl mirra-gegl graphics
"denoise, stylize, invert and judge pictures: operations for GEGL
An operation of GEGL for each task of Mirra. GIMP has them in its menu
Tools, GEGL Operation, and the command 'gegl' runs them."
    ENHANCES "gegl, gimp")

mirra_adapter(gimp mirra-gimp graphics
"denoise, stylize, invert and judge pictures: plug-in for GIMP 2.10
Mirra's tasks in a menu of GIMP, with their settings and a preview."
    ENHANCES gimp)

mirra_adapter(frei0r mirra-frei0r video
"denoise, stylize, invert and judge pictures: filters for videos
A filter of frei0r for each task of Mirra: ffmpeg, melt, GStreamer and the
editors over them have it. 'mirra-frei0r' makes filters of further plugins."
    ENHANCES "ffmpeg, melt, gstreamer1.0-plugins-bad")

# libvips looks for modules in a folder of its own series.
if(vips IN_LIST MIRRA_DEB_ADAPTERS)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(vips REQUIRED vips)
    string(REGEX MATCH "^([0-9]+)[.]([0-9]+)" vips_series ${vips_VERSION})
    math(EXPR vips_next "${CMAKE_MATCH_2} + 1")
    set(vips_limit "libvips42 (<< ${CMAKE_MATCH_1}.${vips_next})")
endif()
mirra_adapter(vips mirra-vips graphics
"denoise, stylize, invert and judge pictures: operations for libvips
An operation of libvips for each task of Mirra: the command 'vips' has them,
and so have pyvips and the bindings for other languages."
    DEPENDS "${vips_limit}" ENHANCES "libvips-tools, python3-pyvips")
