// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/run_record.h"

#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/elf/strip.h"
#include "runner/sink/recording/recording.h"

/* What the plan, the series and their labels depend on. */
enum kept { KEPT_WORDS, KEPT_FLAG, KEPT_TEXT };
static const struct {
	const char *name;
	size_t offset;
	uint8_t kept;
} kept_options[] = {
	{ "map", offsetof(struct run_args, object.map), KEPT_WORDS },
	{ "name", offsetof(struct run_args, object.names), KEPT_WORDS },
	{ "label", offsetof(struct run_args, object.field_names), KEPT_WORDS },
	{ "as", offsetof(struct run_args, object.as), KEPT_WORDS },
	{ "span", offsetof(struct run_args, object.spans), KEPT_WORDS },
	{ "enrich", offsetof(struct run_args, object.enrich), KEPT_WORDS },
	{ "fields", offsetof(struct run_args, object.fields), KEPT_WORDS },
	{ "ring", offsetof(struct run_args, object.ring), KEPT_WORDS },
	{ "max-entries", offsetof(struct run_args, object.max_entries), KEPT_WORDS },
	{ "value-size", offsetof(struct run_args, object.value_size), KEPT_WORDS },
	{ "labels", offsetof(struct run_args, select.labels), KEPT_WORDS },
	{ "drop-label", offsetof(struct run_args, select.drop_labels), KEPT_WORDS },
	{ "relabel", offsetof(struct run_args, select.relabels), KEPT_WORDS },
	{ "hist-buckets", offsetof(struct run_args, select.hist_buckets), KEPT_WORDS },
	{ "hist-value-key", offsetof(struct run_args, select.hist_keys), KEPT_WORDS },
	{ "per-cpu", offsetof(struct run_args, select.per_cpu), KEPT_FLAG },
	{ "all-maps", offsetof(struct run_args, object.all_maps), KEPT_FLAG },
	{ "compat", offsetof(struct run_args, compat), KEPT_TEXT },
	{ "config", offsetof(struct run_args, config_text), KEPT_TEXT },
};

int run_record_check(const struct run_args *a, struct err *err)
{
	if (!a->record || !streq(a->record, "-"))
		return 0;
	if (a->output && !streq(a->output, "none")) {
		err_hint(err, "-o none, or a file: --record FILE");
		return err_usage(err, "--record - and -o %s both want standard output", a->output);
	}
	if (isatty(STDOUT_FILENO)) {
		err_hint(err, "--record FILE, or a pipe behind it: | bombus replay -");
		return err_usage(err, "a recording cannot be written to a terminal");
	}
	return 0;
}

static void add_option(struct run_image *to, const char *name, const char *value)
{
	size_t count = to->image.noptions++;

	to->options = xreallocarray(to->options, count + 1, sizeof(*to->options));
	to->options[count] = (struct record_option){ name, value };
	to->image.options = to->options;
}

static void collect_options(struct run_image *to, const struct run_args *args)
{
	for (size_t i = 0; i < ARRAY_LEN(kept_options); i++) {
		const char *name = kept_options[i].name;
		const void *value = (const char *)args + kept_options[i].offset;
		const struct words *words = value;
		const char *const *text = value;

		if (kept_options[i].kept == KEPT_FLAG && *(const bool *)value)
			add_option(to, name, "");
		if (kept_options[i].kept == KEPT_TEXT && *text)
			add_option(to, name, *text);
		for (size_t k = 0; kept_options[i].kept == KEPT_WORDS && k < words->count; k++)
			add_option(to, name, words->words[k]);
	}
}

void run_record_add(struct run_record *r, const char *name, const struct run_args *args,
		    const struct program *program)
{
	struct run_image *to;

	r->programs = xreallocarray(r->programs, r->count + 1, sizeof(*r->programs));
	r->images = xreallocarray(r->images, r->count + 1, sizeof(*r->images));
	to = &r->programs[r->count];
	*to = (struct run_image){ .image.program = name };
	/* Drops debug information. Images have none, and a file that cannot be stripped stays. */
	if (elf_strip(program->bytes, program->len, &to->elf, &to->image.elf_bytes, NULL) < 0) {
		to->elf = xmalloc(program->len + 1);
		memcpy(to->elf, program->bytes, program->len);
		to->image.elf_bytes = program->len;
	}
	to->image.elf = to->elf;
	collect_options(to, args);
	if (program->config_text && strlen(program->config_text) < RECORDING_MAX_TEXT)
		add_option(to, "config", program->config_text);
	else if (program->config_text)
		log_warn("%s: the configuration is longer than 64 KiB, and a recording made with "
			 "it cannot be replayed",
			 program->name);
	r->images[r->count++] = to->image;
	r->opts.images = r->images;
	r->opts.nimages = r->count;
}

static int open_stdout(struct run_record *r, struct err *err)
{
	r->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (r->fd < 0)
		return err_sys(err, errno, "--record: cannot write to standard output");
	r->opts = (struct record_opts){ .fd = r->fd, .path = "-" };
	return 0;
}

/* Who runs a program sees more than others may: the file is its owner's alone. */
static int open_file(struct run_record *r, const char *path, bool replace, struct err *err)
{
	int ret = new_file_open(&r->file, path, replace, err);

	if (ret == -EEXIST)
		err_hint(err, "--force replaces it");
	if (ret < 0) {
		err_wrap(err, "--record");
		return ret;
	}
	r->opts = (struct record_opts){ .fd = r->file.fd, .path = path, .file = &r->file };
	return 0;
}

int run_record_open(struct run_record *r, const struct run_args *args, struct err *err)
{
	const char *path = args->record;

	if (!path)
		return 0;
	return streq(path, "-") ? open_stdout(r, err) : open_file(r, path, args->force, err);
}

void run_record_release(struct run_record *r)
{
	if (r->opts.file)
		new_file_release(&r->file);
	else if (r->opts.path)
		close_fd(&r->fd);
	for (size_t i = 0; i < r->count; i++) {
		free(r->programs[i].elf);
		free(r->programs[i].options);
	}
	free(r->programs);
	free(r->images);
}

int run_record_apply(struct run_args *args, const struct record_option *options, size_t count,
		     struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;
		char *value;

		while (k < ARRAY_LEN(kept_options) && !streq(kept_options[k].name, options[i].name))
			k++;
		if (k == ARRAY_LEN(kept_options))
			return err_set(
				err, EINVAL,
				"it was made with the option --%s, which this bombus does not have",
				options[i].name);
		value = (char *)args + kept_options[k].offset;
		if (kept_options[k].kept == KEPT_WORDS)
			words_add((struct words *)value, options[i].value);
		else if (kept_options[k].kept == KEPT_FLAG)
			*(bool *)value = true;
		else
			*(const char **)value = options[i].value;
	}
	return 0;
}

void run_record_forget(struct run_args *args)
{
	for (size_t i = 0; i < ARRAY_LEN(kept_options); i++)
		if (kept_options[i].kept == KEPT_WORDS)
			words_release((struct words *)((char *)args + kept_options[i].offset));
}
