// SPDX-License-Identifier: Apache-2.0
/* `bombus build`: source -> clang -> stripped object, checked -> image in the store. */
#include <errno.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/author/build_notes.h"
#include "cmd/cmd.h"
#include "cmd/author/compile.h"
#include "cmd/author/source.h"
#include "cmd/author/watched.h"
#include "cmd/images/files.h"
#include "cmd/store_path.h"
#include "oci/image.h"
#include "runner/read/text/human.h"

#define OBJECT_SUFFIX ".o"
#define SHOWN_DIGEST_CHARS 19 /* "sha256:" and 12 digits */
#define MAX_FILES 2
#define MAX_FILE_BYTES (4u << 20)
#define MAX_FILES_BYTES (1u << 20) /* of their names */

struct build_args {
	bool binary_only;
	bool source, watch;
	const char *output, *vmlinux, *description;
	struct words platforms;
	struct words cflags, annotations;
};

/* `run` takes such a word for a file. */
static int check_image(const char *image, struct err *err)
{
	int rc = image_check_name(image, err);

	if (rc == 0 && has_suffix(image, OBJECT_SUFFIX) && !strchr(image, ':')) {
		err_hint(err, "'bombus build FILE.bpf.c --binary-only -o %s' writes a file", image);
		rc = err_usage(err, "an image called '%s' would be taken for a file", image);
	}
	return rc;
}

struct build {
	const struct global_args *global;
	const struct build_args *args;
	const char *source;
	char *title;		   /* of the program: its file's name */
	struct notes notes, given; /* about the image: what was found, and what was said */
	struct object_file {
		const struct platform *platform;
		void *bytes;
		size_t len;
	} * objects; /* one for each platform */
	size_t nobjects;
	struct image_file files[MAX_FILES]; /* what goes with the program */
	size_t nfiles;
	struct strbuf sources; /* what it is made of, for --watch */
};

static void build_release(struct build *b)
{
	notes_release(&b->notes);
	notes_release(&b->given);
	strbuf_release(&b->sources);
	free(b->title);
	for (size_t i = 0; i < b->nobjects; i++)
		free(b->objects[i].bytes);
	free(b->objects);
	for (size_t i = 0; i < b->nfiles; i++) {
		free((char *)b->files[i].title);
		free((void *)b->files[i].bytes);
	}
}

static int compile(struct build *b, struct object_file *object, struct err *err)
{
	const struct build_args *a = b->args;
	struct compile_opts opts = {
		.platform = object->platform,
		.cflags = a->cflags,
		.vmlinux_btf = a->vmlinux,
		.color = want_color(b->global, STDERR_FILENO),
		.quiet = b->global->quiet,
		.files = b->args->watch && object == b->objects ? &b->sources : NULL,
	};
	int rc = compile_program(b->source, &opts, &object->bytes, &object->len, err);

	if (rc == 0)
		rc = source_check_object(b->source, object->bytes, object->len,
					 object == b->objects ? &b->notes : NULL, err);
	return rc;
}

static int compile_all(struct build *b, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < b->nobjects; i++) {
		rc = compile(b, &b->objects[i], err);
		if (rc < 0 && b->nobjects > 1)
			err_wrap(err, "%s", b->objects[i].platform->name);
	}
	return rc;
}

static int add_file(struct build *b, const char *path, const char *media_type, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct image_file *file = &b->files[b->nfiles];
	void *bytes = NULL;
	int rc = read_file(path, MAX_FILE_BYTES, &bytes, &file->len, err);

	if (rc < 0)
		return rc;
	file->title = xstrdup(slash ? slash + 1 : path);
	file->media_type = media_type;
	file->bytes = bytes;
	b->nfiles++;
	return 0;
}

/* The source, and what stands beside it to explain it: tool.md or README.md. */
static int add_source(struct build *b, struct err *err)
{
	const char *slash = strrchr(b->source, '/');
	int dir = slash ? (int)(slash - b->source) + 1 : 0;
	char *const texts[] = {
		xasprintf("%.*s%s.md", dir, b->source, b->title),
		xasprintf("%.*sREADME.md", dir, b->source),
	};
	int rc = add_file(b, b->source, IMAGE_SOURCE_TYPE, err);
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (rc == 0 && !found && may_access(texts[i], R_OK) == 0) {
			rc = add_file(b, texts[i], IMAGE_README_TYPE, err);
			found = true;
		}
		free(texts[i]);
	}
	return rc;
}

/* BumbleBee's way: x.bpf.c gives x.bpf.o beside it. */
static int write_object(const struct build *b, struct err *err)
{
	_cleanup_free_ char *beside = NULL;
	const char *output = b->args->output;
	int rc;

	if (!output) {
		size_t len = strlen(b->source);

		beside = xasprintf("%.*s" OBJECT_SUFFIX,
				   (int)(has_suffix(b->source, ".c") ? len - 2 : len), b->source);
		output = beside;
	}
	rc = file_write(output, b->objects[0].bytes, b->objects[0].len, true, err);
	if (rc == 0 && b->args->binary_only && !streq(output, "-")) {
		char size[HUMAN_ROOM];

		log_info("wrote %s (%.*s)", output, (int)human_bytes(size, b->objects[0].len),
			 size);
	}
	return rc;
}

static int save(const struct build *b, const char *image, struct err *err)
{
	_cleanup_free_ struct image_build *builds = xcalloc(b->nobjects + 1, sizeof(*builds));
	_cleanup_free_ char *store = store_path(b->global);
	char digest[72], size[HUMAN_ROOM];
	uint64_t bytes = 0;
	int rc;

	for (size_t i = 0; i < b->nobjects; i++) {
		builds[i] = (struct image_build){
			.program = b->objects[i].bytes,
			.program_bytes = b->objects[i].len,
			.platform = b->objects[i].platform->name,
			.annotations = b->notes.pairs,
			.nannotations = b->notes.count,
			.files = b->files,
			.nfiles = b->nfiles,
		};
		bytes += b->objects[i].len;
	}
	rc = image_save_all(store, image, builds, b->nobjects, digest, err);
	if (rc)
		err_wrap(err, "cannot save %s", image);
	else
		log_info("saved %s (%.*s, %.*s)", image, SHOWN_DIGEST_CHARS, digest,
			 (int)human_bytes(size, bytes), size);
	return rc;
}

/* One for each platform that was named, or for this machine's. */
static int find_platforms(struct build *b, struct err *err)
{
	const struct words *words = &b->args->platforms;
	int rc = 0;

	if (words->count > 1 && (b->args->binary_only || b->args->output))
		return err_usage(err, "an object is for one platform, not for %zu", words->count);
	b->objects = xcalloc(words->count + 1, sizeof(*b->objects));
	b->nobjects = words->count ? words->count : 1;
	for (size_t i = 0; rc == 0 && i < b->nobjects; i++) {
		rc = platform_find(words->count ? words->words[i] : NULL, &b->objects[i].platform,
				   err);
		for (size_t k = 0; rc == 0 && k < i; k++)
			if (b->objects[k].platform == b->objects[i].platform)
				rc = err_usage(err, "platform '%s' is named twice",
					       words->words[i]);
	}
	return rc;
}

static int prepare(struct build *b, const char *image, struct err *err)
{
	int rc = source_check(b->source, err);

	b->title = source_name(b->source);
	if (rc == 0 && !b->args->binary_only)
		rc = check_image(image ? image : b->title, err);
	if (rc == 0)
		rc = find_platforms(b, err);
	if (rc == 0 && b->args->source)
		rc = add_source(b, err);
	if (rc == 0)
		rc = notes_given(&b->given, b->args->description, &b->args->annotations, err);
	if (rc == 0 && !b->args->binary_only)
		notes_of_source(&b->notes, b->source, b->title);
	return rc;
}

/* `files` gets what the program is made of. */
static int build_once(const struct global_args *global, const struct build_args *args,
		      const struct words *words, struct strbuf *files, struct err *err)
{
	const char *image = words->count > 1 ? words->words[1] : NULL;
	_cleanup_(build_release) struct build b = {
		.global = global,
		.args = args,
		.source = words->words[0],
		.sources = STRBUF_INIT(MAX_FILES_BYTES),
	};
	int rc = prepare(&b, image, err);

	if (rc == 0)
		rc = compile_all(&b, err);
	if (rc == 0 && (args->binary_only || args->output))
		rc = write_object(&b, err);
	notes_join(&b.notes, &b.given);
	if (rc == 0 && !args->binary_only)
		rc = save(&b, image ? image : b.title, err);
	if (b.sources.len) {
		strbuf_reset(files);
		strbuf_add(files, b.sources.buf, b.sources.len);
	}
	return rc;
}

/* Until a signal ends it. */
static int build_at_each_save(const struct global_args *global, const struct build_args *args,
			      const struct words *words, struct err *err)
{
	_cleanup_(watched_release) struct watched watched = { 0 };
	_cleanup_strbuf_ struct strbuf files = STRBUF_INIT(MAX_FILES_BYTES);
	int rc = source_check(words->words[0], err);

	if (rc < 0)
		return rc;
	watched_set(&watched, words->words[0]);
	do {
		struct err why = { 0 };

		rc = build_once(global, args, words, &files, &why);
		if (rc < 0 && why.exit == EXIT_USAGE) {
			*err = why;
			return rc;
		}
		if (rc < 0)
			error_print(&why);
		watched_set(&watched, strbuf_str(&files));
		log_info("waiting for the next save");
		rc = watched_wait(&watched, -1);
	} while (rc > 0);
	return err_sys(err, -rc, "waiting for a save");
}

static int run_build(const struct global_args *global, void *args, const struct words *words,
		     struct err *err)
{
	const struct build_args *a = args;
	_cleanup_strbuf_ struct strbuf files = STRBUF_INIT(MAX_FILES_BYTES);

	if (a->binary_only && words->count > 1)
		return err_usage(err, "--binary-only saves no image: '%s' is one word too many",
				 words->words[1]);
	if (a->watch && a->output && streq(a->output, "-"))
		return err_usage(err, "--watch writes files, not standard output");
	return a->watch ? build_at_each_save(global, a, words, err)
			: build_once(global, a, words, &files, err);
}

#define ARG(member) offsetof(struct build_args, member)
static const struct opt build_opts[] = {
	{ 0, "binary-only", NULL, OPT_FLAG, ARG(binary_only), "write the object, save no image" },
	{ 'o', "output", "FILE", OPT_TEXT, ARG(output),
	  "write the object to FILE, - is standard output; with --binary-only the default is "
	  "FILE.bpf.o beside the source",
	  NULL, "file" },
	{ 0, "cflags", "FLAGS", OPT_WORDS, ARG(cflags),
	  "more words for clang, split as a shell would: '-DDEBUG -I \"my headers\"'; repeatable" },
	{ 0, "platform", "OS/ARCH,...", OPT_CSV, ARG(platforms),
	  "the platforms to build for: linux/amd64, linux/arm64, ... (this machine's); several "
	  "share one image, from which each machine gets its own program" },
	{ 0, "source", NULL, OPT_FLAG, ARG(source),
	  "put the source into the image, and FILE.md or README.md from beside it: 'bombus inspect "
	  "--source' shows them" },
	{ 0, "watch", NULL, OPT_FLAG, ARG(watch),
	  "build again whenever the source or one of its headers is saved, until Ctrl-C" },
	{ 0, "vmlinux", "FILE", OPT_TEXT, ARG(vmlinux),
	  "make vmlinux.h from the BTF in FILE, not from the running kernel's", NULL, "file" },
	{ 0, "description", "TEXT", OPT_TEXT, ARG(description),
	  "what the image is, in a sentence" },
	{ 0, "annotation", "KEY=VALUE", OPT_WORDS, ARG(annotations),
	  "set an annotation of the image, in place of one that build found; KEY= leaves it out; "
	  "repeatable" },
	{ 0 },
};

const struct command cmd_build = {
	.name = "build",
	.usage = "FILE.bpf.c [IMAGE]",
	.summary = "compile a program and save it as an image",
	.about = "build compiles the source with clang, removes the data that only a debugger "
		 "reads, checks the result and saves it in the local store as IMAGE. The default "
		 "for IMAGE is the file's name without .bpf.c.\n"
		 "The include path has the headers of bombus (<bombus/bombus.bpf.h>) and "
		 "\"vmlinux.h\", the kernel's types. build uses a vmlinux.h beside the source or "
		 "in a folder that --cflags names. If there is none, it makes one from the running "
		 "kernel and keeps it in the cache.\n"
		 "build writes into the image what it can find out: title and licences (SPDX) from "
		 "the source, description and authors from the tags behind its licence "
		 "(BOMBUS_HELP, BOMBUS_AUTHORS), and in a git work tree without changes the "
		 "commit, its time, and the address it was cloned from.\n"
		 "The same source gives the same image, whatever the time and the folder.",
	.examples = "bombus build tcpconnlat.bpf.c\n"
		    "bombus build tcpconnlat.bpf.c registry.example/tools/tcpconnlat:1.2\n"
		    "bombus build x.bpf.c --binary-only -o - | bombus run -",
	.environment = "BOMBUS_STORE        folder of the local images\n"
		       "BOMBUS_CLANG        the compiler (clang)\n"
		       "BOMBUS_INCLUDE      folder of the headers of bombus\n"
		       "BOMBUS_VMLINUX_BTF  as --vmlinux\n"
		       "XDG_CACHE_HOME      where vmlinux.h is kept (~/.cache)\n"
		       "SOURCE_DATE_EPOCH   creation time of the image, in seconds since 1970 (the "
		       "commit's time)",
	.opts = build_opts,
	.args_bytes = sizeof(struct build_args),
	.min_words = 1,
	.max_words = 2,
	.complete = "file",
	.run = run_build,
};
