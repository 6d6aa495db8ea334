# Completion for fish. Commands and options come from the program's own help.
function __dfnet4_commands
    dfnet4 --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  *\([A-Z].*\)/\1\t\2/p'
end
function __dfnet4_options
    set -l words (commandline -poc)
    dfnet4 $words[2] --help 2>/dev/null | sed -n 's/^  \(-.,\|   \) \(--[a-z-]*\)[^ ]* *\(.*\)/\2\t\3/p'
end
function __dfnet4_models
    echo lite
    __fish_complete_suffix .safetensors
end

complete -c dfnet4 -f
complete -c dfnet4 -n __fish_use_subcommand -a '(__dfnet4_commands)'
complete -c dfnet4 -n __fish_use_subcommand -s V -l version -d 'Show the version'
complete -c dfnet4 -n __fish_use_subcommand -s h -l help -d 'Show the help'
complete -c dfnet4 -n 'not __fish_use_subcommand' -a '(__dfnet4_options)'
complete -c dfnet4 -n '__fish_seen_subcommand_from enhance import' -F
complete -c dfnet4 -n '__fish_seen_subcommand_from enhance' -s m -l model -x -a '(__dfnet4_models)'
complete -c dfnet4 -n '__fish_seen_subcommand_from enhance import quantize' -s o -l output -r -F
complete -c dfnet4 -n '__fish_seen_subcommand_from info quantize bench' -a '(__dfnet4_models)'
complete -c dfnet4 -n '__fish_seen_subcommand_from bench' -a 'default full lite full-ll lite-ll (__fish_complete_suffix .ini)'
complete -c dfnet4 -n '__fish_seen_subcommand_from info' -s c -l config -r -F
complete -c dfnet4 -n '__fish_seen_subcommand_from info' -s p -l preset -x -a 'full lite full-ll lite-ll'
complete -c dfnet4 -n '__fish_seen_subcommand_from info' -s t -l template -x -a 'full lite full-ll lite-ll'
complete -c dfnet4 -n '__fish_seen_subcommand_from quantize' -l precision -x -a 'int8 bf16'
complete -c dfnet4 -n '__fish_seen_subcommand_from quantize' -l calibrate -r -F
complete -c dfnet4 -n '__fish_seen_subcommand_from bench' -l mode -x -a 'hot paced both'
complete -c dfnet4 -n '__fish_seen_subcommand_from bench' -l precision -x -a 'file f32 bf16 int8 all'
complete -c dfnet4 -n '__fish_seen_subcommand_from bench' -l signal -x -a 'speech noise silence denormal loud nan all'
complete -c dfnet4 -n '__fish_seen_subcommand_from bench' -l cpu -x -a 'none detect avx2 avx512 vnni bf16 neon dotprod'
complete -c dfnet4 -n '__fish_seen_subcommand_from bench' -l compare -x -a 'none detect avx2 avx512 vnni bf16 neon dotprod'
