set(MIRRA_UNIT_IMPORT_TESTS
    import_checkpoint_test.cpp import_classifier_test.cpp import_graph_test.cpp import_hostile_test.cpp import_pickle_test.cpp
    import_recipes_test.cpp import_stylizer_test.cpp import_torch_file_test.cpp)
