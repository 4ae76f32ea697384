// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/meanings.h"

#include "base/util.h"

struct known_name {
	const char *name;
	enum meaning meaning;
};

static const struct known_name typedefs[] = {
	{ "ipv4_addr", MEAN_IPV4 },
	{ "ipv6_addr", MEAN_IPV6 },
	{ "ip_addr", MEAN_IP },
	{ "port_be", MEAN_PORT_BE },
	{ "mac_addr", MEAN_MAC },
	{ "bombus_mac_addr", MEAN_MAC },
	{ "duration", MEAN_DURATION_NS },
	{ "duration_ns", MEAN_DURATION_NS },
	{ "duration_us", MEAN_DURATION_US },
	{ "duration_ms", MEAN_DURATION_MS },
	{ "duration_s", MEAN_DURATION_S },
	{ "ktime_ns", MEAN_KTIME_NS },
	{ "boottime_ns", MEAN_BOOTTIME_NS },
	{ "unix_ns", MEAN_UNIX_NS },
	{ "timestamp", MEAN_KTIME_NS }, /* early BumbleBee: what bpf_ktime_get_ns() returned */
	{ "bytes", MEAN_SIZE_BYTES },
	{ "pid_t", MEAN_PID },
	{ "__kernel_pid_t", MEAN_PID },
	{ "pid", MEAN_PID },
	{ "tid", MEAN_PID },
	{ "tgid", MEAN_PID },
	{ "ppid", MEAN_PID },
	{ "tid_t", MEAN_PID },
	{ "tgid_t", MEAN_PID },
	{ "uid", MEAN_UID },
	{ "uid_t", MEAN_UID },
	{ "__kernel_uid32_t", MEAN_UID },
	{ "gid", MEAN_GID },
	{ "gid_t", MEAN_GID },
	{ "__kernel_gid32_t", MEAN_GID },
	{ "mntns_id", MEAN_MNTNS },
	{ "netns_id", MEAN_NETNS },
	{ "cgroup_id", MEAN_CGROUP },
	{ "errno_t", MEAN_ERRNO },
	{ "signal_t", MEAN_SIGNAL },
	{ "syscall_t", MEAN_SYSCALL },
	{ "dev_id", MEAN_DEV },
	{ "dev_t", MEAN_DEV },
	{ "__kernel_dev_t", MEAN_DEV },
	{ "ifindex", MEAN_IFINDEX },
	{ "ksym_addr", MEAN_KSYM },
	{ "kstack_id", MEAN_KSTACK },
	{ "ustack_id", MEAN_USTACK },
	{ "dns_name", MEAN_DNS },
	{ "hex", MEAN_HEX },
	{ "af_t", MEAN_AF },
	{ "sa_family_t", MEAN_AF },
	{ "__kernel_sa_family_t", MEAN_AF },
	{ "tcp_state", MEAN_TCP_STATE },
	{ "ip_proto", MEAN_IP_PROTO },
	{ "gadget_timestamp", MEAN_BOOTTIME_NS },
	{ "gadget_duration", MEAN_DURATION_NS },
	{ "gadget_bytes", MEAN_SIZE_BYTES },
	{ "gadget_pid", MEAN_PID },
	{ "gadget_tid", MEAN_PID },
	{ "gadget_ppid", MEAN_PID },
	{ "gadget_uid", MEAN_UID },
	{ "gadget_gid", MEAN_GID },
	{ "gadget_mntns_id", MEAN_MNTNS },
	{ "mnt_ns_id_t", MEAN_MNTNS },
	{ "gadget_netns_id", MEAN_NETNS },
	{ "gadget_cgroup_id", MEAN_CGROUP },
	{ "gadget_errno", MEAN_ERRNO },
	{ "gadget_signal", MEAN_SIGNAL },
	{ "gadget_syscall", MEAN_SYSCALL },
	{ "gadget_kernel_stack", MEAN_KSTACK },
	{ "gadget_l3endpoint_t", MEAN_IP },
};

static const struct known_name structs[] = {
	{ "ip_addr", MEAN_IP },	   { "gadget_l3endpoint_t", MEAN_IP }, { "in_addr", MEAN_IPV4 },
	{ "in6_addr", MEAN_IPV6 }, { "ipv6_addr", MEAN_IPV6 },	       { "mac_addr", MEAN_MAC },
};

/* Number sizes as the sum of the sizes in bytes that are right: 4 | 8. */
#define ANY_NUMBER (1 | 2 | 4 | 8)
#define ANY_BYTES UINT32_MAX

static const struct {
	uint8_t numbers;
	uint32_t bytes; /* 0: numbers only */
	const char *unit;
	const char *name;
} shapes[] = {
	[MEAN_IPV4] = { 4, 4, NULL, "addr" },
	[MEAN_IPV6] = { 16, 16, NULL, "addr" },
	[MEAN_IP] = { 0, 0, NULL, "addr" },
	[MEAN_PORT_BE] = { 2, 2, NULL, "port" },
	[MEAN_MAC] = { 0, 6, NULL, "mac" },
	[MEAN_DURATION_NS] = { ANY_NUMBER, 0, "ns", NULL },
	[MEAN_DURATION_US] = { ANY_NUMBER, 0, "us", NULL },
	[MEAN_DURATION_MS] = { ANY_NUMBER, 0, "ms", NULL },
	[MEAN_DURATION_S] = { ANY_NUMBER, 0, "s", NULL },
	[MEAN_KTIME_NS] = { 8, 0, NULL, NULL },
	[MEAN_BOOTTIME_NS] = { 8, 0, NULL, NULL },
	[MEAN_UNIX_NS] = { 8, 0, NULL, NULL },
	[MEAN_SIZE_BYTES] = { ANY_NUMBER, 0, "bytes", NULL },
	[MEAN_PID] = { 4 | 8, 0, NULL, "pid" },
	[MEAN_UID] = { 4 | 8, 0, NULL, "uid" },
	[MEAN_GID] = { 4 | 8, 0, NULL, "gid" },
	[MEAN_MNTNS] = { 4 | 8, 0, NULL, "mntns_id" },
	[MEAN_NETNS] = { 4 | 8, 0, NULL, "netns_id" },
	[MEAN_CGROUP] = { 8, 0, NULL, "cgroup_id" },
	[MEAN_ERRNO] = { ANY_NUMBER, 0, NULL, "errno" },
	[MEAN_SIGNAL] = { ANY_NUMBER, 0, NULL, "signal" },
	[MEAN_SYSCALL] = { ANY_NUMBER, 0, NULL, "syscall" },
	[MEAN_DEV] = { 4 | 8, 0, NULL, "dev" },
	[MEAN_IFINDEX] = { 4 | 8, 0, NULL, "ifindex" },
	[MEAN_KSYM] = { 8, 0, NULL, "ksym" },
	[MEAN_KSTACK] = { 4 | 8, 0, NULL, "kstack" },
	[MEAN_USTACK] = { 4 | 8, 0, NULL, "ustack" },
	[MEAN_DNS] = { 0, ANY_BYTES, NULL, "domain" },
	[MEAN_HEX] = { ANY_NUMBER | 16, ANY_BYTES, NULL, NULL },
	[MEAN_AF] = { ANY_NUMBER, 0, NULL, "af" },
	[MEAN_TCP_STATE] = { ANY_NUMBER, 0, NULL, "state" },
	[MEAN_IP_PROTO] = { ANY_NUMBER, 0, NULL, "proto" },
};

static enum meaning find(const struct known_name *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (streq(names[i].name, name))
			return names[i].meaning;
	return MEAN_NONE;
}

enum meaning meaning_of_typedef(const char *name)
{
	return find(typedefs, ARRAY_LEN(typedefs), name);
}

enum meaning meaning_of_struct(const char *name)
{
	return find(structs, ARRAY_LEN(structs), name);
}

bool meaning_fits_number(enum meaning meaning, uint32_t size_bytes)
{
	bool one_bit = size_bytes && !(size_bytes & (size_bytes - 1));

	return meaning < ARRAY_LEN(shapes) && one_bit && (shapes[meaning].numbers & size_bytes);
}

bool meaning_fits_bytes(enum meaning meaning, uint32_t size_bytes)
{
	uint32_t want = meaning < ARRAY_LEN(shapes) ? shapes[meaning].bytes : 0;

	return size_bytes && (want == ANY_BYTES || want == size_bytes);
}

const char *meaning_unit(enum meaning meaning)
{
	return meaning < ARRAY_LEN(shapes) ? shapes[meaning].unit : NULL;
}

const char *meaning_name(enum meaning meaning)
{
	return meaning < ARRAY_LEN(shapes) ? shapes[meaning].name : NULL;
}

/* The first typedef of a meaning in the table is the one that bombus' own headers define. */
const char *meaning_type(enum meaning meaning)
{
	for (size_t i = 0; i < ARRAY_LEN(typedefs); i++)
		if (typedefs[i].meaning == meaning)
			return typedefs[i].name;
	return NULL;
}
