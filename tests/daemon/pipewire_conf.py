"""Configuration files of a PipeWire and a WirePlumber without hardware."""

CONFIG = """
context.properties = {
    core.daemon = true
    core.name = pipewire-0
    mem.warn-mlock = false
    default.clock.rate = %(rate)d
    default.clock.allowed-rates = [ 44100 48000 88200 96000 ]
    default.clock.quantum = %(quantum)d
    default.clock.min-quantum = 16
    default.clock.max-quantum = 8192
    # 480 is a hop; stock desktops make 256 of it
    clock.power-of-two-quantum = false
}
context.spa-libs = {
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}
context.modules = [
    { name = libpipewire-module-rt args = { nice.level = -11 } flags = [ ifexists nofail ] }
    { name = libpipewire-module-protocol-native }
    { name = libpipewire-module-profiler }
    { name = libpipewire-module-metadata }
    { name = libpipewire-module-spa-device-factory }
    { name = libpipewire-module-spa-node-factory }
    { name = libpipewire-module-client-node }
    { name = libpipewire-module-client-device }
    { name = libpipewire-module-access }
    { name = libpipewire-module-adapter }
    { name = libpipewire-module-link-factory }
    { name = libpipewire-module-session-manager }
]
context.objects = [
    { factory = metadata args = { metadata.name = default } }
    { factory = spa-node-factory args = {
        factory.name = support.node.driver node.name = Dummy-Driver
        node.group = pipewire.dummy priority.driver = 20000 } }
%(devices)s
]
"""

# Without a session manager nobody else gives an adapter its ports.
PORTS = "adapter.auto-port-config = { mode = dsp monitor = %s position = preserve }"

SESSION = {  # WirePlumber without hardware and portals
    "main.lua.d": "alsa_monitor.enabled = false\n"
                  "v4l2_monitor.enabled = false\n"
                  "libcamera_monitor.enabled = false\n"
                  'default_access.properties["enable-flatpak-portal"] = false\n',
    "bluetooth.lua.d": "bluez_monitor.enabled = false\n",
}

def device(name, media_class, position, priority):
    """A null sink as conf objects and `pw-cli create-node` want it."""
    return (f"{{ factory.name = support.null-audio-sink node.name = \"{name}\" "
            f"node.description = \"{name}\" media.class = {media_class} object.linger = true "
            f"audio.position = [ {position} ] priority.session = {priority} "
            f"monitor.channel-volumes = false monitor.passthrough = true {PORTS % 'true'} }}")
