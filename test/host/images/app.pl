#!/usr/bin/perl
# A small server that knows systemd's socket activation: it serves every socket it is given in LISTEN_FDS (streams,
# datagrams, or one accepted connection), and listens on $PORT (8080) when it is given none.
#
#   GET /          hello from $NAME            GET /pid, /env, /fds    itself
#   GET /file/P    the contents of file P      GET /sleep/N            answers after N seconds
#   GET /exit/N    answers, then exits with N  GET /kill/N             kills itself with signal N
#
# On SIGTERM it answers the request it has begun and ends; connections that wait are left in the socket.
use strict;
use warnings;
use Socket;
use IO::Handle;
use POSIX ();

$| = 1;
my $name = $ENV{NAME} // 'app';
my $stopping = 0;
POSIX::sigaction(POSIX::SIGTERM(), POSIX::SigAction->new(sub { $stopping = 1 }));

sub slurp {
    open(my $file, '<', $_[0]) or return "error: $_[0]: $!\n";
    local $/;
    return scalar(<$file>) // '';
}

my (@sockets, %name_of);
my $count = $ENV{LISTEN_FDS} // 0;
my $mine = $count && ($ENV{LISTEN_PID} // 0) == $$;
my @names = split /:/, $ENV{LISTEN_FDNAMES} // '';
if ($mine) {
    for my $fd (3 .. 2 + $count) {
        open(my $socket, '+<&=', $fd) or die "fd $fd: $!\n";
        push @sockets, $socket;
        $name_of{$fd} = $names[$fd - 3] // 'unknown';
    }
    print "app: serving $count socket(s) of systemd: @names\n";
} else {
    my $port = $ENV{PORT} // 8080;
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($socket, sockaddr_in($port, INADDR_ANY)) or die "bind $port: $!\n";
    listen($socket, 128) or die "listen: $!\n";
    push @sockets, $socket;
    $name_of{fileno $socket} = 'own';
    print "app: listening on port $port\n";
}

if ($ENV{NOTIFY_SOCKET} && $ENV{SAY_READY}) {
    socket(my $notify, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\n";
    (my $path = $ENV{NOTIFY_SOCKET}) =~ s/^@/\0/;
    send($notify, "READY=1\nSTATUS=serving\n", 0, pack_sockaddr_un($path)) or die "notify: $!\n";
}

sub answer {
    my ($path, $fd) = @_;
    return "$$\n" if $path eq '/pid';
    return join('', map { "$_=$ENV{$_}\n" } sort keys %ENV) if $path eq '/env';
    return join('', map { "$_ $name_of{$_}\n" } sort { $a <=> $b } keys %name_of) if $path eq '/fds';
    return slurp($1) if $path =~ m{^/file(/.*)};
    if ($path =~ m{^/sleep/([\d.]+)}) { select(undef, undef, undef, $1) }
    return "hello from $name\n";
}

sub serve {
    my ($connection, $fd) = @_;
    my $request = '';
    while ($request !~ /\r?\n\r?\n/) {
        my $got = sysread($connection, $request, 8192, length $request);
        next if !defined $got && $!{EINTR};
        last if !$got;
    }
    my ($path) = $request =~ m{^\S+ (\S+)};
    return close $connection if !defined $path;
    my $body = answer($path, $fd);
    my $reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: "
        . length($body) . "\r\n\r\n$body";
    while (length $reply) {
        my $put = syswrite($connection, $reply);
        next if !defined $put && $!{EINTR};
        last if !defined $put;
        substr($reply, 0, $put) = '';
    }
    shutdown($connection, 1);
    close $connection;
    POSIX::_exit($1) if $path =~ m{^/exit/(\d+)};
    kill $1, $$ if $path =~ m{^/kill/(\d+)};
}

# With Accept=yes the one socket is the connection itself.
if ($mine && $count == 1) {
    my $type = unpack 'i', getsockopt($sockets[0], SOL_SOCKET, SO_TYPE);
    my $listens = unpack 'i', getsockopt($sockets[0], SOL_SOCKET, SO_ACCEPTCONN);
    if ($type == SOCK_STREAM && !$listens) {
        serve($sockets[0], 3);
        exit 0;
    }
}

while (!$stopping) {
    my $ready = '';
    vec($ready, fileno $_, 1) = 1 for @sockets;
    # Woken now and then: a signal that came just before select() would otherwise go unseen until the next request.
    my $found = select($ready, undef, undef, 0.2);
    next if !defined $found || $found < 1;
    for my $socket (@sockets) {
        my $fd = fileno $socket;
        next if !vec($ready, $fd, 1) || $stopping;
        if (unpack('i', getsockopt($socket, SOL_SOCKET, SO_TYPE)) == SOCK_DGRAM) {
            my $from = recv($socket, my $text, 65536, 0);
            send($socket, "echo $name_of{$fd} $text", 0, $from) if defined $from && length $from;
            next;
        }
        accept(my $connection, $socket) or next;
        serve($connection, $fd);
    }
}
print "app: stopped by SIGTERM\n";
