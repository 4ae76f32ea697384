// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/flame/flame_file.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/new_file.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/sandbox/files.h"
#include "runner/sink/slots.h"

#define TITLE_MAX 1024

struct flame_file {
	struct sink sink;
	const struct flame_form *form;
	const char *path;    /* borrowed */
	struct files *files; /* borrowed; NULL: this process makes them */
	bool replace;
	struct new_file file;
	struct flame_tree tree;
	struct flame_unit unit;
	struct slots feeds; /* struct flame_feed; NULL: the program has no stacks */
	struct strbuf title;
	uint64_t time_ns, start_ns;
	bool has_stacks;
};

static struct flame_file *file_of(struct sink *sink)
{
	return container_of(sink, struct flame_file, sink);
}

struct sink *flame_file_new(const struct flame_form *form, const char *path,
			    const struct export_env *env)
{
	struct flame_file *f = xcalloc(1, sizeof(*f));

	f->sink.ops = &form->ops;
	f->form = form;
	f->path = path;
	f->files = env->files;
	f->replace = env->force;
	f->file = NEW_FILE_INIT;
	strbuf_init(&f->title, TITLE_MAX);
	f->unit = (struct flame_unit){ "samples", "count" };
	flame_init(&f->tree);
	return &f->sink;
}

int flame_file_open(struct sink *sink, struct err *err)
{
	struct flame_file *f = file_of(sink);
	int code = f->replace ? files_replace_file(f->files, &f->file, f->path, err)
			      : files_new_file(f->files, &f->file, f->path, err);

	if (code == -EEXIST)
		err_hint(err, "--force replaces it");
	if (code < 0)
		err_wrap(err, "--%s", sink->ops->name);
	return code;
}

void flame_file_remove(struct sink *sink, struct source *source)
{
	struct flame_file *f = file_of(sink);

	flame_feed_free(slots_get(&f->feeds, source));
	slots_set(&f->feeds, source, NULL);
}

int flame_file_add(struct sink *sink, struct source *source, struct err *err)
{
	struct flame_file *f = file_of(sink);
	struct flame_feed *feed = flame_feed_new(source, &f->tree);

	slots_set(&f->feeds, source, feed);
	if (!feed)
		return 0;
	if (f->has_stacks && !streq(f->unit.unit, flame_feed_unit(feed).unit)) {
		log_warn("--%s: the stacks of %s are left out: one file has one unit",
			 sink->ops->name, source->program);
		flame_file_remove(sink, source);
		return 0;
	}
	if (!f->has_stacks)
		f->unit = flame_feed_unit(feed);
	f->has_stacks = true;
	strbuf_addf(&f->title, "%s%s", f->title.len ? ", " : "", source->program);
	return 0;
}

int flame_file_start(struct sink *sink, struct err *err)
{
	struct flame_file *f = file_of(sink);

	f->time_ns = now_real_ns();
	f->start_ns = now_mono_ns();
	if (!f->has_stacks)
		log_warn("--%s: no map that is shown has stacks: the file will be empty",
			 sink->ops->name);
	return 0;
}

int flame_file_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct flame_feed *feed = slots_get(&file_of(sink)->feeds, source);

	if (feed)
		flame_feed_event(feed, record);
	return 0;
}

int flame_file_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		    uint64_t time_ns)
{
	struct flame_feed *feed = slots_get(&file_of(sink)->feeds, source);

	if (feed)
		flame_feed_rows(feed, rows);
	return 0;
}

void flame_file_close(struct sink *sink)
{
	struct flame_file *f = file_of(sink);
	struct flame_report report = {
		.tree = &f->tree,
		.unit = f->unit,
		.title = strbuf_str(&f->title),
		.time_ns = f->time_ns,
		.duration_ns = f->start_ns ? now_mono_ns() - f->start_ns : 0,
	};
	int code;

	if (f->file.fd < 0 || !f->start_ns)
		return;
	flame_sum(&f->tree);
	code = f->form->write(&report, f->file.fd);
	if (code == 0)
		code = new_file_commit(&f->file);
	if (code < 0)
		log_warn("--%s: %s is not written: %s", sink->ops->name, f->path, strerror(-code));
	if (f->tree.cut)
		log_warn("--%s: %llu frames were too many, and count in those around them",
			 sink->ops->name, (unsigned long long)f->tree.cut);
}

void flame_file_free(struct sink *sink)
{
	struct flame_file *f = file_of(sink);

	for (uint32_t i = 0; i < f->feeds.count; i++)
		flame_feed_free(f->feeds.all[i]);
	slots_release(&f->feeds);
	new_file_release(&f->file);
	flame_release(&f->tree);
	strbuf_release(&f->title);
	free(f);
}
