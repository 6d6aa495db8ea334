# Completion for bash. Options, devices and models come from the program, so that they are never old.
_dfnet4d() {
    local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} words=''
    COMPREPLY=()
    [[ $word == '=' ]] && word='' # bash makes three words of --option=value
    [[ $option == '=' ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
    case $option in
    --backend) words='pipewire portaudio' ;;
    --precision) words='f32 bf16 int8' ;;
    --channels) words='1 2' ;;
    --bypass) words='0 1' ;;
    -d | --device | --output)
        local IFS=$'\n' kind='microphone' # names may hold spaces
        [[ $option == --output ]] && kind='incoming  '
        words=$("$1" --list-devices 2>/dev/null | sed -n "s/^$kind . //p")
        ;;
    -m | --model)
        words=$("$1" --list-models 2>/dev/null | awk '{ print $1 }')
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        ;;
    -c | --config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --name | --limit-db | --post-filter) ;;
    *) words=$("$1" --help 2>/dev/null | grep -oE '^  (-., |    )--[a-z-]+' | grep -oE -- '--[a-z-]+') ;;
    esac
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$word")
} && complete -o filenames -F _dfnet4d dfnet4d
