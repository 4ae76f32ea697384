// SPDX-License-Identifier: Apache-2.0
/* The tags of a repository, which come in pages. */
#include <errno.h>

#include "base/err.h"
#include "base/url.h"
#include "base/util.h"
#include "oci/format/json.h"
#include "oci/format/ref.h"
#include "oci/registry/link.h"
#include "oci/registry/registry_internal.h"

#define MAX_TAGS 100000
#define MAX_PAGES 10000
#define MAX_EMPTY_PAGES 100

struct tags {
	char **names;
	size_t count;
	size_t refused; /* what was in the list and is no tag */
	unsigned empty_pages;
};

static int add_tags(struct tags *tags, const struct strbuf *body, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	json_t *list, *tag;
	size_t i;
	int rc = json_parse("the list of tags", strbuf_str(body), body->len, &json, err);

	if (rc)
		return rc;
	list = json_object_get(json, "tags");
	tags->empty_pages = json_array_size(list) ? 0 : tags->empty_pages + 1;
	json_array_foreach(list, i, tag)
	{
		const char *name = json_string_value(tag);

		if (!name || !ref_tag_valid(name)) {
			tags->refused++;
			continue;
		}
		if (tags->count == MAX_TAGS)
			return err_set(err, EFBIG, "there are more than %d tags", MAX_TAGS);
		tags->names = xreallocarray(tags->names, tags->count + 1, sizeof(*tags->names));
		tags->names[tags->count++] = xstrdup(name);
	}
	return 0;
}

/* *ret is NULL after the last page, and malloc'ed otherwise. */
static int next_page(const struct registry *registry, const struct transfer *t, char **ret,
		     struct err *err)
{
	_cleanup_free_ char *target = link_next(t->call.response.link), *joined = NULL;
	int rc;

	*ret = NULL;
	if (!target)
		return 0;
	rc = url_join(t->url, target, &joined, err);
	if (rc < 0)
		return rc;
	*ret = link_at_base(joined, registry->base);
	if (!*ret)
		return err_set(err, EBADMSG, "the next page of tags is at another address");
	if (streq(*ret, t->url)) {
		free(steal_ptr(ret));
		return err_set(err, ELOOP, "a page of tags names itself as the next one");
	}
	return 0;
}

static int read_pages(struct registry *registry, const char *repository, struct tags *tags,
		      struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull");
	_cleanup_free_ char *what = xasprintf("%s/%s", registry->host, repository);
	char *url = xasprintf("%s/v2/%s/tags/list", registry->base, repository);
	int rc = 0;

	for (unsigned page = 0; rc == 0 && url; page++) {
		_cleanup_(transfer_release) struct transfer t =
			registry_request(registry, "GET", repository, scope, steal_ptr(&url));

		rc = registry_run(&t, 200, what, err);
		if (rc < 0)
			return rc;
		rc = page == MAX_PAGES || tags->empty_pages == MAX_EMPTY_PAGES
			     ? err_set(err, ELOOP, "the pages of tags have no end")
			     : add_tags(tags, &t.call.response.body, err);
		if (rc == 0)
			rc = next_page(registry, &t, &url, err);
	}
	free(url);
	if (rc < 0)
		err_wrap(err, "%s", what);
	return rc;
}

int registry_tags(struct registry *registry, const char *repository, struct tag_list *ret,
		  struct err *err)
{
	struct tags tags = { 0 };
	int rc = read_pages(registry, repository, &tags, err);

	if (rc < 0)
		err_exit(err, EXIT_REGISTRY);
	*ret = (struct tag_list){ tags.names, tags.count, tags.refused };
	return rc;
}

void tag_list_release(struct tag_list *tags)
{
	for (size_t i = 0; i < tags->count; i++)
		free(tags->names[i]);
	free(tags->names);
	*tags = (struct tag_list){ 0 };
}
