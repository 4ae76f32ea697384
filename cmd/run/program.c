// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/program.h"

#include <errno.h>
#include <pwd.h>

#include "base/log.h"
#include "base/util.h"
#include "cmd/author/compiler.h"
#include "cmd/author/source.h"
#include "cmd/cmd.h"
#include "cmd/images/pull_image.h"
#include "cmd/images/trust_args.h"
#include "cmd/store_path.h"
#include "oci/format/ref.h"
#include "runner/compat/exporter_config.h"

/* Of the person who calls by sudo, as it is without XDG_DATA_HOME; NULL: no sudo, or no store. */
static char *store_of_caller(void)
{
	const char *user = getenv("SUDO_USER");
	const struct passwd *pw = geteuid() == 0 && user && *user ? getpwnam(user) : NULL;
	_cleanup_free_ char *store = NULL;

	if (!pw || pw->pw_uid == 0)
		return NULL;
	store = xasprintf("%s/.local/share/bombus/store", pw->pw_dir);
	return may_access(store, F_OK) == 0 ? steal_ptr(&store) : NULL;
}

/* A name that is not in the store may be a file's, or in the store of another. */
static void hint_elsewhere(const char *word, const char *store, struct err *err)
{
	_cleanup_free_ char *callers = store_of_caller(), *system = system_store_path();
	_cleanup_free_ char *near = system ? image_nearest(system, word) : NULL;
	bool other = callers && streq(store, ROOT_STORE);

	/* The first hint stays: these say more than the store's own. */
	if (err && (other || near || may_access(word, F_OK) == 0))
		err->hint[0] = '\0';
	if (may_access(word, F_OK) == 0)
		err_hint(err, "to run the file of that name: ./%s", word);
	else if (near)
		err_hint(err, "did you mean %s?", near);
	else if (other)
		err_hint(err, "this is root's store, %s; your own: --store %s", store, callers);
	else
		err_hint(err, "'bombus list%s' shows what is there", system ? " --available" : "");
}

static bool is_file(const char *word)
{
	size_t len = strlen(word);
	bool object = (len > 2 && streq(word + len - 2, ".o")) || exporter_config_is(word);

	return has_prefix(word, "/") || has_prefix(word, "./") || has_prefix(word, "../") ||
	       (object && may_access(word, F_OK) == 0) || (object && !strchr(word, ':'));
}

/* Whether the word is a reference that a registry is asked for where the store has none. */
static bool pulls_missing(const char *word, const struct program_pull *pull)
{
	return pull && (!pull->when || streq(pull->when, "missing")) && ref_is_remote(word);
}

static int pull_program(const struct global_args *global, const char *word,
			const struct program_pull *pull, const struct policy *policy,
			struct err *err)
{
	return pull_image(global, pull->remote, word, NULL, 0, policy, err);
}

/* Signatures stay in the registry unless they were brought here with the image. */
static int verify_remotely(const struct global_args *global, const struct program_pull *pull,
			   const struct image_info *image, const struct policy *policy,
			   struct err *err)
{
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	_cleanup_(image_info_release) struct image_info there = { 0 };
	int rc = remote_session_init(&session, global, pull->remote, err);

	session.opts.policy = policy;
	return rc < 0 ? rc : remote_verify(image->name, image, &session.opts, &there, err);
}

/* What is here, whenever and however it came. */
static int verify(const struct global_args *global, const struct program_pull *pull,
		  const char *store, struct image_info *image, const struct policy *policy,
		  struct err *err)
{
	bool never = pull->when && streq(pull->when, "never");
	struct err why = { 0 };
	int rc = image_verify(store, image, policy, &why);

	if (rc < 0 && !never && ref_is_remote(image->name)) {
		why = (struct err){ 0 };
		rc = verify_remotely(global, pull, image, policy, &why);
	}
	if (rc < 0)
		err_wrap(&why, "%s", image->name);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

static int open_image(struct program *p, const struct global_args *global, const char *word,
		      const struct program_pull *pull, struct err *err)
{
	_cleanup_free_ char *store = NULL;
	_cleanup_policy_ struct policy *policy = NULL;
	struct err missing = { 0 };
	int ret = pull ? trust_policy(pull->trust, &policy, err) : 0;

	if (ret == 0 && pull && pull->when && streq(pull->when, "always"))
		ret = pull_program(global, word, pull, policy, err);
	if (ret < 0)
		return ret;
	store = store_of_image(global, word);
	ret = image_find(store, word, &p->image, &missing);
	/* A damaged image is an error, and not silently replaced. */
	if (ret == -ENOENT && pulls_missing(word, pull)) {
		ret = pull_program(global, word, pull, policy, err);
		if (ret < 0)
			return ret;
		ret = image_find(store, word, &p->image, &missing);
	}
	p->is_image = ret >= 0;
	if (ret == -ENOENT)
		hint_elsewhere(word, store, &missing);
	if (ret < 0 && err)
		*err = missing;
	if (ret < 0)
		return ret;
	p->name = xstrdup(p->image.name);
	if (policy)
		ret = verify(global, pull, store, &p->image, policy, err);
	if (ret < 0)
		return ret;
	return image_program(store, &p->image, &p->bytes, &p->len, err);
}

/* A configuration, and the object that it is for. */
static int open_config(struct program *p, const char *path, const struct program_pull *pull,
		       struct err *err)
{
	_cleanup_free_ char *beside = exporter_config_object(path);
	const char *object = pull && pull->object ? pull->object : beside;
	void *text = NULL;
	size_t len;
	int ret;

	p->name = xstrdup(path);
	ret = read_file(path, YAML_MAX_BYTES, &text, &len, err);
	p->config_text = text;
	if (ret >= 0)
		ret = exporter_config_parse(&p->config, path, text, len, err);
	if (ret >= 0)
		ret = read_file(object, IMAGE_MAX_PROGRAM_BYTES, &p->bytes, &p->len, err);
	if (ret == -ENOENT && p->config)
		err_hint(err, "--object FILE names the object of %s", path);
	return ret;
}

/* Takes what the compiler made, and checks it. */
static int take_compiled(struct program *p, bool quiet, struct err *err)
{
	_cleanup_(compiled_release) struct compiled made = { 0 };
	int ret = compiler_take(p->compiler, &made, err);

	if (made.said && (ret < 0 || !quiet))
		fputs(made.said, stderr);
	if (ret == 0)
		ret = source_check_object(p->name, made.bytes, made.len, NULL, err);
	p->bytes = ret == 0 ? steal_ptr(&made.bytes) : NULL;
	p->len = made.len;
	return ret;
}

static int open_source(struct program *p, const struct global_args *global, const char *path,
		       const struct program_pull *pull, struct err *err)
{
	bool watch = pull && pull->watch;
	int ret = source_check(path, err);

	p->name = xstrdup(path);
	if (ret == 0)
		ret = compiler_start(&p->compiler, p->name, pull ? pull->cflags : NULL,
				     !watch && want_color(global, STDERR_FILENO), watch, err);
	if (ret == 0)
		ret = compiler_ask(p->compiler, err);
	if (ret == 0)
		ret = take_compiled(p, global->quiet, err);
	/* Nothing runs yet that could go on. */
	while (ret < 0 && watch && p->compiler && ret != -EPIPE) {
		error_print(err);
		*err = (struct err){ 0 };
		log_info("waiting for the next save");
		ret = take_compiled(p, global->quiet, err);
	}
	if (!watch)
		compiler_free(steal_ptr(&p->compiler));
	return ret;
}

static int open_word(struct program *p, const struct global_args *global, const char *word,
		     const struct program_pull *pull, struct err *err)
{
	size_t len = strlen(word);

	if (streq(word, "-")) {
		p->name = xstrdup("standard input");
		return read_fd(STDIN_FILENO, p->name, IMAGE_MAX_PROGRAM_BYTES, &p->bytes, &p->len,
			       err);
	}
	if (is_file(word) && exporter_config_is(word))
		return open_config(p, word, pull, err);
	if (len > 2 && streq(word + len - 2, ".c")) {
		if (!pull || !pull->no_sources)
			return open_source(p, global, word, pull, err);
		err_hint(err, "bombus build %s", word);
		return err_usage(err, "%s is source code, not a program", word);
	}
	if (is_file(word)) {
		p->name = xstrdup(word);
		return read_file(word, IMAGE_MAX_PROGRAM_BYTES, &p->bytes, &p->len, err);
	}
	return open_image(p, global, word, pull, err);
}

int program_open(struct program *ret, const struct global_args *global, const char *word,
		 const struct program_pull *pull, struct err *err)
{
	int rc;

	*ret = (struct program){ .pull.start_ns = now_mono_ns() };
	rc = open_word(ret, global, word, pull, err);
	ret->pull.end_ns = now_mono_ns();
	return rc;
}

void program_recipes(const struct program *program, struct object_opts *ret)
{
	const struct exporter_config *config = program->config;

	if (!config)
		return;
	ret->plan.recipes = config->recipes;
	ret->plan.nrecipes = config->nrecipes;
	ret->kaddrs = config->kaddrs;
	ret->nkaddrs = config->nkaddrs;
}

int program_object(struct object **ret, const struct program *program, struct object_opts *opts,
		   struct err *err)
{
	program_recipes(program, opts);
	return object_open(ret, program->name, program->bytes, program->len, opts, err);
}

const struct recipe_cgroups *program_cgroups(const struct program *program)
{
	return program->config && program->config->cgroups.map ? &program->config->cgroups : NULL;
}

void program_release(struct program *p)
{
	image_info_release(&p->image);
	exporter_config_free(p->config);
	free(p->config_text);
	compiler_free(p->compiler);
	free(p->bytes);
	free(p->name);
	*p = (struct program){ 0 };
}
