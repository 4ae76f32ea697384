// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/keep/tape.h"

#include <errno.h>
#include <inttypes.h>

#include "base/err.h"
#include "base/new_file.h"
#include "base/util.h"
#include "runner/load/sandbox/files.h"
#include "runner/sink/recording/recording.h"
#include "runner/tui/keep/history.h"

struct tape {
	struct new_file file;
	char *path;
	struct sink *sink;
	struct err err; /* the sink's */
	struct source **sources;
	size_t nsources;
};

static void tape_free(struct tape *tape)
{
	if (tape->sink)
		tape->sink->ops->free(tape->sink);
	new_file_release(&tape->file);
	free(tape->path);
	free(tape->sources);
	free(tape);
}

static int start_sink(struct tape *tape, const struct tape_opts *opts, struct err *err)
{
	struct record_opts record = { .fd = tape->file.fd,
				      .path = tape->path,
				      .file = &tape->file,
				      .alone = opts->waits,
				      .told = opts->told,
				      .no_log = true,
				      .images = opts->images,
				      .nimages = opts->nimages };
	int ret = 0;

	tape->sink = sink_record_new(&record);
	tape->sink->err = &tape->err;
	tape->sources = xcalloc(opts->nsources + 1, sizeof(struct source *));
	for (size_t i = 0; i < opts->nsources && ret >= 0; i++) {
		if (!opts->sources[i])
			continue;
		tape->sources[tape->nsources++] = opts->sources[i];
		ret = tape->sink->ops->add(tape->sink, opts->sources[i], err);
	}
	return ret < 0 ? ret : tape->sink->ops->start(tape->sink, err);
}

int tape_start(struct tape **ret, const struct tape_opts *opts, const char *path, struct err *err)
{
	struct tape *tape;
	int code;

	if (!opts->nimages)
		return err_set(err, ENOTSUP,
			       "a recording has the programs' objects, which --watch changes");
	tape = xcalloc(1, sizeof(*tape));
	tape->file = NEW_FILE_INIT;
	tape->path = xstrdup(path);
	code = files_new_file(opts->files, &tape->file, path, err);
	if (code >= 0)
		code = start_sink(tape, opts, err);
	if (code < 0) {
		tape_free(tape);
		return code;
	}
	*ret = tape;
	return 0;
}

struct sink *tape_sink(struct tape *tape)
{
	return tape->sink;
}

const char *tape_path(const struct tape *tape)
{
	return tape->path;
}

static void give_series(struct tape *tape, struct source *source, const struct map_plan *map,
			uint64_t time_ns)
{
	struct source_walk walk;

	source_walk_init(&walk, source, map, RECORDING_MAX_ROWS);
	source_walk_begin(&walk);
	while (source_walk_next(&walk))
		if (walk.rows.count)
			tape->sink->ops->rows(tape->sink, source, &walk.rows, time_ns);
	source_walk_release(&walk);
}

void tape_begin(struct tape *tape, uint64_t time_ns)
{
	for (size_t i = 0; i < tape->nsources; i++) {
		struct source *source = tape->sources[i];

		for (uint32_t k = 0; k < source->plan->nmaps; k++) {
			const struct map_plan *map = &source->plan->maps[k];

			if (map->role != ROLE_INTERNAL && source_metric(source, map))
				give_series(tape, source, map, time_ns);
		}
		tape->sink->ops->swept(tape->sink, source, time_ns);
	}
}

int tape_end(struct tape *tape, uint64_t *ret_bytes, struct err *err)
{
	struct record_result result;
	int ret = 0;

	tape->sink->ops->close(tape->sink);
	result = sink_record_result(tape->sink);
	*ret_bytes = result.bytes;
	if (result.error)
		ret = err_sys(err, -result.error, "the recording %s ended early", tape->path);
	else if (result.dropped)
		ret = err_set(err, EIO,
			      "%s: the file was too slow for %" PRIu64
			      " records, which are not in it",
			      tape->path, result.dropped);
	tape_free(tape);
	return ret;
}

int tape_save(struct model *model, uint64_t from_ns, const struct tape_opts *opts, const char *path,
	      uint64_t *ret_bytes, struct err *err)
{
	struct tape_opts told = *opts;
	struct tape *tape;
	int ret;

	told.told = told.waits = true;
	ret = tape_start(&tape, &told, path, err);
	if (ret < 0)
		return ret;
	history_give(model, from_ns, tape->sink);
	return tape_end(tape, ret_bytes, err);
}
