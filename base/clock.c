// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel disciplines CLOCK_MONOTONIC and CLOCK_REALTIME alike, so the offset between them is
 * constant until someone sets the clock or the machine sleeps. What is measured wobbles a little
 * all the same, and a new offset is believed only when it differs by more than the measurement
 * can be wrong.
 *
 * A new offset holds from the moment it was found. Setting it back to some guess of when the
 * step happened would give times that were already handed out a second, different meaning.
 *
 * Readers take no lock: the histories are guarded by a sequence number that is odd while the one
 * writer is at work.
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/util.h"

#define HISTORY 32 /* steps remembered; queued events are seconds old at most */
#define TRIES 20
#define WOBBLE_NS 1000
#define FAR_FUTURE_S 9000000000 /* the year 2255; the kernel counts nanoseconds in 63 bits */

struct history {
	clockid_t clock;
	_Atomic unsigned count; /* ever added; entry i is at i % HISTORY */
	struct {
		_Atomic uint64_t from_ns;   /* on `clock` */
		_Atomic uint64_t offset_ns; /* real time minus `clock`, modulo 2^64 */
	} entries[HISTORY];
};

struct wallclock {
	_Atomic unsigned sequence;
	struct history mono;
	struct history boot;
	bool given; /* the offsets come from wallclock_tell(), not from measuring */
	int fd;
};

struct sample {
	uint64_t at_ns;
	uint64_t offset_ns;
	uint64_t width_ns;
};

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The real time between two readings of the other clock; the nearest two are the best. */
static struct sample take_sample(clockid_t clock)
{
	struct sample best = { .width_ns = UINT64_MAX };

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = read_clock(clock);
		uint64_t real = read_clock(CLOCK_REALTIME);
		uint64_t width = read_clock(clock) - before;

		if (width < best.width_ns) {
			best.at_ns = before + width / 2;
			best.offset_ns = real - best.at_ns;
			best.width_ns = width;
		}
	}
	return best;
}

static void history_add(struct history *h, const struct sample *sample)
{
	unsigned count = atomic_load_explicit(&h->count, memory_order_relaxed);
	unsigned i = count % HISTORY;

	atomic_store_explicit(&h->entries[i].from_ns, sample->at_ns, memory_order_relaxed);
	atomic_store_explicit(&h->entries[i].offset_ns, sample->offset_ns, memory_order_relaxed);
	/* Keeps a wrapped count from looking like a short history. */
	atomic_store_explicit(&h->count, count + 1 < 2 * HISTORY ? count + 1 : HISTORY,
			      memory_order_relaxed);
}

/* The newest offset that is not younger than the time; the oldest for what was before all. */
static uint64_t history_find(const struct history *h, uint64_t ns)
{
	unsigned count = atomic_load_explicit(&h->count, memory_order_relaxed);
	unsigned kept = MIN(count, (unsigned)HISTORY);
	uint64_t offset = 0;

	for (unsigned back = 1; back <= kept; back++) {
		unsigned i = (count - back) % HISTORY;

		offset = atomic_load_explicit(&h->entries[i].offset_ns, memory_order_relaxed);
		if (ns >= atomic_load_explicit(&h->entries[i].from_ns, memory_order_relaxed))
			break;
	}
	return offset;
}

static void change_history(struct wallclock *clock, struct history *h, const struct sample *sample)
{
	atomic_fetch_add(&clock->sequence, 1);
	atomic_thread_fence(memory_order_release);
	history_add(h, sample);
	atomic_fetch_add(&clock->sequence, 1);
}

static void history_refresh(struct wallclock *clock, struct history *h)
{
	struct sample sample = take_sample(h->clock);
	int64_t change = (int64_t)(sample.offset_ns - history_find(h, UINT64_MAX));
	uint64_t size = change < 0 ? -(uint64_t)change : (uint64_t)change;

	if (atomic_load(&h->count) && size <= WOBBLE_NS + sample.width_ns)
		return;
	change_history(clock, h, &sample);
}

static uint64_t convert(struct wallclock *clock, const struct history *h, uint64_t ns)
{
	unsigned before, after;
	uint64_t offset;

	do {
		before = atomic_load_explicit(&clock->sequence, memory_order_acquire);
		offset = history_find(h, ns);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&clock->sequence, memory_order_relaxed);
	} while (unlikely(before != after || before & 1));
	return ns + offset;
}

static int make_step_fd(void)
{
	const struct itimerspec never = { .it_value.tv_sec = FAR_FUTURE_S };
	_cleanup_close_ int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 ||
	    timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
		return -1;
	return steal_fd(&fd);
}

struct wallclock *wallclock_new(void)
{
	struct wallclock *clock = xcalloc(1, sizeof(*clock));

	clock->mono.clock = CLOCK_MONOTONIC;
	clock->boot.clock = CLOCK_BOOTTIME;
	/* Before the first look, so that no step falls between the two. */
	clock->fd = make_step_fd();
	wallclock_refresh(clock);
	return clock;
}

void wallclock_free(struct wallclock *clock)
{
	if (!clock)
		return;
	close_fd(&clock->fd);
	free(clock);
}

uint64_t wallclock_from_mono(struct wallclock *clock, uint64_t mono_ns)
{
	return convert(clock, &clock->mono, mono_ns);
}

uint64_t wallclock_from_boot(struct wallclock *clock, uint64_t boot_ns)
{
	return convert(clock, &clock->boot, boot_ns);
}

void wallclock_refresh(struct wallclock *clock)
{
	uint64_t expirations;
	ssize_t got;

	if (clock->given)
		return;
	/* Fails with ECANCELED after a step, which is all there is to read: it makes the
	 * descriptor quiet until the next one. */
	got = clock->fd >= 0 ? read(clock->fd, &expirations, sizeof(expirations)) : 0;
	(void)got;
	history_refresh(clock, &clock->mono);
	history_refresh(clock, &clock->boot);
}

/* The newest entry; the one thread that adds to it asks, or does not mind the one before. */
static struct sample newest(const struct history *h)
{
	unsigned count = atomic_load_explicit(&h->count, memory_order_relaxed);
	unsigned i = (count - 1) % HISTORY;

	if (!count)
		return (struct sample){ 0 };
	return (struct sample){
		.at_ns = atomic_load_explicit(&h->entries[i].from_ns, memory_order_relaxed),
		.offset_ns = atomic_load_explicit(&h->entries[i].offset_ns, memory_order_relaxed),
	};
}

struct clock_offsets wallclock_offsets(struct wallclock *clock)
{
	struct sample mono, boot;
	unsigned before, after;

	do {
		before = atomic_load_explicit(&clock->sequence, memory_order_acquire);
		mono = newest(&clock->mono);
		boot = newest(&clock->boot);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&clock->sequence, memory_order_relaxed);
	} while (unlikely(before != after || before & 1));
	return (struct clock_offsets){ { mono.at_ns, mono.offset_ns },
				       { boot.at_ns, boot.offset_ns } };
}

struct wallclock *wallclock_new_told(void)
{
	struct wallclock *clock = xcalloc(1, sizeof(*clock));

	clock->fd = -1;
	clock->given = true;
	return clock;
}

static void tell(struct wallclock *clock, struct history *h, uint64_t from_ns, uint64_t offset_ns)
{
	const struct sample told = { .at_ns = from_ns, .offset_ns = offset_ns };
	struct sample last = newest(h);

	if (!atomic_load_explicit(&h->count, memory_order_relaxed) || last.at_ns != told.at_ns ||
	    last.offset_ns != told.offset_ns)
		change_history(clock, h, &told);
}

void wallclock_tell(struct wallclock *clock, const struct clock_offsets *offsets)
{
	tell(clock, &clock->mono, offsets->mono.from_ns, offsets->mono.offset_ns);
	tell(clock, &clock->boot, offsets->boot.from_ns, offsets->boot.offset_ns);
}

int wallclock_fd(const struct wallclock *clock)
{
	return clock->fd;
}

uint64_t now_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t now_real_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

static void put_digits(char *dst, uint64_t v, unsigned count)
{
	while (count--) {
		dst[count] = (char)('0' + v % 10);
		v /= 10;
	}
}

/* "2026-11-20T09:00:00." from seconds; the calendar is counted in years that begin in March,
 * where the leap day is the last one (Howard Hinnant, "chrono-compatible low-level date
 * algorithms"). */
static void put_date_time(char dst[20], uint64_t seconds)
{
	uint64_t days = seconds / 86400 + 719468; /* since 0000-03-01 */
	uint64_t of_day = seconds % 86400;
	uint64_t era = days / 146097, of_era = days % 146097;
	uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * of_year + 2) / 153; /* 0 is March */
	uint64_t day = of_year - (153 * month + 2) / 5 + 1;

	memcpy(dst, "0000-00-00T00:00:00.", 20);
	put_digits(dst, year + era * 400 + (month >= 10), 4);
	put_digits(dst + 5, month < 10 ? month + 3 : month - 9, 2);
	put_digits(dst + 8, day, 2);
	put_digits(dst + 11, of_day / 3600, 2);
	put_digits(dst + 14, of_day / 60 % 60, 2);
	put_digits(dst + 17, of_day % 60, 2);
}

size_t format_rfc3339(uint64_t unix_ns, char dst[31])
{
	static _Thread_local struct {
		uint64_t seconds;
		char text[20];
	} cache = { .seconds = UINT64_MAX };
	uint64_t seconds = unix_ns / 1000000000;

	if (cache.seconds != seconds) {
		put_date_time(cache.text, seconds);
		cache.seconds = seconds;
	}
	memcpy(dst, cache.text, 20);
	put_digits(dst + 20, unix_ns % 1000000000, 9);
	dst[29] = 'Z';
	dst[30] = '\0';
	return 30;
}

void format_rfc3339_seconds(uint64_t unix_s, char dst[RFC3339_SECONDS_ROOM])
{
	put_date_time(dst, unix_s);
	memcpy(dst + RFC3339_SECONDS_ROOM - 2, "Z", 2);
}
