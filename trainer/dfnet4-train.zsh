#compdef dfnet4-train
# Completion for zsh. Commands and options come from the program's own help.

# What may stand behind an option of a command.
_dfnet4_train_action() {
    case $1$2 in
    bench--preset) print '(lite full lite-ll full-ll)' ;;
    scan--kind) print '(speech noise rir)' ;;
    score--cpu) print '(none detect avx2 avx512 vnni bf16 neon dotprod)' ;;
    *--run | *--noise | *--voice | *--rooms | *--pairs) print _directories ;;
    *--output | *--data | *--model | *--csv) print _files ;;
    esac
}

# The options of a command, as _arguments has them.
_dfnet4_train_options() {
    local short long value text once
    _call_program options dfnet4-train $1 --help 2>/dev/null |
        sed -n 's/^  \(-.\|  \)[, ] \(--[a-z-]*\)\(=[^ ]*\)\{0,1\} *\([^][]*\).*/\1|\2|\3|\4/p' |
        while IFS='|' read -r short long value text; do
            once="(${short// } $long)"
            [[ $long == --option ]] && once='*' # again and again
            [[ -n $value ]] && value=":${value#=}:$(_dfnet4_train_action $1 $long)"
            [[ -n ${short// } ]] && print -r -- "$once${short}[$text]$value"
            print -r -- "$once$long${value:+=}[$text]$value"
        done
}

_dfnet4_train() {
    local -a commands
    local context state line command
    _arguments -C '(-h --help)'{-h,--help}'[show the help]' '(-V --version)'{-V,--version}'[show the version]' \
        '1:command:->command' '*::argument:->argument' && return
    if [[ $state == command ]]; then
        commands=(${(f)"$(_call_program commands dfnet4-train --help 2>/dev/null |
            sed -n 's/^  \([a-z]\{1,\}\)  *\([A-Z].*\)/\1:\2/p')"})
        _describe command commands
        _files -g '*.ini'
        return
    fi
    command=$words[1]
    [[ $command == *.ini ]] && command=run # which may be left out
    case $command in
    run) _arguments ${(f)"$(_dfnet4_train_options run)"} '*:recipe:_files -g "*.ini"' ;;
    scan | plot) _arguments ${(f)"$(_dfnet4_train_options $command)"} '*:folder:_directories' ;;
    score) _arguments ${(f)"$(_dfnet4_train_options score)"} '*:model:_files -g "*.safetensors"' ;;
    finetune | bench) _arguments ${(f)"$(_dfnet4_train_options $command)"} ;;
    esac
}

_dfnet4_train "$@"
