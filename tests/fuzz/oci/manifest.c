// SPDX-License-Identifier: Apache-2.0
/* Documents of a store or a registry. The first byte chooses which; what was taken is written
 * again and has to be taken again. */
#include "base/util.h"
#include "oci/format/digest.h"
#include "oci/format/index.h"
#include "oci/format/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void try_manifest(const void *bytes, size_t len)
{
	struct manifest m = { 0 }, again = { 0 };
	_cleanup_free_ char *text = NULL;

	if (manifest_parse(bytes, len, NULL, &m, NULL) < 0)
		return;
	check(digest_valid(m.config.digest));
	for (size_t i = 0; i < m.nlayers; i++)
		check(digest_valid(m.layers[i].digest));
	/* A platform that cannot be written again ("a/b" as an os) is refused then. */
	if (manifest_write(&m, &text, NULL) == 0) {
		check(manifest_parse(text, strlen(text), NULL, &again, NULL) == 0);
		check(again.nlayers == m.nlayers && again.nannotations == m.nannotations);
	}
	manifest_release(&again);
	manifest_release(&m);
}

static void try_index(const void *bytes, size_t len)
{
	struct descriptor desc = { .media_type = "m", .size_bytes = 1 };
	char digest[DIGEST_ROOM];
	struct index *index = NULL, *again = NULL;
	_cleanup_free_ char *text = NULL;

	if (index_parse(bytes, len, &index, NULL) < 0)
		return;
	digest_of(bytes, len, digest);
	desc.digest = digest;
	check(index_put(index, "name", &desc, NULL) == 0);
	check(streq(index_find(index, "name")->desc.digest, digest));
	text = index_write(index);
	check(index_parse(text, strlen(text), &again, NULL) == 0);
	index_free(again);
	index_free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] % 2)
		try_index(data + 1, size - 1);
	else
		try_manifest(data + 1, size - 1);
	return 0;
}
