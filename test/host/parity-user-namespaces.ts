import type { ParityCase } from "./parity-case.ts";

/** Cases about user namespaces: maps, and who owns what inside. */
export const USER_NAMESPACE_CASES: readonly ParityCase[] = [
  {
    name: "userns-auto",
    text: `
      UserNS=auto
      Network=none
      Volume=auto-fresh:/fresh
      Volume=auto-copied:/home
      Volume=/data
      Tmpfs=/scratch`,
  },
  {
    name: "userns-auto-as-user",
    text: `
      UserNS=auto:size=3000
      User=app
      Volume=auto-mine:/fresh
      Volume=/srv/rw:/data
      ReadOnly=true
      Sysctl=net.ipv4.ip_unprivileged_port_start=80`,
  },
  {
    name: "userns-auto-with-mapping",
    text: `
      UserNS=auto:size=2000,uidmapping=0:1500:1,gidmapping=5:44:1`,
  },
  {
    name: "userns-maps",
    text: `
      UIDMap=0:100000:5000
      GIDMap=0:200000:5000
      Volume=mapped:/fresh
      Volume=/srv/rw:/data
      Mount=type=tmpfs,destination=/memory,tmpfs-mode=700
      RunInit=true
      User=app`,
  },
  {
    name: "userns-one-map",
    text: `
      UIDMap=0:100000:500
      UIDMap=1000:2000:10
      Network=host
      Notify=true
      Exec=sh -c 'STAY=1 notify READY=1; exec show'`,
  },
  {
    name: "userns-names",
    text: `
      SubUIDMap=alice
      SubGIDMap=alice
      Network=none`,
  },
  {
    name: "userns-keep-id-of-root",
    text: `
      UserNS=keep-id
      Network=none
      Volume=kept:/fresh`,
  },
  {
    name: "userns-remapped",
    text: `
      RemapUsers=manual
      RemapUid=0:100000:5000
      RemapGid=0:100000:5000
      Network=none`,
  },
  {
    name: "user-userns-keep-id",
    user: true,
    text: `
      UserNS=keep-id
      Network=none
      Volume=kept:/fresh
      Volume=/data
      Volume=kept-copied:/home`,
  },
  {
    name: "user-userns-keep-id-as-another",
    user: true,
    text: `
      UserNS=keep-id:uid=200,gid=210
      Network=host
      Volume=kept-other:/fresh`,
  },
  {
    name: "user-userns-keep-id-as-root",
    user: true,
    text: `
      UserNS=keep-id
      User=0
      Network=none
      Tmpfs=/scratch`,
  },
  {
    name: "user-userns-nomap",
    user: true,
    text: `
      UserNS=nomap
      Network=none
      Volume=nomap:/fresh`,
  },
  {
    name: "user-userns-auto",
    user: true,
    text: `
      UserNS=auto:size=2000
      Network=none
      User=app`,
  },
  {
    name: "user-userns-maps",
    user: true,
    text: `
      UIDMap=0:1:1000
      UIDMap=1000:0:1
      Network=none`,
  },
  {
    name: "user-userns-extended",
    user: true,
    text: `
      GIDMap=+g7:1:1
      UIDMap=+u3:@100004:2
      Network=none`,
  },
];
