# Completion for bash. Options come from the program's own help, so that they are never old.
_dfnet4() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
    local option=${COMP_WORDS[COMP_CWORD - 1]} words
    COMPREPLY=()
    [[ $word == '=' ]] && word='' # bash makes three words of --option=value
    [[ $option == '=' ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'enhance info import quantize bench --help --version' -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W \
            "$("$1" "$command" --help 2>/dev/null | grep -oE '^  (-., |    )--[a-z-]+' |
                grep -oE -- '--[a-z-]+')" -- "$word")
    elif [[ $command == info && $option =~ ^(-p|-t|--preset|--template)$ ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'full lite full-ll lite-ll' -- "$word")
    elif [[ $command == enhance && $option =~ ^(-m|--model)$ || $command == info ||
        ! $option =~ ^(-o|--(output|calibrate|target-db|precision))$ && $command == quantize ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W lite -- "$word")
    elif [[ $command == quantize && $option == --precision ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'int8 bf16' -- "$word")
    elif [[ $command == bench ]]; then
        case $option in
        --mode) words='hot paced both' ;;
        --precision) words='file f32 bf16 int8 all' ;;
        --signal) words='speech noise silence denormal loud nan all' ;;
        --cpu | --compare) words='none detect avx2 avx512 vnni bf16 neon dotprod' ;;
        --seconds | --streams | --pin) words='' ;;
        *)
            words='default full lite full-ll lite-ll'
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            ;;
        esac
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
} && complete -o filenames -F _dfnet4 dfnet4
