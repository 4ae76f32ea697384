/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps as the configuration of another tool describes them: which of them are shown, in which role,
 * and how the bytes of a key or record are cut into labels, one behind the other. Where recipes are
 * given, all other maps are internal, and the object's types only serve to check the sizes.
 *
 * The first thing that does not fit is EXIT_USAGE: "FILE:LINE:COLUMN: what".
 */
#ifndef BOMBUS_RUNNER_LOAD_RECIPE_RECIPE_H
#define BOMBUS_RUNNER_LOAD_RECIPE_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* Where it stands in the file. */
struct recipe_place {
	const char *path;
	unsigned line, column;
};

struct recipe_label {
	const char *name;
	const char *decode; /* the words of BOMBUS_DECODE, never NULL: they were checked */
	uint32_t size_bytes;
	uint32_t padding_bytes; /* behind it, of no meaning */
	struct recipe_place at;
};

/* Texts and arrays are borrowed for as long as the options that they are part of. */
struct plan_recipe {
	const char *map;	/* its symbol */
	uint8_t role;		/* enum map_role: counter, histogram or spans */
	const char *name_space; /* of its metrics, whose names are the map's */
	const char *help;	/* NULL: none */
	const char *buckets;	/* of a histogram: the words of BOMBUS_BUCKETS; its last label is
				 * the bucket */
	const char *service, *span; /* of spans; NULL: none */
	bool is_stream;		    /* a counter of records */
	uint64_t flush_ns;	    /* its series are forgotten so often; 0: never */
	const struct recipe_label *labels;
	size_t nlabels;
	struct recipe_place at;
};

/* A map that is kept filled with the cgroups whose paths some expressions match. */
struct recipe_cgroups {
	const char *map; /* its symbol; NULL: there is none */
	bool storage;	 /* cgroup storage, else a hash by the cgroup's id */
	void **codes;	 /* pcre2_code */
	size_t ncodes;
	struct recipe_place at;
};

/* The label that stands for the CPU of a value, not for bytes of the key. */
#define RECIPE_CPU "cpu"
#define RECIPE_CPU_BYTES 2

/* -EINVAL and EXIT_USAGE. */
int recipe_refuse(const struct recipe_place *at, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
