// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Lines that users type into bash. For a bash at another path, or one that links a library for it:
 * --attach on_line=/path/bash:readline, --attach on_line=libreadline.so.8:readline.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define LINE_SHOWN 512

BOMBUS_FILTERS;

struct event {
	BOMBUS_WHO;
	char line[LINE_SHOWN] BOMBUS_HELP("text of the line, cut at 511 bytes");
};

BOMBUS_EVENTS(lines, struct event, 1 << 20) BOMBUS_HELP("lines typed into shells");

SEC("uretprobe//bin/bash:readline")
int BPF_KRETPROBE(on_line, const char *line)
{
	struct event *e;

	if (!line || bombus_filtered())
		return 0;
	e = bombus_reserve(&lines, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	bpf_probe_read_user_str(e->line, sizeof(e->line), line);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("lines that are typed into bash") = "GPL";
