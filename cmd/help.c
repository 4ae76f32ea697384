// SPDX-License-Identifier: Apache-2.0
/* Help, made from the command and option tables. */
#include <errno.h>

#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/man.h"

#define HELP_COLUMN 34
#define HELP_WIDTH 100

/* Prints text from column `indent` on, broken at spaces; the cursor stands at `at`. */
static void print_wrapped(const char *text, int at, int indent)
{
	while (*text) {
		int room = HELP_WIDTH - indent;
		int len = (int)strcspn(text, "\n");

		if (len > room) {
			for (len = room; len > 0 && text[len] != ' ';)
				len--;
			if (!len)
				len = (int)strcspn(text, " \n");
		}
		printf("%*s%.*s\n", indent - at, "", len, text);
		text += len;
		text += *text == '\n' || *text == ' ';
		at = 0;
	}
}

static void print_opts(const struct opt *opts, const char *heading)
{
	if (!opts || opts[0].kind == OPT_END)
		return;
	if (heading && opts[0].kind != OPT_GROUP)
		printf("\n%s:\n", heading);
	for (const struct opt *o = opts; o->kind != OPT_END; o++) {
		int at = 0;

		if (o->kind == OPT_GROUP) {
			printf("\n%s:\n", o->help);
			continue;
		}
		at += printf("  ");
		at += o->letter ? printf("-%c, ", o->letter) : printf("    ");
		at += printf("--%s", o->name);
		if (o->kind == OPT_OPTIONAL)
			at += printf("[=%s]", o->arg);
		else if (o->arg)
			at += printf(" %s", o->arg);
		if (at > HELP_COLUMN - 2) {
			printf("\n");
			at = 0;
		}
		print_wrapped(o->help, at, HELP_COLUMN);
	}
}

static void print_block(const char *heading, const char *lines)
{
	if (!lines)
		return;
	printf("\n%s:\n", heading);
	while (*lines) {
		int len = (int)strcspn(lines, "\n");

		printf("  %.*s\n", len, lines);
		lines += len + (lines[len] == '\n');
	}
}

void command_print_help(const struct command *c)
{
	struct opt_table tables[COMMAND_TABLES_MAX];

	printf("bombus %s: %s\n\nUsage:\n  bombus %s%s%s%s\n", c->name, c->summary, c->name,
	       c->opts ? " [OPTIONS]" : "", c->usage[0] ? " " : "", c->usage);
	if (c->alias)
		printf("  bombus %s ... is the same\n", c->alias);
	if (c->about) {
		printf("\n");
		print_wrapped(c->about, 0, 0);
	}
	print_block("Examples", c->examples);
	for (size_t i = 0, n = command_tables(c, tables); i < n; i++)
		print_opts(tables[i].opts, tables[i].heading);
	print_block("Environment", c->environment);
}

void print_overview(const struct command *const *commands)
{
	printf("bombus runs eBPF programs that travel as OCI images.\n\n"
	       "Usage:\n  bombus [OPTIONS] COMMAND ...\n"
	       "  bombus [OPTIONS]              on a terminal: choose a program to run\n\n"
	       "Commands:\n");
	for (size_t i = 0; commands[i]; i++) {
		int at = printf("  %s%s%s", commands[i]->name, commands[i]->alias ? ", " : "",
				commands[i]->alias ? commands[i]->alias : "");

		print_wrapped(commands[i]->summary, at, 22);
	}
	print_opts(global_opts, "Options of every command");
	printf("\n'bombus COMMAND --help' says more about a command.\n");
}

struct help_args {
	bool man;
};

static int run_help(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	const struct help_args *a = args;
	const struct command *c;

	if (!words->count) {
		(a->man ? man_print_overview : print_overview)(global->commands);
		return 0;
	}
	if (a->man && streq(words->words[0], "agent.yaml")) {
		man_print_keys();
		return 0;
	}
	c = command_find(global->commands, words->words[0]);
	if (!c) {
		const char *near = command_suggest(global->commands, words->words[0]);

		if (near)
			err_hint(err, "did you mean '%s'?", near);
		return err_usage(err, "no command '%s'", words->words[0]);
	}
	(a->man ? man_print_command : command_print_help)(c);
	return 0;
}

static const struct opt help_opts[] = {
	{ 0, "man", NULL, OPT_FLAG, offsetof(struct help_args, man),
	  "print a manual page in mdoc(7), without a date; 'agent.yaml' instead of a command "
	  "prints "
	  "the keys of the agent's configuration" },
	{ 0 },
};

const struct command cmd_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "this overview, or the help of one command",
	.examples = "bombus help run\n"
		    "bombus help --man run | man -l -",
	.opts = help_opts,
	.args_bytes = sizeof(struct help_args),
	.max_words = 1,
	.complete = "command",
	.run = run_help,
};
