// SPDX-License-Identifier: Apache-2.0
#include "runner/read/who/container.h"

#include <ctype.h>

#include "base/num.h"
#include "base/util.h"

#define ID_DIGITS 64
#define UID_CHARS 36   /* 8-4-4-4-12 */
#define HASH_DIGITS 32 /* a static pod's uid; a task's of ECS */

/* One folder of a path. */
struct folder {
	const char *at;
	size_t len;
};

void container_give(struct container *c, enum container_part part, const char *text, size_t len)
{
	if (!c->part[part][0])
		snprintf(c->part[part], CONTAINER_TEXT, "%.*s", (int)MIN(len, (size_t)INT16_MAX),
			 text);
}

static void set(struct container *c, enum container_part part, const char *text, size_t len)
{
	c->part[part][0] = '\0';
	container_give(c, part, text, len);
}

static size_t hex_run(const struct folder *f, size_t from)
{
	size_t n = from;

	while (n < f->len && isxdigit((unsigned char)f->at[n]) && !isupper((unsigned char)f->at[n]))
		n++;
	return n - from;
}

static bool begins(const struct folder *f, const char *prefix)
{
	return f->len >= strlen(prefix) && memcmp(f->at, prefix, strlen(prefix)) == 0;
}

static bool is(const struct folder *f, const char *name)
{
	return f->len == strlen(name) && begins(f, name);
}

/* Where the last run of exactly 64 hex digits begins, at the end or before a '.'; false: there is
 * none. */
static bool find_id(const struct folder *f, size_t *ret)
{
	bool found = false;

	for (size_t i = 0, n; i < f->len; i += n ? n : 1) {
		n = hex_run(f, i);
		if (n != ID_DIGITS || (i + n < f->len && f->at[i + n] != '.'))
			continue;
		*ret = i;
		found = true;
	}
	return found;
}

/* Prefixes of ids; NULL: such an id is not a container's. */
static const struct {
	const char *prefix, *runtime;
} prefixes[] = {
	{ "docker-", "docker" },
	{ "cri-containerd-", "containerd" },
	{ "nerdctl-", "containerd" },
	{ "crio-conmon-", NULL },
	{ "crio-", "cri-o" },
	{ "libpod-conmon-", NULL },
	{ "libpod-payload-", "podman" },
	{ "libpod-", "podman" },
	{ "machine-libpod_pod_", NULL },
	{ "libpod_pod_", NULL },
	{ "user-libpod_pod_", NULL },
};

/* Folders that a runtime makes for its containers. */
static const struct {
	const char *parent, *runtime;
} parents[] = {
	{ "docker", "docker" },	     { "k8s.io", "containerd" },    { "moby", "docker" },
	{ "default", "containerd" }, { "libpod_parent", "podman" }, { "ecs", "docker" },
};

static const char *runtime_of(const struct folder *f, const struct folder *parent)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (begins(f, prefixes[i].prefix))
			return prefixes[i].runtime;
	/* "...slice:cri-containerd:ID", where kubelet and runtime disagree about the driver. */
	if (memmem(f->at, f->len, ":cri-containerd:", strlen(":cri-containerd:")))
		return "containerd";
	for (size_t i = 0; i < ARRAY_LEN(parents); i++)
		if (is(parent, parents[i].parent))
			return parents[i].runtime;
	return "";
}

static bool take_container(struct container *c, const struct folder *f, const struct folder *parent)
{
	const char *runtime;
	size_t at;

	if (!find_id(f, &at))
		return false;
	runtime = runtime_of(f, parent);
	if (!runtime)
		return false;
	set(c, CONTAINER_ID, f->at + at, ID_DIGITS);
	set(c, CONTAINER_RUNTIME, runtime, strlen(runtime));
	return true;
}

/* TASK-0123456789, of ECS on Fargate. */
static bool take_task(struct container *c, const struct folder *f)
{
	size_t n = HASH_DIGITS + 1;

	if (hex_run(f, 0) != HASH_DIGITS || f->len <= n || f->at[HASH_DIGITS] != '-')
		return false;
	while (n < f->len && isdigit((unsigned char)f->at[n]))
		n++;
	if (n != f->len)
		return false;
	set(c, CONTAINER_ID, f->at, f->len);
	set(c, CONTAINER_RUNTIME, "ecs", 3);
	return true;
}

/* Containers that are known by a name. */
static bool take_named(struct container *c, const struct folder *f, const struct folder *parent)
{
	static const struct {
		const char *parent, *prefix, *end, *runtime;
	} shapes[] = {
		{ NULL, "lxc.payload.", "", "lxc" },
		{ "lxc", "", "", "lxc" },
		{ "machine.slice", "systemd-nspawn@", ".service", "nspawn" },
	};

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		size_t before = strlen(shapes[i].prefix), behind = strlen(shapes[i].end);

		if ((shapes[i].parent && !is(parent, shapes[i].parent)) ||
		    !begins(f, shapes[i].prefix) || f->len <= before + behind ||
		    memcmp(f->at + f->len - behind, shapes[i].end, behind) != 0)
			continue;
		set(c, CONTAINER_ID, f->at + before, f->len - before - behind);
		set(c, CONTAINER_NAME, f->at + before, f->len - before - behind);
		set(c, CONTAINER_RUNTIME, shapes[i].runtime, strlen(shapes[i].runtime));
		return true;
	}
	return false;
}

/* "kubepods-burstable-podUID.slice", where systemd has '_' for '-', or "podUID". */
static bool take_pod(struct container *c, const struct folder *f)
{
	for (size_t i = 0; i + 3 < f->len; i++) {
		char uid[UID_CHARS];
		size_t n = 0;

		if (memcmp(f->at + i, "pod", 3) != 0 || (i && f->at[i - 1] != '-'))
			continue;
		for (size_t at = i + 3; at < f->len && n < UID_CHARS; at++) {
			char ch = f->at[at] == '_' ? '-' : f->at[at];

			if (!isxdigit((unsigned char)ch) && ch != '-')
				break;
			uid[n++] = ch;
		}
		if (n != UID_CHARS && n != HASH_DIGITS)
			continue;
		set(c, CONTAINER_POD_UID, uid, n);
		return true;
	}
	return false;
}

bool container_of_path(struct container *ret, const char *path)
{
	struct folder f = { path, 0 }, parent;
	bool in_pods = false, found = false;

	for (const char *at = path; *at;) {
		at += strspn(at, "/");
		parent = f;
		f = (struct folder){ at, strcspn(at, "/") };
		at += f.len;
		in_pods |= f.len && memmem(f.at, f.len, "kubepods", strlen("kubepods"));
		if (!f.len)
			break;
		/* An id before the pod is that of a container around the pod. */
		if (in_pods && take_pod(ret, &f)) {
			ret->part[CONTAINER_ID][0] = ret->part[CONTAINER_RUNTIME][0] = '\0';
			found = true;
		}
		found |= take_container(ret, &f, &parent) || take_task(ret, &f) ||
			 take_named(ret, &f, &parent);
	}
	return found;
}

bool container_of_cgroup_file(struct container *ret, const char *text)
{
	bool found = false;

	while (*text) {
		size_t len = strcspn(text, "\n");
		_cleanup_free_ char *line = xstrndup(text, len);
		char *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		found |= path && container_of_path(ret, path + 1);
		text += len + (text[len] == '\n');
	}
	return found;
}
