// SPDX-License-Identifier: Apache-2.0
/* Dispatch, and the one place that prints an error. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/util.h"
#include "cmd/choose.h"
#include "cmd/cmd.h"
#include "cmd/run/exporters.h"

/* The first word that is neither an option nor an option's value. */
static int find_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (streq(argv[i], "--store") || streq(argv[i], "--color"))
			i++;
		else if (argv[i][0] != '-')
			return i;
	}
	return argc;
}

static int check_words(const struct command *c, const struct words *words, struct err *err)
{
	int n = (int)words->count;

	if (n >= c->min_words && (c->max_words < 0 || n <= c->max_words))
		return 0;
	err_hint(err, "bombus %s --help", c->name);
	if (n < c->min_words)
		return err_usage(err, "%s needs %s", c->name, c->usage);
	return err_usage(err, "'%s' is one word too many for %s", words->words[c->max_words],
			 c->name);
}

static int run_parsed(const struct command *c, const struct global_args *global, void *args,
		      const struct words *words, struct err *err)
{
	int ret = 0;

	log_level = global->verbose ? LOG_DEBUG : global->quiet ? LOG_ERROR : LOG_INFO;
	if (global->help) {
		command_print_help(c);
		for (size_t i = 0; c->help && i < words->count && ret >= 0; i++)
			ret = c->help(global, words->words[i], err);
		return ret;
	}
	ret = check_words(c, words, err);
	return ret < 0 ? ret : c->run(global, args, words, err);
}

static int run_command(const struct command *c, struct global_args *global, int argc, char **argv,
		       struct err *err)
{
	_cleanup_free_ void *args = xcalloc(1, c->args_bytes + 1);
	_cleanup_(words_release) struct words words = { 0 };
	_cleanup_(exports_release) struct exports exports = { 0 };
	struct opt_set sets[2 + EXPORTERS_COUNT] = { { c->opts, args }, { global_opts, global } };
	int ret;

	if (c->exports)
		exports_init(&exports);
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		if (exports.args[i])
			sets[2 + i] = (struct opt_set){ exporters[i]->opts, exports.args[i] };
	global->exports = &exports;
	ret = opts_parse(sets, ARRAY_LEN(sets), argc, argv, &words, err);

	if (ret >= 0)
		ret = run_parsed(c, global, args, &words, err);
	else if (!err->hint[0])
		err_hint(err, "bombus %s --help", c->name);
	opts_release(c->opts, args);
	return ret;
}

static int dispatch(int argc, char **argv, struct err *err)
{
	struct global_args global = { .commands = all_commands };
	_cleanup_(words_release) struct words none = { 0 };
	struct opt_set set = { global_opts, &global };
	int at = find_command(argc, argv);
	const struct command *c;
	int ret = opts_parse(&set, 1, at - 1, argv + 1, &none, err);

	if (ret < 0) {
		/* "bombus --version" is a habit. */
		if (argc == 2 && streq(argv[1], "--version"))
			return cmd_version.run(&global, NULL, &none, err);
		return ret;
	}
	if (at >= argc && !global.help && choose_usable())
		return choose_and_run(&global, err);
	if (at >= argc) {
		print_overview(all_commands);
		return global.help ? 0 : EXIT_USAGE;
	}
	c = command_find(all_commands, argv[at]);
	if (!c) {
		const char *near = command_suggest(all_commands, argv[at]);

		if (near)
			err_hint(err, "did you mean 'bombus %s'?", near);
		else
			err_hint(err, "'bombus help' lists the commands");
		return err_usage(err, "no command '%s'", argv[at]);
	}
	return run_command(c, &global, argc - at - 1, argv + at + 1, err);
}

/*
 * A standard descriptor that came closed would be given to the next file that is opened, and output
 * would land in it. What stands in for it is opened the wrong way round, so that using it fails.
 */
static void hold_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
		if (fd == STDIN_FILENO) {
			close(fd);
			fd = open("/dev/null", O_WRONLY);
		}
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/*
 * Text in UTF-8 and the width of its characters are for those whose terminal shows them. Of the
 * user's locale it is no more than this: in Turkish, say, "i" and "I" are not the same letter.
 */
static void set_charset(void)
{
	locale_t users = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	if (!users)
		return;
	if (streq(nl_langinfo_l(CODESET, users), "UTF-8") && !setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	freelocale(users);
}

/* Each program, map and link is a descriptor; the soft limit is for those that use select(). */
static void raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int ret;

	hold_standard_fds();
	set_charset();
	signal(SIGPIPE, SIG_IGN);
	raise_files();
	/* Running out of memory ends the program; jansson would write an incomplete document. */
	json_set_alloc_funcs(xmalloc, free);
	ret = dispatch(argc, argv, &err);
	if (ret < 0)
		return error_print(&err);
	if (fflush(stdout) != 0 && errno != EPIPE) {
		err_sys(&err, errno, "standard output");
		return error_print(&err);
	}
	return ret;
}
