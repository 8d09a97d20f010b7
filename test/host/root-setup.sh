#!/bin/sh
# Runs once over a new Debian root ($1), outside of it: makes it a quiet host for tests.
set -eu
root=$1

# Nothing is asked of the network, of hardware or of the machine's kernel settings.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service \
    systemd-random-seed.service systemd-timesyncd.service systemd-networkd-wait-online.service systemd-remount-fs.service \
    proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount dev-hugepages.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount \
    systemd-journald-audit.socket console-getty.service getty.target getty-static.service tmp.mount; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
for unit in docker-registry nginx netavark-dhcp-proxy podman podman-auto-update podman-restart podman-clean-transient; do
  find "$root/etc/systemd" -name "$unit.service" -o -name "$unit.socket" -o -name "$unit.timer" | xargs -r rm -f
done

mkdir -p "$root/etc/systemd/journald.conf.d"
cat > "$root/etc/systemd/journald.conf.d/test.conf" <<END
[Journal]
RateLimitIntervalSec=0
SystemMaxUse=256M
Audit=no
END

# alice: an ordinary user whose manager runs without a login, with subordinate ids for her containers.
chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash alice
mkdir -p "$root/var/lib/systemd/linger"
touch "$root/var/lib/systemd/linger/alice"
echo alice:100000:65536 > "$root/etc/subuid"
echo alice:100000:65536 > "$root/etc/subgid"

# What a login does (sshd, login): an account check, the audit loginuid, a session.
cat > "$root/etc/pam.d/test-login" <<END
account required pam_unix.so
session required pam_loginuid.so
session required pam_unix.so
session required pam_systemd.so
END

# The peers use the same runtime as berth, and no limits: on a machine with cgroup v1 the host has no controllers.
mkdir -p "$root/etc/containers"
cat > "$root/etc/containers/containers.conf" <<END
[containers]
pids_limit = 0
[engine]
runtime = "runc"
END

echo berth-test > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 berth-test\n' > "$root/etc/hosts"
rm -f "$root/etc/machine-id" "$root/var/lib/dbus/machine-id"
rm -f "$root/etc/resolv.conf"
echo 'nameserver 192.0.2.53' > "$root/etc/resolv.conf"
