// SPDX-License-Identifier: Apache-2.0
/* `bombus verify`: whether images are signed as they should be. */
#include "base/log.h"
#include "base/util.h"
#include "cmd/images/remote_args.h"
#include "cmd/images/trust_args.h"
#include "oci/format/ref.h"

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
	.about = "If no trusted key signed an image, verify gives the reason and ends with "
		 "status 5. It reads signatures in the three forms that cosign writes. It does "
		 "not check the certificates of keyless signing or the transparency log; they "
		 "count for nothing.",
	.examples = "bombus verify --key team.pub registry.example/tools/tcpconnlat:1.2",
	.environment = REMOTE_ENVIRONMENT,
	.opts = verify_opts,
	.args_bytes = sizeof(struct verify_args),
	.min_words = 1,
	.max_words = -1,
	.complete = "image",
	.run = run_verify,
};
