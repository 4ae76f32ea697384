// SPDX-License-Identifier: Apache-2.0
#include "oci/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/util.h"
#include "oci/format/json.h"

#define LAYOUT_FILE "oci-layout"
#define INDEX_FILE "index.json"
#define LOCK_FILE ".lock"
#define TMP_PREFIX ".tmp-"
#define LOCK_PAUSE_MS 10
#define LOCK_ONE_MS 30000  /* for one writer that does not let go */
#define LOCK_ALL_MS 600000 /* for any number that come before */

struct store {
	char *path;
	int dir_fd;   /* -1: the folder does not exist */
	int blobs_fd; /* of STORE_BLOBS; -1: there is none yet */
	int lock_fd;  /* -1: for reading only */
	struct index *index;
};

static bool exists(const struct store *s, const char *name)
{
	return faccessat(s->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int full_hint(struct err *err, int code)
{
	if (code == EACCES || code == EPERM || code == EROFS)
		err_hint(err, "--store DIR or BOMBUS_STORE names another folder");
	return -code;
}

/*
 * The folder of blobs, made if `make` is set. Each component is opened by itself and is never a
 * symbolic link: in a store that belongs to another user, a link could lead anywhere, and blobs
 * are removed there. -1 and errno.
 */
static int open_blobs(int dir_fd, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_close_ int outer = -1;
	int fd;

	if (make && mkdirat(dir_fd, "blobs", 0755) < 0 && errno != EEXIST)
		return -1;
	outer = openat(dir_fd, "blobs", flags);
	if (outer < 0 || (make && mkdirat(outer, "sha256", 0755) < 0 && errno != EEXIST))
		return -1;
	fd = openat(outer, "sha256", flags);
	return make && fd >= 0 && fsync(outer) < 0 ? (close(fd), -1) : fd;
}

/*
 * A file of the store or, where `dir` says so, of its blobs, whole. What is not a regular file is
 * refused without being read.
 */
static int read_at(const struct store *s, int dir_fd, const char *dir, const char *name,
		   size_t max_bytes, void **ret, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_free_ char *what = xasprintf("%s/%s%s", s->path, dir, name);
	struct stat st;

	if (fd < 0) {
		int code = errno;

		return err_sys(err, code, "cannot open %s", what);
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EBADMSG, "%s is not a file", what);
	return read_fd(fd, what, max_bytes, ret, ret_len, err);
}

static int write_aside(const struct store *s, const char *tmp, const void *bytes, size_t len)
{
	_cleanup_close_ int fd =
		openat(s->dir_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -errno : write_all(fd, bytes, len);

	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	return rc;
}

/* Under the lock, so that one name for an incomplete file is enough. */
static int write_at(const struct store *s, int dir_fd, const char *dir, const char *name,
		    const void *bytes, size_t len, struct err *err)
{
	const char *tmp = TMP_PREFIX "write";
	int rc = write_aside(s, tmp, bytes, len);

	if (rc == 0 && renameat(s->dir_fd, tmp, dir_fd, name) < 0)
		rc = -errno;
	if (rc)
		unlinkat(s->dir_fd, tmp, 0);
	else if (fsync(dir_fd) < 0)
		rc = -errno;
	if (rc < 0) {
		full_hint(err, -rc);
		return err_sys(err, -rc, "cannot write %s/%s%s", s->path, dir, name);
	}
	return 0;
}

/* What a writer may have left before there was a layout, or after it was killed. */
static bool is_own(const char *name)
{
	return streq(name, ".") || streq(name, "..") || streq(name, LOCK_FILE) ||
	       has_prefix(name, TMP_PREFIX);
}

static int each_name(const struct store *s, int (*fn)(const struct store *s, const char *name))
{
	int fd = openat(s->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (!dir) {
		rc = -errno;
		close_fd(&fd);
		return rc;
	}
	while (rc == 0 && (e = readdir(dir)))
		rc = fn(s, e->d_name);
	closedir(dir);
	return rc;
}

static int refuse_foreign(const struct store *s, const char *name)
{
	return is_own(name) ? 0 : -ENOTEMPTY;
}

static int remove_unfinished(const struct store *s, const char *name)
{
	if (has_prefix(name, TMP_PREFIX))
		unlinkat(s->dir_fd, name, 0);
	return 0;
}

static bool has_layout(const struct store *s)
{
	return exists(s, LAYOUT_FILE) || exists(s, INDEX_FILE);
}

/*
 * A mistyped --store must not fill a folder of other files with blobs. Another writer may make the
 * store meanwhile; its first file is the layout, so that a second look finds it.
 */
static int check_folder(const struct store *s, struct err *err)
{
	int rc;

	if (has_layout(s))
		return 0;
	rc = each_name(s, refuse_foreign);
	if (rc == -ENOTEMPTY && has_layout(s))
		return 0;
	if (rc == -ENOTEMPTY) {
		err_hint(err,
			 "--store and BOMBUS_STORE name a folder of images; a new or empty one "
			 "will do");
		return err_set(err, ENOTEMPTY, "%s is not a store of images, and not empty",
			       s->path);
	}
	return rc < 0 ? err_sys(err, -rc, "cannot read %s", s->path) : 0;
}

/* The version is 1.0.0 to this day. */
static int check_layout(const struct store *s, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	_cleanup_json_ json_t *json = NULL;
	const char *version = NULL;
	size_t len = 0;
	int rc;

	if (!exists(s, LAYOUT_FILE))
		return 0;
	rc = read_at(s, s->dir_fd, "", LAYOUT_FILE, JSON_MAX_BYTES, &bytes, &len, err);
	if (rc == 0)
		rc = json_parse(LAYOUT_FILE, bytes, len, &json, err);
	if (rc == 0)
		rc = json_get_text(json, "imageLayoutVersion", &version, err);
	if (rc == 0 && (!version || !has_prefix(version, "1.")))
		rc = err_set(err, EBADMSG, "%s is an image layout of version %s, not 1.0.0",
			     s->path, version ? version : "?");
	return rc;
}

static int load_index(struct store *s, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	size_t len = 0;
	int rc;

	if (s->dir_fd < 0)
		return index_parse(NULL, 0, &s->index, err);
	rc = check_folder(s, err);
	if (rc == 0)
		rc = check_layout(s, err);
	if (rc == 0 && exists(s, INDEX_FILE))
		rc = read_at(s, s->dir_fd, "", INDEX_FILE, JSON_MAX_BYTES, &bytes, &len, err);
	if (rc)
		return rc;
	rc = index_parse(bytes, len, &s->index, err);
	if (rc)
		err_wrap(err, "%s", s->path);
	return rc;
}

static struct store *store_new(const char *path)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->path = xstrdup(path);
	s->dir_fd = s->blobs_fd = s->lock_fd = -1;
	return s;
}

static int open_dir(struct store *s, struct err *err)
{
	s->dir_fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0) {
		int code = errno;

		full_hint(err, code);
		return err_sys(err, code, "cannot open the store %s", s->path);
	}
	s->blobs_fd = open_blobs(s->dir_fd, false);
	if (s->blobs_fd < 0 && errno != ENOENT) {
		int code = errno;

		if (code == ELOOP || code == ENOTDIR)
			err_hint(err, "symbolic links inside a store are not followed");
		return err_sys(err, code, "cannot open %s/" STORE_BLOBS, s->path);
	}
	return 0;
}

int store_open_read(struct store **ret, const char *path, struct err *err)
{
	_cleanup_store_ struct store *s = store_new(path);
	int rc = 0;

	if (may_access(path, F_OK) == 0 || errno != ENOENT)
		rc = open_dir(s, err);
	if (rc == 0)
		rc = load_index(s, err);
	if (rc == 0)
		*ret = steal_ptr(&s);
	return rc;
}

/* Writes the process id for the messages of waiting writers. The write also sets the file's time,
 * by which they see that the lock changes hands. */
static void sign_lock(const struct store *s)
{
	char pid[16];
	int len = snprintf(pid, sizeof(pid), "%-10d\n", (int)getpid());

	if (pwrite(s->lock_fd, pid, (size_t)len, 0) != len)
		log_debug("%s/%s: cannot write the process id", s->path, LOCK_FILE);
}

static int refuse_locked(const struct store *s, struct err *err)
{
	char pid[16] = "";
	uint64_t value;
	ssize_t len = pread(s->lock_fd, pid, sizeof(pid) - 1, 0);

	while (len > 0 && (pid[len - 1] == '\n' || pid[len - 1] == ' '))
		pid[--len] = '\0';
	err_hint(err, "another bombus writes to this store, or hangs while it does");
	if (parse_u64(pid, &value) < 0)
		return err_set(err, EBUSY, "%s/%s is locked", s->path, LOCK_FILE);
	return err_set(err, EBUSY, "%s/%s is locked by process %s", s->path, LOCK_FILE, pid);
}

/* A writer waits for its turn while others come and go, but not long for one that hangs. */
static int wait_for_lock(const struct store *s, struct err *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	struct timespec seen = { 0 };
	int one_ms = 0;

	for (int all_ms = 0; all_ms < LOCK_ALL_MS && one_ms < LOCK_ONE_MS;) {
		struct stat st;

		if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, errno, "cannot lock %s/%s", s->path, LOCK_FILE);
		if (fstat(s->lock_fd, &st) == 0 &&
		    (st.st_mtim.tv_sec != seen.tv_sec || st.st_mtim.tv_nsec != seen.tv_nsec)) {
			seen = st.st_mtim;
			one_ms = 0;
		}
		nanosleep(&pause, NULL);
		one_ms += LOCK_PAUSE_MS;
		all_ms += LOCK_PAUSE_MS;
	}
	return refuse_locked(s, err);
}

static int take_lock(struct store *s, struct err *err)
{
	int rc;

	s->lock_fd = openat(s->dir_fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (s->lock_fd < 0) {
		int code = errno;

		full_hint(err, code);
		return err_sys(err, code, "cannot write to the store %s", s->path);
	}
	rc = wait_for_lock(s, err);
	if (rc == 0)
		sign_lock(s);
	return rc;
}

static int make_layout(struct store *s, struct err *err)
{
	int rc = 0;

	if (!exists(s, LAYOUT_FILE))
		rc = write_at(s, s->dir_fd, "", LAYOUT_FILE, STORE_LAYOUT_TEXT,
			      strlen(STORE_LAYOUT_TEXT), err);
	if (rc == 0 && !exists(s, INDEX_FILE))
		rc = store_commit(s, err);
	if (rc < 0 || s->blobs_fd >= 0)
		return rc;
	s->blobs_fd = open_blobs(s->dir_fd, true);
	if (s->blobs_fd < 0) {
		int code = errno;

		full_hint(err, code);
		return err_sys(err, code, "cannot make the folder %s/" STORE_BLOBS, s->path);
	}
	return 0;
}

int store_open_write(struct store **ret, const char *path, struct err *err)
{
	_cleanup_store_ struct store *s = store_new(path);
	int rc = make_dirs(path, err);

	if (rc < 0) {
		full_hint(err, -rc);
		return rc;
	}
	rc = open_dir(s, err);
	if (rc == 0)
		rc = check_folder(s, err);
	if (rc == 0)
		rc = take_lock(s, err);
	if (rc)
		return rc;
	each_name(s, remove_unfinished);
	rc = load_index(s, err);
	if (rc == 0)
		rc = make_layout(s, err);
	if (rc == 0)
		*ret = steal_ptr(&s);
	return rc;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	index_free(s->index);
	close_fd(&s->lock_fd);
	close_fd(&s->blobs_fd);
	close_fd(&s->dir_fd);
	free(s->path);
	free(s);
}

struct index *store_index(struct store *s)
{
	return s->index;
}

struct index *store_take_index(struct store *s)
{
	return steal_ptr(&s->index);
}

int store_get_blob(struct store *s, const char *digest, uint64_t size_bytes, size_t max_bytes,
		   void **ret, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	char found[DIGEST_ROOM];
	size_t len = 0;
	int rc;

	if (!digest_valid(digest))
		return err_set(err, EBADMSG, "a digest is not of the form sha256:<64 hex digits>");
	if (size_bytes > max_bytes)
		return err_set(err, EFBIG, "%s is larger than %zu bytes", digest, max_bytes);
	if (s->dir_fd < 0)
		return err_set(err, ENOENT, "%s: there is no such folder", s->path);
	if (s->blobs_fd < 0)
		return err_set(err, ENOENT, "there is no folder %s/" STORE_BLOBS, s->path);
	rc = read_at(s, s->blobs_fd, STORE_BLOBS "/", digest_hex(digest), max_bytes, &bytes, &len,
		     err);
	if (rc)
		return rc;
	if (len != size_bytes)
		return err_set(err, EBADMSG,
			       "%s/" STORE_BLOBS "/%s is damaged: it has %zu bytes, "
			       "not %llu",
			       s->path, digest_hex(digest), len, (unsigned long long)size_bytes);
	digest_of(bytes, len, found);
	if (!streq(found, digest))
		return err_set(err, EBADMSG, "%s/" STORE_BLOBS "/%s is damaged: its digest is %s",
			       s->path, digest_hex(digest), found);
	*ret = steal_ptr(&bytes);
	return 0;
}

int store_put_blob(struct store *s, const void *bytes, size_t len, char ret_digest[DIGEST_ROOM],
		   struct err *err)
{
	_cleanup_free_ void *there = NULL;

	digest_of(bytes, len, ret_digest);
	/* Read back rather than believed: a damaged blob is healed by building again. */
	if (store_get_blob(s, ret_digest, len, len, &there, NULL) == 0)
		return 0;
	return write_at(s, s->blobs_fd, STORE_BLOBS "/", digest_hex(ret_digest), bytes, len, err);
}

int store_commit(struct store *s, struct err *err)
{
	_cleanup_free_ char *text = index_write(s->index);
	size_t len = strlen(text);

	if (len > JSON_MAX_BYTES)
		return err_set(err, EFBIG,
			       "%s holds too many images: its index would be larger "
			       "than %u MiB",
			       s->path, JSON_MAX_BYTES >> 20);
	return write_at(s, s->dir_fd, "", INDEX_FILE, text, len, err);
}

int store_dir_fd(const struct store *s)
{
	return s->dir_fd;
}

int store_blobs_fd(const struct store *s)
{
	return s->blobs_fd;
}

const char *store_dir_path(const struct store *s)
{
	return s->path;
}

int store_adopt_blob(struct store *s, const char *file, const char *digest, struct err *err)
{
	const char *name = digest_hex(digest);

	if (renameat(s->dir_fd, file, s->blobs_fd, name) < 0 || fsync(s->blobs_fd) < 0)
		return err_sys(err, errno, "cannot write %s/" STORE_BLOBS "/%s", s->path, name);
	return 0;
}
