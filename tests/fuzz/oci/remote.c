// SPDX-License-Identifier: Apache-2.0
/*
 * What registries and people's words are read from: byte 0 chooses the reader, the rest is the
 * text. Readers that print again what they read must then read the same.
 */
#include "base/arena.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/registry/challenge.h"
#include "oci/format/digest.h"
#include "oci/format/image_index.h"
#include "oci/format/ref.h"
#include "base/net/retry.h"
#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool holds)
{
	if (!holds)
		abort();
}

static void read_ref(const char *text)
{
	struct ref ref = { 0 }, again = { 0 };
	char *whole;

	ref_is_remote(text);
	if (ref_parse(text, &ref, NULL) < 0)
		return;
	insist(!strstr(ref.repository, "..") && !strpbrk(ref.repository, "?#%\\ @:"));
	insist(!strpbrk(ref.host, "/?#%\\ @"));
	insist(!ref.digest || digest_valid(ref.digest));
	whole = ref_text(&ref);
	if (strlen(whole) <= REF_MAX_BYTES) {
		insist(ref_parse(whole, &again, NULL) == 0);
		insist(streq(again.host, ref.host) && streq(again.repository, ref.repository) &&
		       streq(ref_version(&again), ref_version(&ref)));
		ref_release(&again);
	}
	free(whole);
	ref_release(&ref);
}

static void read_challenge(const char *text)
{
	struct challenge list[CHALLENGES_MAX];
	size_t count = challenges_parse(text, list, 0);

	count = challenges_parse(text, list, count);
	insist(count <= CHALLENGES_MAX);
	challenge_find(list, count, "Bearer");
	challenges_release(list, count);
}

/* Wherever it leads, it is http or https and no user is named on the way. */
static void read_location(const char *text)
{
	char *joined = NULL;
	struct url url = { 0 };

	if (url_join("https://registry.example:5000/v2/a/b?c=d", text, &joined, NULL) < 0)
		return;
	insist(url_parse(joined, &url, NULL) == 0);
	insist(!strchr(url.host, '@') && !strchr(url.host, '/'));
	insist(url_same_origin(joined, joined));
	url_release(&url);
	free(joined);
}

static void read_multi(const char *text, size_t len)
{
	const struct descriptor *one = NULL;
	struct image_index images = { 0 };
	char *again = NULL, *all;

	if (image_index_parse(text, len, NULL, &images, NULL) < 0)
		return;
	all = image_index_platforms(&images);
	free(all);
	if (image_index_choose(&images, "linux/amd64", &one, NULL) == 0)
		insist(digest_valid(one->digest) && image_index_is_image(one));
	if (image_index_write(&images, &again, NULL) == 0)
		free(again);
	image_index_release(&images);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	switch (data[0] % 5) {
	case 0:
		read_ref(text);
		break;
	case 1:
		read_challenge(text);
		break;
	case 2:
		read_location(text);
		break;
	case 3:
		read_multi((const char *)data + 1, size - 1);
		break;
	case 4:
		insist(retry_pause_ns(1, text, 1793523600000000000ull) > 0);
		break;
	}
	free(text);
	return 0;
}
