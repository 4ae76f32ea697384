// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Kernel modules that are loaded, unloaded, or requested by the kernel itself (which starts
 * modprobe), with the process in whose context it happens.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define MODULE_NAME 56

enum module_event {
	MODULE_LOAD,
	MODULE_UNLOAD,
	MODULE_REQUEST,
};

BOMBUS_FILTERS;

struct event {
	BOMBUS_WHO;
	enum module_event event BOMBUS_LABEL BOMBUS_HELP("what happened");
	__u32 taints BOMBUS_HELP("taints of the kernel by the module, as bits");
	char module[MODULE_NAME] BOMBUS_LABEL BOMBUS_HELP("name of the module, or its alias");
};

BOMBUS_EVENTS(modules, struct event, 1 << 18) BOMBUS_HELP("modules loaded and unloaded");

static __always_inline int report(enum module_event event, const char *name, __u32 taints)
{
	struct event *e;

	if (bombus_filtered())
		return 0;
	e = bombus_reserve(&modules, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->event = event;
	e->taints = taints;
	bpf_probe_read_kernel_str(e->module, sizeof(e->module), name);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("raw_tp/module_load")
int BPF_PROG(on_load, struct module *module)
{
	return report(MODULE_LOAD, module->name, BPF_CORE_READ(module, taints));
}

SEC("raw_tp/module_free")
int BPF_PROG(on_free, struct module *module)
{
	return report(MODULE_UNLOAD, module->name, 0);
}

SEC("raw_tp/module_request")
int BPF_PROG(on_request, char *name)
{
	return report(MODULE_REQUEST, name, 0);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("kernel modules that are loaded, unloaded or requested") = "GPL";
