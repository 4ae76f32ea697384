// SPDX-License-Identifier: Apache-2.0
/* `bombus keygen`, `bombus sign` and `bombus verify`: who made an image. */
#include <errno.h>
#include <fcntl.h>

#include "base/log.h"
#include "base/util.h"
#include "cmd/images/password.h"
#include "cmd/images/remote_args.h"
#include "cmd/images/trust_args.h"
#include "oci/format/ref.h"
#include "oci/trust/key.h"

#define MAX_PASSWORD_BYTES (64u << 10)
#define PASSWORD_VARIABLE "COSIGN_PASSWORD"

struct password_source {
	const char *file; /* NULL: the variable, else the terminal */
	bool twice;	  /* a new one */
};

static int ask_password(const struct password_source *source, char **ret, struct err *err)
{
	_cleanup_(secret_free) char *again = NULL;

	if (!isatty(STDIN_FILENO)) {
		err_hint(err, "--password-file FILE, or " PASSWORD_VARIABLE);
		return err_usage(err, "there is no terminal to ask for the key's password on");
	}
	*ret = ask_line("Password of the private key", false);
	if (!source->twice)
		return 0;
	again = ask_line("Again", false);
	if (streq(*ret, again))
		return 0;
	secret_free(ret);
	*ret = NULL;
	return err_usage(err, "the two passwords differ");
}

static int get_password(void *ctx, char **ret, struct err *err)
{
	const struct password_source *source = ctx;
	const char *variable = getenv(PASSWORD_VARIABLE);
	void *bytes = NULL;
	int rc;

	if (!source->file && !variable)
		return ask_password(source, ret, err);
	if (!source->file) {
		*ret = xstrdup(variable);
		return 0;
	}
	rc = read_file(source->file, MAX_PASSWORD_BYTES, &bytes, NULL, err);
	if (rc < 0)
		return rc;
	*ret = without_newline(bytes);
	return 0;
}

/* --- keygen ---------------------------------------------------------------------------------- */

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

	if (access(private_path, F_OK) == 0 || access(public_path, F_OK) == 0) {
		err_hint(err, "another PREFIX, or remove the old keys");
		return err_usage(err, "%s or %s is there already", private_path, public_path);
	}
	rc = get_password(&source, &password, err);
	if (rc == 0)
		rc = key_generate(&key, err);
	if (rc == 0)
		rc = key_private_pem(key, password, &private, err);
	if (rc < 0)
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

/* --- sign ------------------------------------------------------------------------------------ */

struct sign_args {
	const char *key, *password_file, *form;
	struct remote_args remote;
};

static int read_key(const struct sign_args *a, struct key **ret, struct err *err)
{
	struct password_source source = { a->password_file, false };
	_cleanup_free_ void *pem = NULL;
	size_t len = 0;
	int rc;

	if (!a->key) {
		err_hint(err, "--key FILE; 'bombus keygen' makes one");
		return err_usage(err, "an image is signed with a private key");
	}
	rc = read_file(a->key, KEY_MAX_BYTES, &pem, &len, err);
	if (rc >= 0)
		rc = key_private(a->key, pem, len, get_password, &source, ret, err);
	if (pem)
		explicit_bzero(pem, len);
	return rc;
}

static enum signature_form form_of(const char *word)
{
	if (word && streq(word, "referrer"))
		return SIGN_REFERRER;
	return word && streq(word, "bundle") ? SIGN_BUNDLE : SIGN_TAG;
}

static int run_sign(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	const struct sign_args *a = args;
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	_cleanup_key_ struct key *key = NULL;
	char digest[DIGEST_ROOM];
	int rc = read_key(a, &key, err);

	if (rc == 0)
		rc = remote_session_init(&session, global, &a->remote, err);
	for (size_t i = 0; rc == 0 && i < words->count; i++) {
		rc = remote_sign(words->words[i], key, form_of(a->form), &session.opts, digest,
				 err);
		if (rc < 0)
			err_wrap(err, "cannot sign %s", words->words[i]);
		else
			log_info("signed %s (%s)", words->words[i], digest);
		if (rc == 0 && global->quiet)
			printf("%s\n", digest);
	}
	return rc;
}

#define ARG(member) offsetof(struct sign_args, member)
static const struct opt sign_opts[] = {
	{ 0, "key", "FILE", OPT_TEXT, ARG(key), "the private key (PEM)", NULL, "file" },
	{ 0, "password-file", "FILE", OPT_TEXT, ARG(password_file),
	  "read the private key's password from this file", NULL, "file" },
	{ 0, "form", "FORM", OPT_CHOICE, ARG(form),
	  "tag (what most tools read), referrer (OCI 1.1), or bundle (cosign 3)",
	  "tag referrer bundle" },
	REMOTE_OPTS_KEY(ARG(remote), "cert-key"),
	{ 0 },
};

const struct command cmd_sign = {
	.name = "sign",
	.usage = "IMAGE...",
	.summary = "sign images in their registry",
	.about = "Signs what IMAGE stands for in its registry; of an image for several platforms "
		 "the whole. The signature goes beside it, as cosign's. A digest signs what you "
		 "have seen, while a tag may have moved. Nothing is entered into a transparency "
		 "log.",
	.examples = "bombus sign --key team.key registry.example/tools/tcpconnlat:1.2\n"
		    "bombus sign --key team.key registry.example/tools/tcpconnlat@sha256:...",
	.environment =
		PASSWORD_VARIABLE "     the password of the private key\n" REMOTE_ENVIRONMENT,
	.opts = sign_opts,
	.args_bytes = sizeof(struct sign_args),
	.min_words = 1,
	.max_words = -1,
	.complete = "image",
	.run = run_sign,
};

/* --- verify ---------------------------------------------------------------------------------- */

struct verify_args {
	struct trust_args trust;
	struct remote_args remote;
};

static int verify_one(const char *word, const struct remote_opts *opts, struct err *err)
{
	_cleanup_(image_info_release) struct image_info info = { 0 };
	int rc = remote_verify(word, NULL, opts, &info, err);

	if (rc < 0) {
		err_wrap(err, "%s", word);
		return rc;
	}
	log_info("%s is trusted (%s)", word, info.digest);
	for (size_t i = 0; i < info.nsignatures; i++)
		if (info.signatures[i].signer)
			log_info("  %s by %s, %s", info.signatures[i].form,
				 info.signatures[i].signer, info.signatures[i].where);
	return 0;
}

static int run_verify(const struct global_args *global, void *args, const struct words *words,
		      struct err *err)
{
	const struct verify_args *a = args;
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	_cleanup_policy_ struct policy *policy = NULL;
	int rc = trust_policy(&a->trust, &policy, err);

	if (rc == 0)
		rc = remote_session_init(&session, global, &a->remote, err);
	session.opts.policy = policy;
	for (size_t i = 0; rc == 0 && i < words->count; i++) {
		_cleanup_(ref_release) struct ref ref = { 0 };

		rc = ref_parse(words->words[i], &ref, err);
		if (rc == 0 && !policy_asks(policy, &ref)) {
			err_hint(err, "--key FILE");
			rc = err_usage(err, "neither a key nor a policy asks for a signature of %s",
				       words->words[i]);
		}
		if (rc == 0)
			rc = verify_one(words->words[i], &session.opts, err);
	}
	return rc;
}

#undef ARG
#define ARG(member) offsetof(struct verify_args, member)
static const struct opt verify_opts[] = {
	TRUST_OPTS_KEY(ARG(trust), "key"),
	REMOTE_OPTS_KEY(ARG(remote), "cert-key"),
	{ 0 },
};

const struct command cmd_verify = {
	.name = "verify",
	.usage = "IMAGE...",
	.summary = "check the signatures of images in their registry",
	.about = "Exit status 5 where no trusted key signed an image, with the reason. Signatures "
		 "are read in the three forms that cosign writes. Certificates of keyless signing "
		 "and the transparency log are not checked, and count for nothing.",
	.examples = "bombus verify --key team.pub registry.example/tools/tcpconnlat:1.2",
	.environment = REMOTE_ENVIRONMENT,
	.opts = verify_opts,
	.args_bytes = sizeof(struct verify_args),
	.min_words = 1,
	.max_words = -1,
	.complete = "image",
	.run = run_verify,
};
