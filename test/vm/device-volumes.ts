import { expect } from "bun:test";
import { property } from "../host/containers.ts";
import type { Suite } from "../host/root.ts";
import { tools } from "./containers.ts";
import { newestVmTest } from "./lane.ts";
import type { Vm } from "./vm.ts";

const LOOP = "loop7";
const KEEPS = "sh -c 'echo kept >> /v/file; grep \" /v \" /proc/self/mounts; sleep infinity'";
const UNITS = ["disk.service", "share.service"];

/** What the tests start. */
export const DEVICE_VOLUME_FILES: Readonly<Record<string, string>> = {
  "disk.volume": `[Volume]\nDevice=/dev/${LOOP}\nType=ext4\nOptions=noatime\n`,
  "share.volume": "[Volume]\nDevice=127.0.0.1:/srv/export\nType=nfs\nOptions=addr=127.0.0.1,nfsvers=4,retry=0\n",
  "disk.container": tools(KEEPS, "Volume=disk.volume:/v\n"),
  "share.container": tools(KEEPS, "Volume=share.volume:/v\n"),
};

/** Volumes with a file system of their own, on a block device and on an NFS server, which is the machine itself. */
export function deviceVolumeTests(machine: () => Vm, suite: Suite): void {
  /** The file systems that are mounted anywhere, in whatever mount namespace. */
  const mounted = () =>
    machine().sh(`ls /sys/fs/ext4 | grep ${LOOP} || true; grep -c ^v4 /proc/fs/nfsfs/volumes || true`);

  newestVmTest(
    suite,
    "a volume is a disk or an NFS server's folder, and is mounted as long as its container runs",
    async () => {
      const vm = machine();
      await vm.sh(`
      truncate -s 16M /srv/disk; mkfs.ext4 -q /srv/disk
      modprobe -a loop nfs; losetup /dev/${LOOP} /srv/disk
      systemctl start nfs-server`);
      await vm.ok(["systemctl", "start", ...UNITS]);
      expect(await vm.journal("disk.service")).toMatch(new RegExp(`/dev/${LOOP} /v ext4 rw,nosuid,nodev,noatime`));
      expect(await vm.journal("share.service")).toMatch(
        /127\.0\.0\.1:\/srv\/export \/v nfs4 rw,nosuid,nodev,.*addr=127\.0\.0\.1/,
      );
      expect(await mounted()).toBe(`${LOOP}\n1`);
      // Not on the host.
      expect(await vm.ok(["findmnt", "--task", "1", "--list", "--noheadings", "--output", "FSTYPE"])).not.toMatch(
        /nfs4/,
      );
      await vm.ok(["systemctl", "restart", ...UNITS]);
      await vm.ok(["systemctl", "stop", ...UNITS]);
      expect(await mounted()).toBe("0");
      expect(await vm.sh(`debugfs -R 'cat file' /dev/${LOOP} 2> /dev/null`)).toBe("kept\nkept");
      // The server takes root for nobody, so what the container's root made is nobody's.
      expect(await vm.sh("cat /srv/export/file; stat -c %U /srv/export/file")).toBe("kept\nkept\nnobody");
    },
  );

  newestVmTest(
    suite,
    "a disk or a server that is not there is an error that says so, and nothing is left of the start",
    async () => {
      const vm = machine();
      await vm.sh(`losetup -d /dev/${LOOP}; systemctl stop nfs-server`);
      expect((await vm.run(["systemctl", "start", ...UNITS])).exitCode).not.toBe(0);
      for (const unit of UNITS) expect(await property(vm, unit, "Result")).toBe("exit-code");
      expect(await vm.journal("disk.service")).toMatch(/error: mount volume systemd-disk: .*\/dev\/loop7/);
      expect(await vm.journal("share.service")).toContain(
        "error: mount volume systemd-share: mount.nfs: Connection refused",
      );
      expect(await mounted()).toBe("0");
      // What it was mounted for is in no list of theirs either.
      expect(await vm.ok(["berth", "volume", "rm", "systemd-disk", "systemd-share"])).toBe(
        "systemd-disk\nsystemd-share",
      );
    },
  );
}
