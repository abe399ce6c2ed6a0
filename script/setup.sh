# Read by script/run and script/test: brings a bare Debian 12 or Ubuntu 24.04 to the point where Khoso runs.
#
# Promises: touches the system only through apt, and only for what is really missing; keeps everything else in
# .venv; takes Python packages only with the hashes of the lock. What is already there is found by looking, not
# by asking apt or pip, so that a second start is quick and needs no network.

# The Pythons for which every package of the lock has a wheel.
KHOSO_PYTHONS="3.11 3.12 3.13 3.14"

# Every message stands in Vietnamese and in English: nobody has chosen a language yet.
tell() {
    printf '%s\n%s\n' "$1" "$2" >&2
}

stop() {
    printf '\n' >&2
    tell "$@"
    exit 3
}

# --- what the system needs ------------------------------------------------------------------------------------

# A Python that can make virtual environments: the one that the distribution keeps and has built for speed (a self-built
# one takes a quarter longer for everything), else the active `python3`, else the newest that can.
# Debian ships `venv` without `ensurepip`, and self-built Pythons may lack the rest: trying is the only test.
# Our own .venv does not count, though it may be the active one: it cannot be made anew from itself.
find_python() {
    local version candidate
    for candidate in /usr/bin/python3 python3 $(printf 'python%s\n' $KHOSO_PYTHONS | sort -r -V); do
        version=$("$candidate" -c 'import ensurepip, venv, ctypes, os, sqlite3, ssl, sys
if os.path.realpath(sys.prefix) != os.path.realpath(".venv"):
    print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case " $KHOSO_PYTHONS " in
            *" $version "*) command -v "$candidate" && return ;;
        esac
    done
    return 1
}

reads_vietnamese() {
    tesseract --list-langs 2>/dev/null | grep -q -x vie
}

# Liberation 2 under either of its names: `fonts-liberation2` on Debian 12, `fonts-liberation` later. Version 1,
# which Debian 12 still calls `fonts-liberation`, draws boxes instead of Vietnamese letters and does not count.
has_vietnamese_fonts() {
    [ -f /usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf ] && return
    [ -f /usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf ] &&
        dpkg --compare-versions "$(dpkg-query -W -f '${Version}' fonts-liberation 2>/dev/null)" ge 1:2
}

has_pdfsig() {
    command -v pdfsig >/dev/null && command -v pdftoppm >/dev/null
}

# The other hand in the blanks of the drawn samples: a font that only drawing them needs.
has_pen_fonts() {
    [ -n "$(find /usr/share/texmf/fonts /usr/share/fonts -name 'texgyrechorus-mediumitalic.otf' 2>/dev/null | head -n 1)" ]
}

# Debian's own layout: several versions of the database lie side by side, 15 and later will do.
has_postgresql() {
    [ -n "$(ls -d /usr/lib/postgresql/1[5-9]/bin/initdb /usr/lib/postgresql/[2-9][0-9]/bin/initdb 2>/dev/null)" ]
}

# Debian keeps some servers where only root's PATH looks.
has_server() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null
}

# The apt packages that are missing, one per line. `services` adds the servers of script/services, `tests` these
# and what only the tests need.
missing_packages() {
    find_python >/dev/null || printf '%s\n' python3 python3-venv
    command -v tesseract >/dev/null || echo tesseract-ocr
    reads_vietnamese || echo tesseract-ocr-vie
    has_vietnamese_fonts || echo fonts-liberation2
    [ "$1" = run ] || has_postgresql || echo postgresql
    [ "$1" = run ] || command -v redis-server >/dev/null || echo redis-server
    [ "$1" != tests ] || has_pdfsig || echo poppler-utils
    [ "$1" != tests ] || command -v curl >/dev/null || echo curl
    [ "$1" != tests ] || has_pen_fonts || echo fonts-texgyre
    [ "$1" != tests ] || has_server clamd || echo clamav-daemon
    [ "$1" != tests ] || has_server nginx || echo nginx-light
}

# --- apt ------------------------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

require_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    # `sudo -v` asks for the password here, where a refusal cannot be mistaken for trouble with apt.
    command -v sudo >/dev/null && sudo -v || stop \
        "Cần cài các gói: $*. Hãy chạy lại bằng root, hoặc cài sudo; hoặc nhờ quản trị viên: apt-get install $*" \
        "These packages are needed: $*. Run this as root or install sudo; or ask an administrator: apt-get install $*"
}

apt_get() {
    # A machine just started often updates itself: wait for its lock instead of failing. Servers are installed for
    # private instances; offline, systemd leaves Debian's own ones unstarted.
    as_root env SYSTEMD_OFFLINE=1 DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y -o DPkg::Lock::Timeout=120 "$@"
}

install_packages() {
    local log
    require_root "$@"
    command -v apt-get >/dev/null || stop \
        "Máy này không có apt. Khoso cài được trên Debian 12 hoặc Ubuntu 24.04; máy khác hãy tự cài: $*" \
        "There is no apt here. Khoso installs itself on Debian 12 or Ubuntu 24.04; elsewhere install by hand: $*"
    tell "Đang cài các gói hệ thống: $*" "Installing system packages: $*"
    log=$(mktemp)
    # `update` succeeds when one of several mirrors is down; whether that matters, `install` will tell.
    if ! { apt_get update && apt_get install --no-install-recommends "$@"; } >"$log" 2>&1; then
        explain_failure "$log" \
            "apt không cài được: $*. Thông báo của apt ở ngay trên." \
            "apt could not install: $*. Its own message stands above."
    fi
    rm -f -- "$log"
}

# The lines of the log that matter, then what to do. That the network is missing apt, pip and Go say in many words
# and one line for each package; one is enough.
explain_failure() {
    local log=$1 no_network
    no_network='could not resolve|failure resolving|name resolution|name or service not known|network is unreachable|no route to host'
    no_network="$no_network|cannot initiate the connection|could not connect|failed to establish|timed out|proxyerror"
    no_network="$no_network|dial tcp|i/o timeout|tls handshake timeout|proxyconnect"
    if grep -q -i -E "$no_network" -- "$log"; then
        grep -i -E "$no_network" -- "$log" | tail -n 1 >&2
        rm -f -- "$log"
        stop "Không có mạng, hoặc không tới được kho gói. Hãy kiểm tra mạng và proxy rồi chạy lại; phần đã cài được giữ nguyên." \
            "No network, or the package archive is out of reach. Check network and proxy and start again; nothing done so far is lost."
    fi
    tail -n 15 -- "$log" >&2
    rm -f -- "$log"
    stop "$2" "$3"
}

ensure_system() {
    local missing
    missing=$(missing_packages "$1")
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086  # package names are words
    install_packages $missing
    missing=$(missing_packages "$1")
    case "$missing" in
        "") ;;
        *python3*) stop \
            "Python của hệ thống này quá cũ ($(python3 -V 2>&1)); cần Python 3.11 trở lên có venv, như trên Debian 12 hoặc Ubuntu 24.04." \
            "The Python of this system is too old ($(python3 -V 2>&1)); 3.11 or newer with venv is needed, as in Debian 12 or Ubuntu 24.04." ;;
        *) stop "Đã cài nhưng vẫn thiếu: $(echo $missing)" "Installed, yet still missing: $(echo $missing)" ;;
    esac
}

# --- .venv ----------------------------------------------------------------------------------------------------

# What makes a .venv still good, besides the lock it was filled from: the place it was made in (its commands
# carry that path) and its Python (a system upgrade may have replaced it). The Python is run, so a broken one
# is noticed.
venv_place_and_python() {
    printf '%s %s\n' "$(pwd -P)" "$(.venv/bin/python -c 'import sys; print(sys.version_info[:2])' 2>/dev/null)"
}

# The lock, and the file that says which commands and packages the checkout itself brings.
lock_hash() {
    sha256sum -- "$1" pyproject.toml | cut -d ' ' -f 1 | tr '\n' ' '
}

pip_install() {
    # No index is named: where packages come from is this machine's own pip setting.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input "$@"
}

make_venv() {
    local python
    python=$(find_python)
    "$python" -m venv --clear .venv
    venv_place_and_python >.venv/made-by
}

fill_venv() {
    local log
    tell "Đang cài các gói Python (một đến vài phút) …" "Installing Python packages (one to a few minutes) …"
    log=$(mktemp)
    # The stamps go first: an interrupted installation must not look like a finished one.
    rm -f -- .venv/filled-from-*
    # Only wheels: a bare machine has no compiler, and a source archive would run its own code to build itself.
    # No resolving: the lock is whole, and pip would look for newer versions of what an extra asks for.
    if ! { pip_install --require-hashes --no-deps --only-binary :all: -r "$1" &&
        pip_install --no-deps --no-build-isolation --editable .; } >"$log" 2>&1; then
        explain_failure "$log" \
            "pip không cài được các gói Python. Thông báo của pip ở ngay trên." \
            "pip could not install the Python packages. Its own message stands above."
    fi
    rm -f -- "$log"
}

# Makes .venv hold at least the lock named: requirements.txt, or requirements-dev.txt which contains it.
ensure_venv() {
    local lock=$1
    if [ "$(cat .venv/made-by 2>/dev/null)" != "$(venv_place_and_python)" ]; then
        make_venv
    fi
    if [ "$(cat ".venv/filled-from-$lock" 2>/dev/null)" = "$(lock_hash "$lock")" ]; then
        return
    fi
    fill_venv "$lock"
    lock_hash requirements.txt >.venv/filled-from-requirements.txt
    if [ "$lock" = requirements-dev.txt ]; then
        lock_hash "$lock" >".venv/filled-from-$lock"
    fi
}
