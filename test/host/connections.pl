#!/usr/bin/perl
# connections.pl PORT COUNT AT-ONCE EVERY COMMAND…: makes COUNT connections to a server on the loopback, AT-ONCE at a time,
# and runs COMMAND after every EVERY of them, beside those that go on. Prints a JSON object: how many were answered whole,
# how often the command ran, and what went wrong with the others.
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $count, $at_once, $every, @command) = @ARGV;
pipe(my $results, my $results_in) or die;
pipe(my $turns, my $turns_in) or die;
# A byte in this pipe is leave to make one connection.
syswrite($turns_in, 'x' x $count) == $count or die;
close $turns_in;
for (1 .. $at_once) {
    next if fork;
    close $results;
    while (sysread($turns, my $turn, 1)) {
        syswrite($results_in, connection() . "\n");
    }
    exit;
}
close $results_in;

my ($answered, $ran, %errors) = (0, 0);
my $done = 0;
while (my $line = <$results>) {
    chomp $line;
    if ($line eq 'answered') { $answered++ }
    else { $errors{$line}++ }
    next if ++$done % $every || !@command;
    system(@command) == 0 or $errors{"@command failed"}++;
    $ran++;
}
my $errors = join ', ', map { "\"$_\": $errors{$_}" } sort keys %errors;
print "{\"answered\": $answered, \"ran\": $ran, \"errors\": {$errors}}\n";

sub connection {
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 30) or return "connect: $!";
    $socket->print("GET / HTTP/1.0\r\n\r\n") or return "send: $!";
    my $reply = '';
    while (1) {
        my $got = sysread($socket, $reply, 8192, length $reply);
        return "receive: $!" if !defined $got;
        last if !$got;
    }
    my ($length, $body) = $reply =~ /^HTTP\/1\.1 200 OK\r\n.*Content-Length: (\d+)\r\n\r\n(.*)$/s
        or return 'answer of ' . length($reply) . ' bytes';
    return length $body == $length ? 'answered' : 'answer cut short';
}
