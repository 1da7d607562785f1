# The importer; needs libzip (PkgConfig::LIBZIP), CLI11 and nlohmann-json.
set(MIRRA_IMPORT_SOURCES
    allowance.cpp autoencoder_recipes.cpp checkpoint_keys.cpp classifier_recipes.cpp command.cpp graph_file.cpp import.cpp lpips_recipes.cpp
    normalisation.cpp pickle.cpp pickle_reader.cpp recipes.cpp spectral_norm.cpp state_dict.cpp strided.cpp
    torch_legacy.cpp torch_values.cpp torch_zip.cpp weight_source.cpp)
list(TRANSFORM MIRRA_IMPORT_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
