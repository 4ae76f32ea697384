// SPDX-License-Identifier: Apache-2.0
#include "oci/registry/creds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/aside.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/home.h"
#include "base/log.h"
#include "base/util.h"
#include "oci/registry/creds_helper.h"
#include "oci/format/json.h"
#include "oci/format/ref.h"

#define MAX_FILE_BYTES (1u << 20)
#define MAX_LINKS 40
#define MAX_SECRET_BYTES (64u << 10)
/* What Docker calls its own registry. */
#define DEFAULT_KEY "index." REF_DEFAULT_HOST

void creds_release(struct creds *creds)
{
	char *const texts[] = { creds->user, creds->secret, creds->identity_token };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i])
			explicit_bzero(texts[i], strlen(texts[i]));
		free(texts[i]);
	}
	*creds = (struct creds){ 0 };
}

char *creds_basic(const char *user, const char *secret)
{
	_cleanup_free_ char *pair = xasprintf("%s:%s", user, secret);
	size_t len = strlen(pair);
	char *text = xmalloc(BASE64_ROOM(len) + 1);

	text[base64_encode(text, pair, len)] = '\0';
	explicit_bzero(pair, len);
	return text;
}

/* --- one file -------------------------------------------------------------------------------- */

/* *ret NULL: there is no such file. */
static int read_config(const char *path, json_t **ret, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	size_t len = 0;
	int rc = may_access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR) ? -ENOENT : 0;

	*ret = NULL;
	if (rc == -ENOENT)
		return 0;
	rc = read_file(path, MAX_FILE_BYTES, &bytes, &len, err);
	if (rc == 0 && len)
		rc = json_parse(path, bytes, len, ret, err);
	if (bytes)
		explicit_bzero(bytes, len);
	return rc;
}

/* "https://index.docker.io/v1/" and "docker.io" are the same: scheme, version and slash go. */
static char *plain_key(const char *key)
{
	const char *from = strstr(key, "://");
	char *plain, *end;

	plain = xstrdup(from ? from + 3 : key);
	end = plain + strlen(plain);
	while (end > plain && end[-1] == '/')
		*--end = '\0';
	if (end - plain > 3 && (streq(end - 3, "/v1") || streq(end - 3, "/v2")))
		end[-3] = '\0';
	if (streq(plain, DEFAULT_KEY)) {
		free(plain);
		plain = xstrdup(REF_DEFAULT_HOST);
	}
	return plain;
}

/* How much of `name` ("host/a/b") the key covers, in bytes; 0: it is another place. */
static size_t covers(const char *key, const char *name)
{
	_cleanup_free_ char *plain = plain_key(key);
	size_t len = strlen(plain);

	return len && has_prefix(name, plain) && (!name[len] || name[len] == '/') ? len : 0;
}

static json_t *best_of(json_t *owner, const char *name)
{
	json_t *value, *best = NULL;
	const char *key;
	size_t best_len = 0;

	json_object_foreach(owner, key, value)
	{
		size_t len = covers(key, name);

		if (len > best_len) {
			best = value;
			best_len = len;
		}
	}
	return best;
}

static const char *text_of(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text && *text ? text : NULL;
}

/* "auth": base64 of "user:secret" */
static int decode_pair(const char *path, const char *text, struct creds *ret, struct err *err)
{
	size_t len = strlen(text), n = 0;
	_cleanup_free_ char *pair = xcalloc(1, len + 1);
	char *colon;

	if (len > MAX_SECRET_BYTES || base64_decode(pair, len, text, &n) < 0)
		return err_set(err, EBADMSG, "%s: an 'auth' is not base64", path);
	pair[n] = '\0';
	colon = strchr(pair, ':');
	if (!colon)
		return err_set(err, EBADMSG, "%s: an 'auth' is not of the form user:secret", path);
	ret->user = xstrndup(pair, (size_t)(colon - pair));
	ret->secret = xstrdup(colon + 1);
	explicit_bzero(pair, n);
	return 0;
}

static int read_entry(const char *path, const json_t *entry, struct creds *ret, struct err *err)
{
	const char *auth = text_of(entry, "auth"), *token = text_of(entry, "identitytoken");
	const char *user = text_of(entry, "username"), *secret = text_of(entry, "password");
	int rc = 0;

	if (auth) {
		rc = decode_pair(path, auth, ret, err);
	} else if (user && secret) {
		ret->user = xstrdup(user);
		ret->secret = xstrdup(secret);
	}
	if (rc == 0 && token)
		ret->identity_token = xstrdup(token);
	return rc;
}

static void warn_of_mode(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)))
		log_warn("other users can read the credentials in %s: chmod 600 %s", path, path);
}

static bool is_found(const struct creds *creds)
{
	return creds->user || creds->identity_token;
}

static int find_in(const char *path, const char *host, const char *name, struct creds *ret,
		   struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	json_t *entry;
	const char *helper;
	int rc = read_config(path, &json, err);

	if (rc < 0 || !json)
		return rc;
	helper = json_string_value(best_of(json_object_get(json, "credHelpers"), host));
	if (helper)
		rc = creds_ask_helper(helper, host, ret, err);
	entry = best_of(json_object_get(json, "auths"), name);
	if (rc == 0 && !is_found(ret) && entry)
		rc = read_entry(path, entry, ret, err);
	if (rc == 0 && is_found(ret) && entry && !helper)
		warn_of_mode(path);
	helper = text_of(json, "credsStore");
	if (rc == 0 && !is_found(ret) && helper)
		rc = creds_ask_helper(helper, host, ret, err);
	return rc;
}

/* --- all files ------------------------------------------------------------------------------- */

static char *in_home(const char *variable, const char *fallback, const char *file)
{
	const char *dir = getenv(variable);
	_cleanup_free_ char *home = NULL;

	if (dir && *dir == '/')
		return xasprintf("%s/%s", dir, file);
	home = fallback ? home_dir() : NULL;
	return home ? xasprintf("%s/%s/%s", home, fallback, file) : NULL;
}

static char *own_path(const char *authfile)
{
	const char *env = getenv("REGISTRY_AUTH_FILE"), *config = getenv("XDG_CONFIG_HOME");
	char *path;

	if (authfile)
		return xstrdup(authfile);
	if (env && *env)
		return xstrdup(env);
	if (geteuid() == 0 && !(config && *config == '/'))
		return xstrdup("/etc/bombus/auth.json");
	path = in_home("XDG_CONFIG_HOME", ".config", "bombus/auth.json");
	return path ? path : xstrdup("/etc/bombus/auth.json");
}

int creds_find(const char *authfile, const char *host, const char *repository, struct creds *ret,
	       struct err *err)
{
	const char *env = getenv("REGISTRY_AUTH_FILE");
	bool alone = authfile || (env && *env);
	char *const paths[] = {
		own_path(authfile),
		alone ? NULL : in_home("XDG_RUNTIME_DIR", NULL, "containers/auth.json"),
		alone ? NULL : in_home("XDG_CONFIG_HOME", ".config", "containers/auth.json"),
		alone ? NULL : in_home("DOCKER_CONFIG", ".docker", "config.json"),
	};
	_cleanup_free_ char *name =
		repository ? xasprintf("%s/%s", host, repository) : xstrdup(host);
	_cleanup_(creds_release) struct creds found = { 0 };
	/* The one that was named has to be there; the others may. */
	int rc = authfile && may_access(authfile, R_OK) < 0 ? err_sys(err, errno, "%s", authfile)
							    : 0;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (rc == 0 && paths[i] && !is_found(&found))
			rc = find_in(paths[i], host, name, &found, err);
		free(paths[i]);
	}
	if (rc < 0) {
		err_exit(err, EXIT_REGISTRY);
		return rc;
	}
	/* How helpers hand out a token. */
	if (found.user && streq(found.user, "<token>") && !found.identity_token) {
		found.identity_token = steal_ptr(&found.secret);
		free(steal_ptr(&found.user));
	}
	*ret = found;
	found = (struct creds){ 0 };
	return 0;
}

/* --- writing --------------------------------------------------------------------------------- */

/*
 * A new file replaces the old one, which keeps its owner. 1: that cannot be done here: the file is
 * a mount, its folder is read-only, or its owner is another user.
 */
static int replace_file(const char *path, const char *text, size_t len)
{
	_cleanup_(aside_release) struct aside aside = ASIDE_INIT;
	struct stat st;
	int rc = aside_open(&aside, path);

	if (rc == -EACCES || rc == -EPERM || rc == -EROFS)
		return 1;
	if (rc == 0 && stat(path, &st) == 0 && (st.st_uid != geteuid() || st.st_gid != getegid()) &&
	    fchown(aside.fd, st.st_uid, st.st_gid) < 0)
		return 1;
	if (rc == 0)
		rc = write_all(aside.fd, text, len);
	if (rc == 0 && fsync(aside.fd) < 0)
		rc = -errno;
	if (rc == 0)
		rc = aside_commit(&aside, true);
	return rc == -EBUSY || rc == -EXDEV ? 1 : rc;
}

/* Nothing is cut off before the new text is in its place. */
static int write_in_place(const char *path, const char *text, size_t len)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = fd < 0 ? -errno : write_all(fd, text, len);

	if (rc == 0 && (ftruncate(fd, (off_t)len) < 0 || fsync(fd) < 0))
		rc = -errno;
	return rc;
}

/* The file that a path means, through links: also one that does not exist yet. malloc'ed. */
static char *through_links(const char *path)
{
	char *at = xstrdup(path);

	for (int i = 0; i < MAX_LINKS; i++) {
		const char *slash = strrchr(at, '/');
		char target[PATH_MAX];
		ssize_t len = readlink(at, target, sizeof(target) - 1);
		char *next;

		if (len < 0)
			break;
		target[len] = '\0';
		next = *target == '/'
			       ? xstrdup(target)
			       : xasprintf("%.*s%s", slash ? (int)(slash - at) + 1 : 0, at, target);
		free(at);
		at = next;
	}
	return at;
}

/* A link stays a link. */
static int write_config(const char *path, const json_t *json, struct err *err)
{
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(8));
	_cleanup_free_ char *real = through_links(path);
	size_t len = text ? strlen(text) : 0;
	int rc = replace_file(real, text ? text : "", len);

	if (rc == 1)
		rc = write_in_place(real, text ? text : "", len);
	if (text)
		explicit_bzero(text, len);
	return rc < 0 ? err_sys(err, -rc, "cannot write %s", path) : 0;
}

/* Two logins at the same time shall not lose one of them. */
static int lock_config(const char *path, struct err *err)
{
	_cleanup_free_ char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	int fd, rc = 0;

	if (slash && slash != dir) {
		*slash = '\0';
		rc = make_dirs(dir, err);
	}
	if (rc < 0)
		return rc;
	fd = open(slash ? (slash == dir ? "/" : dir) : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		rc = err_sys(err, errno, "cannot lock the folder of %s", path);
		close_fd(&fd);
		return rc;
	}
	return fd;
}

static int change(const char *authfile, const char *host, json_t *entry, char **ret_path,
		  struct err *err)
{
	_cleanup_free_ char *path = own_path(authfile);
	_cleanup_json_ json_t *json = NULL, *mine = entry;
	_cleanup_close_ int lock_fd = lock_config(path, err);
	struct stat st;
	json_t *auths;
	int rc = MIN(lock_fd, 0);

	/* A device or a pipe keeps nothing, and is not to be replaced by a file. */
	if (rc == 0 && stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		rc = err_set(err, EINVAL, "%s is not a file", path);
	if (rc == 0)
		rc = read_config(path, &json, err);
	if (rc < 0)
		return rc;
	if (!json)
		json = json_object();
	auths = json_object_get(json, "auths");
	if (!json_is_object(auths)) {
		auths = json_object();
		json_object_set_new(json, "auths", auths);
	}
	if (!mine && !json_object_get(auths, host))
		return err_set(err, ENOENT, "%s has no credentials for %s", path, host);
	if (mine)
		json_object_set(auths, host, mine);
	else
		json_object_del(auths, host);
	rc = write_config(path, json, err);
	if (rc == 0)
		*ret_path = steal_ptr(&path);
	return rc;
}

int creds_save(const char *authfile, const char *host, const char *user, const char *secret,
	       char **ret_path, struct err *err)
{
	_cleanup_free_ char *pair = creds_basic(user, secret);
	json_t *entry = json_object();

	json_object_set_new(entry, "auth", json_string(pair));
	explicit_bzero(pair, strlen(pair));
	return change(authfile, host, entry, ret_path, err);
}

int creds_erase(const char *authfile, const char *host, char **ret_path, struct err *err)
{
	return change(authfile, host, NULL, ret_path, err);
}
