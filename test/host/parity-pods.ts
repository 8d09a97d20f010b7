import type { ParityCase } from "./parity-case.ts";
import { sample } from "./registry.ts";

/** Containers in pods. */
export const POD_CASES: readonly ParityCase[] = [
  {
    name: "pod-plain",
    text: "\nPod=plain.pod",
    files: { "plain.pod": "[Pod]\n" },
  },
  {
    name: "pod-full",
    text: `
      Pod=full.pod
      User=app
      Volume=/srv/rw:/data/own`,
    files: {
      "full.pod": `[Pod]
PodmanArgs=--hostname=box.example
AddHost=other.example:192.0.2.7
DNS=192.0.2.53
DNSSearch=search.example
DNSOption=ndots:2
ShmSize=8m
PublishPort=8077:80
Volume=/srv/ro:/data/pod:ro
Volume=podded:/data/named
`,
    },
  },
  {
    name: "pod-none",
    text: "\nPod=none.pod\nReadOnly=true",
    files: { "none.pod": "[Pod]\nNetwork=none\n" },
  },
  {
    name: "pod-host",
    text: "\nPod=host.pod",
    files: { "host.pod": "[Pod]\nNetwork=host\n" },
  },
  {
    name: "pod-network",
    text: "\nPod=network.pod",
    files: {
      "podnet.network": "[Network]\nSubnet=10.98.0.0/24\n",
      "network.pod": "[Pod]\nNetwork=podnet.network:ip=10.98.0.7\nNetworkAlias=shop\n",
    },
  },
  {
    name: "pod-pid",
    text: `
      Pod=pid.pod
      User=app
      Exec=sh -c 'for n in $$(seq 100); do grep -qx sleep /proc/[0-9]*/comm && break; sleep 0.1; done; show; for at in /proc/[0-9]*; do read name < $$at/comm; echo "processes: $$name"; done'`,
    files: {
      "pid-sibling.container": `[Container]\nImage=${sample("tools:1")}\nPod=pid.pod\nStopSignal=KILL\nExec=sleep 10000\n`,
      "pid.pod": "[Pod]\nNetwork=none\nPodmanArgs=--share +pid\n",
    },
  },
  {
    name: "pod-ipc",
    text: "\nPod=ipc.pod\nHostName=own.example",
    files: { "ipc.pod": "[Pod]\nPodmanArgs=--share=ipc --shm-size=8m\n" },
  },
  {
    name: "pod-mapped",
    text: "\nPod=mapped.pod\nUser=app",
    files: {
      "mapped.pod": "[Pod]\nNetwork=none\nUIDMap=0:200000:5000\nGIDMap=0:300000:5000\nVolume=mappedvol:/data\n",
    },
  },
  {
    name: "user-pod-keep",
    user: true,
    text: "\nPod=keep.pod",
    files: { "keep.pod": "[Pod]\nNetwork=none\nUserNS=keep-id\n" },
  },
  {
    name: "user-pod-pid",
    user: true,
    text: "\nPod=userpid.pod",
    files: { "userpid.pod": "[Pod]\nNetwork=none\nUserNS=keep-id\nPodmanArgs=--share=+pid\n" },
  },
  {
    name: "user-pod",
    user: true,
    text: "\nPod=userpod.pod",
    files: { "userpod.pod": "[Pod]\nNetwork=none\nPodmanArgs=--hostname=box\nShmSize=8m\n" },
  },
];
