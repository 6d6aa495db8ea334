# Completion for fish. Commands, keys, instances and models come from the program.
function __dfnet4ctl_commands
    dfnet4ctl --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  *\([A-Z].*\)/\1\t\2/p'
end
function __dfnet4ctl_instances
    dfnet4ctl list 2>/dev/null | cut -d' ' -f1
end
function __dfnet4ctl_keys
    set -l names (__dfnet4ctl_instances)
    dfnet4ctl get --instance="$names[1]" 2>/dev/null | cut -d' ' -f1
end
function __dfnet4ctl_settings
    dfnet4ctl set --help 2>/dev/null | sed -n 's/^Keys: //p' | string split ' '
end
function __dfnet4ctl_models
    echo default
    dfnet4ctl model --list 2>/dev/null | cut -d' ' -f1
    __fish_complete_suffix .safetensors
end

complete -c dfnet4ctl -f
complete -c dfnet4ctl -n __fish_use_subcommand -a '(__dfnet4ctl_commands)'
complete -c dfnet4ctl -n __fish_use_subcommand -s V -l version -d 'Show the version'
complete -c dfnet4ctl -s h -l help -d 'Show the help'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from status list' -s j -l json -d 'Print JSON'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from watch get set toggle model monitor reset' -s i -l instance -x -a '(__dfnet4ctl_instances)' -d 'The instance meant'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from watch' -s n -l count -x -d 'Look so many times'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from watch' -s s -l interval -x -d 'Seconds between looks'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from model' -s l -l list -d 'List the models'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from get' -a '(__dfnet4ctl_keys)'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from set' -a '(__dfnet4ctl_settings) on off'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from model' -a '(__dfnet4ctl_models)'
complete -c dfnet4ctl -n '__fish_seen_subcommand_from monitor' -a 'on off'
