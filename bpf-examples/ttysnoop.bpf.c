// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Text that programs write to terminals: the screen of a session. Typed text appears where the
 * terminal echoes it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define S_IFMT 0170000
#define S_IFCHR 0020000
#define TTY_MAJOR 4
#define TTYAUX_MAJOR 5
#define PTMX_MINOR 2
#define PTS_MAJOR 136 /* to 143 */
#define MINOR_BITS 20
#define MINOR_MASK ((1u << MINOR_BITS) - 1)
#define SHOWN 256
#define MAX_PIECES 1024
#define MAX_PARTS 1024 /* IOV_MAX */

BOMBUS_FILTERS;
const volatile int pts BOMBUS_PARAM BOMBUS_HELP("only /dev/pts/N, -1: every terminal") = -1;

struct event {
	BOMBUS_WHO;
	__u32 major BOMBUS_LABEL BOMBUS_HELP("kind of terminal: 136 is /dev/pts, 4 a console");
	__u32 number BOMBUS_HELP("its number");
	__u32 len BOMBUS_UNIT("bytes") BOMBUS_HELP("length of the text");
	char text[SHOWN] BOMBUS_HELP("the bytes");
};

BOMBUS_EVENTS(screens, struct event, 4 << 20) BOMBUS_HELP("text that is written to terminals");

/* The terminal that a descriptor is, as the kernel's dev_t; 0: it is none. */
static __always_inline __u32 tty_of(unsigned int fd)
{
	struct file *file = bombus_file(fd);
	struct inode *inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	__u32 dev, major;

	if (!inode || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFCHR)
		return 0;
	dev = BPF_CORE_READ(inode, i_rdev);
	major = dev >> MINOR_BITS;
	/* The other side of a terminal: what a user types. */
	if (major == TTYAUX_MAJOR && (dev & MINOR_MASK) == PTMX_MINOR)
		return 0;
	if (major != TTY_MAJOR && major != TTYAUX_MAJOR && (major & ~7u) != PTS_MAJOR)
		return 0;
	if (pts >= 0 && ((major & ~7u) != PTS_MAJOR || (dev & MINOR_MASK) != pts))
		return 0;
	return dev;
}

/* What is left of a write. */
struct writing {
	const struct iovec *parts; /* NULL: none follow */
	unsigned long from;
	__u64 len;  /* of this part */
	__u64 left; /* of all */
	__u32 dev;
};

/* A record with the next piece; 1 at the end. */
static long show_piece(__u32 i, struct writing *writing)
{
	__u64 len = writing->len < SHOWN ? writing->len : SHOWN;
	struct event *e;

	if (!len)
		return 1;
	e = bombus_reserve(&screens, sizeof(*e));
	if (!e)
		return 1;
	bombus_who(e);
	e->major = writing->dev >> MINOR_BITS;
	e->number = writing->dev & MINOR_MASK;
	e->len = len;
	bpf_probe_read_user(e->text, len, (const void *)writing->from);
	bpf_ringbuf_submit(e, 0);
	writing->from += len;
	writing->len -= len;
	writing->left -= len;
	return 0;
}

static long show_part(__u32 i, struct writing *writing)
{
	struct iovec part = {};

	if (!writing->left)
		return 1;
	if (bpf_probe_read_user(&part, sizeof(part), writing->parts + i))
		return 1;
	writing->from = (unsigned long)part.iov_base;
	writing->len = part.iov_len < writing->left ? part.iov_len : writing->left;
	bpf_loop(MAX_PIECES, show_piece, writing, 0);
	return writing->len != 0;
}

SEC("tracepoint/syscalls/sys_exit_write")
int on_write(struct trace_event_raw_sys_exit *ctx)
{
	struct writing writing = {};

	if (ctx->ret <= 0 || bombus_filtered())
		return 0;
	writing.dev = tty_of(bombus_arg(0));
	if (!writing.dev)
		return 0;
	writing.from = bombus_arg(1);
	writing.len = writing.left = ctx->ret;
	bpf_loop(MAX_PIECES, show_piece, &writing, 0);
	if (writing.left)
		bombus_lost(&screens);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_writev")
int on_writev(struct trace_event_raw_sys_exit *ctx)
{
	struct writing writing = {};

	if (ctx->ret <= 0 || bombus_filtered())
		return 0;
	writing.dev = tty_of(bombus_arg(0));
	if (!writing.dev)
		return 0;
	writing.parts = (const struct iovec *)bombus_arg(1);
	writing.left = ctx->ret;
	bpf_loop(MAX_PARTS, show_part, &writing, 0);
	if (writing.left)
		bombus_lost(&screens);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("text that is written to terminals") = "GPL";
