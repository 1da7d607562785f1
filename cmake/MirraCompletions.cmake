# mirra_install_completions(PROGRAM COMPONENT): those of completions/ beside the caller, where each shell looks for them.
function(mirra_install_completions program component)
    set(share ${CMAKE_INSTALL_DATADIR})
    install(FILES completions/${program}.bash DESTINATION ${share}/bash-completion/completions RENAME ${program} COMPONENT ${component})
    install(FILES completions/_${program} DESTINATION ${share}/zsh/site-functions COMPONENT ${component})
    install(FILES completions/${program}.fish DESTINATION ${share}/fish/vendor_completions.d COMPONENT ${component})
endfunction()
