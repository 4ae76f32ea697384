// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/headers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/home.h"
#include "base/log.h"
#include "base/util.h"
#include "oci/format/digest.h"
#include "runner/load/kernel/vmlinux.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define HEADER_NAME "vmlinux.h"
/* A vmlinux with all its debugging information is of this size. */
#define MAX_BTF_BYTES (1u << 30)
/* Enough of the digest to tell kernels apart. */
#define KEY_DIGITS 16
/* Changes when the header is written in another way. */
#define KEY_FORM "1"

static bool has_own(const char *dir)
{
	_cleanup_free_ char *path = xasprintf("%s/bombus/bombus.bpf.h", dir);

	return may_access(path, R_OK) == 0;
}

char *headers_own(void)
{
	const char *env = getenv("BOMBUS_INCLUDE");
	_cleanup_free_ char *beside = NULL;

	if (env && *env)
		return xstrdup(env);
	/* The source tree and an installation both have it there. */
	beside = beside_program("include");
	if (beside && has_own(beside))
		return steal_ptr(&beside);
	return has_own(BOMBUS_INCLUDE_DIR) ? xstrdup(BOMBUS_INCLUDE_DIR) : NULL;
}

static char *cache_dir(const char *key)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	_cleanup_free_ char *home = NULL;

	if (cache && *cache == '/')
		return xasprintf("%s/bombus/vmlinux-%s", cache, key);
	home = home_dir();
	return home ? xasprintf("%s/.cache/bombus/vmlinux-%s", home, key) : NULL;
}

/* Several builds may do this at once: each writes aside, the last one's file stays. */
static int write_header(const char *dir, const char *btf_path, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/" HEADER_NAME, dir);
	_cleanup_free_ char *aside = xasprintf("%s/.vmlinux-XXXXXX", dir);
	_cleanup_file_ FILE *out = NULL;
	int fd = mkostemp(aside, O_CLOEXEC), rc;

	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return err_sys(err, errno, "cannot write to %s", dir);
	rc = vmlinux_write(out, btf_path, err);
	if (rc == 0 && (fchmod(fd, 0644) < 0 || rename(aside, path) < 0))
		rc = err_sys(err, errno, "cannot write %s", path);
	if (rc)
		unlink(aside);
	return rc;
}

static int make_cached(const char *dir, const char *btf_path, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/" HEADER_NAME, dir);
	int rc;

	if (may_access(path, R_OK) == 0)
		return 0;
	rc = make_dirs(dir, err);
	if (rc == 0 && may_access(dir, W_OK) < 0)
		rc = err_sys(err, errno, "cannot write to %s", dir);
	if (rc == 0)
		log_debug("writing %s", path);
	return rc < 0 ? rc : write_header(dir, btf_path, err);
}

static int make_temporary(const char *btf_path, struct headers *ret, struct err *err)
{
	const char *tmp = getenv("TMPDIR");

	ret->temporary = xasprintf("%s/bombus-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(ret->temporary)) {
		int code = errno;

		free(steal_ptr(&ret->temporary));
		return err_sys(err, code, "cannot make a temporary folder for vmlinux.h");
	}
	ret->dir = xstrdup(ret->temporary);
	return write_header(ret->dir, btf_path, err);
}

int headers_vmlinux(const char *btf_path, struct headers *ret, struct err *err)
{
	const char *env = getenv("BOMBUS_VMLINUX_BTF");
	_cleanup_free_ char *dir = NULL;
	_cleanup_free_ void *btf = NULL;
	struct err cache_err = { 0 };
	char digest[DIGEST_ROOM], key[KEY_DIGITS + sizeof(KEY_FORM)];
	size_t len = 0;
	int rc;

	if (!btf_path)
		btf_path = env && *env ? env : KERNEL_BTF;
	rc = read_file(btf_path, MAX_BTF_BYTES, &btf, &len, err);
	if (rc < 0) {
		err_hint(err, "--vmlinux FILE or BOMBUS_VMLINUX_BTF names the BTF of a kernel; a "
			      "vmlinux.h beside the source does as well");
		if (rc == -ENOENT && streq(btf_path, KERNEL_BTF))
			return err_set(err, ENOENT, "this kernel has no BTF (%s)", btf_path);
		return rc;
	}
	digest_of(btf, len, digest);
	snprintf(key, sizeof(key), KEY_FORM "%.*s", KEY_DIGITS, digest_hex(digest));
	dir = cache_dir(key);
	if (dir && make_cached(dir, btf_path, &cache_err) == 0) {
		ret->dir = steal_ptr(&dir);
		return 0;
	}
	log_debug("no cache for vmlinux.h: %s", dir ? cache_err.msg : "no home");
	rc = make_temporary(btf_path, ret, err);
	if (rc)
		headers_release(ret);
	return rc;
}

void headers_release(struct headers *headers)
{
	if (headers->temporary) {
		_cleanup_free_ char *path = xasprintf("%s/" HEADER_NAME, headers->temporary);

		unlink(path);
		rmdir(headers->temporary);
	}
	free(headers->temporary);
	free(headers->dir);
	*headers = (struct headers){ 0 };
}
