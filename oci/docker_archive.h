/* SPDX-License-Identifier: Apache-2.0 */
/* Archives as `docker save` wrote them before version 25. */
#ifndef BOMBUS_OCI_DOCKER_ARCHIVE_H
#define BOMBUS_OCI_DOCKER_ARCHIVE_H

#include "oci/load.h"

/*
 * `docker save` before version 25, and others' docker-archive: manifest.json lists for each image
 * its config, its tags and its layers, by the names of files. Nothing in it has a digest until it
 * was read: `fd` is read twice, so that it has to be a file. The manifests that are made of it are
 * put into *ret_documents, each malloc'ed text.
 */
struct load_documents {
	char **texts;
	size_t count;
};
int load_docker(struct loading *l, int fd, struct load_documents *ret, struct err *err);
void load_documents_release(struct load_documents *documents);

#endif
