#!/usr/bin/env bash
# Guess:    a next hop of weight 1 in a resilient group gets at least one bucket, or the group is refused.
# Happens:  shares are rounded to whole buckets, and a share below half a bucket is none: with weights 1, 100, 100, 100 and 32 buckets the first next hop has no bucket. `ip nexthop` accepts it without
#           a word and lists the next hop as a member; no packet ever takes it. With 512 buckets it gets its share. A multipath group of the same weights sends it its 1/301 of flows.
# Versions: Linux 6.18, iproute2 6.1.0-3 (Debian 12).
# Matters:  a new load balancer is put into service with a small weight. Under resilient hashing the canary gets nothing, and its silence looks like health. Take at least
#           (sum of weights / smallest weight) buckets.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download iproute2=6.1.0-3 libelf1 libbpf1 libmnl0 libcap2 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/lib/x86_64-linux-gnu"

cat >run.sh <<'SH'
set -euo pipefail
ip() { "$(ls root/bin/ip root/sbin/ip root/usr/sbin/ip 2>/dev/null | head -n 1)" "$@"; }
ip link add veth0 type veth peer name veth1
ip link set veth0 up
ip link set veth1 up
ip address add 10.0.0.254/24 dev veth0
for i in 1 2 3 4; do ip nexthop add id "$i" via "10.0.0.$i" dev veth0; done
group=1,1/2,100/3,100/4,100
for buckets in 32 512; do
  ip nexthop add id "$((1000 + buckets))" group "$group" type resilient buckets "$buckets"
  own=$(ip nexthop bucket show id "$((1000 + buckets))" nhid 1 | wc -l)
  echo "$buckets buckets, weights $group: next hop 1 has $own"
  case "$buckets-$own" in 32-0 | 512-[12]) ;; *) status=1 ;; esac
done
ip nexthop show id 1032
exit "${status:-0}"
SH
unshare -rn bash run.sh
