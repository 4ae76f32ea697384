// SPDX-License-Identifier: Apache-2.0
/* `bombus sign`: images in their registry. */
#include "base/log.h"
#include "base/util.h"
#include "cmd/images/password.h"
#include "cmd/images/remote_args.h"
#include "oci/trust/key.h"

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
		rc = key_private(a->key, pem, len, password_get, &source, ret, err);
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
	.about = "sign signs the image that IMAGE names in its registry; of an image for several "
		 "platforms it signs the whole. The signature goes beside the image, in cosign's "
		 "form. Sign a digest to sign exactly what you have seen: a tag may have moved. "
		 "sign enters nothing into a transparency log.",
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
