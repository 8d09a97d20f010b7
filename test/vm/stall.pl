#!/usr/bin/perl
# stall.pl PORT TARGET-PORT FOLDER: carries connections on a loopback port to another one. While FOLDER/limit has a number,
# a connection's answers stop for good after so many bytes, and FOLDER/stalled says so.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($port, $target, $folder) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port", Listen => 100, ReuseAddr => 1) or die "listen: $@";
$SIG{CHLD} = 'IGNORE';
while (my $client = $listener->accept) {
  next if fork;
  my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$target") or die "connect: $@";
  my $both = IO::Select->new($client, $server);
  my $answered = 0;
  while (my @ready = $both->can_read) {
    for my $from (@ready) {
      my $count = sysread $from, my $bytes, 8192 or exit;
      my $to = $from == $client ? $server : $client;
      for (my $at = 0; $at < $count;) { $at += syswrite($to, $bytes, $count - $at, $at) // exit }
      next if $from == $client;
      $answered += $count;
      open my $in, '<', "$folder/limit" or next;
      my $limit = <$in>;
      next if $answered < $limit;
      open my $out, '>', "$folder/stalled";
      close $out;
      sleep 100 while 1;
    }
  }
}
