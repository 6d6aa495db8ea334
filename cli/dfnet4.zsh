#compdef dfnet4
# Completion for zsh. Commands and options come from the program's own help.

_dfnet4_models() {
    compadd lite
    _files -g '*.safetensors'
}

# What may stand behind an option of a command.
_dfnet4_action() {
    case $1$2 in
    info--preset | info--template) print '(full lite full-ll lite-ll)' ;;
    enhance--model) print _dfnet4_models ;;
    quantize--precision) print '(int8 bf16)' ;;
    bench--mode) print '(hot paced both)' ;;
    bench--precision) print '(file f32 bf16 int8 all)' ;;
    bench--signal) print '(speech noise silence denormal loud nan all)' ;;
    bench--cpu | bench--compare) print '(none detect avx2 avx512 vnni bf16 neon dotprod)' ;;
    *--output | *--config | *--calibrate) print _files ;;
    esac
}

# The options of a command, as _arguments has them.
_dfnet4_options() {
    local short long value text once
    _call_program options dfnet4 $1 --help 2>/dev/null |
        sed -n 's/^  \(-.\|  \)[, ] \(--[a-z-]*\)\(=[^ ]*\)\{0,1\} *\([^][]*\).*/\1|\2|\3|\4/p' |
        while IFS='|' read -r short long value text; do
            once="(${short// } $long)"
            [[ -n $value ]] && value=":${value#=}:$(_dfnet4_action $1 $long)"
            [[ -n ${short// } ]] && print -r -- "$once${short}[$text]$value"
            print -r -- "$once$long${value:+=}[$text]$value"
        done
}

_dfnet4() {
    local -a commands
    local context state line
    _arguments -C '(-h --help)'{-h,--help}'[show the help]' '(-V --version)'{-V,--version}'[show the version]' \
        '1:command:->command' '*::argument:->argument' && return
    if [[ $state == command ]]; then
        commands=(${(f)"$(_call_program commands dfnet4 --help 2>/dev/null |
            sed -n 's/^  \([a-z]\{1,\}\)  *\([A-Z].*\)/\1:\2/p')"})
        _describe command commands
        return
    fi
    case $words[1] in
    enhance | import) _arguments ${(f)"$(_dfnet4_options $words[1])"} '*:file:_files' ;;
    info | quantize) _arguments ${(f)"$(_dfnet4_options $words[1])"} '*:model:_dfnet4_models' ;;
    bench)
        _arguments ${(f)"$(_dfnet4_options bench)"} \
            '*:model:{ compadd default full full-ll lite-ll; _files -g "*.ini"; _dfnet4_models }'
        ;;
    esac
}

_dfnet4 "$@"
