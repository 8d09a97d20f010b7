#!/bin/sh
# Runs over a new Debian root ($2), outside of it: what a machine with a kernel of its own needs beside the host lane's
# set-up. First with "before", before there is a kernel package, at last with "after".
set -eu
root=$2 here=$(dirname "$0")

if [ "$1" = before ]; then
  # The kernel's package asks for an initrd of this kind, which is not used.
  mkdir -p "$root/etc/initramfs-tools/conf.d"
  echo 'MODULES=list' > "$root/etc/initramfs-tools/conf.d/test"
  exit
fi

# An initrd that only finds the root disk: Debian's own runs for longer in an emulator than all that comes after it.
initrd=$(mktemp -d)
mkdir "$initrd/bin" "$initrd/dev" "$initrd/root" "$initrd/modules"
cp "$root/bin/busybox" "$initrd/bin"
kernel=$(basename "$root"/lib/modules/*)
number=10
for name in virtio_pci virtio_blk ext4 virtio_console; do
  for file in $(chroot "$root" modprobe --set-version="$kernel" --ignore-install --show-depends $name 2> /dev/null | sed -n 's/^insmod //p'); do
    # In the order in which they are needed; one that is there already is refused, which does no harm.
    case $file in
      *.xz) xz -dc "$root/$file" ;;
      *) cat "$root/$file" ;;
    esac > "$initrd/modules/$number.ko"
    number=$((number + 1))
  done
done
cat > "$initrd/init" << 'END'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do /bin/busybox insmod $module 2> /dev/null; done
while [ ! -e /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
END
chmod 755 "$initrd/init"
(cd "$initrd" && find . | "$root/bin/busybox" cpio -o -H newc) | gzip > "$root/boot/test-initrd.img"
rm -r "$initrd"

install -D -m 755 "$here/agent.pl" "$root/usr/local/lib/test-agent"
cat > "$root/etc/systemd/system/test-agent.service" << 'END'
[Unit]
Description=Commands of the test
[Service]
ExecStart=/usr/local/lib/test-agent /dev/vport1p1
Restart=always
RestartSec=100ms
[Install]
WantedBy=multi-user.target
END

# An uplink that leads nowhere: what looks for a default route finds one, and no packet leaves the machine. Before that, a first
# connection of each kind while there are no others: the kernel patches its own code at the first (net_get_random_once), and of
# two emulated processors one has been seen to run into what the other was patching.
cat > "$root/etc/systemd/system/test-uplink.service" << 'END'
[Unit]
Description=An uplink that leads nowhere
DefaultDependencies=no
Before=network.target network-online.target
Wants=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash -c ': < /dev/tcp/127.0.0.1/1; : < /dev/tcp/::1/1; set -e; ip link add uplink type dummy; ip addr add 192.0.2.2/24 dev uplink; ip link set uplink up; ip route add default via 192.0.2.1'
[Install]
WantedBy=multi-user.target
END
chroot "$root" systemctl --quiet enable test-agent.service test-uplink.service

# An NFS server, of version 4 alone, for the test that starts it; rpcbind is for the versions before.
mkdir -p "$root/etc/nfs.conf.d"
printf '[nfsd]\nvers3=n\n' > "$root/etc/nfs.conf.d/test.conf"
mkdir -m 1777 "$root/srv/export"
echo '/srv/export 127.0.0.1(rw,no_subtree_check)' > "$root/etc/exports"
chroot "$root" systemctl --quiet disable nfs-server.service nfs-client.target
for unit in rpcbind.service rpcbind.socket rpc-statd.service rpc-statd-notify.service nfs-blkmap.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# Whatever a boot does takes twenty times as long as on a real machine, so this one leaves out what berth has nothing to do
# with: caches that are made anew, devices of the machine itself (udev still sees those that come later), alice's manager
# (`loginctl enable-linger alice` starts it).
touch -d '+1 day' "$root/etc/.updated" "$root/var/.updated"
for unit in systemd-udev-trigger systemd-udev-load-credentials systemd-update-utmp systemd-hwdb-update ldconfig \
    systemd-pstore modprobe@efi_pstore modprobe@drm modprobe@configfs modprobe@dm_mod modprobe@loop e2scrub_reap; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done
rm "$root/var/lib/systemd/linger/alice"

# With an ID the first boot is none that enables all units by their presets.
tr -d - < /proc/sys/kernel/random/uuid > "$root/etc/machine-id"
# The journal of the boot before the power cut is wanted afterwards.
mkdir -p "$root/var/log/journal"
