/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References: where in which registry an image is.
 *
 *	[HOST/]REPOSITORY[:TAG][@DIGEST]
 *
 * The first component is a host if it has '.', ':' or upper case, or is "localhost"; without one
 * the image is at docker.io, where a single name is in "library/". A digest beats a tag; without
 * either the tag is "latest". Hosts end up in URLs and repositories in paths: nothing passes here
 * that means anything to either.
 */
#ifndef BOMBUS_OCI_FORMAT_REF_H
#define BOMBUS_OCI_FORMAT_REF_H

#include <stdbool.h>

struct err;

#define REF_DEFAULT_HOST "docker.io"
#define REF_DEFAULT_TAG "latest"
#define REF_MAX_BYTES 512

struct ref {
	char *host;	  /* "docker.io", "[::1]:5000" */
	char *repository; /* "library/tcpconnlat" */
	char *tag;	  /* NULL: a digest was given */
	char *digest;	  /* NULL: only a tag */
	bool has_host;	  /* it was typed */
	bool has_tag;
};

/* EXIT_USAGE; the message names the wrong part. */
int ref_parse(const char *text, struct ref *ret, struct err *err);
void ref_release(struct ref *ref);

/* A registry alone: "registry.example:5000". EXIT_USAGE. */
int ref_check_host(const char *host, struct err *err);

/* The part of a URL behind "manifests/": the digest, else the tag. */
static inline const char *ref_version(const struct ref *ref)
{
	return ref->digest ? ref->digest : ref->tag;
}

/* Whether a store may list an image under this name: letters, digits and the signs of references,
 * at most REF_MAX_BYTES, beginning with a letter, a digit or the '[' of an IPv6 address. No name
 * that passes means anything to a terminal or a shell. */
bool ref_name_valid(const char *name);

/* Whether it is a tag: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}. */
bool ref_tag_valid(const char *tag);

/* The whole of it, with host and tag or digest; malloc'ed. */
char *ref_text(const struct ref *ref);

/* Whether the words name a registry or a user's repository in one, rather than something short
 * that is more likely the name of a local image or a mistake. */
bool ref_is_remote(const char *text);

#endif
