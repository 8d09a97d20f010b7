#!/usr/bin/perl
# Sends its arguments to systemd's notify socket, one message: notify READY=1 STATUS=…; then stays (STAY=seconds).
use strict;
use warnings;
use Socket;
my $path = $ENV{NOTIFY_SOCKET} // die "NOTIFY_SOCKET is not set\n";
$path =~ s/^@/\0/;
socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\n";
send($socket, join('', map { "$_\n" } @ARGV), 0, pack_sockaddr_un($path)) or die "send: $!\n";
sleep $ENV{STAY} if $ENV{STAY};
