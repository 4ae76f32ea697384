// SPDX-License-Identifier: Apache-2.0
/* `bombus keygen`: a pair of keys to sign images with. */
#include <errno.h>
#include <fcntl.h>

#include "base/log.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/password.h"
#include "oci/trust/key.h"

struct keygen_args {
	const char *password_file;
};

static int write_key(const char *path, const char *text, mode_t mode, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "cannot write %s", path);
	rc = write_all(fd, text, strlen(text));
	if (rc < 0 || fsync(fd) < 0) {
		rc = err_sys(err, rc < 0 ? -rc : errno, "cannot write %s", path);
		unlink(path);
	}
	return rc;
}

static int run_keygen(const struct global_args *global, void *args, const struct words *words,
		      struct err *err)
{
	const struct keygen_args *a = args;
	const char *prefix = words->count ? words->words[0] : "bombus";
	_cleanup_free_ char *private_path = xasprintf("%s.key", prefix);
	_cleanup_free_ char *public_path = xasprintf("%s.pub", prefix), *public = NULL;
	_cleanup_(secret_free) char *password = NULL, *private = NULL;
	struct password_source source = { a->password_file, true };
	_cleanup_key_ struct key *key = NULL;
	int rc = 0;

	if (may_access(private_path, F_OK) == 0 || may_access(public_path, F_OK) == 0) {
		err_hint(err, "another PREFIX, or remove the old keys");
		return err_usage(err, "%s or %s is there already", private_path, public_path);
	}
	rc = password_get(&source, &password, err);
	if (rc == 0)
		rc = key_generate(&key, err);
	if (rc == 0)
		rc = key_private_pem(key, password, &private, err);
	if (rc)
		return rc;
	public = key_public_pem(key);
	rc = write_key(private_path, private, 0600, err);
	if (rc == 0)
		rc = write_key(public_path, public, 0644, err);
	if (rc == 0)
		log_info("%s signs; hand out %s", private_path, public_path);
	return rc;
}

static const struct opt keygen_opts[] = {
	{ 0, "password-file", "FILE", OPT_TEXT, offsetof(struct keygen_args, password_file),
	  "read the private key's password from this file", NULL, "file" },
	{ 0 },
};

const struct command cmd_keygen = {
	.name = "keygen",
	.usage = "[PREFIX]",
	.summary = "make a pair of keys to sign images with",
	.about = "Writes PREFIX.key, encrypted with a password, and PREFIX.pub (bombus.key and "
		 "bombus.pub). Both are as cosign reads and writes them: ECDSA P-256.",
	.examples = "bombus keygen team",
	.environment = PASSWORD_VARIABLE "  the password of the private key",
	.opts = keygen_opts,
	.args_bytes = sizeof(struct keygen_args),
	.max_words = 1,
	.run = run_keygen,
};
