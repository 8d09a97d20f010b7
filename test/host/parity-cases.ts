import type { ParityCase } from "./parity-case.ts";
import { NETWORK_CASES, PREPARE_NETWORKS } from "./parity-networks.ts";
import { POD_CASES } from "./parity-pods.ts";
import { USER_NAMESPACE_CASES } from "./parity-user-namespaces.ts";
import { REGISTRY, sample } from "./registry.ts";

const TELLING = `${REGISTRY}/telling:1`;

/** Makes, in either host, what the files refer to. */
export const PREPARE = `
  mkdir -p /srv/ro /srv/rw
  echo one > /srv/ro/file
  echo two > /srv/rw/file
  chmod 750 /srv/rw
  chown 1000:44 /srv/rw/file
  printf '# a comment\\nFILE=two words\\nQUOTED="quoted"\\n  INDENTED=1\\nFROM_UNIT\\nUNKNOWN\\n' > /srv/environment
  mkdir -p /srv/etc /srv/give/below /srv/tree/a/b /srv/files /srv/bound
  echo three > /srv/tree/a/b/file
  echo four > /srv/files/one.conf
  echo five > /srv/files/two.conf
  echo six > /srv/files/other
  echo seven > /srv/bound/file
  printf 'root:x:0:0:root:/root:/bin/sh\\napp:x:1500:1500:app:/home/app:/bin/sh\\n' > /srv/etc/passwd
  ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime
  echo containers:2147483647:2147483648 | tee -a /etc/subuid >> /etc/subgid
${PREPARE_NETWORKS}`;

/** Makes and pushes, in either host, an image that says much about how it is to be run. */
export const MAKE_IMAGE = `
  buildah() { command buildah --root /var/lib/containers/made --storage-driver vfs "$@"; }
  from=$(buildah from --tls-verify=false ${sample("tools:1")})
  buildah config --user app --workingdir /not/there --volume /volume --volume /home/app \\
    --env container=image --env TERM=dumb --env HOME=/ --env HOSTNAME=image \\
    --entrypoint '["/usr/bin/show"]' --cmd '' --stop-signal SIGINT "$from"
  buildah commit --quiet "$from" telling
  buildah push --quiet --tls-verify=false telling docker://${REGISTRY}/telling:1`;

const CASES: readonly ParityCase[] = [
  { name: "minimal", text: "" },
  {
    name: "ordinary-user",
    text: `
      User=app
      Group=video
      WorkingDir=/tmp
      AddCapability=NET_BIND_SERVICE
      DropCapability=CHOWN
      NoNewPrivileges=true
      Network=none
      HostName=box.example
      Environment=A=1 "B=two words" HOME=/elsewhere EMPTY=
      Timezone=Europe/Berlin
      StopSignal=USR1
      Ulimit=nofile=512:1024
      Ulimit=core=0`,
  },
  {
    name: "groups-of-the-user",
    text: `
      User=app
      Network=none
      Environment=HOSTNAME=mine PATH=/bin:/usr/bin TERM=vt100
      Timezone=local
      Tmpfs=/home/app
      Volume=/srv/rw/file:/etc/single:ro
      Volume=fresh:/etc/fresh`,
  },
  {
    name: "user-by-number",
    text: `
      User=1234
      Group=555
      Network=none
      ReadOnly=true
      Tmpfs=/run:ro
      Tmpfs=/tmp:size=1m,mode=1770
      AddCapability=CHOWN NET_ADMIN
      ShmSize=0
      Volume=/data
      Entrypoint=/usr/bin/show`,
  },
  {
    name: "root-by-name",
    text: `
      User=root
      Network=host
      HostName=other
      DNS=192.0.2.10
      AddHost=localhost:127.0.0.9
      AddHost=six:2001:db8::1
      Volume=/srv/rw:/data:rshared
      Volume=/srv/ro:/data/nested:ro,noexec,nosuid,nodev
      Volume=copied:/home
      DropCapability=all
      Ulimit=nproc=100
      Ulimit=stack=1000000:2000000`,
  },
  {
    name: "mounts",
    text: `
      Network=host
      Volume=/srv/ro:/data/ro:ro
      Volume=/srv/rw:/data/rw
      Volume=named:/data/named
      Volume=other:/etc/other:ro,nocopy
      Volume=/data/anonymous
      Mount=type=bind,source=/srv/ro,destination=/data/bind,ro=true
      Mount=type=tmpfs,destination=/data/memory,tmpfs-size=1m
      Tmpfs=/scratch
      Tmpfs=/program:size=2m,mode=700,exec
      Tmpfs=/plain:noexec
      ReadOnly=true
      Timezone=Asia/Tokyo
      ShmSize=8m`,
  },
  {
    name: "volume-units",
    text: `
      Network=none
      User=app
      Volume=plain.volume:/data/plain
      Volume=filled.volume:/etc/filled:exec
      Volume=home.volume:/home/app
      Volume=unfilled.volume:/usr/share
      Volume=owned.volume:/data/owned:ro
      Volume=memory.volume:/data/memory
      Volume=bound.volume:/data/bound:noexec
      Volume=of-image.volume:/data/image
      Mount=type=volume,source=tree.volume,destination=/data/below,subpath=a/b`,
    files: {
      "plain.volume": "[Volume]\nLabel=stage=test\n",
      "filled.volume": "[Volume]\n",
      "home.volume": "[Volume]\nVolumeName=homes\n",
      "unfilled.volume": "[Volume]\nCopy=false\n",
      "owned.volume": "[Volume]\nUser=1234\nGroup=55\n",
      "memory.volume": "[Volume]\nType=tmpfs\nDevice=tmpfs\nOptions=size=1m,mode=1750\nUser=1000\n",
      "bound.volume": "[Volume]\nType=bind\nDevice=/srv/bound\n",
      "of-image.volume": `[Volume]\nDriver=image\nImage=${sample("tools:1")}\n`,
      "tree.volume": "[Volume]\nType=bind\nDevice=/srv/tree\n",
    },
  },
  {
    name: "volume-options",
    text: `
      Network=none
      User=app
      Volume=/srv/ro:/o/overlay:O
      Volume=over:/o/named-overlay:O
      Volume=/srv/rw:/o/flags:ro,noexec,nosuid,nodev
      Volume=/srv/rw:/o/slave:rslave
      Volume=/srv/rw:/o/unbindable:unbindable
      Volume=/srv/rw:/o/alone:bind,exec,suid,dev
      Volume=allowed:/o/allowed:exec,suid,dev,nocopy
      Volume=/srv/give:/o/give:U
      Volume=given:/o/given:U
      Volume=/srv/rw/file:/o/file:z,ro
      Tmpfs=/o/own:U,size=1m
      Tmpfs=/etc/kept:notmpcopyup,mode=750
      VolatileTmp=yes`,
  },
  {
    name: "mount-types",
    text: `
      Network=none
      User=app
      Mount=type=volume,source=mounted,destination=/m/volume,ro=true
      Mount=type=volume,source=owner,destination=/m/owner,U=true
      Mount=type=glob,src=/srv/files/*.conf,destination=/m/glob,ro
      Mount=type=image,source=${sample("tools:1")},destination=/m/image
      Mount=type=image,source=${sample("tools:1")},destination=/m/writable,rw=true
      Mount=type=tmpfs,destination=/m/tmpfs,tmpfs-size=1m,tmpfs-mode=1770,chown=true
      Mount=type=tmpfs,destination=/m/read-only,ro=true,noexec
      Mount=type=ramfs,destination=/m/ramfs
      Mount=type=devpts,destination=/m/devpts,uid=1000,gid=5,mode=620,max=5
      Mount=type=bind,source=/srv/rw,destination=/m/bind,bind-nonrecursive,bind-propagation=rslave`,
  },
  {
    name: "mounts-over-engine-files",
    text: `
      Network=host
      Volume=/srv/rw/file:/etc/hosts
      Volume=/etc/localtime:/etc/localtime:ro
      Volume=/etc/hostname:/etc/hostname:ro
      Volume=/srv/rw:/run
      Volume=/srv/rw:/dev/shm
      Tmpfs=/var/tmp
      AddHost=peer:192.0.2.7`,
  },
  {
    name: "mounts-around-engine-files",
    text: `
      Network=none
      Volume=/srv/etc:/etc
      Volume=/sys/fs/cgroup:/sys/fs/cgroup:ro
      Volume=/dev/null:/dev/nothing
      Volume=/srv/ro:/srv//b/
      User=app
      ReadOnly=true
      Tmpfs=/home/app:mode=700`,
  },
  {
    name: "read-only-throughout",
    text: `
      ReadOnly=true
      ReadOnlyTmpfs=false
      Network=none
      User=1234
      AddCapability=SYS_PTRACE`,
  },
  {
    name: "network",
    text: `
      PublishPort=8088:80
      DNS=192.0.2.9
      AddHost=peer:192.0.2.7
      AddHost=gate:host-gateway
      AddHost=berth-test:192.0.2.3
      HostName=web1
      Sysctl=net.ipv4.ip_unprivileged_port_start=80
      Sysctl="net.ipv4.ping_group_range=1 5"
      Sysctl=kernel.shmmax=1000000
      Sysctl=fs.mqueue.msg_max=20
      DropCapability=all
      AddCapability=CAP_NET_RAW`,
  },
  { name: "init", text: "\nRunInit=true\nNetwork=none" },
  {
    name: "all-capabilities-but-one",
    text: "\nNetwork=none\nAddCapability=all\nDropCapability=SYS_BOOT",
  },
  {
    name: "everything-allowed",
    text: `
      Network=host
      EnvironmentHost=true
      EnvironmentFile=/srv/environment
      AddCapability=all
      User=1000
      Group=44
      ContainerName=named
      [Service]
      Environment=FROM_UNIT=yes
      UMask=0077
      OOMScoreAdjust=200
      Nice=5
      LimitNOFILE=4096:8192
      LimitMEMLOCK=1M`,
  },
  {
    name: "says-ready-itself",
    text: `
      Network=none
      Notify=true
      Exec=sh -c 'STAY=1 notify READY=1; exec show'
      [Service]
      WatchdogSec=1h`,
  },
  {
    name: "image-that-tells",
    image: TELLING,
    text: "\nNetwork=none",
  },
  {
    name: "image-overruled",
    image: TELLING,
    text: `
      Network=host
      User=4321:app
      WorkingDir=/tmp
      Environment=container=file HOME=/file
      ReadOnly=true
      Tmpfs=/volume
      Volume=below:/home/app/below`,
  },
  {
    name: "image-as-root",
    image: TELLING,
    text: "\nNetwork=none\nUser=root\nWorkingDir=/volume\nVolume=below:/home/app/below\nEnvironment=TERM HOME",
  },
  {
    name: "user-host-network",
    user: true,
    text: "\nNetwork=host",
  },
  {
    name: "user-as-another",
    user: true,
    text: `
      Network=none
      User=app
      Tmpfs=/scratch
      Volume=fresh:/fresh
      HostName=box
      AddCapability=NET_RAW
      Ulimit=nofile=100:200
      Timezone=Europe/Berlin`,
  },
  {
    name: "user-volumes",
    user: true,
    text: `
      Network=none
      User=app
      Volume=mine.volume:/etc/mine
      Volume=home.volume:/home/app
      Volume=memory.volume:/data/memory
      Volume=/srv/ro:/data/overlay:O
      Volume=given:/data/given:U
      Mount=type=image,source=${sample("tools:1")},destination=/data/image
      Mount=type=tmpfs,destination=/data/tmpfs,tmpfs-mode=1770,U
      Mount=type=volume,source=mine.volume,destination=/data/again,ro`,
    files: {
      "mine.volume": "[Volume]\n",
      "home.volume": "[Volume]\nUser=1234\n",
      "memory.volume": "[Volume]\nType=tmpfs\nDevice=tmpfs\nOptions=size=1m\n",
    },
  },
  {
    name: "user-read-only",
    user: true,
    text: `
      Network=none
      User=1234
      ReadOnly=true
      ReadOnlyTmpfs=false
      Volume=/srv/ro:/data:ro
      RunInit=true
      EnvironmentHost=true
      NoNewPrivileges=true`,
  },
  {
    name: "socket",
    text: "\nNetwork=none",
    units: { "socket.socket": "[Socket]\nListenStream=127.0.0.1:8099\nListenDatagram=8099\nFileDescriptorName=both\n" },
  },
];

/** The files by case, complete. */
export const PARITY_CASES: readonly ParityCase[] = [
  ...CASES,
  ...USER_NAMESPACE_CASES,
  ...NETWORK_CASES,
  ...POD_CASES,
].map((parity) => ({
  ...parity,
  text: `[Container]\nImage=${parity.image ?? sample("tools:1")}${parity.text.replace(/\n +/g, "\n")}\n`,
}));
