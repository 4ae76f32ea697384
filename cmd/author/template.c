// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/template.h"

#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/plan/hook.h"

#define MAX_HOOK_BYTES 256

/* How a program at this kind of hook is declared, and how it gets at what the hook knows. */
struct shape {
	uint8_t hook; /* enum hook */
	bool ret;
	const char *declaration; /* %s: the program's name */
	const char *comment;
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
};

static const struct shape *shape_of(const char *hook)
{
	const char *target;
	const struct hook_type *type = hook_of(hook, &target);

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
			      "perf_event/cpu-clock:99");
		return err_usage(err, "no program can be written for the hook '%s'", hook);
	}
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
static const char events_data[] =
	"/*\n"
	" * A record. Every member becomes a column of the table and a field of the JSON; the ones\n"
	" * tagged LABEL become labels where the events are counted (--map events=counter).\n"
	" */\n"
	"struct event {\n"
	"\tktime_ns time BOMBUS_HELP(\"when it happened\");\n"
	"\tpid_t pid BOMBUS_LABEL BOMBUS_HELP(\"process\");\n"
	"\tuid uid BOMBUS_LABEL BOMBUS_HELP(\"user\");\n"
	"\tchar comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP(\"name of the thread\");\n"
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
	"\tbpf_get_current_comm(e->comm, sizeof(e->comm));\n"
	"\tbpf_ringbuf_submit(e, 0);\n"
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
	{ "events", "bombus.bpf.h", events_data, "", events_body },
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

void template_write(struct strbuf *out, const char *kind_name, const char *hook, const char *file)
{
	_cleanup_free_ char *part = last_part(hook), *program = NULL;
	const struct kind *kind = kind_of(kind_name);
	const struct shape *shape = shape_of(hook);

	program = xasprintf("on_%s", part && *part ? part : "hit");
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
		    "#include <bombus/%s>\n"
		    "\n"
		    "/* --set target_pid=N and --set target_cgroup=ID leave all others out. */\n"
		    "BOMBUS_FILTERS;\n"
		    "\n",
		    file, file, kind->header);
	strbuf_addf(out, "%s%s\n", kind->data, kind->more_data);
	strbuf_addf(out, "/*\n * %s\n */\nSEC(\"%s\")\n", shape->comment, hook);
	strbuf_addf(out, shape->declaration, program);
	strbuf_addf(out,
		    "\n{\n%s}\n"
		    "\n"
		    "/* Many of the kernel's helpers are for programs under the GPL only. */\n"
		    "char LICENSE[] SEC(\"license\") = \"GPL\";\n",
		    kind->body);
}
