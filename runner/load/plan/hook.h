/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's section: the kind of its hook, and its target. One table serves
 * attaching, explaining and checking.
 *
 *	"tracepoint/sock/inet_sock_set_state"	HOOK_TRACEPOINT, "sock/inet_sock_set_state"
 *	"uprobe//bin/bash:readline"		HOOK_UPROBE, "/bin/bash:readline"
 *	"perf_event/cpu-clock:99"		HOOK_PERF_EVENT, "cpu-clock:99"
 *	"xdp"					HOOK_XDP, ""
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_HOOK_H
#define BOMBUS_RUNNER_LOAD_PLAN_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hook {
	HOOK_UNKNOWN, /* an unknown section */
	HOOK_TRACEPOINT,
	HOOK_RAW_TP,
	HOOK_TP_BTF,
	HOOK_FENTRY, /* fentry, fexit, fmod_ret and their sleepable forms */
	HOOK_LSM,
	HOOK_KPROBE, /* kprobe and kretprobe */
	HOOK_KPROBE_MULTI,
	HOOK_KSYSCALL,
	HOOK_UPROBE, /* uprobe and uretprobe */
	HOOK_USDT,
	HOOK_PERF_EVENT,
	HOOK_ITER,
	HOOK_XDP,
	HOOK_TC,
	HOOK_CGROUP,
	HOOK_NETNS,   /* sk_lookup, flow_dissector */
	HOOK_SOCKET,  /* a socket filter: a packet socket on an interface */
	HOOK_NONE,    /* loaded and left alone: syscall programs */
	HOOK_FOREIGN, /* a type that libbpf knows and bombus does not attach */
};

struct hook_type {
	const char *section; /* before the '/' */
	uint8_t hook;	     /* enum hook */
	bool ret;	     /* at the function's return */
	/* Where libbpf only knows the bare section, and ours carry a target: BPF_PROG_TYPE_* and
	 * the expected attach type. 0: libbpf knows it. */
	uint8_t prog_type, attach_type;
	const char *form;    /* of --attach's TARGET; NULL: takes none */
	const char *feature; /* its name in features.h */
};

/* Never NULL; for a section that is not known ->hook is HOOK_UNKNOWN. *ret_target is what follows
 * the '/', "" when nothing does. */
const struct hook_type *hook_of(const char *section, const char **ret_target);

/* The nearest kind to that of a section that is not known; NULL: none is near. */
const char *hook_nearest(const char *section);

/* Whether --attach has to say where, given what the section says behind its '/'. */
bool hook_needs_target(const struct hook_type *type, const char *section_target);

#endif
