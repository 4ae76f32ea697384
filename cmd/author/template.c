// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/template.h"

#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/author/typed.h"
#include "runner/load/plan/hook.h"

#define MAX_HOOK_BYTES 256

/* How a program at this kind of hook is declared, and how it gets at what the hook knows. */
struct shape {
	uint8_t hook; /* enum hook */
	bool ret;
	const char *declaration; /* %s: the program's name */
	const char *comment;
	enum { TASKS, PACKETS } sees;
	const char *verdict;		/* NULL: 0 */
	const char *interface, *length; /* of PACKETS */
};

static const struct shape shapes[] = {
	{ HOOK_TRACEPOINT, false, "int %s(void *ctx)",
	  "ctx points to what /sys/kernel/tracing/events/CATEGORY/NAME/format lists, which\n"
	  " * vmlinux.h has as struct trace_event_raw_NAME; for system calls that is\n"
	  " * struct trace_event_raw_sys_enter with the arguments in args[]." },
	{ HOOK_RAW_TP, false, "int %s(struct bpf_raw_tracepoint_args *ctx)",
	  "ctx->args[] holds what the tracepoint was called with." },
	{ HOOK_TP_BTF, false, "int BPF_PROG(%s)",
	  "What the tracepoint is called with can be named and read as it is in the kernel:\n"
	  " * BPF_PROG(name, struct task_struct *task) for sched_process_exit." },
	{ HOOK_FENTRY, false, "int BPF_PROG(%s)",
	  "The function's arguments can be named and read as they are in the kernel:\n"
	  " * BPF_PROG(name, struct sock *sk) for tcp_close." },
	{ HOOK_FENTRY, true, "int BPF_PROG(%s)",
	  "The function's arguments can be named, and behind them what it returned:\n"
	  " * BPF_PROG(name, struct sock *sk, struct sockaddr *addr, int len, int ret)." },
	{ HOOK_KPROBE, false, "int BPF_KPROBE(%s)",
	  "The function's arguments can be named: BPF_KPROBE(name, struct sock *sk). What they\n"
	  " * point to is read with BPF_CORE_READ(sk, __sk_common.skc_family)." },
	{ HOOK_KPROBE, true, "int BPF_KRETPROBE(%s, long ret)",
	  "ret is what the function returned." },
	{ HOOK_KPROBE_MULTI, false, "int BPF_KPROBE(%s)",
	  "bpf_get_func_ip(ctx) tells which of the functions it is." },
	{ HOOK_KPROBE_MULTI, true, "int BPF_KRETPROBE(%s, long ret)",
	  "ret is what the function returned; bpf_get_func_ip(ctx) tells which one it is." },
	{ HOOK_KSYSCALL, false, "int %s(struct pt_regs *ctx)",
	  "The system call's arguments can be named: int BPF_KSYSCALL(name, int fd, void *buf)." },
	{ HOOK_KSYSCALL, true, "int BPF_KRETPROBE(%s, long ret)",
	  "ret is what the system call returned." },
	{ HOOK_UPROBE, false, "int BPF_KPROBE(%s)",
	  "The function's arguments can be named: BPF_KPROBE(name, const char *line). What they\n"
	  " * point to is the process's: bpf_probe_read_user_str() copies it." },
	{ HOOK_UPROBE, true, "int BPF_KRETPROBE(%s, long ret)",
	  "ret is what the function returned." },
	{ HOOK_PERF_EVENT, false, "int %s(struct bpf_perf_event_data *ctx)",
	  "ctx->regs are the registers of what was interrupted." },
	{ HOOK_LSM, false, "int BPF_PROG(%s)",
	  "The hook's arguments can be named; 0 allows, -EPERM and others refuse." },
	{ HOOK_USDT, false, "int %s(struct pt_regs *ctx)",
	  "The probe's arguments can be named: BPF_USDT(name, long first)." },
	{ HOOK_ITER, false, "int %s(void *ctx)",
	  "It runs at each sweep, once for everything of its kind. At the end ctx has NULL." },
	{ HOOK_XDP, false, "int %s(struct xdp_md *ctx)",
	  "The packet lies from ctx->data to ctx->data_end. XDP_PASS lets it go on.", PACKETS,
	  "XDP_PASS", "ctx->ingress_ifindex", "ctx->data_end - ctx->data" },
	{ HOOK_TC, false, "int %s(struct __sk_buff *ctx)",
	  "ctx->data and ctx->data_end hold the packet's beginning. TC_ACT_UNSPEC (-1) lets other\n"
	  " * programs decide.",
	  PACKETS, "-1", "ctx->ifindex", "ctx->len" },
	{ HOOK_SOCKET, false, "int %s(struct __sk_buff *ctx)",
	  "bpf_skb_load_bytes() copies from the packet. 0 keeps no copy of it.", PACKETS, "0",
	  "ctx->ifindex", "ctx->len" },
};

static const struct shape cgroup_packets = {
	HOOK_CGROUP,
	false,
	"int %s(struct __sk_buff *ctx)",
	"Packets of the cgroup. 1 lets them go on, 0 drops them.",
	PACKETS,
	"1",
	"ctx->ifindex",
	"ctx->len"
};
static const struct shape cgroup_sockets = { HOOK_CGROUP, false, "int %s(void *ctx)",
					     "1 allows, 0 refuses.", .verdict = "1" };

static const struct shape *shape_of(const char *hook)
{
	const char *target;
	const struct hook_type *type = hook_of(hook, &target);

	if (has_prefix(hook, "cgroup_skb/"))
		return &cgroup_packets;
	if (has_prefix(hook, "cgroup/"))
		return &cgroup_sockets;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		/* What fmod_ret returns changes the kernel: nothing to begin with. */
		if (shapes[i].hook == type->hook && shapes[i].ret == type->ret &&
		    !has_prefix(hook, "fmod_ret"))
			return &shapes[i];
	return NULL;
}

const char *template_default_hook(const char *kind)
{
	return streq(kind, "events") ? "tracepoint/syscalls/sys_enter_execve"
				     : "tracepoint/syscalls/sys_enter_openat";
}

/* It becomes a C string and part of a comment. */
static bool is_plain(const char *hook)
{
	for (const char *c = hook; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\' ||
		    (*c == '*' && c[1] == '/') || (*c == '/' && c[1] == '*'))
			return false;
	return strlen(hook) <= MAX_HOOK_BYTES;
}

int template_check_hook(const char *hook, struct err *err)
{
	const char *target;
	const struct hook_type *type = hook_of(hook, &target);

	if (!is_plain(hook) || !shape_of(hook)) {
		err_hint(err, "tracepoint/CATEGORY/NAME, raw_tp/NAME, tp_btf/NAME, "
			      "kprobe/FUNCTION, kretprobe/FUNCTION, ksyscall/NAME, "
			      "fentry/FUNCTION, fexit/FUNCTION, uprobe//PATH/BINARY:FUNCTION, "
			      "usdt//PATH/BINARY:PROVIDER:NAME, iter/NAME, lsm/HOOK, xdp, tc, "
			      "cgroup_skb/egress, perf_event/cpu-clock:99; 'bombus hooks' lists "
			      "them");
		return err_usage(err, "no program can be written for the hook '%s'", hook);
	}
	/* --attach says where. */
	if (type->hook == HOOK_XDP || type->hook == HOOK_TC || type->hook == HOOK_SOCKET ||
	    type->hook == HOOK_CGROUP)
		return 0;
	if (!*target && type->form)
		return err_usage(err, "the hook '%s' needs a target: %s/%s", hook, type->section,
				 type->form);
	return 0;
}

/* The part of a hook that tells it from others, as far as it is letters and digits. */
static char *last_part(const char *hook)
{
	const char *target, *end = hook + strcspn(hook, ","), *start;
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT(64);

	hook_of(hook, &target);
	if (!*target)
		target = hook;
	for (start = end; start > target && start[-1] != '/' && start[-1] != ':';)
		start--;
	/* "cpu-clock:99": the number alone says nothing. */
	if (isdigit((unsigned char)*start))
		start = target;
	for (; start < end; start++)
		strbuf_addc(&name, isalnum((unsigned char)*start) ? *start : '_');
	return strbuf_steal(&name);
}

char *template_name(const char *hook)
{
	_cleanup_free_ char *part = last_part(hook);
	const char *name = part && *part ? part : "program";

	for (size_t i = 0; i < 2; i++) {
		const char *prefix = i ? "sys_exit_" : "sys_enter_";

		if (has_prefix(name, prefix) && name[strlen(prefix)])
			return xstrdup(name + strlen(prefix));
	}
	return xstrdup(name);
}

/* The lines as they come out. */
/* clang-format off */
static const char events_head[] =
	"/*\n"
	" * A record. Every member becomes a column of the table and a field of the JSON; the ones\n"
	" * tagged LABEL become labels where the events are counted (--map events=counter).\n"
	" */\n"
	"struct event {\n"
	"\tktime_ns time BOMBUS_HELP(\"when it happened\");\n"
	"\tpid_t pid BOMBUS_LABEL BOMBUS_HELP(\"process\");\n"
	"\tuid uid BOMBUS_LABEL BOMBUS_HELP(\"user\");\n"
	"\tchar comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP(\"name of the thread\");\n";

static const char events_data[] =
	"};\n"
	"\n"
	"/* The ring that carries records to user space, with the number of bytes it holds. */\n"
	"BOMBUS_EVENTS(events, struct event, 1 << 20) BOMBUS_HELP(\"one record each time\");\n";

static const char events_body[] =
	"\tstruct event *e;\n"
	"\n"
	"\tif (bombus_filtered())\n"
	"\t\treturn 0;\n"
	"\t/* All zero; NULL when the ring is full, which is counted and shown as lost. */\n"
	"\te = bombus_reserve(&events, sizeof(*e));\n"
	"\tif (!e)\n"
	"\t\treturn 0;\n"
	"\te->time = bpf_ktime_get_ns();\n"
	"\te->pid = bpf_get_current_pid_tgid() >> 32;\n"
	"\te->uid = bpf_get_current_uid_gid();\n"
	"\tbpf_get_current_comm(e->comm, sizeof(e->comm));\n";

static const char events_end[] =
	"\tbpf_ringbuf_submit(e, 0);\n"
	"\treturn 0;\n";

/* Of packets, which come without a process. */
static const char packets_data[] =
	"/*\n"
	" * A record. Every member becomes a column of the table and a field of the JSON; the ones\n"
	" * tagged LABEL become labels where the events are counted (--map events=counter).\n"
	" */\n"
	"struct event {\n"
	"\tktime_ns time BOMBUS_HELP(\"when it happened\");\n"
	"\tifindex interface BOMBUS_LABEL BOMBUS_HELP(\"where it came or went\");\n"
	"\tbytes length BOMBUS_HELP(\"of the packet\");\n"
	"};\n"
	"\n"
	"/* The ring that carries records to user space, with the number of bytes it holds. */\n"
	"BOMBUS_EVENTS(events, struct event, 1 << 20) BOMBUS_HELP(\"one record each packet\");\n";

static const char packets_body[] =
	"\tstruct event *e;\n"
	"\n"
	"\t/* All zero; NULL when the ring is full, which is counted and shown as lost. */\n"
	"\te = bombus_reserve(&events, sizeof(*e));\n"
	"\tif (!e)\n"
	"\t\treturn VERDICT;\n"
	"\te->time = bpf_ktime_get_ns();\n"
	"\te->interface = INTERFACE;\n"
	"\te->length = LENGTH;\n"
	"\tbpf_ringbuf_submit(e, 0);\n"
	"\treturn VERDICT;\n";

static const char counted_data[] =
	"/* What is counted apart: every member is a label. */\n"
	"struct packets_key {\n"
	"\tifindex interface BOMBUS_HELP(\"where they came or went\");\n"
	"};\n"
	"\n"
	"/* How often the map was full. */\n"
	"BOMBUS_LOST(packets);\n"
	"\n"
	"/* The section makes it a counter; user space reads it in intervals. */\n"
	"struct {\n"
	"\t__uint(type, BPF_MAP_TYPE_HASH);\n"
	"\t__uint(max_entries, 1024);\n"
	"\t__type(key, struct packets_key);\n"
	"\t__type(value, __u64);\n"
	"} packets SEC(\".maps.counter\") BOMBUS_HELP(\"packets\");\n";

static const char counted_body[] =
	"\tstruct packets_key key = { .interface = INTERFACE };\n"
	"\n"
	"\tbombus_count(&packets, &key, 1);\n"
	"\treturn VERDICT;\n";

/* Of an iterator: a snapshot at each sweep. */
static const char walked_head[] =
	"/* A row of the snapshot. */\n"
	"struct row {\n";

static const char walked_end[] =
	"\tbpf_seq_write(ctx->meta->seq, e, sizeof(*e));\n"
	"\treturn 0;\n";

static const char counter_data[] =
	"/* What is counted apart: every member is a label. */\n"
	"struct hits_key {\n"
	"\tchar comm[BOMBUS_COMM_LEN] BOMBUS_HELP(\"name of the thread\");\n"
	"\tuid uid BOMBUS_HELP(\"user\");\n"
	"};\n"
	"\n"
	"/* How often the map was full. */\n"
	"BOMBUS_LOST(hits);\n"
	"\n"
	"/* The section makes it a counter; user space reads it in intervals. */\n"
	"struct {\n"
	"\t__uint(type, BPF_MAP_TYPE_HASH);\n"
	"\t__uint(max_entries, 8192);\n"
	"\t__type(key, struct hits_key);\n"
	"\t__type(value, __u64);\n"
	"} hits SEC(\".maps.counter\") BOMBUS_HELP(\"how often it happened\");\n";

static const char counter_body[] =
	"\tstruct hits_key key = {};\n"
	"\n"
	"\tif (bombus_filtered())\n"
	"\t\treturn 0;\n"
	"\tbpf_get_current_comm(key.comm, sizeof(key.comm));\n"
	"\tkey.uid = bpf_get_current_uid_gid();\n"
	"\tbombus_count(&hits, &key, 1);\n"
	"\treturn 0;\n";

/* Shared by gauge, histogram and spans: all measure the time between two hits of a thread. */
static const char since_last[] =
	"/* When each thread was here last: not shown, since .maps alone names no output. */\n"
	"struct {\n"
	"\t__uint(type, BPF_MAP_TYPE_LRU_HASH);\n"
	"\t__uint(max_entries, 8192);\n"
	"\t__type(key, pid_t);\n"
	"\t__type(value, __u64);\n"
	"} last SEC(\".maps\");\n"
	"\n"
	"/* Nanoseconds since this thread was here before; 0 the first time. */\n"
	"static __always_inline __u64 since_last(void)\n"
	"{\n"
	"\tpid_t tid = bpf_get_current_pid_tgid();\n"
	"\t__u64 now = bpf_ktime_get_ns(), before = 0, *found;\n"
	"\n"
	"\tfound = bpf_map_lookup_elem(&last, &tid);\n"
	"\tif (found)\n"
	"\t\tbefore = *found;\n"
	"\tbpf_map_update_elem(&last, &tid, &now, BPF_ANY);\n"
	"\treturn before ? now - before : 0;\n"
	"}\n";

static const char gauge_data[] =
	"/* What is measured apart: every member is a label. */\n"
	"struct interval_key {\n"
	"\tpid_t pid BOMBUS_HELP(\"process\");\n"
	"\tchar comm[BOMBUS_COMM_LEN] BOMBUS_HELP(\"name of the thread\");\n"
	"};\n"
	"\n"
	"/* How often the map was full. */\n"
	"BOMBUS_LOST(interval);\n"
	"\n"
	"/* The section makes it a gauge, the value's type a duration. */\n"
	"struct {\n"
	"\t__uint(type, BPF_MAP_TYPE_HASH);\n"
	"\t__uint(max_entries, 8192);\n"
	"\t__type(key, struct interval_key);\n"
	"\t__type(value, duration);\n"
	"} interval SEC(\".maps.gauge\") BOMBUS_HELP(\"time between the last two of a thread\");\n"
	"\n";

static const char gauge_body[] =
	"\tstruct interval_key key = {};\n"
	"\tduration took;\n"
	"\n"
	"\tif (bombus_filtered())\n"
	"\t\treturn 0;\n"
	"\ttook = since_last();\n"
	"\tif (!took)\n"
	"\t\treturn 0;\n"
	"\tkey.pid = bpf_get_current_pid_tgid() >> 32;\n"
	"\tbpf_get_current_comm(key.comm, sizeof(key.comm));\n"
	"\tbombus_update(&interval, &key, &took, BPF_ANY);\n"
	"\treturn 0;\n";

static const char histogram_data[] =
	"/* The members before `bucket` are labels; `bucket` is the last and belongs to the header. */\n"
	"struct interval_key {\n"
	"\tchar comm[BOMBUS_COMM_LEN] BOMBUS_HELP(\"name of the thread\");\n"
	"\t__u32 bucket;\n"
	"};\n"
	"\n"
	"/* Powers of two, counted in the kernel; a series takes some 20 of the map's entries. */\n"
	"BOMBUS_HISTOGRAM(interval, struct interval_key, 8192)\n"
	"\tBOMBUS_HELP(\"time between two of a thread\") BOMBUS_UNIT(\"ns\");\n"
	"\n";

static const char histogram_body[] =
	"\tstruct interval_key key = {};\n"
	"\t__u64 took;\n"
	"\n"
	"\tif (bombus_filtered())\n"
	"\t\treturn 0;\n"
	"\ttook = since_last();\n"
	"\tif (!took)\n"
	"\t\treturn 0;\n"
	"\tbpf_get_current_comm(key.comm, sizeof(key.comm));\n"
	"\tbombus_histogram_observe(&interval, &key, took);\n"
	"\treturn 0;\n";

static const char spans_data[] =
	"/* A span: what every span has, and attributes. */\n"
	"struct hit_span {\n"
	"\tstruct span_base span_base;\n"
	"\tpid_t pid BOMBUS_HELP(\"process\");\n"
	"\tchar comm[BOMBUS_COMM_LEN] BOMBUS_HELP(\"name of the thread\");\n"
	"};\n"
	"\n"
	"/* The ring that carries spans to user space. BOMBUS_SERVICE(\"...\") names another service\n"
	" * than the program. */\n"
	"BOMBUS_SPANS(hits, struct hit_span, 1 << 20)\n"
	"\tBOMBUS_SPAN(\"hit\") BOMBUS_HELP(\"from one hit of a thread to the next\");\n"
	"\n"
	"/* The trace of each thread: all its spans are children of the first one. */\n"
	"BOMBUS_PARENTS(traces, pid_t, 8192);\n"
	"\n";

static const char spans_body[] =
	"\tpid_t tid = bpf_get_current_pid_tgid();\n"
	"\tstruct span_parent *parent, context;\n"
	"\tstruct hit_span *s;\n"
	"\t__u64 took;\n"
	"\n"
	"\tif (bombus_filtered())\n"
	"\t\treturn 0;\n"
	"\ttook = since_last();\n"
	"\tparent = bombus_parent_get(&traces, &tid);\n"
	"\t/* With new ids; NULL when the ring is full, which is counted and shown as lost. */\n"
	"\ts = bombus_span_reserve(&hits, struct hit_span, parent);\n"
	"\tif (!s)\n"
	"\t\treturn 0;\n"
	"\ts->span_base.span_monotonic_timestamp_ns -= took;\n"
	"\ts->span_base.span_duration_ns = took;\n"
	"\ts->pid = bpf_get_current_pid_tgid() >> 32;\n"
	"\tbpf_get_current_comm(s->comm, sizeof(s->comm));\n"
	"\tcontext = bombus_span_context(s);\n"
	"\tbpf_ringbuf_submit(s, 0);\n"
	"\tif (!parent)\n"
	"\t\tbombus_update(&traces, &tid, &context, BPF_ANY);\n"
	"\treturn 0;\n";

/* clang-format on */

static const struct kind {
	const char *name, *header, *data, *more_data, *body;
} kinds[] = {
	{ "events", "bombus.bpf.h", "", "", "" }, /* write_events() */
	{ "counter", "bombus.bpf.h", counter_data, "", counter_body },
	{ "gauge", "bombus.bpf.h", gauge_data, since_last, gauge_body },
	{ "histogram", "histogram.bpf.h", histogram_data, since_last, histogram_body },
	{ "spans", "span.bpf.h", spans_data, since_last, spans_body },
};

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (streq(kinds[i].name, name))
			return &kinds[i];
	return &kinds[0];
}

int template_check(const char *kind, const char *hook, struct err *err)
{
	const struct shape *shape = shape_of(hook);

	if (shape->sees == PACKETS && !streq(kind, "events") && !streq(kind, "counter"))
		return err_usage(err, "packets have no process: of them there are the kinds events "
				      "and counter");
	if (shape->hook == HOOK_ITER && !streq(kind, "events"))
		return err_usage(err, "an iterator gives rows: its kind is events");
	return 0;
}

/* A text with the shape's words in the place of VERDICT, INTERFACE and LENGTH, and its verdict for
 * "return 0". */
static void add_body(struct strbuf *out, const char *text, const struct shape *shape)
{
	const struct {
		const char *word, *by;
	} words[] = {
		{ "VERDICT", shape->verdict ? shape->verdict : "0" },
		{ "INTERFACE", shape->interface },
		{ "LENGTH", shape->length },
		{ "return 0;", NULL },
	};

	while (*text) {
		size_t i = 0;

		while (i < ARRAY_LEN(words) && !has_prefix(text, words[i].word))
			i++;
		if (i == ARRAY_LEN(words))
			strbuf_addc(out, *text++);
		else if (words[i].by)
			strbuf_adds(out, words[i].by);
		else
			strbuf_addf(out, "return %s;", words[0].by);
		if (i < ARRAY_LEN(words))
			text += strlen(words[i].word);
	}
}

static void write_top(struct strbuf *out, const char *file, const char *header, const char *include,
		      bool filters)
{
	strbuf_addf(out,
		    "// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0\n"
		    "/*\n"
		    " * To see what it sees, again at each save, and to make an image of it:\n"
		    " *\n"
		    " *\tbombus run %s --watch\n"
		    " *\tbombus build %s\n"
		    " */\n"
		    "#include \"vmlinux.h\"\n"
		    "#include <bpf/bpf_helpers.h>\n"
		    "#include <bpf/bpf_tracing.h>\n"
		    "%s"
		    "#include <bombus/%s>\n"
		    "\n",
		    file, file, include, header);
	if (filters)
		strbuf_adds(
			out,
			"/* --pid, --uid, --comm, --cgroup and --container leave others out. */\n"
			"BOMBUS_FILTERS;\n"
			"\n");
}

static void write_head(struct strbuf *out, const char *hook, const struct shape *shape,
		       const struct typed *typed, const char *program)
{
	if (typed)
		strbuf_adds(out, strbuf_str(&typed->context));
	strbuf_addf(out, "/*\n * %s\n */\nSEC(\"%s\")\n",
		    typed && typed->comment ? typed->comment : shape->comment, hook);
	if (typed)
		strbuf_adds(out, strbuf_str(&typed->head));
	else
		strbuf_addf(out, shape->declaration, program);
	strbuf_adds(out, "\n{\n");
}

static void write_walk(struct strbuf *out, const char *hook, const struct shape *shape,
		       const struct typed *typed, const char *program)
{
	strbuf_addf(out, "%s%s};\nBOMBUS_ITER(%s, struct row);\n\n", walked_head,
		    typed && typed->fields.len ? strbuf_str(&typed->fields) : "\t__u64 number;\n",
		    program);
	write_head(out, hook, shape, typed, program);
	strbuf_addf(out, "\tstruct row row = {}, *e = &row;\n\n%s%s%s",
		    typed ? strbuf_str(&typed->locals) : "", typed ? strbuf_str(&typed->fills) : "",
		    walked_end);
}

static void write_events(struct strbuf *out, const char *hook, const struct shape *shape,
			 const struct typed *typed, const char *program)
{
	strbuf_addf(out, "%s%s%s\n", events_head, typed ? strbuf_str(&typed->fields) : "",
		    events_data);
	write_head(out, hook, shape, typed, program);
	if (typed)
		strbuf_adds(out, strbuf_str(&typed->locals));
	add_body(out, events_body, shape);
	if (typed)
		strbuf_adds(out, strbuf_str(&typed->fills));
	add_body(out, events_end, shape);
}

void template_write(struct strbuf *out, const char *kind_name, const char *hook, const char *file)
{
	_cleanup_free_ char *part = last_part(hook), *program = NULL;
	const struct kind *kind = kind_of(kind_name);
	const struct shape *shape = shape_of(hook);
	_cleanup_(typed_release) struct typed made = { 0 };
	const struct typed *typed = NULL;
	bool packets = shape->sees == PACKETS, events = streq(kind->name, "events");

	program = xasprintf("on_%s", part && *part ? part : "hit");
	if (typed_make(&made, hook, program))
		typed = &made;
	write_top(out, file, kind->header, typed ? typed->include : "",
		  !packets && shape->hook != HOOK_ITER);
	if (packets) {
		strbuf_addf(out, "%s\n", events ? packets_data : counted_data);
		write_head(out, hook, shape, typed, program);
		add_body(out, events ? packets_body : counted_body, shape);
	} else if (shape->hook == HOOK_ITER) {
		write_walk(out, hook, shape, typed, program);
	} else if (events) {
		write_events(out, hook, shape, typed, program);
	} else {
		strbuf_addf(out, "%s%s\n", kind->data, kind->more_data);
		write_head(out, hook, shape, typed, program);
		add_body(out, kind->body, shape);
	}
	strbuf_adds(out, "}\n"
			 "\n"
			 "/* Many of the kernel's helpers are for programs under the GPL only. */\n"
			 "char LICENSE[] SEC(\"license\") = \"GPL\";\n");
}
