// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/images.h"

#include "base/log.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/store_path.h"

#define LATEST ":latest"

const char *image_description(const struct image_info *info)
{
	for (size_t i = 0; i < info->nannotations; i++)
		if (streq(info->annotations[i].name, "org.opencontainers.image.description"))
			return info->annotations[i].value;
	return "";
}

void images_release(struct images *images)
{
	for (size_t i = 0; i < images->count; i++)
		image_info_release(&images->infos[i]);
	free(images->infos);
}

int images_read(const char *store, struct images *images, struct err *err)
{
	size_t count = 0;
	int rc = image_list(store, &images->infos, &count, err);

	for (size_t i = 0; i < count; i++) {
		struct image_info *info = &images->infos[i];

		if (info->damage)
			log_warn("%s", info->damage);
		if (image_is_signature(info))
			image_info_release(info);
		else
			images->infos[images->count++] = *info;
	}
	return rc;
}

/* A name without a tag has the tag "latest". */
static bool same_name(const char *a, const char *b)
{
	size_t alen = strlen(a) - (has_suffix(a, LATEST) ? strlen(LATEST) : 0);
	size_t blen = strlen(b) - (has_suffix(b, LATEST) ? strlen(LATEST) : 0);

	return alen == blen && memcmp(a, b, alen) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct image_info *)a)->name, ((const struct image_info *)b)->name);
}

/* Adds the system's images whose names no image of the user has. */
static void add_behind(struct images *own, struct images *system)
{
	size_t nown = own->count;

	own->infos = xreallocarray(own->infos, own->count + system->count + 1, sizeof(*own->infos));
	for (size_t i = 0; i < system->count; i++) {
		bool hidden = false;

		for (size_t k = 0; k < nown && !hidden; k++)
			hidden = same_name(own->infos[k].name, system->infos[i].name);
		if (hidden)
			continue;
		own->infos[own->count++] = system->infos[i];
		system->infos[i] = (struct image_info){ 0 };
	}
	qsort(own->infos, own->count, sizeof(*own->infos), compare_names);
}

int images_available(struct images *ret, const struct global_args *global, struct err *err)
{
	_cleanup_free_ char *store = store_path(global), *behind = system_store_path();
	_cleanup_(images_release) struct images system = { 0 };
	int rc = images_read(store, ret, err);

	if (rc == 0 && behind)
		rc = images_read(behind, &system, err);
	if (rc < 0)
		return rc;
	add_behind(ret, &system);
	return 0;
}
