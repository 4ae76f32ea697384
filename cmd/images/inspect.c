// SPDX-License-Identifier: Apache-2.0
/* `bombus inspect`: an image and the program in it, as far as both speak for themselves. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "base/util.h"
#include "cmd/images/age.h"
#include "cmd/cmd.h"
#include "cmd/images/inspect_json.h"
#include "cmd/run/needs.h"
#include "cmd/run/object_words.h"
#include "cmd/run/program.h"
#include "cmd/images/remote_args.h"
#include "cmd/images/trust_args.h"
#include "cmd/run/show_plan.h"
#include "cmd/store_path.h"
#include "oci/format/ref.h"
#include "runner/load/attach/object.h"
#include "runner/read/text/human.h"

struct inspect_args {
	const char *format, *platform, *list;
	bool remote_only, source;
	struct object_words object;
	struct remote_args remote;
	struct trust_args trust;
};

static void free_object(struct object **object)
{
	object_free(*object);
}

__attribute__((format(printf, 2, 3))) static void print_pair(const char *name, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL, *safe = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	safe = utf8_term_text(text);
	printf("%-12s %s\n", name, safe);
}

static void print_layers(const struct image_info *image)
{
	static const struct column columns[] = {
		{ "Layer" },
		{ "Type" },
		{ "Size", .right = true },
		{ "Digest" },
	};
	struct listing *l = listing_new("table", columns, ARRAY_LEN(columns), NULL);

	printf("\nLayers:\n");
	for (size_t i = 0; i < image->nlayers; i++) {
		const struct image_layer *layer = &image->layers[i];
		char size[HUMAN_ROOM + 1];
		const char *cells[] = { layer->title, layer->media_type, size, layer->digest };

		size[human_bytes(size, layer->size_bytes)] = '\0';
		listing_row(l, cells);
	}
	listing_end(l, NULL);
}

static void print_pairs(const char *heading, const char *name, const struct image_pair *pairs,
			size_t count)
{
	const struct column columns[] = { { name }, { "Value" } };
	struct listing *l;

	if (!count)
		return;
	printf("\n%s:\n", heading);
	l = listing_new("table", columns, ARRAY_LEN(columns), NULL);
	for (size_t i = 0; i < count; i++)
		listing_row(l, (const char *const[]){ pairs[i].name, pairs[i].value });
	listing_end(l, NULL);
}

static void print_signatures(const struct image_info *image)
{
	static const struct column columns[] = {
		{ "Signature" }, { "Of" }, { "Where" }, { "Verified by" }
	};
	struct listing *l;

	if (image->signatures_trouble)
		print_pair("Signatures:", "there may be some: %s", image->signatures_trouble);
	else if (!image->nsignatures)
		print_pair("Signatures:", "none");
	if (!image->nsignatures)
		return;
	printf("\nSignatures:\n");
	l = listing_new("table", columns, ARRAY_LEN(columns), NULL);
	for (size_t i = 0; i < image->nsignatures; i++) {
		const struct image_signature *s = &image->signatures[i];
		bool whole = streq(s->subject, image->digest);

		listing_row(l,
			    (const char *const[]){ s->form, whole ? "image" : "platform", s->where,
						   s->signer ? s->signer : "(not verified)" });
	}
	listing_end(l, NULL);
}

static void print_image(const struct image_info *image)
{
	_cleanup_free_ char *age = age_text(image->created, now_real_ns());
	char size[HUMAN_ROOM];

	print_pair("Image:", "%s", image->name);
	print_pair("Digest:", "%s", image->digest);
	print_pair("Size:", "%.*s", (int)human_bytes(size, image->size_bytes), size);
	if (image->created)
		print_pair("Created:", *age ? "%s (%s)" : "%s%s", image->created, age);
	if (image->platform)
		print_pair("Platform:", "%s", image->platform);
	if (image->platforms)
		print_pair("Platforms:", "%s", image->platforms);
	if (image_format(image))
		print_pair("Format:", "%s", image_format(image));
	print_signatures(image);
	print_pairs("Annotations", "Annotation", image->annotations, image->nannotations);
	print_pairs("Labels", "Label", image->labels, image->nlabels);
	print_layers(image);
}

static void print_needs(const struct plan *plan)
{
	static const struct column columns[] = { { "Needs" }, { "For" } };
	_cleanup_(needs_release) struct needs needs = { 0 };
	struct listing *l;

	needs_of(plan, &needs);
	printf("\nNeeded of the kernel:\n");
	l = listing_new("table", columns, ARRAY_LEN(columns), NULL);
	for (size_t i = 0; i < needs.count; i++) {
		const struct need *need = &needs.items[i];
		_cleanup_free_ char *any = need_text(need);

		listing_row(l, (const char *const[]){ any, need->reason });
	}
	listing_end(l, NULL);
}

static int inspect_remote(const struct global_args *global, const struct inspect_args *a,
			  const char *word, struct err *err)
{
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	_cleanup_policy_ struct policy *policy = NULL;
	struct image_info image = { 0 };
	int rc = trust_policy(&a->trust, &policy, err);

	if (rc == 0)
		rc = remote_session_init(&session, global, &a->remote, err);
	if (rc < 0)
		return rc;
	session.opts.policy = policy;
	session.opts.platform = a->platform;
	rc = remote_inspect(word, &session.opts, &image, err);
	if (rc < 0)
		return rc;
	if (a->format && streq(a->format, "json"))
		rc = inspect_print_image_json(&image, err);
	else
		print_image(&image);
	image_info_release(&image);
	return rc;
}

/* The author's words, as they are; to a terminal without what could steer it. */
static void print_text(const char *text, size_t len)
{
	while (len) {
		size_t line = 0;
		_cleanup_free_ char *safe = NULL;

		while (line < len && text[line] != '\n' && text[line] != '\t')
			line++;
		if (isatty(STDOUT_FILENO)) {
			safe = xmalloc(UTF8_TERM_ROOM(line) + 1);
			fwrite(safe, 1, utf8_term_escape(safe, text, line), stdout);
		} else {
			fwrite(text, 1, line, stdout);
		}
		if (line < len) {
			putchar(text[line]);
			line++;
		}
		text += line;
		len -= line;
	}
}

static int inspect_source(const struct global_args *global, const char *word, struct err *err)
{
	_cleanup_free_ char *store = store_of_image(global, word), *source = NULL, *readme = NULL;
	struct image_info info = { 0 };
	size_t len = 0;
	int rc = image_find(store, word, &info, err);

	if (rc == 0 && image_text(store, &info, IMAGE_README_TYPE, &readme, &len, NULL) == 0) {
		print_text(readme, len);
		printf("\n");
	}
	if (rc == 0) {
		rc = image_text(store, &info, IMAGE_SOURCE_TYPE, &source, &len, err);
		if (rc == -ENOENT)
			err_hint(err, "'bombus build --source' puts it there");
	}
	if (rc == 0)
		print_text(source, len);
	image_info_release(&info);
	return rc;
}

static int print_program(const struct inspect_args *a, const struct program *program,
			 const struct object *object, struct err *err)
{
	const struct plan *plan = object_plan(object);
	const struct image_info *image = program->is_image ? &program->image : NULL;

	if (a->format && streq(a->format, "json"))
		return inspect_print_json(program->name, program->len, image, plan, err);
	if (image)
		print_image(image);
	show_plan(plan, program->name);
	print_needs(plan);
	return 0;
}

/* An image that is not here, and names a registry. */
static bool is_elsewhere(int rc, const struct program *program, const char *word)
{
	return rc == -ENOENT && !program->is_image && ref_is_remote(word) &&
	       may_access(word, F_OK) != 0;
}

static int list_names(const struct inspect_args *a, const struct object *object)
{
	const struct plan *plan = object_plan(object);

	for (uint32_t i = 0; streq(a->list, "maps") && i < plan->nmaps; i++)
		if (plan->maps[i].role != ROLE_INTERNAL)
			puts(plan->maps[i].name);
	for (uint32_t i = 0; streq(a->list, "params") && i < plan->nparams; i++)
		printf("%s=\n", plan->params[i].name);
	return 0;
}

static int run_inspect(const struct global_args *global, void *args, const struct words *words,
		       struct err *err)
{
	const struct inspect_args *a = args;
	const char *word = words->words[0];
	_cleanup_(program_release) struct program program = { 0 };
	_cleanup_(free_object) struct object *object = NULL;
	_cleanup_free_ char *store = NULL;
	_cleanup_policy_ struct policy *policy = NULL;
	_cleanup_(arena_release) struct arena arena = { 0 };
	struct object_opts opts;
	struct err why = { 0 };
	int rc = object_words_parse(&a->object, &arena, &opts, err);

	if (rc < 0)
		return rc;
	if (a->source)
		return inspect_source(global, word, err);
	if (a->remote_only)
		return inspect_remote(global, a, word, err);
	rc = program_open(&program, global, word, NULL, &why);
	if (is_elsewhere(rc, &program, word))
		return inspect_remote(global, a, word, err);
	if (a->platform)
		return err_usage(err, "--platform is for images in a registry; what is here is for "
				      "this machine");
	*err = why;
	if (rc < 0)
		return rc;
	store = store_of_image(global, word);
	rc = trust_policy(&a->trust, &policy, err);
	if (rc == 0 && program.is_image)
		image_find_signatures(store, &program.image, policy, NULL);
	if (rc < 0)
		return rc;
	rc = program_object(&object, &program, &opts, err);
	if (rc < 0)
		return rc;
	if (a->list)
		return list_names(a, object);
	return print_program(a, &program, object, err);
}

static const struct opt inspect_opts[] = {
	{ 0, "format", "FORM", OPT_CHOICE, offsetof(struct inspect_args, format), "table or json",
	  "table json" },
	{ 0, "list", "WHAT", OPT_CHOICE, offsetof(struct inspect_args, list),
	  "only the names, one a line: of its maps or its parameters", "maps params" },
	{ 0, "source", NULL, OPT_FLAG, offsetof(struct inspect_args, source),
	  "the README and source that 'build --source' put into the image" },
	{ 0, "remote", NULL, OPT_FLAG, offsetof(struct inspect_args, remote_only),
	  "what the registry has, whatever is here" },
	{ 0, "platform", "OS/ARCH", OPT_TEXT, offsetof(struct inspect_args, platform),
	  "of an image for several in a registry (this machine's)" },
	{ 0, "map", "MAP=ROLE", OPT_WORDS, offsetof(struct inspect_args, object.map),
	  "what 'run' with this option makes of a map's fields" },
	{ 0, "as", "MAP,FIELD=MEANING", OPT_WORDS, offsetof(struct inspect_args, object.as),
	  "what 'run' with this option makes of a field" },
	TRUST_OPTS(offsetof(struct inspect_args, trust)),
	REMOTE_OPTS(offsetof(struct inspect_args, remote)),
	{ 0 },
};

const struct command cmd_inspect = {
	.name = "inspect",
	.alias = "describe",
	.usage = "IMAGE|FILE.o|FILE.bpf.c|-",
	.summary = "what an image or an object holds",
	.about = "inspect shows the image's layers and annotations, and the program's hooks, "
		 "maps with their fields, parameters, and needs of the kernel. It loads nothing "
		 "and needs no privilege.\n"
		 "If an image is not in the store and its name has a registry, inspect looks "
		 "there: it shows the layers and annotations, and does not fetch the program.",
	.examples = "bombus inspect tcpconnlat\n"
		    "bombus inspect x.bpf.o --format json | jq .maps",
	.environment = "BOMBUS_STORE        folder of the local images\n" REMOTE_ENVIRONMENT,
	.opts = inspect_opts,
	.args_bytes = sizeof(struct inspect_args),
	.min_words = 1,
	.max_words = 1,
	.complete = "image",
	.run = run_inspect,
};
