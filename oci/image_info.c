// SPDX-License-Identifier: Apache-2.0
/* What an image is: from its manifest, its config and the entry of the index. */
#include "base/util.h"
#include "oci/format/json.h"
#include "oci/image_internal.h"

void image_info_release(struct image_info *info)
{
	free(info->name);
	free(info->created);
	free(info->platform);
	free(info->damage);
	free(info->manifest_json);
	for (size_t i = 0; i < info->nannotations; i++) {
		free((char *)info->annotations[i].name);
		free((char *)info->annotations[i].value);
	}
	free(info->annotations);
	for (size_t i = 0; i < info->nlayers; i++) {
		free(info->layers[i].media_type);
		free(info->layers[i].title);
	}
	free(info->layers);
	for (size_t i = 0; i < info->nlabels; i++) {
		free((char *)info->labels[i].name);
		free((char *)info->labels[i].value);
	}
	free(info->labels);
	free(info->platforms);
	for (size_t i = 0; i < info->nsignatures; i++) {
		free(info->signatures[i].where);
		free(info->signatures[i].signer);
	}
	free(info->signatures);
	free(info->signatures_trouble);
	*info = (struct image_info){ 0 };
}

static char *dup_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void image_fill_info(struct image_info *info, const struct manifest *m)
{
	const char *created = annotation_get(m->annotations, m->nannotations, NOTE_CREATED);

	if (created) {
		free(info->created);
		info->created = xstrdup(created);
	}
	info->annotations = xcalloc(m->nannotations + 1, sizeof(*info->annotations));
	for (; info->nannotations < m->nannotations; info->nannotations++)
		info->annotations[info->nannotations] = (struct image_pair){
			xstrdup(m->annotations[info->nannotations].name),
			xstrdup(m->annotations[info->nannotations].value),
		};
	info->size_bytes += m->config.size_bytes;
	info->layers = xcalloc(m->nlayers + 1, sizeof(*info->layers));
	for (; info->nlayers < m->nlayers; info->nlayers++) {
		const struct descriptor *d = &m->layers[info->nlayers];
		struct image_layer *layer = &info->layers[info->nlayers];

		layer->media_type = xstrdup(d->media_type);
		layer->title =
			dup_or_null(annotation_get(d->annotations, d->nannotations, NOTE_TITLE));
		memcpy(layer->digest, d->digest, strlen(d->digest) + 1);
		layer->size_bytes = d->size_bytes;
		if (__builtin_add_overflow(info->size_bytes, d->size_bytes, &info->size_bytes))
			info->size_bytes = UINT64_MAX;
	}
}

/* What the index alone says; enough to list an image whose manifest is damaged. */
void image_begin_info(const struct index_entry *entry, struct image_info *info)
{
	const struct descriptor *d = &entry->desc;
	const char *origin;

	*info = (struct image_info){
		.name = xstrdup(entry->name),
		.size_bytes = d->size_bytes,
		.platform = dup_or_null(d->platform),
		.created =
			dup_or_null(annotation_get(d->annotations, d->nannotations, NOTE_CREATED)),
	};
	memcpy(info->digest, d->digest, strlen(d->digest) + 1);
	origin = annotation_get(d->annotations, d->nannotations, NOTE_ORIGIN);
	if (origin && digest_valid(origin))
		memcpy(info->origin, origin, strlen(origin) + 1);
}

void image_fill_config(struct image_info *info, const struct json_t *config)
{
	json_t *labels = json_object_get(json_object_get(config, "config"), "Labels"), *value;
	const char *os = json_string_value(json_object_get(config, "os"));
	const char *arch = json_string_value(json_object_get(config, "architecture"));
	const char *variant = json_string_value(json_object_get(config, "variant"));
	const char *name;

	if (os && arch && !info->platform)
		info->platform = xasprintf("%s/%s%s%s", os, arch, variant ? "/" : "",
					   variant ? variant : "");

	info->labels = xcalloc(json_object_size(labels) + 1, sizeof(*info->labels));
	json_object_foreach(labels, name, value)
	{
		if (json_is_string(value))
			info->labels[info->nlabels++] = (struct image_pair){
				xstrdup(name),
				xstrdup(json_string_value(value)),
			};
	}
}
