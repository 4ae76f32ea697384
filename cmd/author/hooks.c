// SPDX-License-Identifier: Apache-2.0
/* `bombus hooks`: the places that programs can be attached to. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>

#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/files.h"
#include "base/strbuf.h"
#include "runner/load/hooks/hooks.h"

#define MAX_LINE_BYTES (64u << 10)

struct hooks_args {
	const char *output;
	bool names;
};

struct listed {
	const struct hooks_args *args;
	struct strbuf line;
	size_t count;
};

static void add_args(struct strbuf *line, const struct hook_info *hook)
{
	if (hook->context)
		strbuf_addf(line, " (%s *ctx)", hook->context);
	else if (hook->nargs || hook->returns)
		strbuf_adds(line, " (");
	for (size_t i = 0; i < hook->nargs; i++)
		strbuf_addf(line, "%s%s", i ? ", " : "", hook->args[i].decl);
	if (!hook->context && (hook->nargs || hook->returns))
		strbuf_adds(line, ")");
	if (hook->returns)
		strbuf_addf(line, " -> %s", hook->returns);
}

static int print_line(struct listed *l, const struct hook_info *hook)
{
	strbuf_reset(&l->line);
	strbuf_adds(&l->line, hook->section);
	if (!l->args->names)
		add_args(&l->line, hook);
	file_print_line(strbuf_str(&l->line));
	return ferror(stdout) ? -EPIPE : 0;
}

/* NULL for bytes that are no UTF-8, as names in a binary may be. */
static int print_json(const struct hook_info *hook)
{
	json_t *json = json_object(), *args = json_array();
	char *text;

	json_object_set_new(json, "hook", json_string(hook->section));
	if (hook->context)
		json_object_set_new(json, "context", json_string(hook->context));
	for (size_t i = 0; i < hook->nargs; i++) {
		json_t *arg = json_object();

		json_object_set_new(arg, "name", json_string(hook->args[i].name));
		json_object_set_new(arg, "type", json_string(hook->args[i].type));
		json_array_append_new(args, arg);
	}
	json_object_set_new(json, "args", args);
	if (hook->returns)
		json_object_set_new(json, "returns", json_string(hook->returns));
	text = json_dumps(json, JSON_COMPACT);
	if (text)
		puts(text);
	free(text);
	json_decref(json);
	return ferror(stdout) ? -EPIPE : 0;
}

static int on_hook(void *ctx, const struct hook_info *hook)
{
	struct listed *l = ctx;

	l->count++;
	return l->args->output && streq(l->args->output, "json") ? print_json(hook)
								 : print_line(l, hook);
}

/* "BINARY", "usdt/BINARY" or "uprobe/BINARY:PATTERN" ask a binary; anything else is about the
 * kernel. *ret_binary is malloc'ed. */
static void read_word(const char *word, struct hooks_query *query, char **ret_binary)
{
	const char *path = has_prefix(word, "usdt/")	 ? word + strlen("usdt/")
			   : has_prefix(word, "uprobe/") ? word + strlen("uprobe/")
							 : word;

	if (!strchr(path, '/') || (path == word && *word != '/' && *word != '.')) {
		query->pattern = word;
		return;
	}
	*ret_binary = xstrndup(path, strcspn(path, ":"));
	query->binary = *ret_binary;
	query->pattern = path == word ? NULL : word;
}

static const char *why_none(bool binary)
{
	if (binary)
		return "a binary without symbols (stripped) has none";
	if (geteuid() != 0)
		return "tracepoints need root, where tracefs is closed to others";
	return "a word without a wildcard is part of a hook's name; a binary is /PATH or ./PATH";
}

static int run_hooks(const struct global_args *global, void *args, const struct words *words,
		     struct err *err)
{
	struct listed listed = { .args = args, .line = STRBUF_INIT(MAX_LINE_BYTES) };
	_cleanup_free_ char *binary = NULL;
	struct hooks_query query = { 0 };
	int ret;

	if (words->count)
		read_word(words->words[0], &query, &binary);
	if (words->count > 1 && !binary)
		return err_usage(err,
				 "a second word is the pattern for a binary's hooks, and '%s' "
				 "is no path",
				 words->words[0]);
	if (words->count > 1)
		query.pattern = words->words[1];
	ret = hooks_each(&query, on_hook, &listed, err);
	strbuf_release(&listed.line);
	if (ret == -EPIPE)
		return 0;
	if (ret == 0 && !listed.count) {
		err_hint(err, "%s", why_none(binary));
		ret = err_set(err, ENOENT, "no hook matches '%s'",
			      words->count ? words->words[words->count - 1] : "*");
	}
	return ret;
}

#define ARG(member) offsetof(struct hooks_args, member)
static const struct opt hooks_opts[] = {
	{ 'o', "output", "FORM", OPT_CHOICE, ARG(output),
	  "text, or json with one object a line (text)", "text json" },
	{ 0, "names", NULL, OPT_FLAG, ARG(names), "without arguments" },
	{ 0 },
};

const struct command cmd_hooks = {
	.name = "hooks",
	.usage = "[PATTERN | BINARY [PATTERN]]",
	.summary = "the places that programs can be attached to, with their arguments",
	.about = "hooks prints one hook a line, as SEC() takes it, with the names and types of "
		 "its arguments in the running kernel: tracepoints and system calls from "
		 "tracefs; tp_btf, fentry, kprobe, lsm, iter and struct_ops from BTF; usdt and "
		 "uprobe of a BINARY from its notes and symbols; and the fixed ones of networks, "
		 "cgroups and perf events. Each tp_btf can also be a raw_tp, each fentry a fexit "
		 "or fmod_ret, each kprobe a kretprobe, each uprobe a uretprobe.\n"
		 "PATTERN is as a shell's, and * also takes a '/'. Without a wildcard it lists "
		 "all hooks that contain it. 'bombus init --hook HOOK' writes a program for one.",
	.examples = "bombus hooks tcp_retransmit\n"
		    "bombus hooks 'fentry/tcp_*'\n"
		    "bombus hooks 'tracepoint/sched/*' -o json\n"
		    "bombus hooks /usr/bin/python3\n"
		    "bombus hooks 'uprobe//bin/bash:*read*'",
	.opts = hooks_opts,
	.args_bytes = sizeof(struct hooks_args),
	.max_words = 2,
	.complete = "file",
	.run = run_hooks,
};
