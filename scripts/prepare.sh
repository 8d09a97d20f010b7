# Sourced by the other scripts, from the project's folder: installs what they need, and nothing that is there already.
#
#   need_npm_packages              node_modules as package-lock.json has it; sets bun
#   need_debian_packages NAME…     with apt-get, once updated
#   need_berth_on_hosts            what boots test hosts, and dist/berth to be put into them
#   as_root COMMAND…               the command as root, by sudo when need be

# A person's PATH may lack where the tools of root are.
PATH=$PATH:/usr/sbin:/sbin

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo --preserve-env=CI,BERTH_TEST_CACHE,BERTH_TEST_SEED,BERTH_TEST_WORKERS,XDG_CACHE_HOME,PATH "$@"
  fi
}

need_npm_packages() {
  if [ package-lock.json -nt node_modules/.package-lock.json ]; then
    echo "installing the npm packages …" >&2
    npm ci --no-audit --no-fund >&2
    # When nothing has changed npm keeps the old time, and would be asked again every time.
    touch node_modules/.package-lock.json
  fi
  bun=$PWD/node_modules/.bin/bun
  # bun's install script puts its program in place; npm's settings may forbid install scripts.
  "$bun" --version > /dev/null 2>&1 || node node_modules/bun/install.js
}

need_debian_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  echo "installing Debian packages: ${missing[*]} …" >&2
  as_root apt-get -qq update > /dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install --yes --no-install-recommends "${missing[@]}" > /dev/null
}

# What booting a test host takes: see test/host.
host_packages=(mmdebstrap ca-certificates debian-archive-keyring util-linux mount iproute2)

# What emulating one takes beside that: see test/vm.
vm_packages=(qemu-system-x86 qemu-utils e2fsprogs xz-utils)

need_berth_on_hosts() {
  need_debian_packages "${host_packages[@]}"
  need_npm_packages
  echo "building dist/berth …" >&2
  npm run --silent build > /dev/null
}
