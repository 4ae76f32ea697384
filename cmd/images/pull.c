// SPDX-License-Identifier: Apache-2.0
/* `bombus pull`: an image from a registry into the store. */
#include "base/util.h"
#include "cmd/images/pull_image.h"
#include "cmd/images/remote_args.h"
#include "cmd/images/files.h"
#include "cmd/images/trust_args.h"

struct pull_args {
	struct remote_args remote;
	struct trust_args trust;
	const char *platform;
	uint64_t max_bytes;
};

static int run_pull(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	const struct pull_args *a = args;
	_cleanup_policy_ struct policy *policy = NULL;
	int rc = trust_policy(&a->trust, &policy, err);

	for (size_t i = 0; rc == 0 && i < words->count; i++)
		rc = pull_image(global, &a->remote, words->words[i], a->platform, a->max_bytes,
				policy, err);
	if (rc == 0 && global->quiet)
		for (size_t i = 0; i < words->count; i++)
			file_print_line(words->words[i]);
	return rc;
}

#define ARG(member) offsetof(struct pull_args, member)
static const struct opt pull_opts[] = {
	{ 0, "platform", "OS/ARCH", OPT_TEXT, ARG(platform),
	  "of an image for several: linux/arm64, ..., or all of them with 'all' (this machine's)" },
	{ 0, "max-size", "SIZE", OPT_SIZE, ARG(max_bytes), "refuse what is larger (1G)" },
	TRUST_OPTS(ARG(trust)),
	REMOTE_OPTS(ARG(remote)),
	{ 0 },
};

const struct command cmd_pull = {
	.name = "pull",
	.usage = "IMAGE...",
	.summary = "bring images from their registry",
	.about = "IMAGE is HOST/REPOSITORY:TAG or HOST/REPOSITORY@DIGEST. The default for HOST "
		 "is docker.io, for TAG latest. The store keeps the image under the name as you "
		 "typed it.\n"
		 "pull checks everything against its digest and fetches nothing that the store "
		 "already has. A download that broke off goes on where it stopped, also in a "
		 "later pull. pull takes images of bombus and BumbleBee, bytecode images of "
		 "bpfman and gadgets of Inspektor Gadget.",
	.examples = "bombus pull registry.example/tools/tcpconnlat:1.2\n"
		    "bombus pull localhost:5000/tcpconnlat\n"
		    "bombus pull --platform all registry.example/tools/tcpconnlat",
	.environment = "BOMBUS_STORE        folder of the local images\n" REMOTE_ENVIRONMENT,
	.opts = pull_opts,
	.args_bytes = sizeof(struct pull_args),
	.min_words = 1,
	.max_words = -1,
	.complete = "image",
	.run = run_pull,
};
