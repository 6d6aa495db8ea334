# Completion for fish. Commands and options come from the program's own help.
function __dfnet4_train_commands
    dfnet4-train --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  *\([A-Z].*\)/\1\t\2/p'
end
function __dfnet4_train_trains
    __fish_seen_subcommand_from run finetune; or string match -q '*.ini' -- (commandline -poc)[2]
end
function __dfnet4_train_options
    set -l command (commandline -poc)[2]
    string match -q '*.ini' -- $command; and set command run # which may be left out
    dfnet4-train $command --help 2>/dev/null | sed -n 's/^  \(-.,\|   \) \(--[a-z-]*\)[^ ]* *\(.*\)/\2\t\3/p'
end

complete -c dfnet4-train -f
complete -c dfnet4-train -n __fish_use_subcommand -a '(__dfnet4_train_commands)'
complete -c dfnet4-train -n __fish_use_subcommand -a '(__fish_complete_suffix .ini)'
complete -c dfnet4-train -n __fish_use_subcommand -s V -l version -d 'Show the version'
complete -c dfnet4-train -n __fish_use_subcommand -s h -l help -d 'Show the help'
complete -c dfnet4-train -n 'not __fish_use_subcommand' -a '(__dfnet4_train_options)'
complete -c dfnet4-train -n '__fish_seen_subcommand_from run' -a '(__fish_complete_suffix .ini)'
complete -c dfnet4-train -n '__fish_seen_subcommand_from score' -a '(__fish_complete_suffix .safetensors)'
complete -c dfnet4-train -n '__fish_seen_subcommand_from scan plot' -a '(__fish_complete_directories)'
complete -c dfnet4-train -n __dfnet4_train_trains -s r -l run -x -a '(__fish_complete_directories)'
complete -c dfnet4-train -n '__fish_seen_subcommand_from finetune' -l noise -x -a '(__fish_complete_directories)'
complete -c dfnet4-train -n '__fish_seen_subcommand_from finetune' -l voice -x -a '(__fish_complete_directories)'
complete -c dfnet4-train -n '__fish_seen_subcommand_from finetune' -l rooms -x -a '(__fish_complete_directories)'
complete -c dfnet4-train -n '__fish_seen_subcommand_from finetune' -l data -r -F
complete -c dfnet4-train -n '__fish_seen_subcommand_from finetune' -l model -r -F
complete -c dfnet4-train -n '__fish_seen_subcommand_from finetune scan plot' -s o -l output -r -F
complete -c dfnet4-train -n '__fish_seen_subcommand_from scan' -s k -l kind -x -a 'speech noise rir'
complete -c dfnet4-train -n '__fish_seen_subcommand_from score' -l pairs -x -a '(__fish_complete_directories)'
complete -c dfnet4-train -n '__fish_seen_subcommand_from score' -l csv -r -F
complete -c dfnet4-train -n '__fish_seen_subcommand_from score' -l cpu -x -a 'none detect avx2 avx512 bf16 vnni neon'
complete -c dfnet4-train -n '__fish_seen_subcommand_from bench' -s p -l preset -x -a 'lite full lite-ll full-ll'
