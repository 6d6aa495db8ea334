# Completion for bash. Commands, options, keys, instances and models come from the program, so that
# they are never old.
_dfnet4ctl() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=''
    local option=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    [[ $word == '=' ]] && word='' # bash makes three words of --option=value
    [[ $option == '=' ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
    if ((COMP_CWORD == 1)); then
        words="$("$1" --help 2>/dev/null | grep -oE '^  [a-z]+ ') --help --version"
    elif [[ $word == -* ]]; then
        words=$("$1" "$command" --help 2>/dev/null | grep -oE '^  (-., |    )--[a-z-]+' |
            grep -oE -- '--[a-z-]+')
    elif [[ $option =~ ^(-i|--instance)$ ]]; then
        words=$("$1" list 2>/dev/null | cut -d' ' -f1)
    elif [[ $option =~ ^(-n|--count|-s|--interval)$ ]]; then
        return
    elif [[ $command == monitor ]]; then
        words='on off'
    elif [[ $command == set ]]; then
        words=$("$1" set --help 2>/dev/null | sed -n 's/^Keys: //p')
        [[ " $words " == *" $option "* ]] && words='on off' # the key is there: now its value
    elif [[ $command == get ]]; then
        local names
        names=$("$1" list 2>/dev/null | head -n 1 | cut -d' ' -f1) # all have the same keys
        words=$("$1" get --instance="$names" 2>/dev/null | cut -d' ' -f1)
    elif [[ $command == model ]]; then
        words="default $("$1" model --list 2>/dev/null | cut -d' ' -f1)"
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$word")
} && complete -o filenames -F _dfnet4ctl dfnet4ctl
