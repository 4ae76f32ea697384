// SPDX-License-Identifier: Apache-2.0
/* `bombus tag`: a second name. */
#include "base/log.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/store_path.h"
#include "oci/image.h"

static int run_tag(const struct global_args *global, void *args, const struct words *words,
		   struct err *err)
{
	const char *name = words->words[0], *to = words->words[1];
	_cleanup_free_ char *from = store_of_image(global, name), *store = store_path(global);
	int rc = image_tag(&(struct image_place){ from, name }, store, to, err);

	if (rc == 0)
		log_info("%s is now %s", to, name);
	return rc;
}

const struct command cmd_tag = {
	.name = "tag",
	.usage = "IMAGE NAME",
	.summary = "give an image a second name",
	.about = "If NAME already names another image, it names IMAGE from now on.",
	.examples = "bombus tag tcpconnlat registry.example/tools/tcpconnlat:1.2",
	.environment = "BOMBUS_STORE  folder of the local images",
	.min_words = 2,
	.max_words = 2,
	.complete = "image",
	.run = run_tag,
};
