import type { Host } from "./host.ts";

/** The address of the world outside, where a web server and a name server answer, … */
export const OUTSIDE = "203.0.113.1";
/** … and the host's own on the way there. */
export const HERE = "203.0.113.5";

/** A name server: every name has the address OUTSIDE (RFC 1035, 4.1; the question comes back as it is). */
const DNS = `use Socket; socket(S, PF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(53, inet_aton("${OUTSIDE}"))) or die $!;
while (my $from = recv(S, my $query, 512, 0)) {
  my ($id, $question) = ($query =~ /^(..).{10}((?:[^\\0].*?)?\\0.{4})/s);
  my $is_a = substr($question, -4, 2) eq "\\0\\1";
  my $answer = $is_a ? pack("n n n N n a4", 0xc00c, 1, 1, 60, 4, inet_aton("${OUTSIDE}")) : "";
  send(S, $id . pack("n5", 0x8180, 1, $is_a ? 1 : 0, 0, 0) . $question . $answer, 0, $from);
}
`;

/**
 * Gives a host a way out: a network namespace "outside" with a web server and a name server. `silent` are addresses
 * there where nobody answers, and which say so.
 */
export async function makeOutside(host: Host, silent: readonly string[] = []): Promise<void> {
  await host.write("/srv/dns.pl", DNS);
  const addresses = silent.map((address) => `ip addr add ${address} dev lo;`).join(" ");
  await host.sh(`
    ip netns add outside
    ip link add up0 type veth peer name out0 netns outside
    ip addr add ${HERE}/24 dev up0; ip -6 addr add 2001:db8:77::5/64 dev up0 nodad; ip link set up0 up
    ip netns exec outside sh -c 'ip addr add ${OUTSIDE}/24 dev out0; ip -6 addr add 2001:db8:77::1/64 dev out0 nodad; ip link set out0 up; ip link set lo up; ${addresses}'
    ip route add default via ${OUTSIDE}; ip -6 route add default via 2001:db8:77::1
    mkdir -p /srv/outside; echo from outside > /srv/outside/index.html
    ip netns exec outside busybox httpd -p 80 -h /srv/outside
    systemd-run --quiet --collect ip netns exec outside perl /srv/dns.pl
    echo 'nameserver ${OUTSIDE}' > /etc/resolv.conf`);
}
