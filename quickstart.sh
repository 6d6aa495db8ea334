#!/usr/bin/env bash
# quickstart.sh - from a bare machine to clean audio. See `./quickstart.sh help`.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
build=$here/build

# What we use, one line each: what needs it (base: the build, test: the tests, ci: .ci/run, arm64:
# its job that builds for arm64, on Debian), then the package for apt, dnf and pacman. "-" means
# that another line brings it.
package_table='
base  gcc                  gcc                          gcc
base  libc6-dev            glibc-devel                  -
base  meson                meson                        meson
base  ninja-build          ninja-build                  ninja
base  pkgconf              pkgconf-pkg-config           pkgconf
base  python3              python3                      python
base  libkissfft-dev       pkgconfig(kissfft-float)     kissfft
base  libjansson-dev       pkgconfig(jansson)           jansson
base  libinih-dev          pkgconfig(inih)              libinih
base  libsamplerate0-dev   pkgconfig(samplerate)        libsamplerate
base  libsndfile1-dev      pkgconfig(sndfile)           libsndfile
base  libprotobuf-c-dev    pkgconfig(libprotobuf-c)     protobuf-c
base  protobuf-c-compiler  protobuf-c-compiler          -
base  libarchive-dev       pkgconfig(libarchive)        libarchive
base  libopenblas-dev      pkgconfig(openblas)          openblas
base  libcairo2-dev        pkgconfig(cairo)             cairo
base  libsystemd-dev       pkgconfig(libsystemd)        systemd-libs
base  libpipewire-0.3-dev  pkgconfig(libpipewire-0.3)   libpipewire
base  portaudio19-dev      pkgconfig(portaudio-2.0)     portaudio
test  openmpi-bin          openmpi                      openmpi
test  libopenmpi-dev       openmpi-devel                -
test  sox                  sox                          sox
test  pipewire             pipewire                     pipewire
test  pipewire-bin         pipewire-utils               -
test  libspa-0.2-modules   -                            pipewire-audio
test  wireplumber          wireplumber                  wireplumber
test  pipewire-pulse       pipewire-pulseaudio          pipewire-pulse
test  pulseaudio-utils     pulseaudio-utils             libpulse
test  pipewire-jack        pipewire-jack-audio-connection-kit pipewire-jack
test  pipewire-alsa        pipewire-alsa                pipewire-alsa
test  dbus-daemon          dbus-daemon                  dbus
test  systemd              systemd                      systemd
test  procps               procps-ng                    procps-ng
ci    clang                clang                        clang
ci    libclang-rt-dev      compiler-rt                  compiler-rt
ci    clang-format         clang-tools-extra            -
ci    g++                  gcc-c++                      -
ci    strace               strace                       strace
ci    chromium             chromium                     chromium
ci    util-linux           util-linux                   util-linux
ci    qemu-user            qemu-user                    qemu-user
arm64 gcc-aarch64-linux-gnu     -  -
arm64 libc6-dev-arm64-cross     -  -
arm64 libkissfft-dev:arm64      -  -
arm64 libjansson-dev:arm64      -  -
arm64 libinih-dev:arm64         -  -
arm64 libsamplerate0-dev:arm64  -  -
arm64 libsndfile1-dev:arm64     -  -
arm64 libprotobuf-c-dev:arm64   -  -
arm64 libarchive-dev:arm64      -  -
arm64 libopenblas-dev:arm64     -  -
'

usage() {
    cat <<TEXT
Usage: ./quickstart.sh [COMMAND]

  (none)     install what is missing, build, and clean a noisy recording
  deps       only install the packages to build and test ("deps ci arm64": of .ci/run, too)
  build      only build, into build/
  test       install what is missing, build, run every test
  help       this text

Packages come from the distribution (apt, dnf or pacman), as root or through sudo.
CI=true turns compiler warnings into errors.
DFN_REQUIRE_SHARED=1 makes tests fail that miss their reference data (../shared).
TEXT
}

say() { printf '\n== %s\n' "$*"; }

die() {
    printf 'quickstart.sh: %s\n' "$*" >&2
    exit 1
}

# ---- packages ---------------------------------------------------------------------------

find_manager() {
    for manager in apt-get dnf pacman; do
        if command -v "$manager" >/dev/null; then
            echo "$manager"
            return
        fi
    done
    echo none
}

list_packages() { # MANAGER WHEN...: names, one per line
    local manager=$1 need apt dnf pacman name
    shift
    while read -r need apt dnf pacman; do
        case " $* " in *" $need "*) ;; *) continue ;; esac
        case $manager in apt-get) name=$apt ;; dnf) name=$dnf ;; pacman) name=$pacman ;; esac
        [ -z "$name" ] || [ "$name" = - ] || printf '%s\n' "$name"
    done <<<"$package_table"
}

is_installed() { # MANAGER PACKAGE
    case $1 in
        apt-get) dpkg-query -W -f='${db:Status-Status}\n' "$2" 2>/dev/null | grep -qx installed ;;
        dnf) rpm -q --whatprovides "$2" >/dev/null 2>&1 ;;
        pacman) pacman -T "$2" >/dev/null 2>&1 ;;
    esac
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "installing needs root and there is no sudo; run ./quickstart.sh deps as root"
    fi
}

deps() { # WHEN...: install what is missing of these lists
    local manager name missing=()
    manager=$(find_manager)
    if [ "$manager" = none ]; then
        die "no apt, dnf or pacman here; install what these Debian packages hold: $(
            list_packages apt-get "$@" | tr '\n' ' ')"
    fi
    while read -r name; do
        is_installed "$manager" "$name" || missing+=("$name")
    done < <(list_packages "$manager" "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        echo "all packages are installed"
        return
    fi
    say "Installing ${missing[*]}"
    case $manager in
        apt-get)
            case ${missing[*]} in *:arm64*) as_root dpkg --add-architecture arm64 ;; esac
            as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy \
                --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
            ;;
        dnf) as_root dnf install -y "${missing[@]}" ;;
        pacman) as_root pacman -S --needed --noconfirm "${missing[@]}" ;;
    esac
}

# ---- build and test ---------------------------------------------------------------------

build() {
    local options=(--buildtype=release "-Dwerror=$([ -n "${CI:-}" ] && echo true || echo false)")
    command -v meson >/dev/null || die "meson is not installed; ./quickstart.sh deps installs it"
    if [ -f "$build/build.ninja" ]; then
        meson configure "$build" "${options[@]}" || return 1
    else
        meson setup "$build" "$here" "${options[@]}" || return 1
    fi
    ninja -C "$build"
}

run_tests() {
    local log=$build/meson-logs/testlog.json status=0
    if ! build; then
        echo "the build failed"
        echo "0 passed, 1 failed"
        return 1
    fi
    rm -f "${log%.json}"*.json
    meson test -C "$build" --no-rebuild --print-errorlogs || true # the count below decides
    "$here/tools/test_again.sh" "$build" "$log"
    python3 "$here/tools/count_tests.py" "$log" || status=1
    return "$status"
}

# ---- the demo ---------------------------------------------------------------------------

demo() {
    local tool=$build/cli/dfnet4 folder=$build/demo start
    deps base
    say "Building"
    build
    if [ ! -x "$tool" ]; then
        die "the build has no command line tool; meson's output above says what it misses"
    fi
    say "Making a noisy recording: a synthetic voice, a fan, a keyboard"
    python3 "$here/tools/make_demo.py" "$folder"
    "$tool" info --json >"$folder/info.json" # of the model in use: ours, or the user's choice
    say "Enhancing"
    rm -f "$folder/enhanced.wav"
    start=$(date +%s%N)
    "$tool" enhance -o "$folder/enhanced.wav" "$folder/noisy.wav"
    start=$(($(date +%s%N) - start))
    python3 "$here/tools/demo_report.py" "$folder" "${start}e-9" "$folder/info.json"
    echo
    echo "Listen:  $folder/noisy.wav"
    echo "         $folder/enhanced.wav"
    echo "Your own recording:"
    printf '         %q enhance RECORDING\n' "$tool"
    if [ -x "$build/daemon/dfnet4d" ]; then
        echo "A clean microphone for calls (then choose \"dfnet4 microphone\" there):"
        printf '         %q\n' "$build/daemon/dfnet4d"
    fi
}

case ${1:-demo} in
    demo) demo ;;
    deps) deps base test "${@:2}" ;;
    build) build ;;
    test)
        deps base test
        run_tests
        ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        die "unknown command '$1'"
        ;;
esac
