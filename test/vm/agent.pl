#!/usr/bin/perl
# Runs commands for the test, which speaks through a virtio port ($ARGV[0]); many at a time.
#
#   in:   "ID SCRIPT-LENGTH INPUT-LENGTH\n", a bash script, its standard input
#   out:  "ID EXIT-CODE OUT-LENGTH ERR-LENGTH\n", what it printed; first of all "0 0 0 0\n": the machine is up
use strict;
use warnings;
use Fcntl ':flock';

my $folder = '/run/test-agent';
mkdir $folder;
open my $port, '+<:raw', $ARGV[0] or die "$ARGV[0]: $!";
my $buffer = '';

sub more {
  # While the test is not connected the port reads as ended.
  sysread $port, $buffer, 65536, length $buffer or select undef, undef, undef, 0.05;
}
sub take {
  my $length = shift;
  more() while length $buffer < $length;
  return substr $buffer, 0, $length, '';
}
sub spill {
  my ($file, $text) = @_;
  open my $out, '>:raw', $file or die "$file: $!";
  print $out $text;
  close $out;
}
sub slurp {
  open my $in, '<:raw', shift or return '';
  local $/;
  return scalar(<$in>) // '';
}
sub answer {
  my $text = shift;
  open my $lock, '>', "$folder/lock" or die $!;
  flock $lock, LOCK_EX;
  my $at = 0;
  while ($at < length $text) { $at += syswrite($port, $text, 65536, $at) // die "write: $!"; }
}

answer("0 0 0 0\n");
$SIG{CHLD} = 'IGNORE';
while (1) {
  more() while $buffer !~ /^(\d+) (\d+) (\d+)\n/;
  my ($id, $script, $input) = ($1, $2, $3);
  take(length "$id $script $input\n");
  spill("$folder/$id.sh", take($script));
  spill("$folder/$id.in", take($input));
  next if fork;
  $SIG{CHLD} = 'DEFAULT';
  my $pid = fork;
  if ($pid == 0) {
    close $port;
    open STDIN, '<', "$folder/$id.in";
    open STDOUT, '>', "$folder/$id.out";
    open STDERR, '>', "$folder/$id.err";
    setpgrp;
    exec 'bash', "$folder/$id.sh";
  }
  waitpid $pid, 0;
  my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  my ($out, $err) = (slurp("$folder/$id.out"), slurp("$folder/$id.err"));
  answer(sprintf("%d %d %d %d\n", $id, $code, length $out, length $err) . $out . $err);
  unlink map { "$folder/$id.$_" } qw(sh in out err);
  exit;
}
