/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a word of the command line to a program's bytes and its identity. "-" is standard input; a
 * path (with a '/', or that exists and ends in .o) is a file; a file that ends in .c is a source,
 * which clang compiles; anything else is an image's name in the user's store, or else in the
 * system's store. A file that ends in .yaml is a configuration for ebpf_exporter; its object is the
 * file beside it, or the one of --object.
 */
#ifndef BOMBUS_CMD_RUN_PROGRAM_H
#define BOMBUS_CMD_RUN_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include "base/clock.h"
#include "oci/image.h"

struct compiler;
struct exporter_config;
struct global_args;
struct remote_args;
struct trust_args;
struct words;
struct err;

struct program {
	char *name; /* in messages and metrics: the image's name, or the path */
	void *bytes;
	size_t len;
	bool is_image;
	struct image_info image;	/* zeroed where it is none; its digest is the manifest's */
	struct step pull;		/* getting the bytes */
	struct exporter_config *config; /* how its maps are shown; NULL: its BTF decides */
	char *config_text;		/* of the configuration's file */
	struct compiler *compiler;	/* of a source that is watched; NULL: none */
};

/* When to pull an image, and how. */
struct program_pull {
	const struct remote_args *remote;
	/* always, missing or never; NULL: missing. A name without a registry or a '/' is pulled by
	 * "always" only: it is more likely a mistake than something to run from the internet. */
	const char *when;
	const char *object; /* of a configuration; NULL: the file beside it */
	/* Whose images are taken; NULL: what the system's policy says. */
	const struct trust_args *trust;
	bool no_sources;	    /* no program is started here, and so no compiler */
	const struct words *cflags; /* of sources; NULL: none */
	bool watch;		    /* a source's compiler stays for further versions */
};

/* `pull` NULL: never, and the image is only looked at: no signature is asked for. After a failure
 * `is_image` says whether the store has the name. */
int program_open(struct program *ret, const struct global_args *global, const char *word,
		 const struct program_pull *pull, struct err *err);
struct object;
struct object_opts;
struct recipe_cgroups;
/* Adds the recipes of its configuration to the options; they live as long as the program. */
void program_recipes(const struct program *program, struct object_opts *ret);
/* Opens its object with these options and its configuration. */
int program_object(struct object **ret, const struct program *program, struct object_opts *opts,
		   struct err *err);
const struct recipe_cgroups *program_cgroups(const struct program *program); /* NULL: none */
void program_release(struct program *program);

#endif
