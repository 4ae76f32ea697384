// SPDX-License-Identifier: Apache-2.0
#include "runner/read/who/state.h"

#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <jansson.h>

#include "base/util.h"

#define FILE_MAX_BYTES (4u << 20)
#define NAMES_MAX 100000 /* of a folder that are looked at */
#define STATES_MAX 1024	 /* of runc and crun that are read for one cgroup */
#define FOLDER_MAX 255

/* ---- files ---- */

static void free_json(json_t **json)
{
	json_decref(*json);
}
#define _cleanup_json_ _cleanup_(free_json)

static json_t *read_json(const char *path)
{
	_cleanup_free_ void *bytes = NULL;
	size_t len;

	if (read_file(path, FILE_MAX_BYTES, &bytes, &len, NULL) < 0)
		return NULL;
	return json_loadb(bytes, len, 0, NULL);
}

/* Safe as a part of a pattern and of a path. */
static bool is_plain(const char *id)
{
	for (const char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.+-", *c))
			return false;
	return *id && strlen(id) <= FOLDER_MAX && !streq(id, ".") && !streq(id, "..");
}

/* Calls fn for each file that `form` with the id for its "%s" matches, until it returns true. */
static bool each_file(const struct state_paths *paths, const char *dir, const char *form,
		      const char *id, bool (*fn)(struct container *c, const char *path),
		      struct container *c)
{
	_cleanup_free_ char *tail = NULL, *pattern = NULL;
	glob_t found = { 0 };
	bool done = false;
	const char *at = strstr(form, "%s");

	tail = at ? xasprintf("%.*s%s%s", (int)(at - form), form, id, at + 2) : xstrdup(form);
	pattern = xasprintf("%s%s%s", paths->root, dir, tail);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc && !done; i++)
			done = fn(c, found.gl_pathv[i]);
	globfree(&found);
	return done;
}

static void give(struct container *c, enum container_part part, const char *text)
{
	if (text)
		container_give(c, part, text, strlen(text));
}

static void give_member(struct container *c, enum container_part part, const json_t *object,
			const char *key)
{
	give(c, part, json_string_value(json_object_get(object, key)));
}

/* Labels that kubelets give, in Docker's and CRI-O's words and containerd's. */
static void give_annotations(struct container *c, const json_t *from)
{
	static const struct {
		const char *key;
		enum container_part part;
	} keys[] = {
		{ "io.kubernetes.cri.container-name", CONTAINER_NAME },
		{ "io.kubernetes.cri.image-name", CONTAINER_IMAGE },
		{ "io.kubernetes.cri.sandbox-name", CONTAINER_POD },
		{ "io.kubernetes.cri.sandbox-namespace", CONTAINER_NAMESPACE },
		{ "io.kubernetes.cri.sandbox-uid", CONTAINER_POD_UID },
		{ "io.kubernetes.container.name", CONTAINER_NAME },
		{ "io.kubernetes.pod.name", CONTAINER_POD },
		{ "io.kubernetes.pod.namespace", CONTAINER_NAMESPACE },
		{ "io.kubernetes.pod.uid", CONTAINER_POD_UID },
		{ "io.kubernetes.cri-o.ImageName", CONTAINER_IMAGE },
		{ "nerdctl/name", CONTAINER_NAME },
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		give_member(c, keys[i].part, from, keys[i].key);
}

/* ---- one kind of file each ---- */

/* The config.json of an OCI bundle. */
static bool read_bundle(struct container *c, const char *path)
{
	_cleanup_json_ json_t *json = read_json(path);

	if (!json)
		return false;
	give_annotations(c, json_object_get(json, "annotations"));
	if (strstr(path, "/io.containerd."))
		give(c, CONTAINER_RUNTIME, "containerd");
	return true;
}

static bool read_docker(struct container *c, const char *path)
{
	_cleanup_json_ json_t *json = read_json(path);
	const json_t *config = json_object_get(json, "Config");
	const char *name = json_string_value(json_object_get(json, "Name"));

	if (!json)
		return false;
	give_annotations(c, json_object_get(config, "Labels"));
	give(c, CONTAINER_NAME, name && *name == '/' ? name + 1 : name);
	give_member(c, CONTAINER_IMAGE, config, "Image");
	give(c, CONTAINER_RUNTIME, "docker");
	return true;
}

static bool read_storage(struct container *c, const char *path)
{
	_cleanup_json_ json_t *json = read_json(path);
	const json_t *one;
	size_t i;

	json_array_foreach(json, i, one)
	{
		const char *id = json_string_value(json_object_get(one, "id"));
		const char *more = json_string_value(json_object_get(one, "metadata"));
		_cleanup_json_ json_t *meta = more ? json_loads(more, 0, NULL) : NULL;

		if (!id || !streq(id, c->part[CONTAINER_ID]))
			continue;
		give_member(c, CONTAINER_POD, meta, "pod-name");
		give_member(c, CONTAINER_IMAGE, meta, "image-name");
		give_member(c, CONTAINER_NAME, meta, "name");
		give(c, CONTAINER_NAME,
		     json_string_value(json_array_get(json_object_get(one, "names"), 0)));
		return true;
	}
	return false;
}

/* The state exists; its content is not needed. A container without a manager has its id as its
 * name. */
static bool see_state(struct container *c, const char *path)
{
	give(c, CONTAINER_RUNTIME, strstr(path, "/crun/") ? "crun" : "runc");
	return true;
}

/* ---- the kubelet's logs ---- */

/* The next part of a name, up to `end`. */
static bool take_part(struct container *c, enum container_part part, const char **at, char end)
{
	const char *stop = strchr(*at, end);

	if (!stop || stop == *at)
		return false;
	container_give(c, part, *at, (size_t)(stop - *at));
	*at = stop + 1;
	return true;
}

/* Calls fn for each name in the folder that ends so, until it returns true. */
static void each_name(const char *dir, const char *ending,
		      bool (*fn)(struct container *c, const char *name), struct container *c)
{
	DIR *folder = opendir(dir);
	struct dirent *entry;
	bool done = false;

	for (int n = 0; folder && !done && n < NAMES_MAX && (entry = readdir(folder)); n++)
		done = has_suffix(entry->d_name, ending) && fn(c, entry->d_name);
	if (folder)
		closedir(folder);
}

/* "POD_NAMESPACE_NAME-ID.log" */
static bool read_log_link(struct container *c, const char *name)
{
	const char *at = name,
		   *end = name + strlen(name) - strlen("-.log") - strlen(c->part[CONTAINER_ID]);

	if (take_part(c, CONTAINER_POD, &at, '_') && take_part(c, CONTAINER_NAMESPACE, &at, '_') &&
	    at < end)
		container_give(c, CONTAINER_NAME, at, (size_t)(end - at));
	return true;
}

void state_fill_from_logs(const char *logs, struct container *c)
{
	_cleanup_free_ char *ending = xasprintf("-%s.log", c->part[CONTAINER_ID]);

	if (c->part[CONTAINER_ID][0])
		each_name(logs, ending, read_log_link, c);
}

/* "NAMESPACE_POD_UID" */
static bool read_pod_folder(struct container *c, const char *name)
{
	const char *at = name;

	if (take_part(c, CONTAINER_NAMESPACE, &at, '_'))
		take_part(c, CONTAINER_POD, &at, '_');
	return true;
}

static void fill_from_pods(const struct state_paths *paths, struct container *c)
{
	_cleanup_free_ char *dir = xasprintf("%s/var/log/pods", paths->root);
	_cleanup_free_ char *ending = xasprintf("_%s", c->part[CONTAINER_POD_UID]);

	if (c->part[CONTAINER_POD_UID][0] && !c->part[CONTAINER_POD][0])
		each_name(dir, ending, read_pod_folder, c);
}

/* ---- all of them ---- */

#define BUNDLES "/io.containerd.runtime.v2.task/*/%s/config.json"

struct place {
	const char *dir, *form;
	bool (*read)(struct container *c, const char *path);
};

/* The runtimes' own folders. */
static const struct place usual[] = {
	{ "/run/containerd", BUNDLES, read_bundle },
	{ "/run/docker/containerd/daemon", BUNDLES, read_bundle },
	{ "/run/k3s/containerd", BUNDLES, read_bundle },
	{ "/var/snap/microk8s/common/run/containerd", BUNDLES, read_bundle },
	{ "/var/lib/docker", "/containers/%s/config.v2.json", read_docker },
	{ "/run/containers/storage", "/*-containers/%s/userdata/config.json", read_bundle },
	{ "/var/lib/containers/storage", "/*-containers/%s/userdata/config.json", read_bundle },
	{ "/var/lib/containers/storage", "/*-containers/containers.json", read_storage },
	{ "/var/lib/containers/storage", "/*-containers/volatile-containers.json", read_storage },
};

/* Folders that the user names. */
static const struct place given[] = {
	{ NULL, BUNDLES, read_bundle },
	{ NULL, "/containers/%s/config.v2.json", read_docker },
	{ NULL, "/*-containers/%s/userdata/config.json", read_bundle },
	{ NULL, "/*-containers/containers.json", read_storage },
	{ NULL, "/*-containers/volatile-containers.json", read_storage },
};

/* Of containers by any name. */
static const struct place states[] = {
	{ "/run/runc", "/%s/state.json", see_state },
	{ "/run/runc", "/%s", see_state }, /* the folder is there before the file */
	{ "/run/crun", "/%s/status", see_state },
	{ "/run/containerd", BUNDLES, read_bundle },
};
static const struct place given_states[] = {
	{ NULL, "/%s/state.json", see_state },
	{ NULL, "/%s/status", see_state },
	{ NULL, "/%s", see_state },
	{ NULL, BUNDLES, read_bundle },
};

static bool ask(const struct state_paths *paths, const struct place *places, size_t count,
		const char *dir, bool any, struct container *c)
{
	bool found = false;

	for (size_t i = 0; i < count && !(any && found); i++)
		found |= each_file(paths, dir ? dir : places[i].dir, places[i].form,
				   c->part[CONTAINER_ID], places[i].read, c);
	return found;
}

bool state_fill(const struct state_paths *paths, struct container *c)
{
	_cleanup_free_ char *logs = xasprintf("%s" STATE_LOGS, paths->root);

	if (is_plain(c->part[CONTAINER_ID])) {
		ask(paths, usual, ARRAY_LEN(usual), NULL, false, c);
		for (size_t i = 0; i < paths->ndirs; i++)
			ask(paths, given, ARRAY_LEN(given), paths->dirs[i], false, c);
		if (!c->part[CONTAINER_NAME][0] || !c->part[CONTAINER_POD][0])
			state_fill_from_logs(logs, c);
	}
	fill_from_pods(paths, c);
	return c->part[CONTAINER_NAME][0] ||
	       (!c->part[CONTAINER_ID][0] && c->part[CONTAINER_POD][0]);
}

/* ---- containers by any name ---- */

static bool is_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return len > 1 && strncmp(path, above, len) == 0 && (!path[len] || path[len] == '/');
}

/* The state is that of the cgroup or of one above it. Paths of runc begin with the mount. */
static bool has_cgroup(const char *path, const char *cgroup)
{
	_cleanup_json_ json_t *json = read_json(path);
	const json_t *paths = json_object_get(json, "cgroup_paths"), *one;
	const char *text = json_string_value(json_object_get(json, "cgroup-path")), *key;

	if (text && is_below(cgroup, text))
		return true;
	json_object_foreach((json_t *)paths, key, one)
	{
		text = json_string_value(one);
		if (text && has_prefix(text, "/sys/fs/cgroup/")) {
			text += strlen("/sys/fs/cgroup");
			if (is_below(cgroup, text))
				return true;
			text = strchr(text + 1, '/'); /* behind the controller, or "unified" */
			if (text && is_below(cgroup, text))
				return true;
		}
	}
	return false;
}

static bool find_in(const struct state_paths *paths, const char *dir, const char *file,
		    const char *cgroup, struct container *c)
{
	_cleanup_free_ char *pattern = xasprintf("%s%s/*/%s", paths->root, dir, file);
	glob_t found = { 0 };
	bool done = false;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && i < STATES_MAX && !done; i++) {
			const char *path = found.gl_pathv[i], *end = strrchr(path, '/'), *id = end;

			done = has_cgroup(path, cgroup);
			while (done && id > path && id[-1] != '/')
				id--;
			if (done)
				container_give(c, CONTAINER_ID, id, (size_t)(end - id));
			if (done)
				see_state(c, path);
		}
	}
	globfree(&found);
	return done;
}

static bool find_by_cgroup(const struct state_paths *paths, const char *cgroup, struct container *c)
{
	bool found = find_in(paths, "/run/runc", "state.json", cgroup, c) ||
		     find_in(paths, "/run/crun", "status", cgroup, c);

	for (size_t i = 0; i < paths->ndirs && !found; i++)
		found = find_in(paths, paths->dirs[i], "state.json", cgroup, c) ||
			find_in(paths, paths->dirs[i], "status", cgroup, c);
	return found;
}

/* By the name of one folder. */
static bool find_by_name(const struct state_paths *paths, const char *name, struct container *c)
{
	bool found;

	give(c, CONTAINER_ID, name);
	found = ask(paths, states, ARRAY_LEN(states), NULL, true, c);
	for (size_t i = 0; i < paths->ndirs && !found; i++)
		found = ask(paths, given_states, ARRAY_LEN(given_states), paths->dirs[i], true, c);
	return found;
}

/* A unit of systemd that no runtime makes for a container. */
static bool is_unit(const char *name)
{
	static const char *const endings[] = { ".service", ".slice", ".mount", ".socket", ".swap" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (has_suffix(name, endings[i]))
			return true;
	return false;
}

bool state_find(const struct state_paths *paths, const char *cgroup, bool thorough,
		struct container *c)
{
	_cleanup_free_ char *path = xstrdup(cgroup);
	struct container trial = { 0 };
	bool found = false;
	char *last;

	if (is_unit(cgroup))
		return false;
	while (!found && (last = strrchr(path, '/'))) {
		trial = (struct container){ 0 };
		if (is_plain(last + 1) && !is_unit(last + 1))
			found = find_by_name(paths, last + 1, &trial);
		*last = '\0';
	}
	if (!found && thorough) {
		trial = (struct container){ 0 };
		found = find_by_cgroup(paths, cgroup, &trial);
	}
	if (!found)
		return false;
	give(&trial, CONTAINER_NAME, trial.part[CONTAINER_ID]);
	*c = trial;
	return true;
}
