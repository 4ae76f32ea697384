/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of meanings: a row says all that a meaning is and does. Each file that needs a
 * column includes it with a MEANING() of its own, so it has no guard; it undefines MEANING().
 *
 *	MEANING(ID, param, text, names, find, traits...)
 *
 * ID	  the enumerator MEAN_<ID> (runner/load/plan/layout.h)
 * param  how --set reads it and inspect shows it: param_<param>() and read_<param>() of params
 * text	  how a value becomes text: put_<text>() of runner/read/text/text.c
 * names  the list of fixed names for its numbers: runner/read/text/names.c, gen-names.sh
 * find	  names that the running system knows: find_<find> of runner/read/text/resolve.c
 * traits designated members of struct meaning_traits (runner/load/plan/meanings.h)
 *
 * A new meaning is a new row. A word in a column that does not exist yet is one function in the
 * file that the column names.
 */

/* clang-format off */
MEANING(NONE, kind, kind, none, none,
	.word = "number",
	.kind = KIND_BYTES, .flags = MEANS_AMOUNT | MEANS_NUMBER)
/* A single char: text where it is printable. */
MEANING(CHAR, char, char, none, none,
	.kind = KIND_TEXT)

/* Addresses, all in network order. MEAN_IP has its family beside it: see struct field. */
MEANING(IPV4, ip, ipv4, none, none,
	.types = TYPES("ipv4_addr"), .structs = TYPES("in_addr"), .name = "addr",
	.numbers = 4, .bytes = 4, .kind = KIND_UINT, .net_bytes = 4, .cells = 15)
MEANING(IPV6, ip, ipv6, none, none,
	.types = TYPES("ipv6_addr"), .structs = TYPES("in6_addr", "ipv6_addr"), .name = "addr",
	.numbers = 16, .bytes = 16, .kind = KIND_BYTES, .cells = 15)
MEANING(IP, ip, ip, none, none,
	.types = TYPES("ip_addr", "gadget_l3endpoint_t"),
	.structs = TYPES("ip_addr", "gadget_l3endpoint_t"), .name = "addr",
	.flags = MEANS_INEXACT, .cells = 15)
MEANING(PORT_BE, net, net, none, none,
	.word = "port", .types = TYPES("port_be"), .name = "port",
	.numbers = 2, .bytes = 2, .kind = KIND_UINT, .net_bytes = 2,
	.flags = MEANS_NUMBER, .cells = 5)
/* The kernel's __be16 and the like: numbers in network order, that may be anything. */
MEANING(BE, net, net, none, none,
	.types = TYPES("__be16", "__be32", "__be64"),
	.numbers = 2 | 4 | 8, .net_bytes = NET_WHOLE, .flags = MEANS_NUMBER)
MEANING(MAC, mac, mac, none, none,
	.types = TYPES("mac_addr", "bombus_mac_addr"), .structs = TYPES("mac_addr"), .name = "mac",
	.bytes = 6, .kind = KIND_BYTES, .cells = 17)

/* Lengths of time, by the number's unit, and amounts of data. */
MEANING(DURATION_NS, duration, quantity, none, none,
	.types = TYPES("duration", "bombus_duration", "duration_ns", "gadget_duration"),
	.numbers = ANY_NUMBER, .unit = "ns", .unit_ns = 1,
	.flags = MEANS_AMOUNT | MEANS_NUMBER)
MEANING(DURATION_US, duration, quantity, none, none,
	.types = TYPES("duration_us"),
	.numbers = ANY_NUMBER, .unit = "us", .unit_ns = 1000,
	.flags = MEANS_AMOUNT | MEANS_NUMBER)
MEANING(DURATION_MS, duration, quantity, none, none,
	.types = TYPES("duration_ms"),
	.numbers = ANY_NUMBER, .unit = "ms", .unit_ns = 1000000,
	.flags = MEANS_AMOUNT | MEANS_NUMBER)
MEANING(DURATION_S, duration, quantity, none, none,
	.types = TYPES("duration_s"),
	.numbers = ANY_NUMBER, .unit = "s", .unit_ns = 1000000000,
	.flags = MEANS_AMOUNT | MEANS_NUMBER)
MEANING(SIZE_BYTES, size, quantity, none, none,
	.types = TYPES("bytes", "bombus_bytes", "gadget_bytes"),
	.numbers = ANY_NUMBER, .unit = "bytes",
	.flags = MEANS_AMOUNT | MEANS_NUMBER)

/* Points in time, in nanoseconds. "timestamp" is early BumbleBee's, made by bpf_ktime_get_ns(). */
MEANING(KTIME_NS, kind, time, none, none,
	.types = TYPES("ktime_ns", "timestamp"),
	.numbers = 8, .is_time = true, .clock = CLOCK_MONOTONIC, .cells = 15)
MEANING(BOOTTIME_NS, kind, time, none, none,
	.types = TYPES("boottime_ns", "gadget_timestamp"),
	.numbers = 8, .is_time = true, .clock = CLOCK_BOOTTIME, .cells = 15)
MEANING(UNIX_NS, kind, time, none, none,
	.types = TYPES("unix_ns"),
	.numbers = 8, .is_time = true, .clock = CLOCK_REALTIME, .cells = 15)

/* Identities: numbers for programs, names for people. */
MEANING(PID, kind, kind, none, none,
	.types = TYPES("pid_t", "__kernel_pid_t", "pid", "tid", "tgid", "ppid", "tid_t", "tgid_t",
		       "gadget_pid", "gadget_tid", "gadget_ppid"),
	.numbers = 4 | 8, .name = "pid", .flags = MEANS_NUMBER, .cells = 7)
MEANING(UID, kind, id, none, user,
	.types = TYPES("uid", "bombus_uid", "uid_t", "__kernel_uid32_t", "gadget_uid"),
	.numbers = 4 | 8, .name = "uid", .noun = "user",
	.recorded = 1, .flags = MEANS_NUMBER | MEANS_NAMED)
MEANING(GID, kind, id, none, group,
	.types = TYPES("gid", "bombus_gid", "gid_t", "__kernel_gid32_t", "gadget_gid"),
	.numbers = 4 | 8, .name = "gid", .noun = "group",
	.recorded = 2, .flags = MEANS_NUMBER | MEANS_NAMED)
MEANING(MNTNS, ns, kind, none, none,
	.types = TYPES("mntns_id", "gadget_mntns_id", "mnt_ns_id_t"),
	.numbers = 4 | 8, .name = "mntns_id", .flags = MEANS_NUMBER)
MEANING(NETNS, ns, kind, none, none,
	.types = TYPES("netns_id", "gadget_netns_id"),
	.numbers = 4 | 8, .name = "netns_id", .flags = MEANS_NUMBER)
MEANING(CGROUP, kind, id, none, cgroup,
	.types = TYPES("cgroup_id", "gadget_cgroup_id"),
	.numbers = 8, .name = "cgroup_id", .recorded = 3, .flags = MEANS_NUMBER | MEANS_NAMED, .cells = 16)

/* Of the container and pod that the id of a cgroup, process or namespace leads to: only fields that
 * --enrich adds have them, see runner/load/decode/enrich.h. */
MEANING(CONTAINER_ID, kind, part, none, container_id,
	.name = "container", .attribute = "container.id",
	.recorded = 9, .flags = MEANS_INEXACT, .cells = 12)
MEANING(CONTAINER_NAME, kind, part, none, container_name,
	.name = "container", .attribute = "container.name",
	.recorded = 10, .flags = MEANS_INEXACT, .cells = 12)
MEANING(CONTAINER_IMAGE, kind, part, none, container_image,
	.name = "image", .attribute = "container.image.name",
	.recorded = 11, .flags = MEANS_INEXACT, .cells = 16)
MEANING(POD, kind, part, none, pod,
	.name = "pod", .attribute = "k8s.pod.name",
	.recorded = 12, .flags = MEANS_INEXACT, .cells = 16)
MEANING(POD_NAMESPACE, kind, part, none, pod_namespace,
	.name = "namespace", .attribute = "k8s.namespace.name",
	.recorded = 13, .flags = MEANS_INEXACT, .cells = 12)
MEANING(NODE, kind, part, none, node,
	.name = "node", .attribute = "k8s.node.name",
	.recorded = 14, .flags = MEANS_INEXACT, .cells = 12)

/* Of a process, likewise. */
MEANING(EXE, kind, part, none, exe,
	.name = "exe", .attribute = "process.executable.path",
	.recorded = 15, .flags = MEANS_INEXACT, .cells = 16)
MEANING(CMDLINE, kind, part, none, cmdline,
	.name = "cmdline", .attribute = "process.command_line",
	.recorded = 16, .flags = MEANS_INEXACT, .cells = 16)
MEANING(PROCESS_USER, kind, part, none, process_user,
	.name = "user", .attribute = "process.owner",
	.recorded = 17, .flags = MEANS_INEXACT, .cells = 8)
MEANING(UNIT, kind, part, none, unit,
	.name = "unit", .attribute = "systemd.unit",
	.recorded = 18, .flags = MEANS_INEXACT, .cells = 16)

/* Numbers with fixed names. An errno is of either sign. */
MEANING(ERRNO, kind, named, errno, none,
	.types = TYPES("errno_t", "gadget_errno"),
	.numbers = ANY_NUMBER, .name = "errno", .noun = "error",
	.flags = MEANS_INEXACT | MEANS_ZERO_IS_NONE | MEANS_EITHER_SIGN, .cells = 6)
MEANING(SIGNAL, kind, named, signal, none,
	.types = TYPES("signal_t", "gadget_signal"),
	.numbers = ANY_NUMBER, .name = "signal", .noun = "signal", .flags = MEANS_ZERO_IS_NONE)
MEANING(SYSCALL, kind, named, syscall, none,
	.types = TYPES("syscall_t", "gadget_syscall"),
	.numbers = ANY_NUMBER, .name = "syscall", .noun = "system call", .cells = 11)
MEANING(AF, kind, named, af, none,
	.types = TYPES("af_t", "sa_family_t", "__kernel_sa_family_t"),
	.numbers = ANY_NUMBER, .name = "af", .noun = "address family")
MEANING(TCP_STATE, kind, named, tcp_state, none,
	.types = TYPES("tcp_state"),
	.numbers = ANY_NUMBER, .name = "state", .noun = "TCP state", .cells = 11)
MEANING(IP_PROTO, kind, named, ip_proto, none,
	.types = TYPES("ip_proto"),
	.numbers = ANY_NUMBER, .name = "proto", .noun = "IP protocol")

/* Bits with names: those of an enum of the object, of open(2), of a file's mode. */
MEANING(FLAGS, kind, flags, none, none,
	.numbers = ANY_NUMBER)
MEANING(OPEN_FLAGS, kind, open_flags, open_flag, none,
	.types = TYPES("open_flags_t", "gadget_file_flags"),
	.numbers = 4 | 8, .name = "flags", .flags = MEANS_NUMBER | MEANS_NAMED)
MEANING(FILE_MODE, kind, file_mode, none, none,
	.types = TYPES("umode_t", "gadget_file_mode"),
	.numbers = 2 | 4, .name = "mode", .flags = MEANS_NUMBER | MEANS_NAMED)

/* Numbers that say nothing without their name: a dev_t (major << 20 | minor), an interface's index,
 * a kernel address, ids in a STACK_TRACE map. */
MEANING(DEV, kind, device, none, device,
	.types = TYPES("dev_id", "dev_t", "__kernel_dev_t"),
	.numbers = 4 | 8, .name = "dev", .noun = "block device", .recorded = 4)
MEANING(IFINDEX, kind, resolved, none, interface,
	.types = TYPES("ifindex", "bombus_ifindex"),
	.numbers = 4 | 8, .name = "ifindex", .noun = "interface", .recorded = 5)
MEANING(KSYM, kind, symbol, none, symbol,
	.types = TYPES("ksym_addr"),
	.numbers = 8, .name = "ksym", .recorded = 6, .cells = 16)
MEANING(KSTACK, kind, stack, none, kernel_stack,
	.types = TYPES("kstack_id", "gadget_kernel_stack"),
	.numbers = 4 | 8, .name = "kstack", .recorded = 7, .cells = 16)
MEANING(USTACK, kind, stack, none, user_stack,
	.types = TYPES("ustack_id"),
	.numbers = 4 | 8, .name = "ustack", .recorded = 8, .cells = 16)

/* Bytes. A DNS name in wire format or as dotted text: both end with the first NUL. */
MEANING(DNS, kind, dns, none, none,
	.types = TYPES("dns_name"),
	.bytes = ANY_BYTES, .kind = KIND_TEXT, .name = "domain", .flags = MEANS_INEXACT, .cells = 16)
MEANING(HEX, kind, hex, none, none,
	.types = TYPES("hex", "bombus_hex"),
	.numbers = ANY_NUMBER | 16, .bytes = ANY_BYTES, .kind = KIND_BYTES)
/* clang-format on */
#undef MEANING
