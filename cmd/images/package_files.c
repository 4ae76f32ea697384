// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/package_files.h"

#include <dlfcn.h>
#include <link.h>

#include "base/dynlib.h"
#include "base/err.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"

#define LIBRARY_PATH_BYTES 4096

struct libraries {
	struct container_layer *layer;
	struct strbuf folders; /* "/lib/x86_64-linux-gnu:/lib64" */
	int rc;
	struct err *err;
};

static int add_file(struct container_layer *layer, const char *from, const char *to, unsigned mode,
		    struct err *err)
{
	void *bytes = NULL;
	size_t len = 0;
	int rc = read_file(from, CONTAINER_MAX_BYTES, &bytes, &len, err);

	return rc < 0 ? rc : container_add(layer, to, mode, bytes, len, err);
}

static void add_folder(struct strbuf *folders, const char *path)
{
	const char *slash = strrchr(path, '/'), *at = strbuf_str(folders);
	size_t len = (size_t)(slash - path);

	for (; *at; at += strcspn(at, ":"), at += *at == ':')
		if (strcspn(at, ":") == len && memcmp(at, path, len) == 0)
			return;
	strbuf_addf(folders, "%s%.*s", folders->len ? ":" : "", (int)len, path);
}

/* Each library keeps the path by which it was found, which may be a link. */
static int add_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct libraries *l = ctx;
	const char *path = info->dlpi_name;

	if (!path || *path != '/')
		return 0;
	l->rc = add_file(l->layer, path, path + 1, 0755, l->err);
	add_folder(&l->folders, path);
	return l->rc;
}

static int add_libraries(struct container_layer *layer, bool archives, char **ret_path,
			 struct err *err)
{
	struct libraries l = { layer, STRBUF_INIT(LIBRARY_PATH_BYTES), 0, err };

	for (const char *const *name = dynlib_names; *name; name++)
		if ((archives || !has_prefix(*name, "libarchive.")) &&
		    !dlopen(*name, RTLD_NOW | RTLD_LOCAL))
			log_warn("%s is not installed here, and so not in the container: %s", *name,
				 dlerror());
	dl_iterate_phdr(add_library, &l);
	if (l.rc == 0)
		*ret_path = xstrdup(strbuf_str(&l.folders));
	strbuf_release(&l.folders);
	return l.rc;
}

/* Terminal descriptions for the live table and certificate authorities for TLS, if they are here.
 */
static int add_data(struct container_layer *layer, struct err *err)
{
	static const char *const folders[] = { "/lib/terminfo", "/usr/share/terminfo" };
	static const char *const terminals[] = {
		"l/linux",	   "s/screen", "s/screen-256color", "t/tmux",
		"t/tmux-256color", "v/vt100",  "x/xterm",	    "x/xterm-256color",
	};
	static const char authorities[] = "/etc/ssl/certs/ca-certificates.crt";
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(folders) * ARRAY_LEN(terminals); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", folders[i / ARRAY_LEN(terminals)],
						      terminals[i % ARRAY_LEN(terminals)]);

		if (may_access(path, R_OK) == 0)
			rc = add_file(layer, path, path + 1, 0644, err);
	}
	if (rc == 0 && may_access(authorities, R_OK) == 0)
		rc = add_file(layer, authorities, authorities + 1, 0644, err);
	return rc;
}

int package_own_files(struct container_layer *layer, bool archives, char **ret_library_path,
		      struct err *err)
{
	int rc = add_file(layer, "/proc/self/exe", "usr/bin/bombus", 0755, err);

	if (rc == 0)
		rc = add_libraries(layer, archives, ret_library_path, err);
	return rc < 0 ? rc : add_data(layer, err);
}

int package_base_files(struct container_layer *layer, struct err *err)
{
	static const char *const folders[] = { "dev", "etc/bombus", "proc",	     "root",
					       "run", "sys",	    "var/lib/bombus" };
	static const char users[] = "root:x:0:0:root:/root:/usr/sbin/nologin\n"
				    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
	static const char groups[] = "root:x:0:\nnogroup:x:65534:\n";
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		container_add_folder(layer, folders[i], 0755);
	container_add_folder(layer, "tmp", 01777);
	rc = container_add(layer, "etc/passwd", 0644, xstrdup(users), strlen(users), err);
	return rc < 0 ? rc
		      : container_add(layer, "etc/group", 0644, xstrdup(groups), strlen(groups),
				      err);
}
