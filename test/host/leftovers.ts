import type { Machine } from "./machine.ts";

/**
 * Everything of berth's that is in the host beyond its images: mounts in the host's own table, network namespaces and
 * veth pairs, an OCI runtime's state (but for crun's compiled filters), bundles, pods, names, notes of units, upper
 * layers, volumes in the making, leases, those of DHCP servers too, firewall rules of a container. One line a thing;
 * empty when no container runs.
 */
export async function leftovers(host: Machine): Promise<string> {
  return host.sh(`
    set +e
    findmnt --task 1 --list --noheadings --output TARGET,FSTYPE | grep -E '/berth/(containers|names|runc|crun|volumes)|nsfs' | sed 's/^/mount /'
    # A namespace that a process of the host is in is the host's; any other is a container's.
    own=$(readlink /proc/1/ns/net)
    find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%l %p\\n' 2> /dev/null | grep '^net:' | grep -vF "$own " | sed 's/^/netns /; s|/ns/net$||'
    ip -brief link show type veth | sed 's/^/veth /'
    find /run/berth/{pods,runc,crun,containers,names,units,user-namespaces} /var/lib/berth/containers \\
      /run/user/*/berth/{pods,runc,crun,containers,names,units,user-namespaces,network-setups} /home/*/.local/share/berth/containers \\
      -mindepth 1 -maxdepth 1 ! -path '*/crun/.cache' 2> /dev/null | sed 's/^/file /'
    [ -d /var/lib/berth/volumes ] && find /var/lib/berth/volumes -mindepth 1 -maxdepth 2 \\( -name '.*' -o -name '_data.*' \\) | sed 's/^/volume /'
    pgrep -l '^pas(ta|st)' | sed 's/^/process /'
    find /run/user/*/berth/networks /run/berth/networks -path '*/leases/*' ! -name "last*" 2> /dev/null | sed 's/^/lease /'
    grep -aoE '"([0-9a-f]{2}:){5}[0-9a-f]{2}":' /run/podman/nv-proxy.lease 2>/dev/null | sed 's/^/dhcp lease /'
    { iptables-save; nft list ruleset; } 2>/dev/null | grep -E '10\\.87\\.0\\.[0-9]+(/32)?[: ].*dport|DNAT.*10\\.87|dnat.*10\\.87' | sed 's/^/rule /'
    true`);
}
