// SPDX-License-Identifier: Apache-2.0
/*
 * Shell completions, made from the command and option tables. Names of images come from
 * `bombus list` at the time of completing, so that they are never stale.
 */
#include <ctype.h>
#include <errno.h>

#include "base/util.h"
#include "cmd/cmd.h"

static void each_opt(const struct command *c,
		     void (*fn)(const struct command *c, const struct opt *o))
{
	struct opt_table tables[COMMAND_TABLES_MAX];
	size_t count = command_tables(c, tables);

	for (size_t t = 0; t < count; t++)
		for (const struct opt *o = tables[t].opts; o && o->kind != OPT_END; o++)
			if (o->kind != OPT_GROUP)
				fn(c, o);
}

/* The option of `list` that names the images that a command takes; NULL: it takes none. */
static const char *names_listed(const struct command *c)
{
	if (!c->complete)
		return NULL;
	return streq(c->complete, "image") ? "-aq" : streq(c->complete, "stored") ? "-q" : NULL;
}

static void bash_opt(const struct command *c, const struct opt *o)
{
	if (o->letter)
		printf(" -%c", o->letter);
	printf(" --%s", o->name);
}

/* The names in a program that a value begins with: its maps, or its parameters; NULL: none. */
static const char *listed_names(const struct opt *o)
{
	if (!o->complete)
		return NULL;
	return streq(o->complete, "map") ? "maps" : streq(o->complete, "param") ? "params" : NULL;
}

static bool names_hooks(const struct opt *o)
{
	return o->complete && streq(o->complete, "hook");
}

static bool names_files(const struct opt *o)
{
	return o->complete && (streq(o->complete, "file") || streq(o->complete, "dir"));
}

/* Words that the value may be; NULL: it is free. */
static const char *offered_words(const struct opt *o)
{
	if (o->kind == OPT_CHOICE)
		return o->choices;
	return o->complete && !names_files(o) && !names_hooks(o) && !listed_names(o) ? o->complete
										     : NULL;
}

static void bash_value(const struct command *c, const struct opt *o)
{
	if (o->kind != OPT_CHOICE && !o->complete)
		return;
	printf("\t%s,--%s", c->name, o->name);
	if (o->letter)
		printf("|%s,-%c", c->name, o->letter);
	if (offered_words(o))
		printf(") _bombus_words %s; return ;;\n", offered_words(o));
	else if (listed_names(o))
		printf(") _bombus_names %s; return ;;\n", listed_names(o));
	else if (names_hooks(o))
		printf(") _bombus_hooks; return ;;\n");
	else
		printf(") _bombus_paths %s; return ;;\n", streq(o->complete, "dir") ? "-d" : "-f");
}

/* Names of images are compared as text: `compgen -W` would expand them, and run $(...) in them. */
static const char bash_helpers[] =
	"# bash completion for bombus; put it where bash-completion looks, or source it\n"
	"_bombus_words() {\n"
	"\tlocal word\n"
	"\tfor word; do [[ $word != \"$cur\"* ]] || COMPREPLY+=(\"$word\"); done\n"
	"}\n"
	"_bombus_images() {\n"
	"\tlocal name\n"
	"\twhile IFS= read -r name; do _bombus_words \"$name\"; done "
	"< <(bombus ${store:+--store \"$store\"} list \"$1\" 2>/dev/null)\n"
	"}\n"
	"# Maps or parameters of the first program on the line.\n"
	"_bombus_names() {\n"
	"\tlocal name\n"
	"\t[[ -n $image ]] || return\n"
	"\tcompopt -o nospace 2>/dev/null\n"
	"\twhile IFS= read -r name; do _bombus_words \"$name\"; done "
	"< <(bombus ${store:+--store \"$store\"} inspect \"$image\" --list \"$1\" 2>/dev/null)\n"
	"}\n"
	"# Hooks of one kind: all of a kernel are many.\n"
	"_bombus_hooks() {\n"
	"\tlocal name\n"
	"\t[[ $cur == */* ]] || { compopt -o nospace 2>/dev/null; _bombus_words tracepoint/ "
	"tp_btf/ "
	"fentry/ kprobe/ ksyscall/ lsm/ iter/ xdp tc cgroup/ cgroup_skb/ perf_event/; return; }\n"
	"\twhile IFS= read -r name; do _bombus_words \"$name\"; done "
	"< <(bombus hooks --names \"$cur*\" 2>/dev/null)\n"
	"}\n"
	"_bombus_paths() {\n"
	"\tlocal path\n"
	"\twhile IFS= read -r path; do COMPREPLY+=(\"$path\"); done "
	"< <(compgen \"$1\" -- \"$cur\")\n"
	"}\n";

static void bash_operands(const struct command *c)
{
	if (!c->complete)
		printf(":");
	else if (names_listed(c))
		printf("_bombus_images %s; _bombus_paths -f", names_listed(c));
	else if (streq(c->complete, "file"))
		printf("_bombus_paths -f");
	else if (streq(c->complete, "command"))
		printf("_bombus_words \"${commands[@]}\"");
	else
		printf("_bombus_words %s", c->complete);
}

/* An option that takes a value in the next word, as ",--color" or ",--output,-o". */
static void bash_takes(const struct command *c, const struct opt *o)
{
	if (o->kind == OPT_FLAG || o->kind == OPT_OPTIONAL)
		return;
	printf(",--%s", o->name);
	if (o->letter)
		printf(",-%c", o->letter);
}

static void print_bash(const struct command *const *commands)
{
	printf("%s_bombus() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} "
	       "prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal command= image= store= word before= takes=",
	       bash_helpers);
	for (size_t i = 0; commands[i]; i++)
		each_opt(commands[i], bash_takes);
	printf(" commands=(");
	for (size_t i = 0; commands[i]; i++)
		printf("%s%s", i ? " " : "", commands[i]->name);
	/* Readline cuts words at '='. */
	printf(")\n\tCOMPREPLY=()\n"
	       "\tif [[ $cur == = ]]; then cur=\n"
	       "\telif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	       "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	       "\t\t[[ $word != = ]] || continue\n"
	       "\t\tcase $before in --store) store=$word before=; continue ;;\n"
	       "\t\t-*) case $takes, in *\",$before,\"*) before=; continue ;; esac ;; esac\n"
	       "\t\tbefore=$word\n"
	       "\t\tcase $word in -*) ;; *)\n"
	       "\t\t\tif [[ -z $command ]]; then command=$word\n"
	       "\t\t\telif [[ -z $image ]]; then image=$word; fi ;; esac\n"
	       "\tdone\n"
	       "\tcase $command,$prev in\n");
	for (size_t i = 0; commands[i]; i++)
		each_opt(commands[i], bash_value);
	printf("\tesac\n\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		printf("\t%s%s%s) case $cur in -*) _bombus_words", c->name, c->alias ? "|" : "",
		       c->alias ? c->alias : "");
		each_opt(c, bash_opt);
		printf(" ;; *) ");
		bash_operands(c);
		printf(" ;; esac ;;\n");
	}
	printf("\t'') _bombus_words \"${commands[@]}\" ;;\n\tesac\n}\n"
	       "complete -o filenames -F _bombus bombus\n");
}

/* Inside single quotes. A backslash stands before each character of `special`. */
static void print_quoted(const char *text, const char *special, const char *quote)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("%s", quote);
		else if (*text == '\n')
			putchar(' ');
		else
			printf("%s%c", strchr(special, *text) ? "\\" : "", *text);
	}
}

static void print_fish_text(const char *text)
{
	print_quoted(text, "\\", "\\'");
}

static void print_zsh_text(const char *text)
{
	print_quoted(text, "\\[]:", "'\\''");
}

static void fish_opt(const struct command *c, const struct opt *o)
{
	printf("complete -c bombus -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
	if (o->letter)
		printf(" -s %c", o->letter);
	if (offered_words(o))
		printf(" -x -a '%s'", offered_words(o));
	else if (o->kind != OPT_FLAG && o->kind != OPT_OPTIONAL)
		printf(names_files(o) ? " -r" : " -x");
	printf(" -d '");
	print_fish_text(o->help);
	printf("'\n");
}

static void print_fish(const struct command *const *commands)
{
	printf("# fish completion for bombus\n");
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		printf("complete -c bombus -n __fish_use_subcommand -f -a %s -d '", c->name);
		print_fish_text(c->summary);
		printf("'\n");
		if (names_listed(c))
			printf("complete -c bombus -n '__fish_seen_subcommand_from %s' -a "
			       "'(bombus list %s 2>/dev/null)'\n",
			       c->name, names_listed(c));
		each_opt(c, fish_opt);
	}
}

static void zsh_opt(const struct command *c, const struct opt *o)
{
	printf(" \\\n\t\t\t'--%s%s[", o->name,
	       o->kind == OPT_FLAG	 ? ""
	       : o->kind == OPT_OPTIONAL ? "=-"
					 : "=");
	print_zsh_text(o->help);
	printf("]");
	if (offered_words(o))
		printf(":value:(%s)", offered_words(o));
	else if (o->kind == OPT_OPTIONAL)
		printf("::value:");
	else if (o->kind != OPT_FLAG)
		printf(":value:%s", names_files(o) ? "_files" : "");
	printf("'");
}

static void print_zsh(const struct command *const *commands)
{
	printf("#compdef bombus\n_bombus() {\n\tlocal -a commands images\n\tcommands=(\n");
	for (size_t i = 0; commands[i]; i++) {
		printf("\t\t'%s:", commands[i]->name);
		print_zsh_text(commands[i]->summary);
		printf("'\n");
	}
	printf("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command "
	       "commands\n\t\treturn\n\tfi\n"
	       "\tcase $words[2] in\n");
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		const char *images = names_listed(c);

		printf("\t%s)\n\t\t", c->name);
		if (images)
			printf("images=(${(f)\"$(bombus list %s 2>/dev/null)\"})\n\t\t", images);
		printf("_arguments");
		each_opt(c, zsh_opt);
		printf(" \\\n\t\t\t'*:word:%s' ;;\n",
		       images ? "{_describe image images; _files}" : "_files");
	}
	printf("\tesac\n}\ncompdef _bombus bombus\n");
}

static int run_completion(const struct global_args *global, void *args, const struct words *words,
			  struct err *err)
{
	const char *shell = words->words[0];

	if (streq(shell, "bash"))
		print_bash(global->commands);
	else if (streq(shell, "zsh"))
		print_zsh(global->commands);
	else if (streq(shell, "fish"))
		print_fish(global->commands);
	else {
		err_hint(err, "bash, zsh or fish");
		return err_usage(err, "no completion for '%s'", shell);
	}
	return 0;
}

const struct command cmd_completion = {
	.name = "completion",
	.usage = "bash|zsh|fish",
	.summary = "a completion script for your shell",
	.examples = "source <(bombus completion bash)\n"
		    "bombus completion zsh > \"${fpath[1]}/_bombus\"\n"
		    "bombus completion fish > ~/.config/fish/completions/bombus.fish",
	.min_words = 1,
	.max_words = 1,
	.complete = "bash zsh fish",
	.run = run_completion,
};
