// SPDX-License-Identifier: Apache-2.0
#include "runner/load/kernel/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/util.h"

/* The kernel gives its first user namespace this number (PROC_USER_INIT_INO), and no other. */
#define FIRST_USERNS_INODE 0xeffffffdu

bool in_user_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != FIRST_USERNS_INODE;
}

uint64_t effective_caps(void)
{
	_cleanup_free_ void *text = NULL;
	size_t len;
	char *line;

	/* bpf() does not count capabilities inside a user namespace. */
	if (in_user_namespace())
		return 0;
	if (read_file("/proc/self/status", 1 << 16, &text, &len, NULL) < 0)
		return 0;
	line = strstr(text, "\nCapEff:");
	return line ? strtoull(line + 8, NULL, 16) : 0;
}

const char *kernel_lockdown(void)
{
	_cleanup_free_ void *text = NULL;
	size_t len;

	if (read_file("/sys/kernel/security/lockdown", 4096, &text, &len, NULL) < 0)
		return NULL;
	if (strstr(text, "[integrity]"))
		return "integrity";
	return strstr(text, "[confidentiality]") ? "confidentiality" : NULL;
}

bool kernel_before(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned have_major = 0, have_minor = 0;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &have_major, &have_minor) != 2)
		return false;
	return have_major < major || (have_major == major && have_minor < minor);
}
