import type { Machine } from "./machine.ts";

/**
 * Everything of berth's that is in the host beyond its images: mounts in the host's own table, network namespaces and
 * veth pairs, runc's state, bundles, pods, names, notes of units, upper layers, volumes in the making, leases, those of
 * DHCP servers too, firewall rules of a container. One line a thing; empty when no container runs.
 */
export async function leftovers(host: Machine): Promise<string> {
  return host.sh(`
    set +e
    findmnt --task 1 --list --noheadings --output TARGET,FSTYPE | grep -E '/berth/(containers|names|runc|volumes)|nsfs' | sed 's/^/mount /'
    # A namespace that a process of the host is in is the host's; any other is a container's.
    own=$(readlink /proc/1/ns/net)
    for ns in /proc/[0-9]*/ns/net; do n=$(readlink $ns); [ -n "$n" ] && [ "$n" != "$own" ] && echo "netns $n \${ns%/ns/net}"; done
    ip -brief link show type veth | sed 's/^/veth /'
    for dir in /run/berth/pods /run/berth/runc /run/berth/containers /run/berth/names /run/berth/units /run/berth/user-namespaces /var/lib/berth/containers \\
      /run/user/*/berth/{pods,runc,containers,names,units,user-namespaces,network-setups} /home/*/.local/share/berth/containers; do
      [ -d $dir ] && find $dir -mindepth 1 -maxdepth 1 | sed 's/^/file /'
    done
    [ -d /var/lib/berth/volumes ] && find /var/lib/berth/volumes -mindepth 1 -maxdepth 2 \\( -name '.*' -o -name '_data.*' \\) | sed 's/^/volume /'
    pgrep -l '^pas(ta|st)' | sed 's/^/process /'
    for dir in /run/user/*/berth/networks; do [ -d $dir ] && find $dir -path '*/leases/*' ! -name "last*" | sed 's/^/lease /'; done
    [ -d /run/berth/networks ] && find /run/berth/networks -path '*/leases/*' ! -name "last*" | sed 's/^/lease /'
    grep -aoE '"([0-9a-f]{2}:){5}[0-9a-f]{2}":' /run/podman/nv-proxy.lease 2>/dev/null | sed 's/^/dhcp lease /'
    { iptables-save; nft list ruleset; } 2>/dev/null | grep -E '10\\.87\\.0\\.[0-9]+(/32)?[: ].*dport|DNAT.*10\\.87|dnat.*10\\.87' | sed 's/^/rule /'
    true`);
}
