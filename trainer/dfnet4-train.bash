# Completion for bash. Options come from the program's own help, so that they are never old.
_dfnet4_train() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
    local option=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    [[ $word == '=' ]] && word='' # bash makes three words of --option=value
    [[ $option == '=' ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
    [[ $command == *.ini ]] && command=run # which may be left out
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'run finetune scan score plot bench --help --version' -- "$word"
            compgen -f -X '!*.ini' -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W \
            "$("$1" "$command" --help 2>/dev/null | grep -oE '^  (-., |    )--[a-z-]+' |
                grep -oE -- '--[a-z-]+')" -- "$word")
    elif [[ $command == bench && $option =~ ^(-p|--preset)$ ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'lite full lite-ll full-ll' -- "$word")
    elif [[ $command == scan && $option =~ ^(-k|--kind)$ ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'speech noise rir' -- "$word")
    elif [[ $option =~ ^(--noise|--voice|--rooms|--pairs|-r|--run)$ ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
} && complete -o filenames -F _dfnet4_train dfnet4-train
