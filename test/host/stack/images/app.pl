#!/usr/bin/perl
# A small web application: every visit is counted in Redis (REDIS, host:port) and written down in PostgreSQL (psql's own
# variables), and the answer says how many there were.
#
#   GET /             redis=N postgres=M
#   GET /connect/H/P  whether a connection to port P of host H comes about within two seconds
use strict;
use warnings;
use Socket;
use IO::Handle;

$| = 1;
$SIG{TERM} = $SIG{INT} = sub { exit 0 };

sub connection {
    my ($host, $port) = @_;
    my $address = inet_aton($host) or die "$host: no such name\n";
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
    local $SIG{ALRM} = sub { die "$host:$port: no answer\n" };
    alarm 2;
    connect($socket, sockaddr_in($port, $address)) or do { alarm 0; die "$host:$port: $!\n" };
    alarm 0;
    $socket->autoflush(1);
    return $socket;
}

sub redis {
    my ($host, $port) = split /:/, $ENV{REDIS};
    my $redis = connection($host, $port);
    print $redis join(' ', @_), "\r\n";
    my $answer = <$redis> // '';
    return $answer =~ /^:(\d+)\r/ ? $1 : die "redis: $answer\n";
}

sub postgres {
    open(my $psql, '-|', 'psql', '-qtAX', '-v', 'ON_ERROR_STOP=1', '-c', $_[0]) or die "psql: $!\n";
    my @rows = <$psql>;
    close($psql) or die "psql failed\n";
    chomp @rows;
    return $rows[-1] // '';
}

sub answer {
    my ($path) = @_;
    if ($path =~ m{^/connect/([^/]+)/(\d+)$}) {
        return eval { connection($1, $2); 1 } ? "connected\n" : "refused: $@";
    }
    my $visits = postgres('INSERT INTO visits DEFAULT VALUES; SELECT count(*) FROM visits');
    return sprintf "redis=%s postgres=%s\n", redis('INCR', 'visits'), $visits;
}

postgres('CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())');
socket(my $server, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
bind($server, sockaddr_in(8080, INADDR_ANY)) or die "bind: $!\n";
listen($server, 128) or die "listen: $!\n";
print "app: listening\n";
while (accept(my $client, $server)) {
    my ($path) = (<$client> // '') =~ m{^GET (\S+)};
    while (defined(my $line = <$client>)) { last if $line !~ /\S/ }
    my $body = eval { answer($path // '/') };
    my $status = defined $body ? '200 OK' : '502 Bad Gateway';
    $body //= $@;
    print $client "HTTP/1.0 $status\r\nContent-Length: ", length $body, "\r\n\r\n$body";
    close $client;
}
