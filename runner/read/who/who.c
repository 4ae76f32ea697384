// SPDX-License-Identifier: Apache-2.0
#include "runner/read/who/who.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/id_map.h"
#include "base/strbuf.h"
#include "base/thread.h"
#include "base/util.h"
#include "runner/load/sandbox/helper.h"
#include "runner/load/sandbox/packet.h"
#include "runner/read/who/keeper.h"
#include "runner/read/who/message.h"
#include "runner/read/who/state.h"

#define GROUPS_MAX 8192
#define START_MS 5000 /* for what there is */
#define AWAIT_MS 30000
#define KEEP_PROCESS_NS 1000000000ULL
#define LOOKS 256

enum state {
	STATE_FREE,
	STATE_ASKED, /* the keeper has not answered yet */
	STATE_NONE,
	STATE_KNOWN,
};

struct entry {
	uint64_t id;
	uint64_t mntns, netns;
	uint64_t age; /* counts up */
	uint64_t asked_ns;
	char *texts; /* of STATE_KNOWN: MESSAGE_TEXTS, each with its NUL */
	uint8_t state;
	bool gone;
	bool whole;	    /* its name is known */
	uint16_t waited_ms; /* for the name */
};

struct look {
	struct question what;
	uint64_t when;
	uint64_t age;
	char *texts; /* NULL: not answered yet */
	uint32_t bytes;
	bool open; /* an answer will come */
};

struct who {
	struct helper keeper;
	pthread_t thread;
	bool runs;
	char node[CONTAINER_TEXT];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* With the lock. */
	struct entry *entries;
	uint32_t count;
	struct id_map index;
	uint64_t age;
	struct look looks[LOOKS];
	bool ready;	       /* all groups that existed at the start are in the table */
	bool ended;	       /* the keeper has ended */
	uint64_t mntns, netns; /* the host's, once it is ready */
	struct who_watch *watches;

	uint64_t changes; /* atomic */
};

/* ---- the table ---- */

static struct entry *find(struct who *who, uint64_t id)
{
	uint32_t at;

	return id_map_find(&who->index, id, &at) ? &who->entries[at] : NULL;
}

/* Which of two makes room first: an ended group before a living one, then the older one. */
static bool goes_first(const struct entry *a, const struct entry *b)
{
	bool a_lives = a->state == STATE_KNOWN && !a->gone;
	bool b_lives = b->state == STATE_KNOWN && !b->gone;

	return a_lives != b_lives ? !a_lives : a->age < b->age;
}

static struct entry *place(struct who *who)
{
	struct entry *oldest = who->entries;

	if (who->count < GROUPS_MAX) {
		if (!(who->count & (who->count - 1)))
			who->entries =
				xreallocarray(who->entries, who->count ? 2 * (size_t)who->count : 1,
					      sizeof(*who->entries));
		return &who->entries[who->count++];
	}
	for (uint32_t i = 1; i < who->count; i++)
		if (goes_first(&who->entries[i], oldest))
			oldest = &who->entries[i];
	id_map_remove(&who->index, oldest->id);
	free(oldest->texts);
	return oldest;
}

static struct entry *get(struct who *who, uint64_t id)
{
	struct entry *e = find(who, id);

	if (e)
		return e;
	e = place(who);
	*e = (struct entry){ .id = id, .age = ++who->age };
	id_map_set(&who->index, id, (uint32_t)(e - who->entries));
	return e;
}

/* One of several texts that follow each other, each with its NUL. */
static const char *text_at(const char *texts, unsigned number)
{
	while (number--)
		texts += strlen(texts) + 1;
	return texts;
}

static const char *part_of(const struct who *who, const struct entry *e, unsigned part)
{
	const char *id = text_at(e->texts, 1 + CONTAINER_ID);
	const char *pod = text_at(e->texts, 1 + CONTAINER_POD_UID);

	if (part == WHO_NODE)
		return *id || *pod ? who->node : "";
	return text_at(e->texts, part < WHO_NODE ? 1 + part : part);
}

static void show(struct who *who, const struct entry *e, struct who_watch *watch)
{
	struct who_group group = { .id = e->id, .path = e->texts, .gone = e->gone };

	if (e->state != STATE_KNOWN || (e->id & MESSAGE_PROCESS))
		return;
	for (unsigned i = 0; i < CONTAINER_PARTS; i++)
		group.parts[i] = part_of(who, e, i);
	watch->fn(watch->ctx, &group);
}

/* ---- messages ---- */

/* Checked although the keeper belongs to this program: it reads files of others. */
static bool fits(const struct message *message, const char *texts, size_t len)
{
	size_t count = 0;

	if (message->bytes != len || message->kind < MESSAGE_GROUP || message->kind > MESSAGE_LOOK)
		return false;
	for (size_t i = 0; i < len; i++)
		count += !texts[i];
	if (message->kind == MESSAGE_LOOK)
		return len <= LOOK_BYTES && count % 2 == 0 && (!len || !texts[len - 1]);
	return message->kind != MESSAGE_GROUP || (count == MESSAGE_TEXTS && !texts[len - 1]);
}

static void take(struct who *who, const struct message *message, const char *texts)
{
	struct entry *e = message->kind == MESSAGE_GONE ? find(who, message->group)
							: get(who, message->group);

	if (!e)
		return;
	if (message->kind == MESSAGE_GROUP) {
		free(e->texts);
		e->texts = xmalloc(message->bytes);
		memcpy(e->texts, texts, message->bytes);
		e->state = STATE_KNOWN;
		e->gone = false;
		e->whole = message->whole;
		/* A group without processes shows none: the last known ones stay. */
		e->mntns = message->mntns ? message->mntns : e->mntns;
		e->netns = message->netns ? message->netns : e->netns;
	} else if (message->kind == MESSAGE_GONE) {
		e->gone = true;
		e->age = ++who->age;
	} else {
		/* A process that ended keeps its last known group. */
		e->state = e->texts ? STATE_KNOWN : STATE_NONE;
	}
	for (struct who_watch *w = who->watches; w; w = w->next)
		show(who, e, w);
	if (message->kind != MESSAGE_GONE)
		__atomic_fetch_add(&who->changes, 1, __ATOMIC_RELEASE);
}

/* Answers come in the order of the questions. */
static void take_look(struct who *who, const struct message *message, const char *texts)
{
	struct look *first = NULL;

	for (size_t i = 0; i < LOOKS; i++) {
		struct look *l = &who->looks[i];

		if (l->open && (!first || l->age < first->age))
			first = l;
	}
	if (!first)
		return;
	first->open = false;
	free(first->texts);
	first->texts = xmalloc(message->bytes + 1);
	memcpy(first->texts, texts, message->bytes);
	first->bytes = message->bytes;
	__atomic_fetch_add(&who->changes, 1, __ATOMIC_RELEASE);
}

/* Waits for one message: its kind, or -errno; 0: the keeper ended. */
static int receive(struct who *who)
{
	char bytes[MESSAGE_MAX];
	struct message message;
	int len = packet_receive(who->keeper.fd, bytes, sizeof(bytes), NULL, 0, &(size_t){ 0 });

	if (len <= 0)
		return len;
	if (len < (int)sizeof(message))
		return -EPROTO;
	memcpy(&message, bytes, sizeof(message));
	if (!fits(&message, bytes + sizeof(message), (size_t)len - sizeof(message)))
		return -EPROTO;
	pthread_mutex_lock(&who->lock);
	if (message.kind == MESSAGE_READY) {
		who->mntns = message.mntns;
		who->netns = message.netns;
		who->ready = true;
	} else if (message.kind == MESSAGE_LOOK) {
		take_look(who, &message, bytes + sizeof(message));
	} else {
		take(who, &message, bytes + sizeof(message));
	}
	pthread_cond_broadcast(&who->changed);
	pthread_mutex_unlock(&who->lock);
	return (int)message.kind;
}

static void *work(void *ctx)
{
	struct who *who = ctx;
	int kind;

	while ((kind = receive(who)) > 0)
		;
	pthread_mutex_lock(&who->lock);
	who->ended = true;
	pthread_cond_broadcast(&who->changed);
	pthread_mutex_unlock(&who->lock);
	return NULL;
}

/* ---- life ---- */

/* A kubelet calls its node by the host's name, unless NODE_NAME gives another one. */
static void find_node(struct who *who)
{
	const char *told = getenv("NODE_NAME");
	struct utsname name;

	if (told && *told)
		snprintf(who->node, sizeof(who->node), "%s", told);
	else if (uname(&name) == 0)
		snprintf(who->node, sizeof(who->node), "%s", name.nodename);
}

/* What the keeper sends until it is ready, or until the time is over: the rest comes later. */
static int take_in(struct who *who, unsigned wait_ms, struct err *err)
{
	uint64_t deadline_ns = now_mono_ns() + wait_ms * 1000000ULL;
	int kind = MESSAGE_GROUP;

	while (kind > 0 && !who->ready) {
		struct pollfd fd = { .fd = who->keeper.fd, .events = POLLIN };
		uint64_t now = now_mono_ns();

		if (now >= deadline_ns)
			break;
		if (poll(&fd, 1, (int)((deadline_ns - now) / 1000000) + 1) > 0)
			kind = receive(who);
	}
	if (kind <= 0)
		return err_set(err, EPIPE, "the process that finds names of containers ended");
	return 0;
}

int who_start(struct who **ret, struct err *err)
{
	struct helper keeper = HELPER_INIT;
	int code = helper_start(&keeper, "bombus-names", keeper_serve, NULL, -1);
	pthread_condattr_t attr;
	struct who *who;

	if (code < 0)
		return err_sys(err, -code, "cannot start the process that finds names");
	who = xcalloc(1, sizeof(*who));
	who->keeper = keeper;
	pthread_mutex_init(&who->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&who->changed, &attr);
	pthread_condattr_destroy(&attr);
	find_node(who);
	*ret = who;
	return 0;
}

int who_begin(struct who *who, const char *const *dirs, size_t ndirs, struct err *err)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT(KEEPER_DIRS_BYTES - 1);
	int code;

	if (ndirs > STATE_DIRS_MAX)
		return err_usage(err, "more than %d folders of container runtimes", STATE_DIRS_MAX);
	for (size_t i = 0; i < ndirs; i++)
		strbuf_add(&bytes, dirs[i], strlen(dirs[i]) + 1);
	if (bytes.full)
		return err_usage(err, "the folders of container runtimes have too long names");
	if (!bytes.len)
		strbuf_add(&bytes, "", 1);
	code = packet_send(who->keeper.fd, bytes.buf, bytes.len, NULL, 0);
	return code < 0 ? err_sys(err, -code, "the process that finds names")
			: take_in(who, START_MS, err);
}

int who_run(struct who *who, struct err *err)
{
	int ret = thread_start(&who->thread, "names", work, who, err);

	who->runs = ret >= 0;
	return ret;
}

static bool await_thread(struct who *who)
{
	struct timespec until;
	bool ready;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += AWAIT_MS / 1000;
	pthread_mutex_lock(&who->lock);
	while (!who->ready && !who->ended &&
	       pthread_cond_timedwait(&who->changed, &who->lock, &until) == 0)
		;
	ready = who->ready;
	pthread_mutex_unlock(&who->lock);
	return ready;
}

int who_await(struct who *who, struct err *err)
{
	int ret = who->runs ? 0 : take_in(who, AWAIT_MS, err);

	if (ret < 0 || (who->runs ? await_thread(who) : who->ready))
		return ret;
	err_hint(err, "probes that other programs attach at this time delay it: try again");
	return err_set(err, ETIMEDOUT, "the cgroups of this machine are not known after %d s",
		       AWAIT_MS / 1000);
}

void who_free(struct who *who)
{
	if (!who)
		return;
	shutdown(who->keeper.fd, SHUT_RDWR);
	if (who->runs)
		pthread_join(who->thread, NULL);
	helper_stop(&who->keeper);
	for (uint32_t i = 0; i < who->count; i++)
		free(who->entries[i].texts);
	for (size_t i = 0; i < LOOKS; i++)
		free(who->looks[i].texts);
	free(who->entries);
	id_map_release(&who->index);
	pthread_cond_destroy(&who->changed);
	pthread_mutex_destroy(&who->lock);
	free(who);
}

/* ---- questions ---- */

/* No answer yet, or no name of a container yet. */
static bool is_open(const struct entry *e)
{
	if (!e || e->state != STATE_KNOWN)
		return e && e->state == STATE_ASKED;
	return !e->whole && !e->gone && *text_at(e->texts, 1 + CONTAINER_ID);
}

static bool send_question(struct who *who, const struct question *question)
{
	/* Must not block: the keeper may itself be blocked until this process reads. */
	return !who->ended && who->runs &&
	       send(who->keeper.fd, question, sizeof(*question), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static bool ask(struct who *who, uint64_t id)
{
	return send_question(who, &(struct question){ .group = id });
}

/* The process may have moved since, or its number belongs to another one. */
static bool is_old(const struct entry *e)
{
	return (e->id & MESSAGE_PROCESS) && e->state != STATE_ASKED &&
	       now_mono_ns() - e->asked_ns > KEEP_PROCESS_NS;
}

/* With the lock. Asks the keeper for an id that is not in the table. */
static struct entry *look_up(struct who *who, uint64_t id, unsigned wait_ms)
{
	struct entry *e = find(who, id);
	struct timespec until;

	if ((!e || is_old(e)) && ask(who, id)) {
		e = get(who, id);
		e->state = STATE_ASKED;
		e->asked_ns = now_mono_ns();
		e->waited_ms = 0;
	}
	if (!e || e->waited_ms >= wait_ms || !is_open(e) || !who->runs)
		return e;
	e->waited_ms = (uint16_t)wait_ms;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += wait_ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (is_open(e = find(who, id)) && !who->ended &&
	       pthread_cond_timedwait(&who->changed, &who->lock, &until) == 0)
		;
	return find(who, id);
}

/* A group with this namespace, if possible one that has not ended. */
static const struct entry *by_namespace(const struct who *who, enum who_id kind, uint64_t id)
{
	const struct entry *found = NULL;

	for (uint32_t i = 0; i < who->count && id; i++) {
		const struct entry *e = &who->entries[i];

		if (e->state == STATE_KNOWN && (kind == WHO_MNTNS ? e->mntns : e->netns) == id &&
		    (!found || (found->gone && !e->gone)))
			found = e;
	}
	return found;
}

static bool is_of_pod(unsigned part)
{
	return part == CONTAINER_POD || part == CONTAINER_NAMESPACE || part == CONTAINER_POD_UID ||
	       part == CONTAINER_OWNER || part == CONTAINER_LABELS || part == WHO_NODE;
}

static bool is_host(const struct who *who, enum who_id kind, uint64_t id)
{
	return !id || (kind == WHO_MNTNS && id == who->mntns) ||
	       (kind == WHO_NETNS && id == who->netns);
}

bool who_part(struct who *who, enum who_id kind, uint64_t id, unsigned part, unsigned wait_ms,
	      char text[CONTAINER_TEXT])
{
	const struct entry *e;
	const char *found = "";
	bool known;

	pthread_mutex_lock(&who->lock);
	if (kind == WHO_CGROUP)
		e = id ? look_up(who, id, wait_ms) : NULL;
	else if (kind == WHO_PID)
		e = id ? look_up(who, id | MESSAGE_PROCESS, wait_ms) : NULL;
	else
		e = by_namespace(who, kind, id);
	/* While it is asked again, the last answer counts. */
	known = e && e->texts;
	if (known)
		found = part_of(who, e, part);
	/* Containers of a pod share its network: only parts of the pod are certain. */
	if (known && kind == WHO_NETNS && !is_of_pod(part) &&
	    *text_at(e->texts, 1 + CONTAINER_POD_UID))
		found = "";
	snprintf(text, CONTAINER_TEXT, "%s", found);
	pthread_mutex_unlock(&who->lock);
	return known || is_host(who, kind, id);
}

void who_want(struct who *who, uint64_t pid)
{
	pthread_mutex_lock(&who->lock);
	if (pid && !find(who, pid | MESSAGE_PROCESS))
		look_up(who, pid | MESSAGE_PROCESS, 0);
	pthread_mutex_unlock(&who->lock);
}

/* ---- looks ---- */

static bool is_same(const struct question *a, const struct question *b)
{
	return a->look == b->look && a->group == b->group &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static struct look *find_look(struct who *who, const struct question *what)
{
	for (size_t i = 0; i < LOOKS; i++)
		if (is_same(&who->looks[i].what, what))
			return &who->looks[i];
	return NULL;
}

void who_look(struct who *who, const struct question *what, uint64_t when)
{
	struct look *l;
	bool again;

	pthread_mutex_lock(&who->lock);
	l = find_look(who, what);
	for (size_t i = 0; i < LOOKS && !l; i++)
		if (!who->looks[i].what.look)
			l = &who->looks[i];
	if (!l) {
		l = who->looks;
		for (size_t i = 1; i < LOOKS; i++)
			if (who->looks[i].age < l->age)
				l = &who->looks[i];
	}
	again = is_same(&l->what, what);
	if (!l->open && (!again || l->when != when) && send_question(who, what)) {
		if (!again)
			free(steal_ptr(&l->texts));
		l->what = *what;
		l->when = when;
		l->age = ++who->age;
		l->open = true;
	}
	pthread_mutex_unlock(&who->lock);
}

size_t who_looked(struct who *who, const struct question *what, char dst[LOOK_BYTES])
{
	const struct look *l;
	size_t len = 0;

	pthread_mutex_lock(&who->lock);
	l = find_look(who, what);
	if (l && l->texts) {
		len = l->bytes;
		memcpy(dst, l->texts, len);
	}
	pthread_mutex_unlock(&who->lock);
	return len;
}

uint64_t who_changes(const struct who *who)
{
	return __atomic_load_n(&who->changes, __ATOMIC_ACQUIRE);
}

/* ---- watches ---- */

void who_watch(struct who *who, struct who_watch *watch)
{
	pthread_mutex_lock(&who->lock);
	watch->next = who->watches;
	who->watches = watch;
	for (uint32_t i = 0; i < who->count; i++)
		if (!who->entries[i].gone)
			show(who, &who->entries[i], watch);
	pthread_mutex_unlock(&who->lock);
}

void who_unwatch(struct who *who, struct who_watch *watch)
{
	pthread_mutex_lock(&who->lock);
	for (struct who_watch **at = &who->watches; *at; at = &(*at)->next) {
		if (*at == watch) {
			*at = watch->next;
			break;
		}
	}
	pthread_mutex_unlock(&who->lock);
}
