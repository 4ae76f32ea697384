// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/recording/replay_file.h"

#include <errno.h>
#include <poll.h>
#include <zlib.h>

#include "base/err.h"
#include "base/util.h"

/* 0, -ENODATA, or what reading failed with. */
static int read_exactly(struct replay_file *f, void *dst, size_t len, struct err *err)
{
	uint8_t *at = dst;

	while (len) {
		struct pollfd fds[2] = { { f->fd, POLLIN, 0 }, { f->stop_fd, POLLIN, 0 } };
		ssize_t n;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "%s", f->path);
		if (fds[1].revents)
			return -ECANCELED;
		if (!fds[0].revents)
			continue;
		n = read(f->fd, at, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(err, errno, "%s", f->path);
		if (n == 0)
			return -ENODATA;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int replay_file_start(struct replay_file *f, struct err *err)
{
	uint8_t start[RECORDING_START_BYTES];
	int ret = read_exactly(f, start, sizeof(start), err);

	if (ret == -ENODATA) {
		err_hint(err, "'bombus run ... --record FILE' makes one");
		return err_set(err, EINVAL, "%s: this is no recording, or the first bytes of one",
			       f->path);
	}
	if (ret < 0)
		return ret;
	ret = recording_check_start(start, err);
	if (ret < 0) {
		err_wrap(err, "%s", f->path);
		return ret;
	}
	f->version = (uint8_t)ret;
	f->offset = sizeof(start);
	return 0;
}

static int damaged(const struct replay_file *f, const char *what, struct err *err)
{
	err_hint(err, "what stands before it was replayed; copy the file again if it is a copy");
	return err_set(err, EBADMSG, "%s: the block at byte %llu is damaged: %s", f->path,
		       (unsigned long long)f->offset, what);
}

static void make_room(uint8_t **bytes, size_t *cap, size_t len)
{
	if (*cap >= len)
		return;
	free(*bytes);
	*bytes = xmalloc(len);
	*cap = len;
}

static int unpack(struct replay_file *f, struct err *err)
{
	uLongf len = f->header.raw_bytes;

	f->bytes = f->stored;
	f->len = f->header.stored_bytes;
	if (!(f->header.flags & BLOCK_DEFLATED))
		return 0;
	make_room(&f->raw, &f->raw_cap, len + 1);
	if (uncompress(f->raw, &len, f->stored, f->header.stored_bytes) != Z_OK ||
	    len != f->header.raw_bytes)
		return damaged(f, "it cannot be unpacked", err);
	f->bytes = f->raw;
	f->len = len;
	return 0;
}

static const char *check_header(const struct block_header *h)
{
	uint32_t max = h->kind == BLOCK_PROGRAM ? RECORDING_MAX_PROGRAM : RECORDING_MAX_BLOCK;

	if (h->kind < BLOCK_HEAD || h->kind > BLOCK_END || h->flags > BLOCK_DEFLATED)
		return "its kind is not known";
	if (h->raw_bytes > max || h->stored_bytes > h->raw_bytes)
		return "it is too large";
	if (!(h->flags & BLOCK_DEFLATED) && h->stored_bytes != h->raw_bytes)
		return "its sizes do not agree";
	if (h->kind == BLOCK_DATA && h->raw_bytes / RECORDING_MAX_RATIO > h->stored_bytes)
		return "it unpacks to far more than it stores";
	return NULL;
}

int replay_file_next(struct replay_file *f, struct err *err)
{
	uint8_t head[BLOCK_HEADER_BYTES];
	const char *why;
	int ret = read_exactly(f, head, sizeof(head), err);

	if (ret < 0)
		return ret;
	block_header_get(head, &f->header);
	why = check_header(&f->header);
	if (why)
		return damaged(f, why, err);
	make_room(&f->stored, &f->stored_cap, (size_t)f->header.stored_bytes + 1);
	ret = read_exactly(f, f->stored, f->header.stored_bytes, err);
	if (ret < 0)
		return ret;
	if (block_checksum(head, f->stored, f->header.stored_bytes) != f->header.checksum)
		return damaged(f, "wrong checksum", err);
	ret = unpack(f, err);
	if (ret < 0)
		return ret;
	f->offset += sizeof(head) + f->header.stored_bytes;
	return 0;
}

void replay_file_release(struct replay_file *f)
{
	free(f->stored);
	free(f->raw);
}
