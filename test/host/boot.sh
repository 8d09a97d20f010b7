#!/bin/bash
# Boots a Debian root as a systemd host in namespaces of its own.
#
#   boot.sh ROOT DIR NAME STORAGE    ROOT: a Debian root, only read. DIR: a folder for all that the host writes;
#                                    what lies in DIR/files is put over the root. STORAGE: memory or disk.
#
# The calling process becomes unshare(1); its one child is the host's PID 1. Killing either ends the host, and as all
# mounts are made in the host's own mount namespace, nothing of it stays but DIR and the cgroup NAME.
set -euo pipefail

if [ "$1" != --inside ]; then
  root=$1 dir=$2 name=$3 storage=$4
  # A cgroup of its own *before* the cgroup namespace: hosts that share one see each other's processes as pid 0.
  for tree in /sys/fs/cgroup /sys/fs/cgroup/unified; do
    [ -e "$tree/cgroup.procs" ] && [ -e "$tree/cgroup.controllers" ] && break
  done
  for controller in cpu io memory pids; do
    echo "+$controller" > "$tree/cgroup.subtree_control" 2> /dev/null || true
  done
  mkdir -p "$tree/$name"
  echo $$ > "$tree/$name/cgroup.procs"
  # As on a machine's own PID 1: the audit loginuid is unset, also if a person who has logged in runs this.
  echo 4294967295 > /proc/self/loginuid 2> /dev/null || true
  # systemd's own default for file descriptors, whatever the caller was limited to.
  ulimit -Hn 524288 2> /dev/null || true
  ulimit -Sn 1024
  mkdir -p "$dir/mnt"
  exec unshare --mount --propagation private --pid --uts --ipc --net --cgroup --fork --kill-child=KILL \
    "$BASH" "${BASH_SOURCE[0]}" --inside "$root" "$dir" "$storage"
fi

root=$2 dir=$3 storage=$4
mnt=$dir/mnt
mkdir -p "$dir/rw"
mount -t tmpfs -o mode=755 tmpfs "$dir/rw"
mkdir -p "$dir/rw/upper" "$dir/rw/work"
mount -t overlay -o "lowerdir=$dir/files:$root,upperdir=$dir/rw/upper,workdir=$dir/rw/work" overlay "$mnt"

# An overlay cannot be the upper layer of another one, so where containers live is a plain file system.
data=$dir/rw/data
[ "$storage" = memory ] || data=$dir/data
for folder in var/lib/berth var/lib/containers home; do
  mkdir -p "$mnt/$folder" "$data/$folder"
  cp -a "$mnt/$folder/." "$data/$folder/"
  mount --bind "$data/$folder" "$mnt/$folder"
done

mount -t proc -o nosuid,nodev,noexec proc "$mnt/proc"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$mnt/sys"
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 "$mnt/sys/fs/cgroup" 2> /dev/null ||
  mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$mnt/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$mnt/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$mnt/tmp"
# Not devtmpfs: that one is shared with the machine, and what systemd does there would be seen everywhere.
mount -t tmpfs -o mode=755,nosuid tmpfs "$mnt/dev"
mkdir -p "$mnt/dev/pts" "$mnt/dev/shm" "$mnt/dev/mqueue" "$mnt/dev/net"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$mnt/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$mnt/dev/shm"
mount -t mqueue mqueue "$mnt/dev/mqueue" 2> /dev/null || true
while read -r node major minor mode; do
  mknod -m "$mode" "$mnt/dev/$node" c "$major" "$minor"
done << 'END'
null 1 3 666
zero 1 5 666
full 1 7 666
random 1 8 666
urandom 1 9 666
kmsg 1 11 644
tty 5 0 666
fuse 10 229 666
net/tun 10 200 666
END
ln -s pts/ptmx "$mnt/dev/ptmx"
ln -s /proc/self/fd "$mnt/dev/fd"
ln -s fd/0 "$mnt/dev/stdin"
ln -s fd/1 "$mnt/dev/stdout"
ln -s fd/2 "$mnt/dev/stderr"

tr -d - < /proc/sys/kernel/random/uuid > "$mnt/etc/machine-id"
hostname berth-test

# An uplink that leads nowhere: what looks for a default route finds one, and no packet leaves the host.
ip link set lo up
if ip link add uplink type dummy 2> /dev/null; then
  ip addr add 192.0.2.2/24 dev uplink
  ip link set uplink up
  ip route add default via 192.0.2.1
fi

mkdir -p "$mnt/run/host"
cd "$mnt"
mkdir -p run/old-root
pivot_root . run/old-root
cd /
umount -l /run/old-root
rmdir /run/old-root
exec env -i container=berth-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd < /dev/null > /dev/null 2>&1
