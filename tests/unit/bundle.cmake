set(MIRRA_UNIT_BUNDLE_TESTS
    architecture_alexnet_test.cpp bundle_convert_test.cpp bundle_file_test.cpp bundle_hostile_test.cpp bundle_provenance_test.cpp
    bundle_tensor_file_test.cpp)
# The digest is no public interface; tests sign manifests that they have changed.
set_source_files_properties(bundle_file_test.cpp bundle_hostile_test.cpp PROPERTIES INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/sdk)
