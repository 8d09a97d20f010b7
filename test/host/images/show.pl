#!/usr/bin/perl
# Prints what a process sees of its container, one "name: value" a line, for comparing two container engines.
#   show              everything        show NAME…        only these
use strict;
use warnings;
use Cwd ();
use POSIX ();

sub slurp {
    open(my $file, '<', $_[0]) or return "error: $!";
    local $/;
    return scalar(<$file>) // '';
}
sub status {
    my ($field) = @_;
    my ($value) = slurp('/proc/self/status') =~ /^$field:[ \t]*(.*)$/m;
    return $value // '';
}
sub tree {
    my ($folder) = @_;
    opendir(my $dir, $folder) or return ();
    my @lines;
    for my $entry (sort grep { !/^\.\.?$/ } readdir $dir) {
        my $path = "$folder/$entry";
        my @stat = lstat $path or next;
        my $kind = -l _ ? 'link' : -d _ ? 'folder' : -c _ ? 'char' : -b _ ? 'block' : -p _ ? 'fifo' : 'file';
        my $more = $kind eq 'link' ? ' -> ' . readlink $path
            : $kind =~ /char|block/ ? sprintf(' %d:%d', ($stat[6] >> 8) & 0xfff, $stat[6] & 0xff) : '';
        push @lines, sprintf('%s %s %04o %d:%d%s', $path, $kind, $stat[2] & 07777, $stat[4], $stat[5], $more);
        push @lines, tree($path) if $kind eq 'folder' && $path !~ m{/dev/(pts|shm|mqueue)$};
    }
    return @lines;
}
# proc(5): id parent dev root mountpoint options … - type source superoptions
sub mounts {
    my @lines;
    for my $line (split /\n/, slurp('/proc/self/mountinfo')) {
        my ($before, $after) = split / - /, $line, 2;
        my @fields = split / /, $before;
        my ($type, undef, $options) = split / /, $after;
        my @kept = grep { !/^(lowerdir|upperdir|workdir|seclabel|inode64|size=|nr_inodes=|uid=|gid=|mode=|ptmxmode=)/ }
            split /,/, $options;
        my ($mode) = $options =~ /\b(mode=\d+)/;
        my ($size) = $options =~ /\b(size=\w+)/;
        my $shared = join ' ', map { s/:\d+//r } grep { $_ ne '-' } @fields[6 .. $#fields];
        push @lines, join ' ', grep { defined && length } $fields[4], $type, $fields[5], $mode, $size, $shared;
    }
    return sort @lines;
}
sub names_in { opendir(my $dir, $_[0]) or return (); return sort grep { !/^\.\.?$/ } readdir $dir }

my @masked = qw(/proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi
    /proc/timer_list /proc/timer_stats /proc/interrupts /sys/firmware /sys/devices/virtual/powercap
    /sys/fs/selinux /sys/dev/block);
my @read_only = qw(/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger /sys /sys/fs/cgroup);
my @sysctls = split / /, $ENV{SHOW_SYSCTLS} // 'net.ipv4.ip_unprivileged_port_start net.ipv4.ping_group_range net.ipv4.ip_forward kernel.shmmax kernel.msgmax fs.mqueue.msg_max';

sub state_of {
    my ($path) = @_;
    return 'absent' if !-e $path;
    return 'empty' if -d $path && !tree($path);
    return 'null' if -c $path;
    return open(my $file, '<', $path) ? 'readable' : 'closed' if -f $path;
    return 'folder';
}
sub writable { my ($path) = @_; return !-e $path ? 'absent' : POSIX::access($path, POSIX::W_OK()) ? 'writable' : 'read-only' }

my @parts = (
    [environment => sub { map { "$_=$ENV{$_}" } sort keys %ENV }],
    [cwd => sub { Cwd::getcwd() }],
    [uid => sub { status('Uid') }],
    [gid => sub { status('Gid') }],
    [groups => sub { join ' ', sort { $a <=> $b } split ' ', status('Groups') }],
    [hostname => sub { slurp('/proc/sys/kernel/hostname') =~ s/\n//r }],
    [pid => sub { $$ }],
    [umask => sub { status('Umask') }],
    (map { my $set = $_; [lc $set => sub { status($set) }] } qw(CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp)),
    [oomscore => sub { slurp('/proc/self/oom_score_adj') =~ s/\n//r }],
    [loginuid => sub { slurp('/proc/self/loginuid') }],
    [limits => sub { my (undef, @rest) = split /\n/, slurp('/proc/self/limits'); map { s/\s+/ /gr } @rest }],
    [mounts => \&mounts],
    [dev => sub { tree('/dev') }],
    [masked => sub { map { "$_ " . state_of($_) } @masked }],
    [readonly => sub { map { "$_ " . writable($_) } @read_only }],
    [sysctl => sub { map { my $path = '/proc/sys/' . tr{.}{/}r; "$_ = " . slurp($path) =~ s/\s+/ /gr } @sysctls }],
    [fds => sub { grep { defined } map { my $to = readlink "/proc/self/fd/$_"; defined $to ? "$_ " . $to =~ s/\[\d+\]//r : undef } 0 .. 9 }],
    [hosts => sub { split /\n/, slurp('/etc/hosts') }],
    [resolv => sub { split /\n/, slurp('/etc/resolv.conf') }],
    [cgroup => sub { split /\n/, slurp('/proc/self/cgroup') }],
    [tty => sub { -t STDIN ? 'yes' : 'no' }],
    [root => sub { names_in('/') }],
);


my %wanted = map { $_ => 1 } @ARGV;
for my $part (@parts) {
    my ($name, $read) = @$part;
    next if %wanted && !$wanted{$name};
    print "$name: $_\n" for $read->();
}
