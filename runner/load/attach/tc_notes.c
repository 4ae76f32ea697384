// SPDX-License-Identifier: Apache-2.0
#include "runner/load/attach/tc_notes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/util.h"

#define DEFAULT_DIR "/run/bombus"
#define PREFIX "tc-"
#define DIR_MODE 0700
#define FILE_MODE 0600
#define NOTE_BYTES 256
#define START_FIELD 20 /* of /proc/PID/stat, behind the name and the state */

static const char *notes_dir(void)
{
	const char *dir = getenv("RUNTIME_DIRECTORY");

	/* systemd gives several, with a colon between them. */
	return dir && dir[0] == '/' && !strchr(dir, ':') ? dir : DEFAULT_DIR;
}

uint64_t tc_notes_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? st.st_ino : 0;
}

/* When a process was started, in ticks; 0: there is none any more. A number that is used again
 * differs. */
static uint64_t start_of(pid_t pid)
{
	char path[64];
	_cleanup_free_ void *text = NULL;
	size_t len;
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_file(path, 4096, &text, &len, NULL) < 0)
		return 0;
	at = strrchr(text, ')');
	if (at && len - (size_t)(at - (char *)text) > 2 && (at[2] == 'Z' || at[2] == 'X'))
		return 0; /* dead, and not waited for */
	for (int i = 0; at && i < START_FIELD; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

char *tc_note_write(const struct tc_note *note, pid_t guard)
{
	const char *dir = notes_dir();
	char *path = xasprintf("%s/" PREFIX "%d", dir, (int)guard);
	char text[NOTE_BYTES];
	_cleanup_close_ int fd = -1;
	int len;

	mkdir(dir, DIR_MODE);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	len = snprintf(text, sizeof(text), "%d %" PRIu64 " %" PRIu64 " %u %u %u %u %d %d\n",
		       (int)guard, start_of(guard), note->netns, note->ifindex, note->handle,
		       note->priority, note->prog_id, note->egress, note->made_qdisc);
	if (fd >= 0 && write(fd, text, (size_t)len) == len)
		return path;
	log_debug("no note of a tc filter can be left in %s: %s", dir, strerror(errno));
	free(path);
	return NULL;
}

/* False: its guard lives, or it is no note. */
static bool read_orphan(const char *path, struct tc_note *ret)
{
	_cleanup_free_ void *text = NULL;
	uint64_t start;
	int guard, egress, made;
	size_t len;

	if (read_file(path, NOTE_BYTES, &text, &len, NULL) < 0 ||
	    sscanf(text, "%d %" SCNu64 " %" SCNu64 " %u %u %u %u %d %d", &guard, &start,
		   &ret->netns, &ret->ifindex, &ret->handle, &ret->priority, &ret->prog_id, &egress,
		   &made) != 9)
		return false;
	ret->egress = egress;
	ret->made_qdisc = made;
	return !start || start_of(guard) != start;
}

void tc_notes_orphans(void (*fn)(void *ctx, const struct tc_note *note), void *ctx)
{
	const char *dir_path = notes_dir();
	uint64_t netns = tc_notes_netns();
	DIR *dir = opendir(dir_path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir_path, entry->d_name);
		struct tc_note note;

		if (!has_prefix(entry->d_name, PREFIX) || !read_orphan(path, &note) ||
		    note.netns != netns)
			continue;
		if (unlink(path) == 0)
			fn(ctx, &note);
	}
	if (dir)
		closedir(dir);
}
