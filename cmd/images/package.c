// SPDX-License-Identifier: Apache-2.0
/* `bombus package`: a container image with bombus, its libraries and programs. */
#include <errno.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/files.h"
#include "cmd/images/package_files.h"
#include "cmd/images/remote_args.h"
#include "cmd/images/work_folder.h"
#include "cmd/source_date.h"
#include "cmd/store_path.h"
#include "oci/container.h"
#include "oci/format/image_index.h"

#define IMAGES "usr/share/bombus/images"
#define CONFIG_PATH "/etc/bombus/bombus.yaml"
#define MAX_CONFIG_BYTES (1u << 20)
/* The layers of a platform, the lowest first; the programs are the same for all platforms. */
enum { LAYER_BOMBUS, LAYER_PROGRAMS, LAYERS };

struct package_args {
	const char *entry, *config, *user;
	struct words arguments, roots;
	struct remote_args remote;
};

struct package {
	const struct global_args *global;
	const struct package_args *args;
	const char *const *images;
	size_t nimages;
	struct container_build *builds; /* of each platform LAYERS layers */
	struct container_layer *layers;
	char **platforms;
	size_t count;
	char *library_path;
	char *work; /* a temporary folder */
};

static void package_release(struct package *p)
{
	for (size_t i = 0; i < p->count; i++) {
		container_layer_release(&p->layers[i * LAYERS + LAYER_BOMBUS]);
		free(p->platforms[i]);
	}
	/* The programs' files are the first platform's; the others borrow them. */
	if (p->count)
		container_layer_release(&p->layers[LAYER_PROGRAMS]);
	free(p->platforms);
	free(p->layers);
	free(p->builds);
	free(p->library_path);
	work_folder_remove(&p->work);
}

/* --- programs -------------------------------------------------------------------------------- */

/* Removes the times at which the user saved the images: the digest does not depend on them. */
static int without_times(const char *path, struct err *err)
{
	json_error_t why;
	json_t *index = json_load_file(path, 0, &why), *entry;
	size_t i;
	int rc = 0;

	json_array_foreach(json_object_get(index, "manifests"), i, entry) json_object_del(
		json_object_get(entry, "annotations"), "org.opencontainers.image.created");
	if (!index || json_dump_file(index, path, JSON_COMPACT) < 0)
		rc = err_set(err, EIO, "cannot write %s", path);
	json_decref(index);
	return rc;
}

static int add_programs(struct package *p, struct container_layer *layer, struct err *err)
{
	_cleanup_free_ char *dir = xasprintf("%s/images/", p->work);
	_cleanup_free_ char *index = xasprintf("%sindex.json", dir);
	_cleanup_free_ char *lock = xasprintf("%s.lock", dir);
	int rc = export_images(p->global, p->images, p->nimages, dir, err);

	if (rc == 0)
		rc = without_times(index, err);
	if (rc == 0 && unlink(lock) < 0)
		rc = err_sys(err, errno, "cannot remove %s", lock);
	return rc < 0 ? rc : container_add_tree(layer, dir, IMAGES, err);
}

/* Runs the programs and serves metrics on all interfaces, which are the container's own. */
static char *default_config(const struct package *p)
{
	struct strbuf text = STRBUF_INIT(MAX_CONFIG_BYTES);
	char *yaml;

	strbuf_adds(&text, "programs:\n");
	for (size_t i = 0; i < p->nimages; i++)
		strbuf_addf(&text, "  - image: \"%s\"\n", p->images[i]);
	strbuf_adds(&text, "exporters:\n  - type: prometheus\n    listen: 0.0.0.0:9091\n");
	yaml = xstrdup(strbuf_str(&text));
	strbuf_release(&text);
	return yaml;
}

static bool is_agent(const struct package *p)
{
	return p->args->entry && streq(p->args->entry, "agent");
}

static int add_config(struct package *p, struct container_layer *layer, struct err *err)
{
	void *bytes = NULL;
	size_t len = 0;
	int rc = 0;

	if (!is_agent(p))
		return 0;
	if (p->args->config) {
		rc = read_file(p->args->config, MAX_CONFIG_BYTES, &bytes, &len, err);
	} else {
		bytes = default_config(p);
		len = strlen(bytes);
	}
	return rc < 0 ? rc : container_add(layer, CONFIG_PATH + 1, 0644, bytes, len, err);
}

/* --- platforms ------------------------------------------------------------------------------- */

/* Takes the platform. *ret is its layer for bombus, with the files that every platform has. */
static int add_platform(struct package *p, char *platform, struct container_layer **ret,
			struct err *err)
{
	p->platforms = xreallocarray(p->platforms, p->count + 1, sizeof(*p->platforms));
	p->layers = xreallocarray(p->layers, (p->count + 1) * LAYERS, sizeof(*p->layers));
	p->layers[p->count * LAYERS + LAYER_BOMBUS] =
		(struct container_layer){ .about = "bombus package: bombus and its libraries" };
	p->layers[p->count * LAYERS + LAYER_PROGRAMS] =
		(struct container_layer){ .about = "bombus package: programs" };
	*ret = &p->layers[p->count * LAYERS + LAYER_BOMBUS];
	p->platforms[p->count++] = platform;
	return package_base_files(*ret, err);
}

/* "linux/arm64=DIR": the files of another platform. */
static int add_root(struct package *p, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	_cleanup_free_ char *platform = NULL, *program = NULL;
	struct container_layer *layer;
	int rc;

	if (!equals || !equals[1])
		return err_usage(err, "--root wants OS/ARCH=FOLDER, not '%s'", word);
	platform = xstrndup(word, (size_t)(equals - word));
	rc = platform_check(platform, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < p->count; i++)
		if (platform_fits(p->platforms[i], platform))
			return err_usage(err, "platform '%s' is given twice", platform);
	program = xasprintf("%s/usr/bin/bombus", equals + 1);
	if (may_access(program, R_OK) < 0) {
		err_hint(err, "a folder with usr/bin/bombus and its libraries, as its packages are "
			      "unpacked with dpkg -x");
		return err_sys(err, errno, "cannot read %s", program);
	}
	rc = add_platform(p, steal_ptr(&platform), &layer, err);
	return rc < 0 ? rc : container_add_tree(layer, equals + 1, "", err);
}

/* Sets *ret if a program is in an archive, as bpfman's are. */
static int find_archive(const struct package *p, const char *name, bool *ret, struct err *err)
{
	_cleanup_free_ char *store = store_of_image(p->global, name);
	_cleanup_(image_info_release) struct image_info info = { 0 };
	int rc = image_find(store, name, &info, err);

	for (size_t i = 0; i < info.nlayers; i++)
		*ret = *ret || strstr(info.layers[i].media_type, ".tar");
	return rc;
}

static int add_here(struct package *p, struct err *err)
{
	struct container_layer *layer;
	bool archives = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->nimages; i++)
		rc = find_archive(p, p->images[i], &archives, err);
	if (rc < 0)
		return rc;
	rc = add_platform(p, platform_here(), &layer, err);
	return rc < 0 ? rc : package_own_files(layer, archives, &p->library_path, err);
}

static int gather(struct package *p, struct err *err)
{
	struct container_layer *programs;
	int rc = add_here(p, err);

	for (size_t i = 0; rc == 0 && i < p->args->roots.count; i++)
		rc = add_root(p, p->args->roots.words[i], err);
	if (rc < 0)
		return rc;
	programs = &p->layers[LAYER_PROGRAMS];
	rc = add_programs(p, programs, err);
	if (rc == 0)
		rc = add_config(p, programs, err);
	p->builds = xcalloc(p->count, sizeof(*p->builds));
	for (size_t i = 0; i < p->count; i++) {
		p->layers[i * LAYERS + LAYER_PROGRAMS] = *programs;
		p->builds[i] =
			(struct container_build){ p->platforms[i], &p->layers[i * LAYERS], LAYERS };
	}
	return rc;
}

/* --- the image ------------------------------------------------------------------------------- */

/* SOURCE_DATE_EPOCH, or 1970: the same files give the same image. */
static int created(char ret[RFC3339_SECONDS_ROOM], struct err *err)
{
	uint64_t seconds = 0;
	int rc = source_date(&seconds, err);

	if (rc < 0)
		return rc;
	format_rfc3339_seconds(seconds, ret);
	return 0;
}

static int save(const struct package *p, const char *store, const char *name, struct err *err)
{
	static const char *const run[] = { "/usr/bin/bombus", "run", NULL };
	static const char *const agent[] = { "/usr/bin/bombus", "agent", "-c", CONFIG_PATH, NULL };
	_cleanup_free_ char *libraries = xasprintf("LD_LIBRARY_PATH=%s", p->library_path);
	const char *const environment[] = { "PATH=/usr/bin", "HOME=/root", "LC_ALL=C.UTF-8",
					    libraries, NULL };
	const struct words *more = &p->args->arguments;
	size_t nprograms = is_agent(p) ? 0 : p->nimages;
	_cleanup_free_ const char **arguments =
		xcalloc(nprograms + more->count + 1, sizeof(*arguments));
	char time[RFC3339_SECONDS_ROOM], digest[72];
	struct container_config config = {
		.entrypoint = is_agent(p) ? agent : run,
		.arguments = arguments,
		.environment = environment,
		.user = p->args->user,
		.created = time,
	};
	int rc = created(time, err);

	for (size_t i = 0; i < nprograms; i++)
		arguments[i] = p->images[i];
	for (size_t i = 0; i < more->count; i++)
		arguments[nprograms + i] = more->words[i];
	if (rc == 0)
		rc = container_save(store, name, &config, p->builds, p->count, digest, err);
	if (rc == 0) {
		log_info("packaged %zu program%s for %zu platform%s (%.*s)", p->nimages,
			 p->nimages == 1 ? "" : "s", p->count, p->count == 1 ? "" : "s", 19,
			 digest);
		if (p->global->quiet)
			file_print_line(digest);
	}
	return rc;
}

static int push(const struct package *p, const char *store, const char *to, struct err *err)
{
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	struct remote_result result = { 0 };
	int rc = remote_session_init(&session, p->global, &p->args->remote, err);

	if (rc == 0)
		rc = remote_push(store, to, to, &session.opts, &result, err);
	if (rc == 0)
		log_info("pushed %s", to);
	else
		err_wrap(err, "cannot push %s", to);
	return rc;
}

/* "docker-archive:FILE[:NAME]", for a form "docker-archive:": FILE and NAME. */
static const char *archive_of(const char *target, const char *form, char **ret_file,
			      char **ret_name)
{
	const char *file, *colon;

	if (!has_prefix(target, form))
		return NULL;
	file = target + strlen(form);
	colon = strchr(file, ':');
	*ret_file = colon ? xstrndup(file, (size_t)(colon - file)) : xstrdup(file);
	*ret_name = xstrdup(colon ? colon + 1 : "bombus:latest");
	return *ret_file;
}

static int save_to(const struct package *p, const char *target, struct err *err)
{
	_cleanup_free_ char *store = xasprintf("%s/store", p->work), *own = store_path(p->global);
	_cleanup_free_ char *file = NULL, *name = NULL;
	int rc;

	if (has_prefix(target, "docker://")) {
		target += strlen("docker://");
		rc = save(p, store, target, err);
		return rc < 0 ? rc : push(p, store, target, err);
	}
	if (archive_of(target, "docker-archive:", &file, &name)) {
		rc = save(p, store, name, err);
		return rc < 0 ? rc : container_save_docker(store, name, name, file, err);
	}
	if (archive_of(target, "oci-archive:", &file, &name)) {
		rc = save(p, store, name, err);
		return rc < 0 ? rc
			      : image_export(&(struct image_place){ store, name }, 1, file, err);
	}
	return save(p, own, target, err);
}

static int run_package(const struct global_args *global, void *args, const struct words *words,
		       struct err *err)
{
	const char *target = words->words[words->count - 1];
	_cleanup_(package_release) struct package p = {
		.global = global,
		.args = args,
		.images = words->words,
		.nimages = words->count - 1,
	};
	int rc;

	if (p.args->config && !is_agent(&p))
		return err_usage(err, "--config is for --entry agent");
	rc = work_folder_make(&p.work, err);
	if (rc == 0)
		rc = gather(&p, err);
	return rc < 0 ? rc : save_to(&p, target, err);
}

#define ARG(member) offsetof(struct package_args, member)
static const struct opt package_opts[] = {
	{ 0, "entry", "WHAT", OPT_CHOICE, ARG(entry),
	  "what the container starts: run, with the programs, or agent, with a configuration (run)",
	  "run agent" },
	{ 0, "config", "FILE", OPT_TEXT, ARG(config),
	  "the agent's configuration (the programs, with metrics on port 9091)", NULL, "file" },
	{ 0, "arg", "WORD", OPT_WORDS, ARG(arguments),
	  "a word of the command line behind the programs, such as --arg=--metrics=0.0.0.0:9091; "
	  "repeatable" },
	{ 0, "user", "USER", OPT_TEXT, ARG(user),
	  "the user of the container: a number, or USER:GROUP (root)" },
	{ 0, "root", "OS/ARCH=FOLDER", OPT_WORDS, ARG(roots),
	  "one more platform: FOLDER has its usr/bin/bombus and the libraries; repeatable", NULL,
	  "dir" },
	REMOTE_OPTS(ARG(remote)),
	{ 0 },
};

const struct command cmd_package = {
	.name = "package",
	.usage = "IMAGE... TARGET",
	.summary = "make a container image with bombus and programs",
	.about =
		"The container image has bombus, the libraries that it uses here, and the "
		"programs, and starts them. No other tool is needed to make it.\n"
		"TARGET is a name in the store, docker://REGISTRY/REPOSITORY:TAG, or an archive: "
		"oci-archive:FILE[:NAME] or docker-archive:FILE[:NAME].\n"
		"The same programs, bombus and libraries give the same digest. The container needs "
		"the capabilities that 'bombus check IMAGE' names, and the host's "
		"/sys/kernel/tracing for programs on tracepoints, kprobes or uprobes.",
	.examples =
		"bombus package opensnoop tcpconnlat tools:1\n"
		"bombus package --entry agent opensnoop docker://registry.example/tools/agent:1\n"
		"bombus package opensnoop docker-archive:tools.tar:tools:1",
	.environment = "BOMBUS_STORE        folder of the local images\n"
		       "TMPDIR              where a folder to work in is made (/tmp)\n"
		       "SOURCE_DATE_EPOCH   creation time of the image, in seconds since 1970 "
		       "(0)\n" REMOTE_ENVIRONMENT,
	.opts = package_opts,
	.args_bytes = sizeof(struct package_args),
	.min_words = 2,
	.max_words = -1,
	.complete = "image",
	.run = run_package,
};
