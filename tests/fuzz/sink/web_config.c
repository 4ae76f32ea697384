// SPDX-License-Identifier: Apache-2.0
/*
 * The web configuration, of any bytes. What is accepted has what its reader relies on, and a
 * priority string in which nothing stands that we do not write.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/web/web_config.h"

static void check(const struct web_config *config)
{
	for (size_t i = 0; i < config->nusers; i++)
		if (!config->users[i].name || strlen(config->users[i].value) != 60)
			abort();
	for (size_t i = 0; i < config->nheaders; i++)
		if (strpbrk(config->headers[i].name, "\r\n") ||
		    strpbrk(config->headers[i].value, "\r\n"))
			abort();
	if (config->tls &&
	    (!config->cert_pem || !config->key_pem || !config->priorities ||
	     strncmp(config->priorities, "NORMAL:", 7) != 0 ||
	     config->priorities[strspn(config->priorities,
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:+-.%")]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct web_config config;
	struct err err = { 0 };
	char path[64];
	int fd = memfd_create("web.yml", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	/* Any file that it names is this one. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (web_config_read(&config, path, &err) == 0)
		check(&config);
	else if (!err.msg[0])
		abort();
	web_config_release(&config);
	close(fd);
	return 0;
}
