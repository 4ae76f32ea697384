// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/hook.h"

#define FORM_FUNC "FUNCTION"
#define FORM_TP "CATEGORY/NAME"
#define FORM_UPROBE "/PATH/BINARY:FUNCTION[,pid=PID]"
#define FORM_USDT "/PATH/BINARY:PROVIDER:NAME[,pid=PID]"
#define FORM_PERF "cpu-clock:99[,pid=PID]"
#define FORM_IF "INTERFACE"
#define FORM_TC "INTERFACE[:ingress|:egress]"
#define FORM_CGROUP "/PATH/OF/CGROUP"
#define FORM_NETNS "/PATH/OF/NETNS"

static const struct hook_type hook_types[] = {
	{ "tracepoint", HOOK_TRACEPOINT, .form = FORM_TP, .feature = "tracepoint" },
	{ "tp", HOOK_TRACEPOINT, .form = FORM_TP, .feature = "tracepoint" },
	{ "raw_tracepoint", HOOK_RAW_TP, .form = "NAME", .feature = "raw_tp" },
	{ "raw_tracepoint.w", HOOK_RAW_TP, .form = "NAME", .feature = "raw_tp" },
	{ "raw_tp", HOOK_RAW_TP, .form = "NAME", .feature = "raw_tp" },
	{ "raw_tp.w", HOOK_RAW_TP, .form = "NAME", .feature = "raw_tp" },
	{ "tp_btf", HOOK_TP_BTF, .form = "NAME", .feature = "tp_btf" },
	{ "fentry", HOOK_FENTRY, .form = FORM_FUNC, .feature = "fentry" },
	{ "fentry.s", HOOK_FENTRY, .form = FORM_FUNC, .feature = "fentry" },
	{ "fexit", HOOK_FENTRY, true, .form = FORM_FUNC, .feature = "fexit" },
	{ "fexit.s", HOOK_FENTRY, true, .form = FORM_FUNC, .feature = "fexit" },
	{ "fmod_ret", HOOK_FENTRY, true, .form = FORM_FUNC, .feature = "fmod_ret" },
	{ "fmod_ret.s", HOOK_FENTRY, true, .form = FORM_FUNC, .feature = "fmod_ret" },
	{ "lsm", HOOK_LSM, .form = "HOOK", .feature = "lsm" },
	{ "lsm.s", HOOK_LSM, .form = "HOOK", .feature = "lsm" },
	{ "kprobe", HOOK_KPROBE, .form = FORM_FUNC, .feature = "kprobe" },
	{ "kretprobe", HOOK_KPROBE, true, .form = FORM_FUNC, .feature = "kprobe" },
	{ "kprobe.multi", HOOK_KPROBE_MULTI, .form = "PATTERN", .feature = "kprobe.multi" },
	{ "kretprobe.multi", HOOK_KPROBE_MULTI, true, .form = "PATTERN",
	  .feature = "kprobe.multi" },
	{ "ksyscall", HOOK_KSYSCALL, .form = "SYSCALL", .feature = "kprobe" },
	{ "kretsyscall", HOOK_KSYSCALL, true, .form = "SYSCALL", .feature = "kprobe" },
	{ "uprobe", HOOK_UPROBE, .form = FORM_UPROBE, .feature = "uprobe" },
	{ "uprobe.s", HOOK_UPROBE, .form = FORM_UPROBE, .feature = "uprobe" },
	{ "uretprobe", HOOK_UPROBE, true, .form = FORM_UPROBE, .feature = "uprobe" },
	{ "uretprobe.s", HOOK_UPROBE, true, .form = FORM_UPROBE, .feature = "uprobe" },
	{ "usdt", HOOK_USDT, .form = FORM_USDT, .feature = "usdt" },
	{ "usdt.s", HOOK_USDT, .form = FORM_USDT, .feature = "usdt" },
	{ "perf_event", HOOK_PERF_EVENT, false, BPF_PROG_TYPE_PERF_EVENT, .form = FORM_PERF,
	  .feature = "perf_event" },
	{ "iter", HOOK_ITER, .feature = "iter" },
	{ "iter.s", HOOK_ITER, .feature = "iter" },
	{ "xdp", HOOK_XDP, false, BPF_PROG_TYPE_XDP, BPF_XDP, FORM_IF, "xdp" },
	{ "xdp.frags", HOOK_XDP, .form = FORM_IF, .feature = "xdp" },
	{ "tc", HOOK_TC, false, BPF_PROG_TYPE_SCHED_CLS, .form = FORM_TC, .feature = "tc" },
	{ "tcx", HOOK_TC, false, BPF_PROG_TYPE_SCHED_CLS, .form = FORM_TC, .feature = "tc" },
	{ "classifier", HOOK_TC, false, BPF_PROG_TYPE_SCHED_CLS, .form = FORM_TC, .feature = "tc" },
	{ "cgroup_skb", HOOK_CGROUP, .form = FORM_CGROUP, .feature = "cgroup_skb" },
	{ "cgroup", HOOK_CGROUP, .form = FORM_CGROUP, .feature = "cgroup_skb" },
	{ "lsm_cgroup", HOOK_CGROUP, .form = FORM_CGROUP, .feature = "lsm" },
	{ "sockops", HOOK_CGROUP, .form = FORM_CGROUP, .feature = "sockops" },
	{ "sk_lookup", HOOK_NETNS, .form = FORM_NETNS, .feature = "sk_lookup" },
	{ "flow_dissector", HOOK_NETNS, .form = FORM_NETNS, .feature = "flow_dissector" },
	{ "socket", HOOK_SOCKET, false, BPF_PROG_TYPE_SOCKET_FILTER, .form = FORM_IF,
	  .feature = "socket" },
	{ "syscall", HOOK_NONE },
	{ "action", HOOK_FOREIGN },
	{ "netkit", HOOK_FOREIGN },
	{ "freplace", HOOK_FOREIGN },
	{ "struct_ops", HOOK_FOREIGN },
	{ "struct_ops.s", HOOK_FOREIGN },
	{ "sk_msg", HOOK_FOREIGN },
	{ "sk_skb", HOOK_FOREIGN },
	{ "sk_reuseport", HOOK_FOREIGN },
	{ "lirc_mode2", HOOK_FOREIGN },
	{ "lwt_in", HOOK_FOREIGN },
	{ "lwt_out", HOOK_FOREIGN },
	{ "lwt_xmit", HOOK_FOREIGN },
	{ "lwt_seg6local", HOOK_FOREIGN },
};

/* Programs that sit in a map and run from there. */
static const struct hook_type hook_in_map = { "xdp/devmap", HOOK_NONE };
static const struct hook_type hook_unknown = { "", HOOK_UNKNOWN };

const struct hook_type *hook_of(const char *section, const char **ret_target)
{
	size_t len = strcspn(section, "/");

	*ret_target = section[len] ? section + len + 1 : "";
	if (has_prefix(section, "xdp") &&
	    (streq(*ret_target, "devmap") || streq(*ret_target, "cpumap")))
		return &hook_in_map;
	/* Gadgets number their socket filters: "socket1". */
	if (has_prefix(section, "socket") && len > 6 &&
	    strspn(section + 6, "0123456789") == len - 6)
		len = 6;
	for (size_t i = 0; i < ARRAY_LEN(hook_types); i++)
		if (strlen(hook_types[i].section) == len &&
		    !memcmp(hook_types[i].section, section, len))
			return &hook_types[i];
	return &hook_unknown;
}

const char *hook_nearest(const char *section)
{
	_cleanup_free_ char *kind = xstrndup(section, strcspn(section, "/"));
	const char *names[ARRAY_LEN(hook_types)];

	for (size_t i = 0; i < ARRAY_LEN(hook_types); i++)
		names[i] = hook_types[i].section;
	return suggest_from(kind, names, ARRAY_LEN(names));
}

bool hook_needs_target(const struct hook_type *type, const char *section_target)
{
	switch (type->hook) {
	case HOOK_TC:
		return !strchr(section_target, ':'); /* a direction alone is no place */
	case HOOK_CGROUP:
		return true;
	case HOOK_NETNS:
		return false; /* ours */
	case HOOK_SOCKET:
		return false; /* all interfaces */
	default:
		return type->form && !*section_target;
	}
}
