// SPDX-License-Identifier: Apache-2.0
/* `bombus init`: a program to begin with. Asks on a terminal for what was not said. */
#include <errno.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/files.h"
#include "cmd/author/editor.h"
#include "cmd/author/line.h"
#include "cmd/author/template.h"
#include "runner/load/hooks/hooks.h"

#define MAX_ANSWER_BYTES 1024
#define MAX_SOURCE_BYTES (64u << 10)

struct init_args {
	const char *language, *kind, *hook, *output;
	bool force;
};

/* What was said or answered. */
struct choice {
	char *kind, *hook, *output;
};

static void choice_release(struct choice *c)
{
	free(c->kind);
	free(c->hook);
	free(c->output);
}

static int check_kind(const char *kind, struct err *err)
{
	static const char *const names[] = { "events", "counter", "gauge", "histogram", "spans" };
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (streq(names[i], kind))
			return 0;
	near = suggest_from(kind, names, ARRAY_LEN(names));
	err_hint(err, near ? "did you mean %s?" : "one of: %s", near ? near : TEMPLATE_KINDS);
	return err_usage(err, "no kind '%s'", kind);
}

static int check_any(const char *text, struct err *err)
{
	return 0;
}

/* Asks until the answer will do; nothing typed is the default. */
static int ask(const char *question, const char *fallback,
	       int (*check)(const char *text, struct err *err), char **ret, struct err *err)
{
	char line[MAX_ANSWER_BYTES];

	for (;;) {
		struct err why = { 0 };

		fprintf(stderr, "%s [%s]: ", question, fallback);
		if (!fgets(line, sizeof(line), stdin)) {
			fputc('\n', stderr);
			err_exit(err, EXIT_INTERRUPTED);
			return err_set(err, ECANCELED, "nothing was written");
		}
		line[strcspn(line, "\r\n")] = '\0';
		if (check(*line ? line : fallback, &why) == 0) {
			*ret = xstrdup(*line ? line : fallback);
			return 0;
		}
		fprintf(stderr, "%s%s%s\n", why.msg, why.hint[0] ? "; " : "", why.hint);
	}
}

static int choose(const char *said, const char *question, const char *fallback,
		  int (*check)(const char *text, struct err *err), char **ret, struct err *err)
{
	if (!said && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return ask(question, fallback, check, ret, err);
	*ret = xstrdup(said ? said : fallback);
	return check(*ret, err);
}

/* ---- hooks, completed on Tab ---- */

struct completing {
	struct arena arena;
	struct words *ret;
};

static int on_hook(void *ctx, const struct hook_info *hook)
{
	struct completing *c = ctx;

	words_add(c->ret, arena_strdup(&c->arena, hook->section));
	return 0;
}

/* The kinds first: all functions of a kernel are many. */
static void complete_kind(const char *typed, struct words *ret)
{
	static const char *const kinds[] = {
		"tracepoint/", "raw_tp/",    "tp_btf/", "kprobe/", "kretprobe/", "kprobe.multi/",
		"ksyscall/",   "fentry/",    "fexit/",	"lsm/",	   "iter/",	 "uprobe//",
		"uretprobe//", "usdt//",     "xdp",	"tc",	   "socket",	 "cgroup/",
		"cgroup_skb/", "perf_event/"
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (has_prefix(kinds[i], typed))
			words_add(ret, kinds[i]);
}

static void complete_hook(void *ctx, const char *typed, struct words *ret)
{
	struct completing *c = ctx;
	_cleanup_free_ char *pattern = xasprintf("%s*", typed), *binary = NULL;
	struct hooks_query query = { .pattern = pattern };
	const char *slash = strchr(typed, '/');
	struct err err = { 0 };

	c->ret = ret;
	if (!slash) {
		complete_kind(typed, ret);
		return;
	}
	if (slash[1] == '/' && !strchr(slash, ':'))
		return; /* a path */
	if (slash[1] == '/')
		query.binary = binary = xstrndup(slash + 1, strcspn(slash + 1, ":"));
	hooks_each(&query, on_hook, c, &err);
}

static int choose_hook(const char *said, const char *fallback, char **ret, struct err *err)
{
	_cleanup_free_ char *prompt = xasprintf("where it hooks in, Tab completes [%s]:", fallback);

	if (said || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return choose(said, "", fallback, template_check_hook, ret, err);
	while (true) {
		struct completing c = { 0 };
		_cleanup_free_ char *line = line_ask(prompt, complete_hook, &c);
		struct err why = { 0 };

		arena_release(&c.arena);
		if (!line) {
			err_exit(err, EXIT_INTERRUPTED);
			return err_set(err, ECANCELED, "nothing was written");
		}
		if (template_check_hook(*line ? line : fallback, &why) == 0) {
			*ret = xstrdup(*line ? line : fallback);
			return 0;
		}
		fprintf(stderr, "%s%s%s\n", why.msg, why.hint[0] ? "; " : "", why.hint);
	}
}

static int choose_all(const struct init_args *a, struct choice *c, struct err *err)
{
	_cleanup_free_ char *name = NULL, *file = NULL;
	int rc = choose(a->kind, "what it gives: events, counter, gauge, histogram or spans",
			"events", check_kind, &c->kind, err);

	if (rc == 0)
		rc = choose_hook(a->hook, template_default_hook(c->kind), &c->hook, err);
	if (rc)
		return rc;
	rc = template_check(c->kind, c->hook, err);
	if (rc)
		return rc;
	name = template_name(c->hook);
	file = xasprintf("%s.bpf.c", name);
	return choose(a->output, "file", file, check_any, &c->output, err);
}

static int run_init(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	const struct init_args *a = args;
	_cleanup_(choice_release) struct choice c = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(MAX_SOURCE_BYTES);
	_cleanup_free_ char *name = NULL;
	struct err editor = { 0 };
	const char *slash;
	int rc = choose_all(a, &c, err);

	if (rc || !c.output)
		return rc;
	name = template_name(c.hook);
	slash = strrchr(c.output, '/');
	if (streq(c.output, "-")) {
		_cleanup_free_ char *file = xasprintf("%s.bpf.c", name);

		template_write(&text, c.kind, c.hook, file);
	} else {
		template_write(&text, c.kind, c.hook, slash ? slash + 1 : c.output);
	}
	rc = file_write(c.output, text.buf, text.len, a->force, err);
	if (rc == -EEXIST)
		err_hint(err, "--force replaces it, -o FILE names another");
	if (rc == 0 && !streq(c.output, "-") && editor_write(c.output, &editor) < 0)
		log_debug("no .clangd: %s", editor.msg);
	if (rc == 0 && !streq(c.output, "-"))
		log_info("wrote %s; next: bombus run %s --watch", c.output, c.output);
	return rc;
}

#define ARG(member) offsetof(struct init_args, member)
static const struct opt init_opts[] = {
	{ 0, "language", "NAME", OPT_CHOICE, ARG(language), "C, which is the only one", "C c" },
	{ 'k', "kind", "KIND", OPT_CHOICE, ARG(kind),
	  "what it gives: events, counter, gauge, histogram or spans (events)", TEMPLATE_KINDS },
	{ 0, "hook", "HOOK", OPT_TEXT, ARG(hook),
	  "where it hooks in, as SEC() has it: tracepoint/CATEGORY/NAME, kprobe/FUNCTION, ...",
	  .complete = "hook" },
	{ 'o', "output", "FILE", OPT_TEXT, ARG(output),
	  "file to write, - is standard output (the hook's name and .bpf.c)", NULL, "file" },
	{ 0, "force", NULL, OPT_FLAG, ARG(force), "replace a file that is there" },
	{ 0 },
};

const struct command cmd_init = {
	.name = "init",
	.usage = "",
	.summary = "write a program to begin with",
	.about = "init writes a commented program that builds and runs as it is. The program "
		 "names its hook's arguments with the types of the running kernel, as 'bombus "
		 "hooks' lists them; the kind events records those that are numbers or text. On "
		 "a terminal init asks for what you do not give, and completes hooks on Tab; "
		 "elsewhere it takes the defaults. A .clangd beside the program lets editors "
		 "find vmlinux.h and the headers; init replaces none.",
	.examples = "bombus init\n"
		    "bombus init --kind counter --hook tracepoint/syscalls/sys_enter_openat\n"
		    "bombus init --kind histogram --hook kprobe/vfs_read -o reads.bpf.c",
	.opts = init_opts,
	.args_bytes = sizeof(struct init_args),
	.run = run_init,
};
