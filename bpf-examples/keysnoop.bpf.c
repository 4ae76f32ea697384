// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Uses of the kernel's keyrings: keys added, searched, read and changed, with their type and
 * description, never with their content.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define TYPE_SHOWN 32
#define DESCRIPTION_SHOWN 128

/* keyctl()'s are its own numbers. */
enum key_op {
	KEY_GET_KEYRING_ID = 0,
	KEY_JOIN_SESSION = 1,
	KEY_UPDATE = 2,
	KEY_REVOKE = 3,
	KEY_CHOWN = 4,
	KEY_SETPERM = 5,
	KEY_DESCRIBE = 6,
	KEY_CLEAR = 7,
	KEY_LINK = 8,
	KEY_UNLINK = 9,
	KEY_SEARCH = 10,
	KEY_READ = 11,
	KEY_INSTANTIATE = 12,
	KEY_NEGATE = 13,
	KEY_SET_REQKEY_KEYRING = 14,
	KEY_SET_TIMEOUT = 15,
	KEY_ASSUME_AUTHORITY = 16,
	KEY_GET_SECURITY = 17,
	KEY_SESSION_TO_PARENT = 18,
	KEY_REJECT = 19,
	KEY_INSTANTIATE_IOV = 20,
	KEY_INVALIDATE = 21,
	KEY_GET_PERSISTENT = 22,
	KEY_DH_COMPUTE = 23,
	KEY_PKEY_QUERY = 24,
	KEY_PKEY_ENCRYPT = 25,
	KEY_PKEY_DECRYPT = 26,
	KEY_PKEY_SIGN = 27,
	KEY_PKEY_VERIFY = 28,
	KEY_RESTRICT_KEYRING = 29,
	KEY_MOVE = 30,
	KEY_CAPABILITIES = 31,
	KEY_WATCH = 32,
	KEY_ADD = 100,
	KEY_REQUEST = 101,
};

BOMBUS_FILTERS;

struct event {
	BOMBUS_WHO;
	enum key_op op BOMBUS_LABEL BOMBUS_HELP("what is done");
	errno_t err BOMBUS_LABEL BOMBUS_HELP("why it failed");
	__s32 key BOMBUS_HELP("serial number of the key; below 0: a keyring of the process");
	char type[TYPE_SHOWN] BOMBUS_LABEL BOMBUS_HELP("type of the key, where it is named");
	char description[DESCRIPTION_SHOWN] BOMBUS_HELP("its description, where it is named");
};

BOMBUS_EVENTS(keys, struct event, 1 << 20) BOMBUS_HELP("uses of keyrings");

static __always_inline int report(enum key_op op, __s32 key, unsigned long type,
				  unsigned long description, long ret)
{
	struct event *e;

	if (bombus_filtered())
		return 0;
	e = bombus_reserve(&keys, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->op = op;
	e->err = ret < 0 ? -ret : 0;
	e->key = key;
	bpf_probe_read_user_str(e->type, sizeof(e->type), (const void *)type);
	bpf_probe_read_user_str(e->description, sizeof(e->description), (const void *)description);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_add_key")
int on_add(struct trace_event_raw_sys_exit *ctx)
{
	return report(KEY_ADD, ctx->ret > 0 ? ctx->ret : 0, bombus_arg(0), bombus_arg(1), ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_request_key")
int on_request(struct trace_event_raw_sys_exit *ctx)
{
	return report(KEY_REQUEST, ctx->ret > 0 ? ctx->ret : 0, bombus_arg(0), bombus_arg(1),
		      ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_keyctl")
int on_keyctl(struct trace_event_raw_sys_exit *ctx)
{
	enum key_op op = bombus_arg(0);
	bool search = op == KEY_SEARCH;

	return report(op, bombus_arg(1), search ? bombus_arg(2) : 0, search ? bombus_arg(3) : 0,
		      ctx->ret);
}

char LICENSE[] SEC("license") BOMBUS_HELP("uses of the kernel's keyrings") = "GPL";
