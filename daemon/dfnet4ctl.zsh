#compdef dfnet4ctl
# Completion for zsh. Commands, keys, instances and models come from the program.

_dfnet4ctl_instances() {
    local -a found
    found=(${(f)"$(_call_program instances dfnet4ctl list 2>/dev/null | cut -d' ' -f1)"})
    compadd -a found
}

_dfnet4ctl_models() {
    local -a found
    found=(default ${(f)"$(_call_program models dfnet4ctl model --list 2>/dev/null | cut -d' ' -f1)"})
    compadd -a found
    _files -g '*.safetensors'
}

_dfnet4ctl_settings() {
    local -a found
    found=(${=$(_call_program keys dfnet4ctl set --help 2>/dev/null | sed -n 's/^Keys: //p')})
    compadd -a found
}

_dfnet4ctl_keys() {
    local -a found
    local name=$(_call_program instances dfnet4ctl list 2>/dev/null | head -n 1 | cut -d' ' -f1)
    found=(${(f)"$(_call_program keys dfnet4ctl get --instance=$name 2>/dev/null | cut -d' ' -f1)"})
    compadd -a found
}

_dfnet4ctl() {
    local -a commands instance help json
    local context state line
    instance=('(-i --instance)'{-i,--instance=}'[the instance meant]:instance:_dfnet4ctl_instances')
    help=('(-h --help)'{-h,--help}'[show the help]')
    json=('(-j --json)'{-j,--json}'[print JSON]')
    _arguments -C '(-h --help)'{-h,--help}'[show the help]' '(-V --version)'{-V,--version}'[show the version]' \
        '1:command:->command' '*::argument:->argument' && return
    if [[ $state == command ]]; then
        commands=(${(f)"$(_call_program commands dfnet4ctl --help 2>/dev/null |
            sed -n 's/^  \([a-z]\{1,\}\)  *\([A-Z].*\)/\1:\2/p')"})
        _describe command commands
        return
    fi
    case $words[1] in
    status | list) _arguments $json $help ;;
    watch)
        _arguments $instance '(-n --count)'{-n,--count=}'[look so many times]:number:' \
            '(-s --interval)'{-s,--interval=}'[time between looks]:seconds:' $help
        ;;
    get) _arguments $instance $help '1:key:_dfnet4ctl_keys' ;;
    set) _arguments $instance $help '1:key:_dfnet4ctl_settings' '2:value:(on off)' ;;
    model) _arguments $instance '(-l --list)'{-l,--list}'[list the models]' $help '1:model:_dfnet4ctl_models' ;;
    monitor) _arguments $instance $help '1:whether:(on off)' ;;
    toggle | reset) _arguments $instance $help ;;
    reload) _arguments $help ;;
    esac
}

_dfnet4ctl "$@"
