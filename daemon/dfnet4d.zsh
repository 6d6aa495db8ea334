#compdef dfnet4d
# Completion for zsh. Devices and models come from the program.

_dfnet4d_devices() {
    local -a found
    found=(${(f)"$(_call_program devices dfnet4d --list-devices 2>/dev/null |
        sed -n "s/^$1 *[* ] //p")"})
    compadd -a found
}

_dfnet4d_models() {
    local -a found
    found=(${(f)"$(_call_program models dfnet4d --list-models 2>/dev/null | awk '{ print $1 }')"})
    compadd -a found
    _files -g '*.safetensors'
}

_arguments -s \
    '(-d --device)'{-d,--device=}'[clean what this device hears]:device:{_dfnet4d_devices microphone}' \
    '(-m --model)'{-m,--model=}'[model file or name]:model:_dfnet4d_models' \
    '--precision=[arithmetic of the network]:precision:(f32 bf16 int8)' \
    '--channels=[number of channels]:channels:(1 2)' \
    '--output=[PortAudio: device that plays the clean sound]:device:{_dfnet4d_devices incoming}' \
    '--smart[stand between the device and all programs]' \
    '--make-default[become the default microphone]' \
    '--name=[stream that the options are about]:name:' \
    '--limit-db=[attenuation limit]:dB:' \
    '--post-filter=[strength of the post-filter]:strength:' \
    '--bypass=[pass the input through]:bypass:(0 1)' \
    '(-c --config)'{-c,--config=}'[settings from this file only]:file:_files' \
    '--backend=[where sound comes from]:backend:(pipewire portaudio)' \
    '--check-config[tell whether the settings are good]' \
    '--dump-config[print all settings in use]' \
    '--list-devices[print the devices]' \
    '--list-models[print the models]' \
    '*'{-v,--verbose}'[tell more]' \
    '(-q --quiet)'{-q,--quiet}'[tell errors only]' \
    '(-V --version)'{-V,--version}'[show the version]' \
    '(-h --help)'{-h,--help}'[show the help]'
