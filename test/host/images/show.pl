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
my @sysctls = split / /, $ENV{SHOW_SYSCTLS} // 'net.ipv4.ip_unprivileged_port_start net.ipv4.ping_group_range net.ipv4.ip_forward kernel.shmmax kernel.msgmax fs.mqueue.msg_max net.ipv4.conf.all.forwarding net.ipv4.conf.default.rp_filter net.ipv6.conf.all.disable_ipv6 net.core.somaxconn kernel.sem kernel.domainname vm.overcommit_memory';

sub state_of {
    my ($path) = @_;
    return 'absent' if !-e $path;
    return 'empty' if -d $path && !tree($path);
    return 'null' if -c $path;
    return open(my $file, '<', $path) ? 'readable' : 'closed' if -f $path;
    return 'folder';
}
sub writable { my ($path) = @_; return !-e $path ? 'absent' : POSIX::access($path, POSIX::W_OK()) ? 'writable' : 'read-only' }

# By number (x86_64), with arguments that lead nowhere: what shows is whether the seccomp filter lets the call through.
my %calls = (
    personality => [135, 0xffffffff], ptrace => [101, -1, 0, 0, 0], syslog => [103, 9, 0, 0], mount => [165, 0, 0, 0, 0, 0],
    umount2 => [166, 0, 0], swapon => [167, 0, 0], reboot => [169, 0, 0, 0, 0], sethostname => [170, 0, -1],
    init_module => [175, 0, 0, 0], delete_module => [176, 0, 0], quotactl => [179, 0, 0, 0, 0], acct => [163, 0],
    settimeofday => [164, 0, 1], clock_settime => [227, 99, 0], add_key => [248, 0, 0, 0, 0, 0], request_key => [249, 0, 0, 0, 0],
    keyctl => [250, -1, 0, 0, 0, 0], unshare => [272, 0x10000000], move_pages => [279, 0, 0, 0, 0, 0, 0],
    perf_event_open => [298, 0, 0, -1, -1, 0], name_to_handle_at => [303, -1, 0, 0, 0, 0],
    open_by_handle_at => [304, -1, 0, 0], setns => [308, -1, 0], process_vm_readv => [310, -1, 0, 0, 0, 0, 0],
    kcmp => [312, -1, -1, 0, 0, 0], finit_module => [313, -1, 0, 0], bpf => [321, -1, 0, 0], userfaultfd => [323, -1],
    clone3 => [435, 0, 0], io_uring_setup => [425, 0, 0], fsopen => [430, 0, 0], pidfd_getfd => [438, -1, -1, 0],
    mount_setattr => [442, -1, 0, 0, 0, 0], landlock_create_ruleset => [444, 0, 0, 1], cachestat => [451, -1, 0, 0, 0],
    modify_ldt => [154, 99, 0, 0], iopl => [172, -1], ioperm => [173, -1, -1, -1], lookup_dcookie => [212, 0, 0, 0],
    kexec_load => [246, -1, -1, 0, 0], vhangup => [153], chroot => [161, 0], socket_vsock => [41, 40, 1, 0],
    socket_packet => [41, 17, 3, 0], socket_audit => [41, 16, 3, 9], mbind => [237, 0, 0, -1, 0, 0, 0],
    fanotify_init => [300, -1, 0], memfd_secret => [447, -1], nothing => [9999],
);
# In a child: some calls change the process that makes them.
sub called {
    my ($number, @arguments) = @{ $calls{$_[0]} };
    push @arguments, 0 while @arguments < 6;
    my $pid = open(my $child, '-|') // return "fork: $!";
    if ($pid == 0) {
        my $result = syscall $number, @arguments;
        syswrite STDOUT, $result == -1 ? $! + 0 : 'done';
        POSIX::_exit(0);
    }
    return readline $child;
}

my @parts = (
    [environment => sub { map { "$_=$ENV{$_}" } sort keys %ENV }],
    [cwd => sub { Cwd::getcwd() }],
    [uid => sub { status('Uid') }],
    [gid => sub { status('Gid') }],
    [uidmap => sub { map { s/^ +//r =~ s/ +/ /gr } split /\n/, slurp('/proc/self/uid_map') }],
    [gidmap => sub { map { s/^ +//r =~ s/ +/ /gr } split /\n/, slurp('/proc/self/gid_map') }],
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
    [signals => sub { map { "$_ " . status($_) } qw(SigPnd SigBlk SigIgn SigCgt) }],
    [session => sub { join ' ', POSIX::getpgrp(), (split / /, slurp('/proc/self/stat') =~ s/.*\) //sr)[3] }],
    [nice => sub { join ' ', (split / /, slurp('/proc/self/stat') =~ s/.*\) //sr)[15, 16] }],
    [init => sub { slurp('/proc/1/comm') =~ s/\n//r }],
    [user => sub { join ':', map { $_ // '' } (getpwuid $<)[0, 2, 3, 6, 7, 8] }],
    [zone => sub { POSIX::strftime('%z', localtime 0) }],
    [interfaces => sub { names_in('/sys/class/net') }],
    [modes => sub { map { my @stat = stat; @stat ? sprintf('%s %04o %d:%d', $_, $stat[2] & 07777, @stat[4, 5]) : "$_ absent" }
        sort(map { (split / /)[0] } mounts()), Cwd::getcwd(), qw(/etc /etc/passwd /etc/group /run /tmp /var/tmp /home/app) }],
    [syscalls => sub { map { "$_ " . called($_) } sort keys %calls }],
    [fds => sub { grep { defined } map { my $to = readlink "/proc/self/fd/$_"; defined $to ? "$_ " . $to =~ s/\[\d+\]//r : undef } 0 .. 9 }],
    [hosts => sub { split /\n/, slurp('/etc/hosts') }],
    [resolv => sub { split /\n/, slurp('/etc/resolv.conf') }],
    [cgroup => sub { split /\n/, slurp('/proc/self/cgroup') }],
    [tty => sub { -t STDIN ? 'yes' : 'no' }],
    [etc => sub { grep { !m{^/etc/(hosts|hostname|resolv\.conf|passwd|group) } } tree('/etc') }],
    [root => sub { names_in('/') }],
);


my %wanted = map { $_ => 1 } @ARGV;
for my $part (@parts) {
    my ($name, $read) = @$part;
    next if %wanted && !$wanted{$name};
    print "$name: $_\n" for $read->();
}
