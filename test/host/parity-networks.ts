import type { ParityCase } from "./parity-case.ts";
import { sample } from "./registry.ts";

/**
 * Makes, in either host, what shows a network from inside: everything that `show` shows, then interfaces, routes, and
 * what the names given to it mean. Link-local addresses are made of random ones.
 */
export const PREPARE_NETWORKS = `
  cat > /srv/look << 'END'
show
ip -o addr show | awk '/inet/ && $4 !~ /^fe80/ { print "addresses: " $2, $4 }'
{ ip route show; ip -6 route show | grep -v fe80; } | sed 's/  */ /g; s/ $//; s/^/routes: /'
for link in /sys/class/net/*; do echo "mtus: \${link##*/} $(cat $link/mtu)"; done
[ -z "$MAC" ] || echo "macs: $(cat /sys/class/net/$MAC/address)"
for name; do
  echo "names: $name" $(nslookup $name 2> /dev/null | sed -n '/^Name:/,$ s/^Address[^:]*: *//p' | sort -u)
done
END`;

/** Addresses of name servers that files name, where none answers. */
export const SILENT: readonly string[] = ["192.0.2.9", "192.0.2.10", "192.0.2.53"];

const LOOK = "\nVolume=/srv/look:/srv/look:ro";

/** Containers in networks that files make. */
export const NETWORK_CASES: readonly ParityCase[] = [
  {
    name: "net-one",
    text: `${LOOK}\nNetwork=one.network\nContainerName=single\nExec=sh /srv/look single nobody`,
    files: { "one.network": "[Network]\nSubnet=10.97.1.0/24\n" },
  },
  {
    name: "net-two",
    text: `${LOOK}
      Network=first.network:ip=10.97.2.9,alias=www,interface_name=eth0
      Network=second.network:ip=10.97.3.9,ip6=fd97::9,interface_name=eth1
      Environment=MAC=
      Exec=sh /srv/look www`,
    files: {
      "first.network": "[Network]\nSubnet=10.97.2.0/24\n",
      "second.network": "[Network]\nInternal=true\nIPv6=true\nSubnet=10.97.3.0/24\nSubnet=fd97::/64\n",
    },
  },
  {
    name: "net-options",
    text: `${LOOK}
      Network=options.network:mac=02:00:00:00:97:01,interface_name=lan0
      HostName=box.example
      DNS=192.0.2.9
      DNSSearch=search.example
      DNSOption=ndots:3
      PublishPort=8097:80
      Environment=MAC=lan0
      Exec=sh /srv/look nobody`,
    files: {
      "options.network":
        "[Network]\nSubnet=10.97.4.0/24\nGateway=10.97.4.254\nIPRange=10.97.4.128/25\nOptions=mtu=1400\nDisableDNS=true\n",
    },
  },
  {
    name: "net-fixed",
    text: `${LOOK}\nNetwork=fixed.network\nIP=10.97.5.77\nIP6=fd98::77\nNetworkAlias=alias\nExec=sh /srv/look alias`,
    files: { "fixed.network": "[Network]\nIPv6=true\nSubnet=10.97.5.0/24\nSubnet=fd98::/64\nDNS=192.0.2.53\n" },
  },
  {
    name: "net-peer",
    text: `${LOOK}\nNetwork=shared.network\nIP=10.97.6.7\nExec=sh /srv/look peer db\n[Unit]\nRequires=net-sibling.service\nAfter=net-sibling.service`,
    files: {
      "shared.network": "[Network]\nSubnet=10.97.6.0/24\n",
      "net-sibling.container": `[Container]\nImage=${sample("tools:1")}\nContainerName=peer\nNetworkAlias=db\nNetwork=shared.network\nIP=10.97.6.8\nStopSignal=KILL\nExec=sleep 10000\n`,
    },
  },
  {
    name: "user-net-pasta",
    user: true,
    text: `${LOOK}\nPublishPort=18080:80\nExec=sh /srv/look nobody`,
  },
  {
    name: "user-net-pasta-options",
    user: true,
    text: `${LOOK}
      Network=pasta:--mtu,1400,-I,lan0,-a,10.97.7.5,-n,24,-g,10.97.7.1,--ns-mac-addr,02:00:00:00:97:02
      HostName=box.example
      DNS=192.0.2.9
      AddHost=gate:host-gateway
      Environment=MAC=lan0
      Exec=sh /srv/look`,
  },
  {
    name: "user-net-one",
    user: true,
    text: `${LOOK}\nNetwork=uone.network\nContainerName=single\nExec=sh /srv/look single nobody`,
    files: { "uone.network": "[Network]\nSubnet=10.97.11.0/24\n" },
  },
  {
    name: "user-net-published",
    user: true,
    text: `${LOOK}\nNetwork=upub.network:ip=10.97.12.7\nPublishPort=18081:80\nExec=sh /srv/look`,
    files: { "upub.network": "[Network]\nSubnet=10.97.12.0/24\nOptions=mtu=1400\n" },
  },
  {
    name: "user-net-two",
    user: true,
    text: `${LOOK}
      Network=ufirst.network:ip=10.97.13.9,alias=www,interface_name=eth0
      Network=usecond.network:ip=10.97.14.9,ip6=fd97:1::9,interface_name=eth1
      Exec=sh /srv/look www`,
    files: {
      "ufirst.network": "[Network]\nSubnet=10.97.13.0/24\n",
      "usecond.network": "[Network]\nInternal=true\nIPv6=true\nSubnet=10.97.14.0/24\nSubnet=fd97:1::/64\n",
    },
  },
  {
    name: "user-net-peer",
    user: true,
    text: `${LOOK}\nNetwork=ushared.network\nIP=10.97.15.7\nExec=sh /srv/look peer db\n[Unit]\nRequires=user-net-sibling.service\nAfter=user-net-sibling.service`,
    files: {
      "ushared.network": "[Network]\nSubnet=10.97.15.0/24\n",
      "user-net-sibling.container": `[Container]\nImage=${sample("tools:1")}\nContainerName=peer\nNetworkAlias=db\nNetwork=ushared.network\nIP=10.97.15.8\nStopSignal=KILL\nExec=sleep 10000\n`,
    },
  },
  {
    name: "user-net-pod",
    user: true,
    text: `${LOOK}\nPod=upasta.pod\nExec=sh /srv/look`,
    files: { "upasta.pod": "[Pod]\nPublishPort=18082:80\n" },
  },
];
