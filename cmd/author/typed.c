// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/typed.h"

#include "base/err.h"
#include "base/util.h"
#include "runner/load/hooks/hooks.h"
#include "runner/load/plan/hook.h"

#define MAX_FIELDS 16
#define TEXT_BYTES 64
#define MAX_KPROBE_ARGS 5 /* of BPF_KPROBE in all versions of libbpf */
#define MAX_PROG_ARGS 12
#define SYS_ENTER "syscalls/sys_enter_"

/* How a program gets at the arguments. */
enum way {
	WAY_NONE,
	WAY_FORMAT,
	WAY_SYSCALL,
	WAY_PROG,
	WAY_KPROBE,
	WAY_KSYSCALL,
	WAY_USDT,
	WAY_ITER
};

struct maker {
	struct typed *out;
	const char *program;
	enum way way;
	bool ret; /* at the function's return */
	size_t nfields;
	bool found;
};

static enum way way_of(const struct hook_type *type, const char *target)
{
	switch (type->hook) {
	case HOOK_TRACEPOINT:
		return has_prefix(target, SYS_ENTER) ? WAY_SYSCALL : WAY_FORMAT;
	case HOOK_RAW_TP:
	case HOOK_TP_BTF:
	case HOOK_FENTRY:
	case HOOK_LSM:
		return WAY_PROG;
	case HOOK_KPROBE:
		return type->ret ? WAY_NONE : WAY_KPROBE;
	case HOOK_KSYSCALL:
		return type->ret ? WAY_NONE : WAY_KSYSCALL;
	case HOOK_USDT:
		return WAY_USDT;
	case HOOK_ITER:
		return WAY_ITER;
	default:
		return WAY_NONE;
	}
}

/* As hooks.h lists the same place. */
static char *listed_section(const struct hook_type *type, const char *target)
{
	static const struct {
		uint8_t hook;
		const char *kind;
	} kinds[] = {
		{ HOOK_TRACEPOINT, "tracepoint" },
		{ HOOK_RAW_TP, "tp_btf" },
		{ HOOK_TP_BTF, "tp_btf" },
		{ HOOK_FENTRY, "fentry" },
		{ HOOK_LSM, "lsm" },
		{ HOOK_KPROBE, "kprobe" },
		{ HOOK_KSYSCALL, "ksyscall" },
		{ HOOK_USDT, "usdt" },
		{ HOOK_ITER, "iter" },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].hook == type->hook)
			return xasprintf("%s/%.*s", kinds[i].kind, (int)strcspn(target, ",+"),
					 target);
	return NULL;
}

/* Members that every record has, and what a program calls otherwise. */
static char *own_name(const char *name)
{
	static const char *const taken[] = { "time", "pid", "uid", "comm", "ctx", "e", "ret" };

	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (streq(name, taken[i]))
			return xasprintf("hook_%s", name);
	return xstrdup(name);
}

/* The expression that has the argument in the program. */
static char *value_of(const struct maker *m, const struct hook_arg *arg)
{
	if (m->way == WAY_FORMAT || m->way == WAY_ITER)
		return xasprintf("ctx->%s", arg->name);
	return own_name(arg->name);
}

/* "struct sock *sk" with another name. */
static void add_decl(struct strbuf *out, const struct hook_arg *arg)
{
	_cleanup_free_ char *name = own_name(arg->name);
	const char *at = strstr(arg->decl, arg->name);

	if (streq(name, arg->name) || !at || strchr(arg->decl, '('))
		strbuf_adds(out, arg->decl);
	else
		strbuf_addf(out, "%s%s%s", arg->type,
			    arg->type[strlen(arg->type) - 1] == '*' ? "" : " ", name);
}

/* ---- a record's members ---- */

static void add_field(struct maker *m, const struct hook_arg *arg)
{
	_cleanup_free_ char *name = own_name(arg->name), *value = value_of(m, arg);
	struct strbuf *fields = &m->out->fields, *fills = &m->out->fills;

	if (m->nfields == MAX_FIELDS)
		return;
	m->nfields++;
	switch (arg->kind) {
	case HOOK_ARG_NUMBER:
		strbuf_addf(fields, "\t%s %s;\n", arg->type, name);
		strbuf_addf(fills, "\te->%s = %s;\n", name, value);
		break;
	case HOOK_ARG_TEXT:
		strbuf_addf(fields, "\tchar %s[%u];\n", name, arg->bytes);
		strbuf_addf(fills, "\t__builtin_memcpy(e->%s, %s, sizeof(e->%s));\n", name, value,
			    name);
		break;
	case HOOK_ARG_LOC_TEXT:
		strbuf_addf(fields, "\tchar %s[%d];\n", name, TEXT_BYTES);
		strbuf_addf(fills,
			    "\tbpf_probe_read_kernel_str(e->%s, sizeof(e->%s),\n"
			    "\t\t\t\t  (void *)ctx + (%s & 0xffff));\n",
			    name, name, value);
		break;
	case HOOK_ARG_USER_TEXT:
		strbuf_addf(fields, "\tchar %s[%d];\n", name, TEXT_BYTES);
		strbuf_addf(fills, "\tbpf_probe_read_user_str(e->%s, sizeof(e->%s), %s);\n", name,
			    name, value);
		break;
	default:
		m->nfields--;
	}
}

static bool is_field(const struct hook_arg *arg)
{
	return arg->kind == HOOK_ARG_NUMBER || arg->kind == HOOK_ARG_USER_TEXT;
}

/* ---- contexts ---- */

/* The members of the format, at their places. */
static void write_format(struct maker *m, const struct hook_info *hook)
{
	struct strbuf *out = &m->out->context;
	uint32_t at = 0, pads = 0;

	strbuf_addf(out, "/* What the tracepoint's format lists. */\nstruct %s_args {\n",
		    m->program);
	for (size_t i = 0; i < hook->nargs; i++) {
		const struct hook_arg *arg = &hook->args[i];

		if (arg->off_bytes > at)
			strbuf_addf(out, "\tchar pad%u[%u];\n", pads++, arg->off_bytes - at);
		if (has_prefix(arg->type, "__data_loc"))
			strbuf_addf(out,
				    "\t__u32 %s; /* %s: where it is, and its length << 16 */\n",
				    arg->name, arg->type + strlen("__data_loc "));
		else
			strbuf_addf(out, "\t%s;\n", arg->decl);
		at = arg->off_bytes + arg->bytes;
	}
	strbuf_adds(out, "};\n\n");
	strbuf_addf(&m->out->head, "int %s(struct %s_args *ctx)", m->program, m->program);
	for (size_t i = 0; i < hook->nargs; i++)
		add_field(m, &hook->args[i]);
}

static void write_syscall(struct maker *m, const struct hook_info *hook)
{
	strbuf_addf(&m->out->head, "int %s(struct trace_event_raw_sys_enter *ctx)", m->program);
	for (size_t i = 0; i < hook->nargs; i++) {
		const struct hook_arg *arg = &hook->args[i];

		if (!is_field(arg))
			continue;
		strbuf_adds(&m->out->locals, "\t");
		add_decl(&m->out->locals, arg);
		strbuf_addf(&m->out->locals, " = (%s)ctx->args[%zu];\n", arg->type, i);
		add_field(m, arg);
	}
}

/* Arguments by name, where each fits a register. */
static void write_macro(struct maker *m, const struct hook_info *hook, const char *macro,
			size_t max)
{
	struct strbuf *head = &m->out->head;
	bool whole = true;

	strbuf_addf(head, "int %s(%s", macro, m->program);
	for (size_t i = 0; i < hook->nargs && i < max; i++) {
		whole = whole && hook->args[i].kind != HOOK_ARG_OTHER;
		if (!whole)
			break;
		strbuf_adds(head, ", ");
		if (m->way == WAY_USDT)
			strbuf_addf(head, "long %s", hook->args[i].name);
		else
			add_decl(head, &hook->args[i]);
		add_field(m, &hook->args[i]);
	}
	if (whole && m->ret && m->way == WAY_PROG && hook->returns &&
	    !streq(hook->returns, "void")) {
		strbuf_addf(head, ", %s ret", hook->returns);
		if (!strchr(hook->returns, '*') && !has_prefix(hook->returns, "struct ")) {
			strbuf_addf(&m->out->fields, "\t%s returned;\n", hook->returns);
			strbuf_adds(&m->out->fills, "\te->returned = ret;\n");
		}
	}
	strbuf_adds(head, ")");
}

/* Of what an iterator walks over, the members that tell one from another. */
static void add_walked(struct maker *m, const struct hook_arg *arg)
{
	static const struct {
		const char *type, *field, *value;
	} known[] = {
		{ "struct task_struct *", "pid_t pid", "tgid" },
		{ "struct task_struct *", "pid_t tid", "pid" },
		{ "struct bpf_map *", "__u32 map_id", "id" },
		{ "struct bpf_prog *", "__u32 prog_id", "aux->id" },
		{ "struct bpf_link *", "__u32 link_id", "id" },
		{ "struct file *", "__u64 inode", "f_inode->i_ino" },
		{ "struct sock_common *", "__u16 family", "skc_family" },
		{ "struct cgroup *", "__u64 cgroup", "kn->id" },
	};
	if (arg->kind == HOOK_ARG_NUMBER) {
		add_field(m, arg);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!streq(known[i].type, arg->type))
			continue;
		strbuf_addf(&m->out->fields, "\t%s;\n", known[i].field);
		strbuf_addf(&m->out->fills, "\te->%s = %s->%s;\n", strchr(known[i].field, ' ') + 1,
			    arg->name, known[i].value);
	}
}

/* A local variable for each pointer: the verifier remembers of that that it is not NULL. */
static void add_pointers(struct maker *m, const struct hook_info *hook)
{
	struct strbuf *out = &m->out->locals;
	bool any = false;

	for (size_t i = 0; i < hook->nargs; i++)
		if (hook->args[i].kind == HOOK_ARG_POINTER)
			strbuf_addf(out, "\t%s = ctx->%s;\n", hook->args[i].decl,
				    hook->args[i].name);
	for (size_t i = 0; i < hook->nargs; i++) {
		if (hook->args[i].kind != HOOK_ARG_POINTER)
			continue;
		strbuf_addf(out, any ? " || !%s" : "\n\tif (!%s", hook->args[i].name);
		any = true;
	}
	if (any)
		strbuf_adds(out, ")\n\t\treturn 0;\n");
}

static void write_iter(struct maker *m, const struct hook_info *hook)
{
	strbuf_addf(&m->out->head, "int %s(struct bpf_iter__%s *ctx)", m->program,
		    strchr(hook->section, '/') + 1);
	add_pointers(m, hook);
	for (size_t i = 0; i < hook->nargs; i++)
		add_walked(m, &hook->args[i]);
	if (m->out->fields.len)
		return;
	strbuf_adds(&m->out->fields,
		    "\t__u64 number; /* of the row: what of it is worth showing? */\n");
	strbuf_adds(&m->out->fills, "\te->number = ctx->meta->seq_num;\n");
}

static int on_hook(void *ctx, const struct hook_info *hook)
{
	struct maker *m = ctx;

	m->found = true;
	switch (m->way) {
	case WAY_FORMAT:
		write_format(m, hook);
		break;
	case WAY_SYSCALL:
		write_syscall(m, hook);
		break;
	case WAY_PROG:
		write_macro(m, hook, "BPF_PROG", MAX_PROG_ARGS);
		break;
	case WAY_KPROBE:
		write_macro(m, hook, "BPF_KPROBE", MAX_KPROBE_ARGS);
		break;
	case WAY_KSYSCALL:
		write_macro(m, hook, "BPF_KSYSCALL", MAX_KPROBE_ARGS);
		break;
	case WAY_USDT:
		write_macro(m, hook, "BPF_USDT", MAX_PROG_ARGS);
		break;
	case WAY_ITER:
		write_iter(m, hook);
		break;
	case WAY_NONE:
		break;
	}
	return 1;
}

bool typed_make(struct typed *ret, const char *hook, const char *program)
{
	const char *target;
	const struct hook_type *type = hook_of(hook, &target);
	_cleanup_free_ char *section = listed_section(type, target), *binary = NULL;
	struct maker m = { ret, program, way_of(type, target), type->ret };
	struct hooks_query query = { .pattern = section, .exact = true };
	struct err err = { 0 };

	*ret = (struct typed){ .include = "" };
	if (m.way == WAY_FORMAT || m.way == WAY_SYSCALL)
		ret->comment =
			"'bombus hooks' lists the arguments; what a pointer of a system call "
			"points to is\n * the process's.";
	strbuf_init(&ret->context, TYPED_MAX_BYTES);
	strbuf_init(&ret->head, TYPED_MAX_BYTES);
	strbuf_init(&ret->fields, TYPED_MAX_BYTES);
	strbuf_init(&ret->locals, TYPED_MAX_BYTES);
	strbuf_init(&ret->fills, TYPED_MAX_BYTES);
	if (m.way == WAY_NONE || !section || has_prefix(hook, "fmod_ret"))
		return false;
	if (m.way == WAY_USDT) {
		binary = xstrndup(target, strcspn(target, ":"));
		query.binary = binary;
		ret->include = "#include <bpf/usdt.bpf.h>\n";
	}
	hooks_each(&query, on_hook, &m, &err);
	return m.found;
}

void typed_release(struct typed *t)
{
	strbuf_release(&t->context);
	strbuf_release(&t->head);
	strbuf_release(&t->fields);
	strbuf_release(&t->locals);
	strbuf_release(&t->fills);
}
