#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes names.inc: tables of (number, name) for errno, signals, system calls, address families,
# flags of open(2), TCP states and IP protocols. Numbers come from the headers of the machine that is built for, so
# CC has to be its compiler. Where several names share a number, the usual one stands first.
set -eu

: "${CC:=cc}"

# expand HEADER NAME-PATTERN: "NAME DIRECT VALUE" lines of the macros whose names match. DIRECT is
# 0 where the macro is a number itself, 1 where it is another name for one.
expand()
{
	defs=$(printf '#define _GNU_SOURCE\n#include <%s>\n' "$1" | $CC -E -dM -x c - |
		sed -n "s/^#define \($2\) \(.*\)\$/\1 \2/p")
	{
		printf '#define _GNU_SOURCE\n#include <%s>\n' "$1"
		echo "$defs" | while read -r name body; do
			case $body in
			[0-9\(]*) direct=0 ;;
			*) direct=1 ;;
			esac
			# The name stands in pieces, so that only the value is expanded.
			printf '@row "%s" %s %s\n' "$name" "$direct" "$name"
		done
	} | $CC -E -P -x c - | sed -n 's/^ *@row "\([^"]*\)" \([01]\) \(.*\)$/\1 \2 \3/p' |
		while read -r name direct value; do
			case $value in
			*[!0-9xXa-fA-F+\|\(\)\ ]* | '') continue ;; # not a constant
			esac
			# shellcheck disable=SC2004 # the value may be a sum of others
			printf '%s %s %s\n' "$name" "$direct" "$(($value))"
		done
}

# table WHAT: "NAME RANK VALUE" lines become a blob of text and its index, sorted by value.
table()
{
	LC_ALL=C sort -k3,3n -k2,2n -k1,1 | awk -v what="$1" '
		{ at[NR] = off; value[NR] = $3; text[NR] = $1; off += length($1) + 1 }
		END {
			if (NR == 0 || off > 65535) {
				print "gen-names: no usable table of " what > "/dev/stderr"
				exit 1
			}
			printf "static const char %s_text[] =\n", what
			for (i = 1; i <= NR; i++)
				printf "\t\"%s\\0\"\n", text[i]
			printf "\t;\nstatic const struct name_entry %s_entries[] = {\n", what
			for (i = 1; i <= NR; i++)
				printf "\t{ %d, %d },\n", value[i], at[i]
			print "};"
		}'
}

# What the kernel uses inside and never gives to programs, but a probe sees.
kernel_errnos()
{
	cat <<-END
	ERESTARTSYS 0 512
	ERESTARTNOINTR 0 513
	ERESTARTNOHAND 0 514
	ENOIOCTLCMD 0 515
	ERESTART_RESTARTBLOCK 0 516
	EPROBE_DEFER 0 517
	EOPENSTALE 0 518
	ENOPARAM 0 519
	EBADHANDLE 0 521
	ENOTSYNC 0 522
	EBADCOOKIE 0 523
	ENOTSUPP 0 524
	ETOOSMALL 0 525
	ESERVERFAULT 0 526
	EBADTYPE 0 527
	EJUKEBOX 0 528
	EIOCBQUEUED 0 529
	ERECALLCONFLICT 0 530
	ENOGRACE 0 531
	END
}

# The C library keeps the first two real-time signals, 32 and 33, for its threads.
realtime_signals()
{
	printf 'SIG32 0 32\nSIG33 0 33\nSIGRTMIN 0 34\n'
	n=1
	while [ "$n" -le 30 ]; do
		echo "SIGRTMIN+$n 0 $((34 + n))"
		n=$((n + 1))
	done
	echo "SIGRTMAX 1 64"
}

tcp_states()
{
	value=1
	for name in ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT \
		LAST_ACK LISTEN CLOSING NEW_SYN_RECV; do
		echo "$name 0 $value"
		value=$((value + 1))
	done
}

# IANA's numbers, named as in /etc/protocols; 262 and 255 are Linux's own.
ip_protos()
{
	cat <<-END
	ip 0 0
	icmp 0 1
	igmp 0 2
	ipip 0 4
	tcp 0 6
	egp 0 8
	pup 0 12
	udp 0 17
	idp 0 22
	dccp 0 33
	ipv6 0 41
	rsvp 0 46
	gre 0 47
	esp 0 50
	ah 0 51
	ipv6-icmp 0 58
	icmpv6 1 58
	ospf 0 89
	beetph 0 94
	encap 0 98
	pim 0 103
	ipcomp 0 108
	vrrp 0 112
	l2tp 0 115
	sctp 0 132
	udplite 0 136
	mpls-in-ip 0 137
	ethernet 0 143
	raw 0 255
	mptcp 0 262
	END
}

echo '/* Made by gen-names.sh. */'
{ expand errno.h 'E[A-Z0-9]*' && kernel_errnos; } | table errno
{ expand signal.h 'SIG[A-Z0-9]*' | awk '$3 > 0 && $3 < 32' && realtime_signals; } | table signal
expand asm/unistd.h '__NR_[a-z0-9_]*' | sed 's/^__NR_//' | table syscall
expand sys/socket.h 'AF_[A-Z0-9_]*' | awk '
	$1 != "AF_MAX" { print $1, ($1 ~ /^AF_(LOCAL|FILE|ROUTE)$/), $3 }' | table af
expand asm/fcntl.h 'O_[A-Z]*' | awk '
	$3 > 0 && $1 !~ /^O_(ACCMODE|WRONLY|RDWR|NDELAY)$/' | table open_flag
tcp_states | table tcp_state
ip_protos | table ip_proto
