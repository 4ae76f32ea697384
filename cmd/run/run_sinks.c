// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/run_sinks.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/ioctl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/run/main_loop.h"
#include "runner/tui/tui.h"

#define COMMAND_MAX_BYTES (64u << 10)

const char *run_sinks_form(const struct run_args *a, const struct exports *exports)
{
	if (a->output)
		return a->output;
	if (a->record && streq(a->record, "-"))
		return "none";
	if (!isatty(STDOUT_FILENO))
		return "json";
	/* A run that ends at once has no use for a live table. */
	return !exports_in_place(exports) && !exports_no_screen(exports) && !a->no_tty &&
			       !a->once && tui_usable(STDIN_FILENO, STDOUT_FILENO)
		       ? "tui"
		       : "table";
}

bool run_sinks_interactive(const struct run_args *args, const struct exports *exports)
{
	return streq(run_sinks_form(args, exports), "tui");
}

static struct figures *process_figures_new(void)
{
	struct figures *figures = figures_new();

	figures_add(figures, &build_figures, NULL);
	figures_add(figures, &process_figures, NULL);
	return figures;
}

/* Of the forms that -o names one is made, everything else where it is asked for. */
static bool is_chosen(const struct exporter *exporter, const struct run_args *args,
		      const struct exports *exports)
{
	if (exporter->wanted)
		return !exporter->in_place || exports_in_place(exports);
	return !exports_in_place(exports) && streq(exporter->name, run_sinks_form(args, exports));
}

/* The recording and the form see the same. Everything else has a thread of its own, unless the
 * source plays itself. */
static void add(struct run_sinks *sinks, struct sink *form, struct sink *const *others,
		size_t nothers)
{
	struct sink *first[EXPORTERS_COUNT + 2];
	size_t count = 0;

	if (sinks->record.opts.path) {
		sinks->record.opts.alone = !form;
		first[count] = sink_record_new(&sinks->record.opts);
		sinks->recorder = first[count++];
	}
	if (form)
		first[count++] = form;
	for (size_t i = 0; sinks->together && i < nothers; i++)
		first[count++] = others[i];
	host_add_sinks(sinks->host, first, count);
	for (size_t i = 0; !sinks->together && i < nothers; i++)
		host_add_sinks(sinks->host, &others[i], 1);
}

static int make_all(struct run_sinks *sinks, const struct run_args *args,
		    const struct export_env *env, struct err *err)
{
	struct sink *form = NULL, *others[EXPORTERS_COUNT];
	size_t nothers = 0;
	int ret = 0;

	for (size_t i = 0; i < EXPORTERS_COUNT && ret >= 0; i++) {
		struct sink *sink = NULL;

		if (is_chosen(exporters[i], args, sinks->exports))
			ret = exporters[i]->new (&sink, sinks->exports->args[i], env, err);
		sinks->made[i] = sink;
		if (sink && exporter_is_beside(exporters[i]))
			others[nothers++] = sink;
		else if (sink)
			form = sink;
	}
	/* -n counts what a form or a recording takes. */
	if (!form && args->count && !sinks->record.opts.path)
		form = sink_count_new();
	add(sinks, form, others, nothers);
	return ret;
}

static void warn_of_terminal(const struct run_args *args)
{
	const char *unknown = tui_unknown_type(STDIN_FILENO, STDOUT_FILENO);

	if (unknown && !args->output && !args->no_tty && !args->once)
		log_warn("this system does not know the terminal type '%s', so the table is "
			 "plain; TERM=xterm-256color suits most terminals",
			 unknown);
}

/* The words that this process was started with, for a shell. */
static void take_command(struct strbuf *ret)
{
	_cleanup_free_ void *words = NULL;
	size_t len;

	strbuf_init(ret, COMMAND_MAX_BYTES);
	if (read_file("/proc/self/cmdline", COMMAND_MAX_BYTES, &words, &len, NULL) < 0)
		return;
	for (const char *word = words; word < (char *)words + len; word += strlen(word) + 1) {
		if (ret->len)
			strbuf_addc(ret, ' ');
		strbuf_add_word(ret, word);
	}
}

static int make_env(struct run_sinks *sinks, const struct global_args *global,
		    const struct run_args *args, struct export_env *ret, struct err *err)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	take_command(&sinks->command);
	*ret = (struct export_env){ .figures = sinks->figures,
				    .recorded = sinks->together,
				    .files = sinks->files,
				    .form = run_sinks_form(args, sinks->exports),
				    .in_fd = STDIN_FILENO,
				    .out_fd = STDOUT_FILENO,
				    .width_columns = size.ws_col,
				    .color = want_color(global, STDOUT_FILENO),
				    .force = args->force,
				    .interval_ns = args->interval_ns,
				    .images = sinks->record.opts.images,
				    /* Those of the first versions are not those of the next. */
				    .nimages = args->watch ? 0 : sinks->record.opts.nimages,
				    .command = sinks->command.len ? strbuf_str(&sinks->command)
								  : NULL };
	return naming_init(&ret->naming, args->name_space, args->compat, err);
}

int run_sinks_open(struct run_sinks *sinks, const struct global_args *global,
		   const struct run_args *args, int wake_fd, struct err *err)
{
	struct host_opts opts = { .max_records = args->count,
				  .wake_fd = wake_fd,
				  .hurry = main_loop_interrupted };
	struct export_env env;
	int ret;

	sinks->host = host_new(&opts);
	sinks->exports = global->exports;
	sinks->figures = process_figures_new();
	warn_of_terminal(args);
	ret = make_env(sinks, global, args, &env, err);
	if (ret >= 0)
		ret = make_all(sinks, args, &env, err);
	if (ret >= 0)
		ret = host_open(sinks->host, err);
	for (size_t i = 0; i < EXPORTERS_COUNT && ret >= 0; i++)
		if (exporters[i]->opened && sinks->made[i])
			exporters[i]->opened(sinks->made[i], sinks->exports->args[i], &env);
	return ret;
}

/* Reports an incomplete recording, even after a run without other errors. */
static int recording_ended(const struct run_sinks *sinks, struct err *err)
{
	struct record_result r = sink_record_result(sinks->recorder);
	const char *path = sinks->record.opts.path;

	if (r.dropped)
		log_warn("%s: the file was too slow for %" PRIu64 " records, which are not in it",
			 path, r.dropped);
	if (!r.error || r.error == -EPIPE)
		return 0;
	err_hint(err, "the part that was written can be replayed");
	return err_sys(err, -r.error, "the recording %s ended early", path);
}

int run_sinks_stop(struct run_sinks *sinks, uint64_t *ret_unwritten, struct err *err)
{
	int ret = host_stop(sinks->host, LEAVE_TIMEOUT_MS, ret_unwritten, err);

	if (ret == -EPIPE || ret == -ETIMEDOUT)
		ret = 0;
	if (sinks->recorder && ret == 0)
		ret = recording_ended(sinks, err);
	for (size_t i = 0; i < EXPORTERS_COUNT && ret == 0; i++)
		if (exporters[i]->ended && sinks->made[i])
			ret = exporters[i]->ended(sinks->made[i], sinks->exports->args[i], err);
	return ret;
}

void run_sinks_release(struct run_sinks *sinks)
{
	host_free(sinks->host);
	figures_free(sinks->figures);
	strbuf_release(&sinks->command);
	run_record_release(&sinks->record);
}
