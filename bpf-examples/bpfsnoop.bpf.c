// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Calls of bpf(): programs loaded, maps made, links and pins, and every other command, with the
 * name and type of the object that it makes.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define NAME_LEN 16 /* BPF_OBJ_NAME_LEN */
#define PIN_SHOWN 128

BOMBUS_FILTERS;
const volatile bool changes_only BOMBUS_PARAM BOMBUS_HELP(
	"only commands that make something: programs, maps, links, pins, BTF, tokens") = false;

struct event {
	BOMBUS_WHO;
	enum bpf_cmd cmd BOMBUS_LABEL BOMBUS_HELP("command");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	enum bpf_prog_type prog_type BOMBUS_LABEL BOMBUS_HELP("type of the program that is loaded");
	enum bpf_map_type map_type BOMBUS_LABEL BOMBUS_HELP("type of the map that is made");
	__u32 size BOMBUS_HELP("instructions of the program, or entries of the map");
	char name[NAME_LEN] BOMBUS_HELP("name of the program or map");
	char pin[PIN_SHOWN] BOMBUS_HELP("path of a pin that is made or opened");
};

BOMBUS_EVENTS(bpf_calls, struct event, 1 << 20) BOMBUS_HELP("calls of bpf()");

static __always_inline bool is_change(enum bpf_cmd cmd)
{
	switch (cmd) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_OBJ_PIN:
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_BTF_LOAD:
	case BPF_LINK_CREATE:
	case BPF_LINK_UPDATE:
	case BPF_LINK_DETACH:
		return true;
	default:
		return cmd == 36; /* a token, of newer kernels */
	}
}

static __always_inline void describe(struct event *e, const union bpf_attr *attr)
{
	const void *path;

	switch (e->cmd) {
	case BPF_PROG_LOAD:
		bpf_probe_read_user(&e->prog_type, sizeof(e->prog_type), &attr->prog_type);
		bpf_probe_read_user(&e->size, sizeof(e->size), &attr->insn_cnt);
		bpf_probe_read_user_str(e->name, sizeof(e->name), attr->prog_name);
		break;
	case BPF_MAP_CREATE:
		bpf_probe_read_user(&e->map_type, sizeof(e->map_type), &attr->map_type);
		bpf_probe_read_user(&e->size, sizeof(e->size), &attr->max_entries);
		bpf_probe_read_user_str(e->name, sizeof(e->name), attr->map_name);
		break;
	case BPF_OBJ_PIN:
	case BPF_OBJ_GET:
		bpf_probe_read_user(&path, sizeof(path), &attr->pathname);
		bpf_probe_read_user_str(e->pin, sizeof(e->pin), path);
		break;
	default:
		break;
	}
}

SEC("tracepoint/syscalls/sys_exit_bpf")
int on_bpf(struct trace_event_raw_sys_exit *ctx)
{
	enum bpf_cmd cmd = bombus_arg(0);
	struct event *e;

	if ((changes_only && !is_change(cmd)) || bombus_filtered())
		return 0;
	e = bombus_reserve(&bpf_calls, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->cmd = cmd;
	e->err = ctx->ret < 0 ? -ctx->ret : 0;
	describe(e, (const union bpf_attr *)bombus_arg(1));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("calls of bpf(): programs loaded, maps made, links and pins") = "GPL";
