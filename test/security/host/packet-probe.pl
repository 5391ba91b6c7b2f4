# Sends something in every way there is and prints which ways the kernel took: packet-probe.pl ADDRESS PORT IPV6 ABSTRACT_NAME [quiet]
# quiet: not what would leave the machine if it went out.
use strict;
use warnings;
use Socket qw(:all);

my ($address, $port, $six, $name, $quiet) = @ARGV;
my $target = pack_sockaddr_in($port, inet_aton($address));
my %ways = (
  tcp => sub { socket(my $s, PF_INET, SOCK_STREAM, 0) or return 0; return connect($s, $target) },
  udp => sub { socket(my $s, PF_INET, SOCK_DGRAM, 0) or return 0; return defined send($s, "canary", 0, $target) },
  # Broadcast needs no route of its own.
  broadcast => sub {
    socket(my $s, PF_INET, SOCK_DGRAM, 0) or return 0;
    setsockopt($s, SOL_SOCKET, SO_BROADCAST, 1);
    return defined send($s, "canary", 0, pack_sockaddr_in($port, inet_aton("255.255.255.255")));
  },
  # A question that carries a secret in its name, as DNS tunnels have it.
  dns => sub {
    socket(my $s, PF_INET, SOCK_DGRAM, 0) or return 0;
    my $question = pack("n6", 84, 256, 1, 0, 0, 0) . join("", map { pack("C/a", $_) } "canary", "example", "") . pack("n2", 16, 1);
    return defined send($s, $question, 0, pack_sockaddr_in(53, inet_aton($address)));
  },
  icmp => sub { socket(my $s, PF_INET, SOCK_RAW, 1) or return 0; return defined send($s, pack("C2 n3 a6", 8, 0, 0xbd75, 84, 1, "canary"), 0, $target) },
  ping => sub { socket(my $s, PF_INET, SOCK_DGRAM, 1) or return 0; return defined send($s, pack("C2 n3 a6", 8, 0, 0, 84, 1, "canary"), 0, $target) },
  raw => sub { socket(my $s, PF_INET, SOCK_RAW, 255) or return 0; return defined send($s, "canary" x 8, 0, $target) },
  sctp => sub { socket(my $s, PF_INET, SOCK_STREAM, 132) or return 0; return connect($s, $target) },
  udp6 => sub { socket(my $s, PF_INET6, SOCK_DGRAM, 0) or return 0; return defined send($s, "canary", 0, pack_sockaddr_in6($port, inet_pton(AF_INET6, $six))) },
  tcp6 => sub { socket(my $s, PF_INET6, SOCK_STREAM, 0) or return 0; return connect($s, pack_sockaddr_in6($port, inet_pton(AF_INET6, $six))) },
  # A whole frame, past everything that routes: family 17, every protocol.
  frame => sub { socket(my $s, 17, SOCK_RAW, 0x0300) or return 0; return defined send($s, "canary" x 12, 0, pack("S n l S C C a8", 17, 0x0800, 1, 0, 0, 6, "\xff" x 6)) },
  abstract => sub { socket(my $s, PF_UNIX, SOCK_STREAM, 0) or return 0; return connect($s, pack("S a*", PF_UNIX, "\0$name")) },
);
delete $ways{broadcast} if $quiet;
for my $way (sort keys %ways) {
  my $went = eval {
    local $SIG{ALRM} = sub { die "late\n" };
    alarm 1;
    my $result = $ways{$way}->();
    alarm 0;
    $result;
  };
  alarm 0;
  print "$way ", ($went ? "went" : "held"), "\n";
}
