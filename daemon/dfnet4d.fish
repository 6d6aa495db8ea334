# Completion for fish. Devices and models come from the program.
function __dfnet4d_devices
    dfnet4d --list-devices 2>/dev/null | sed -n "s/^$argv[1] *[* ] //p"
end
function __dfnet4d_models
    dfnet4d --list-models 2>/dev/null | awk '{ print $1 }'
    __fish_complete_suffix .safetensors
end

complete -c dfnet4d -f
complete -c dfnet4d -s d -l device -x -a '(__dfnet4d_devices microphone)' -d 'Clean what this device hears'
complete -c dfnet4d -s m -l model -x -a '(__dfnet4d_models)' -d 'Model file or name'
complete -c dfnet4d -l precision -x -a 'f32 bf16 int8' -d 'Arithmetic of the network'
complete -c dfnet4d -l channels -x -a '1 2' -d 'Number of channels'
complete -c dfnet4d -l output -x -a '(__dfnet4d_devices incoming)' -d 'Device that plays the clean sound'
complete -c dfnet4d -l smart -d 'Stand between the device and all programs'
complete -c dfnet4d -l make-default -d 'Become the default microphone'
complete -c dfnet4d -l name -x -d 'Stream that the options are about'
complete -c dfnet4d -l limit-db -x -d 'Attenuation limit in dB'
complete -c dfnet4d -l post-filter -x -d 'Strength of the post-filter'
complete -c dfnet4d -l bypass -x -a '0 1' -d 'Pass the input through'
complete -c dfnet4d -s c -l config -r -F -d 'Settings from this file only'
complete -c dfnet4d -l backend -x -a 'pipewire portaudio' -d 'Where sound comes from'
complete -c dfnet4d -l check-config -d 'Tell whether the settings are good'
complete -c dfnet4d -l dump-config -d 'Print all settings in use'
complete -c dfnet4d -l list-devices -d 'Print the devices'
complete -c dfnet4d -l list-models -d 'Print the models'
complete -c dfnet4d -s v -l verbose -d 'Tell more'
complete -c dfnet4d -s q -l quiet -d 'Tell errors only'
complete -c dfnet4d -s V -l version -d 'Show the version'
complete -c dfnet4d -s h -l help -d 'Show the help'
