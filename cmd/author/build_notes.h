/* SPDX-License-Identifier: Apache-2.0 */
/* What `bombus build` writes about an image into its annotations, and where it knows it from. */
#ifndef BOMBUS_CMD_AUTHOR_BUILD_NOTES_H
#define BOMBUS_CMD_AUTHOR_BUILD_NOTES_H

#include "base/option.h"
#include "oci/image.h"

struct err;
struct plan;

struct notes {
	struct image_pair *pairs;
	size_t count;
};
void notes_release(struct notes *notes);

/* The options and SOURCE_DATE_EPOCH. EXIT_USAGE. */
int notes_given(struct notes *notes, const char *description, const struct words *annotations,
		struct err *err);

/* The file: its name, its SPDX line, and where it is in a git work tree and as it was committed,
 * the commit and where it was cloned from. Unknown facts are left out. */
void notes_of_source(struct notes *notes, const char *source, const char *title);

/* The program's tags: those of the variable in SEC("license") are about the whole. */
void notes_of_plan(struct notes *notes, const struct plan *plan);

/* Puts `more` behind, takes it over and leaves one of each name: the last, and none where that is
 * empty. */
void notes_join(struct notes *notes, struct notes *more);

#endif
