// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus agent`: many programs from one configuration, for as long as the node lives.
 *
 *	configuration -> outputs -> host <- sources <- fleet <- loading
 *
 * A reload gives outputs and fleet another configuration.
 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>

#include "base/bell.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/thread.h"
#include "base/util.h"
#include "cmd/agent/agent_log.h"
#include "cmd/agent/config.h"
#include "cmd/agent/fleet.h"
#include "cmd/agent/notify.h"
#include "cmd/agent/outputs.h"
#include "cmd/watch.h"
#include "cmd/cmd.h"
#include "cmd/run/main_loop.h"
#include "cmd/run/program.h"
#include "runner/load/loader/loader.h"
#include "runner/load/sandbox/opener.h"
#include "runner/load/sandbox/privileges.h"
#include "runner/load/sandbox/seccomp.h"
#include "runner/read/stack/stacks.h"
#include "runner/read/who/who.h"

#define DEFAULT_CONFIG "/etc/bombus/bombus.yaml"
#define SECOND_NS 1000000000ull
#define SETTLE_NS 200000000ull /* a file is often written in several steps */

struct agent_args {
	const char *config;
	bool check, pull, schema;
};

struct reloads {
	bool failed; /* atomic: the last one */
};

struct agent {
	const struct global_args *global;
	const char *path;
	struct agent_config *config;
	struct loop *loop;
	struct wallclock *clock;
	struct figures *figures;
	struct outputs *outputs;
	struct fleet *fleet;
	struct watch *watch;	      /* NULL: the folder cannot be watched */
	struct loop_source *settling; /* a timer, once after a change; NULL: none */
	struct prometheus_hooks hooks;
	struct loader *loader;
	struct opener *opener;
	bool loader_gone;
	struct who *who; /* waits until a program asks for names */
	struct stacks *stacks;
	bool names; /* one did */
	struct reloads reloads;
	int reload_fd, wake_fd; /* bells */
	bool was_ready;
};

/* --- reloading --- */

static bool get_reload_ok(const void *of, struct figure_value *ret)
{
	return figure_count(
		ret, !__atomic_load_n(&((const struct reloads *)of)->failed, __ATOMIC_RELAXED));
}

static const struct own_figure reload_rows[] = {
	{ "bombus_config_last_reload_successful",
	  "1: the configuration that was read last is in use; 0: it was refused.", "", FIGURE_GAUGE,
	  get_reload_ok },
};
static const struct figure_table reload_figures = { reload_rows, ARRAY_LEN(reload_rows),
						    FIGURES_BUILD, NULL };

static void tell_status(struct agent *a, const char *before)
{
	struct fleet_counts counts = fleet_count(a->fleet);

	notify_send("%sSTATUS=%zu of %zu programs are attached%s", before, counts.up, counts.wanted,
		    a->reloads.failed ? "; the configuration is refused" : "");
}

/* Names are looked up once a program asks for them. A failure stops no program. */
static void begin_names(struct agent *a, const struct agent_config *config)
{
	const struct words *dirs = &config->args.runtime_state;
	struct err err = { 0 };
	bool wanted = false;

	for (size_t i = 0; i < config->count; i++)
		wanted |= object_words_name_groups(&config->programs[i].args.object);
	if (!wanted || a->names)
		return;
	a->names = true;
	if (who_begin(a->who, dirs->words, dirs->count, &err) < 0 || who_run(a->who, &err) < 0)
		log_error("no names of containers: %s", err.msg);
}

static void use_config(struct agent *a, struct agent_config *config)
{
	if (config->args.max_memory_bytes != a->config->args.max_memory_bytes)
		log_warn("%s: max_memory changed, which takes effect after a restart", a->path);
	agent_log_use(config);
	if (outputs_apply(a->outputs, config, NULL) < 0)
		__atomic_store_n(&a->reloads.failed, true, __ATOMIC_RELAXED);
	begin_names(a, config);
	fleet_apply(a->fleet, config);
	agent_config_unref(a->config);
	a->config = config;
	log_info("%s is in use: %zu programs", a->path, config->count);
}

static void reload(struct agent *a)
{
	struct agent_config *config;
	struct err err = { 0 };
	int ret;

	notify_send("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now_mono_ns() / 1000);
	ret = agent_config_read(&config, a->path, &err);
	__atomic_store_n(&a->reloads.failed, ret < 0, __ATOMIC_RELAXED);
	if (ret == 0) {
		use_config(a, config);
	} else {
		log_error("the configuration stays as it is: %s", err.msg);
		if (err.hint[0])
			log_error("hint: %s", err.hint);
	}
	tell_status(a, "READY=1\n");
}

static int on_reload(void *ctx, uint32_t events)
{
	struct agent *a = ctx;

	bell_answer(a->reload_fd);
	reload(a);
	return 0;
}

/* Of the page. */
static void ask_reload(void *ctx)
{
	bell_ring(((struct agent *)ctx)->reload_fd);
}

static int on_settled(void *ctx, uint32_t events)
{
	struct agent *a = ctx;

	loop_remove(a->loop, steal_ptr(&a->settling));
	if (watch_changed(a->watch))
		reload(a);
	return 0;
}

static int on_watch(void *ctx, uint32_t events)
{
	struct agent *a = ctx;
	struct err err;
	int ret = 0;

	watch_drain(a->watch);
	if (!a->settling)
		ret = loop_add_timer(a->loop, SETTLE_NS, 0, on_settled, a, &a->settling, &err);
	return ret;
}

/* --- the loop --- */

static int on_second(void *ctx, uint32_t events)
{
	struct agent *a = ctx;
	struct fleet_counts counts;

	wallclock_refresh(a->clock);
	fleet_tick(a->fleet);
	outputs_tick(a->outputs);
	counts = fleet_count(a->fleet);
	/* A program that is down is no reason to hold the unit up: it is tried again. */
	if (!a->was_ready && counts.settled) {
		a->was_ready = true;
		tell_status(a, "READY=1\n");
	} else {
		tell_status(a, "");
	}
	return 0;
}

static int on_watchdog(void *ctx, uint32_t events)
{
	notify_send("WATCHDOG=1");
	return 0;
}

static int on_signal(void *ctx, uint32_t number)
{
	if (number != SIGHUP)
		return 1;
	reload(ctx);
	return 0;
}

/* Nothing could be started any more: the unit does, anew. */
static int on_loader(void *ctx, uint32_t events)
{
	((struct agent *)ctx)->loader_gone = true;
	return 1;
}

/* A sink ended by itself. */
static int on_wake(void *ctx, uint32_t events)
{
	return 1;
}

static int open_loop(struct agent *a, struct err *err)
{
	sigset_t signals;
	int ret = loop_new(&a->loop, err);

	a->reload_fd = bell_new();
	a->wake_fd = bell_new();
	if (ret >= 0 && (a->reload_fd < 0 || a->wake_fd < 0))
		return err_sys(err, EMFILE, "eventfd");
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	if (ret >= 0)
		ret = loop_add_signals(a->loop, &signals, on_signal, a, err);
	if (ret >= 0)
		ret = loop_add_fd(a->loop, a->reload_fd, EPOLLIN, on_reload, a, NULL, err);
	if (ret >= 0)
		ret = loop_add_fd(a->loop, a->wake_fd, EPOLLIN, on_wake, a, NULL, err);
	if (ret >= 0)
		ret = loop_add_fd(a->loop, loader_fd(a->loader), EPOLLIN, on_loader, a, NULL, err);
	return ret;
}

static int add_events(struct agent *a, struct err *err)
{
	uint64_t watchdog_ns = notify_watchdog_ns();
	struct err why = { 0 };
	int ret = loop_add_timer(a->loop, SECOND_NS / 10, SECOND_NS, on_second, a, NULL, err);

	if (ret >= 0 && watchdog_ns)
		ret = loop_add_timer(a->loop, 0, watchdog_ns, on_watchdog, a, NULL, err);
	if (watch_new(&a->watch, a->path, &why) < 0)
		log_warn("%s; SIGHUP reads the configuration anew", why.msg);
	else if (ret >= 0)
		ret = loop_add_fd(a->loop, watch_fd(a->watch), EPOLLIN, on_watch, a, NULL, err);
	return ret;
}

static bool on_ready(void *ctx, char *why, size_t size)
{
	return fleet_ready(((struct agent *)ctx)->fleet, why, size);
}

static void on_landing(void *ctx, struct strbuf *html)
{
	fleet_landing(((struct agent *)ctx)->fleet, html);
}

/* --- life --- */

static int open_agent(struct agent *a, struct err *err)
{
	struct fleet_opts opts = { .global = a->global,
				   .loader = a->loader,
				   .opener = a->opener,
				   .who = a->who,
				   .stacks = a->stacks,
				   .max_memory_bytes = a->config->args.max_memory_bytes };
	struct outputs_opts outputs = { .hooks = &a->hooks, .listen_fd = notify_listen_fd() };
	int ret;

	a->clock = opts.clock = wallclock_new();
	a->figures = opts.figures = outputs.figures = figures_new();
	figures_add(a->figures, &build_figures, NULL);
	figures_add(a->figures, &process_figures, NULL);
	figures_add(a->figures, &reload_figures, &a->reloads);
	a->hooks = (struct prometheus_hooks){
		.ready = on_ready, .landing = on_landing, .reload = ask_reload, .ctx = a
	};
	ret = open_loop(a, err);
	opts.loop = a->loop;
	if (ret >= 0)
		ret = fleet_new(&a->fleet, &opts, err);
	if (ret < 0)
		return ret;
	outputs.host = (struct host_opts){ .wake_fd = a->wake_fd,
					   .left_fd = fleet_left_fd(a->fleet),
					   .wants = fleet_wants,
					   .ctx = a->fleet };
	a->outputs = outputs_new(&outputs);
	fleet_set_host(a->fleet, outputs_host(a->outputs));
	ret = outputs_open(a->outputs, a->config, err);
	return ret < 0 ? ret : add_events(a, err);
}

static void close_agent(struct agent *a)
{
	outputs_free(a->outputs);
	fleet_free(a->fleet);
	figures_free(a->figures);
	watch_free(a->watch);
	loop_free(a->loop);
	loader_free(a->loader);
	opener_free(a->opener);
	who_free(a->who);
	stacks_free(a->stacks);
	close_fd(&a->reload_fd);
	close_fd(&a->wake_fd);
	wallclock_free(a->clock);
	agent_config_unref(a->config);
}

static int loader_died(struct agent *a, struct err *err)
{
	char how[128];

	loader_end(a->loader, how, sizeof(how));
	err_exit(err, EXIT_KERNEL);
	return err_set(err, EPIPE, "%s; all programs are detached", how);
}

/* No Landlock: a later configuration may name files in other places. */
static int confine(struct err *err)
{
	int ret = seccomp_enter(SECCOMP_READS | SECCOMP_TALKS | SECCOMP_STORES, err);

	if (ret != -ENOENT)
		return ret;
	log_warn("%s: libseccomp is not installed", err->msg);
	*err = (struct err){ 0 };
	return 0;
}

static void raise_priority(const struct agent *a)
{
	if (!a->config->args.usual_priority)
		thread_raise_priority();
}

/* Before there is a thread: from here on the loader alone can load, and this process has none of
 * the capabilities, but for the one that old kernels ask for to read maps. */
static int split(struct agent *a, struct err *err)
{
	uint64_t keep = 0;
	int ret = loader_start(&a->loader, err);

	if (ret >= 0)
		ret = opener_start(a->opener, NULL, err);
	if (ret >= 0)
		ret = who_start(&a->who, err);
	if (ret >= 0)
		ret = stacks_start(&a->stacks, a->config->args.inlines, false, err);
	/* The collectors run in this thread and ask for the priority themselves, which only the
	 * first time takes a capability. */
	if (ret >= 0)
		raise_priority(a);
	privileges_to_read_maps(&keep);
	if (ret >= 0)
		ret = privileges_drop(NULL, keep, err);
	return ret < 0 ? ret : confine(err);
}

static int run_agent(struct agent *a, struct err *err)
{
	uint64_t unwritten;
	int ret, ended;

	a->opener = opener_new();
	ret = split(a, err);

	if (ret >= 0)
		ret = open_agent(a, err);
	if (ret >= 0) {
		begin_names(a, a->config);
		fleet_apply(a->fleet, a->config);
		ret = loop_run(a->loop);
		ret = ret < 0	       ? err_sys(err, -ret, "waiting")
		      : a->loader_gone ? loader_died(a, err)
				       : 0;
		notify_send("STOPPING=1");
	}
	if (a->outputs) {
		fleet_stop(a->fleet);
		ended = host_stop(outputs_host(a->outputs), LEAVE_TIMEOUT_MS, &unwritten,
				  ret < 0 ? NULL : err);
		if (ret >= 0 && ended < 0 && ended != -EPIPE && ended != -ETIMEDOUT)
			ret = ended;
	}
	close_agent(a);
	return ret;
}

/* --- without running --- */

/* Each program as it would be opened, and what it needs. */
static int check_program(const struct global_args *global, const struct agent_program *p,
			 struct err *err)
{
	int ret = loading_check(global, p, err);

	if (ret < 0)
		err_wrap(err, "%s:%u:%u: %s", p->node->path, p->node->line, p->node->column,
			 p->name);
	return ret;
}

static int check(const struct global_args *global, const struct agent_args *args,
		 const struct agent_config *config, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; args->pull && i < config->count && ret >= 0; i++)
		ret = check_program(global, &config->programs[i], err);
	if (ret >= 0)
		printf("%s: %zu programs, no mistakes\n", args->config, config->count);
	return ret;
}

static int print_schema(void)
{
	_cleanup_free_ char *text = keys_schema();

	puts(text);
	return 0;
}

static int run_command(const struct global_args *global, void *args, const struct words *words,
		       struct err *err)
{
	struct agent_args *a = args;
	struct agent agent = { .global = global, .reload_fd = -1, .wake_fd = -1 };
	int ret;

	if (a->schema)
		return print_schema();
	if (!a->config)
		a->config = DEFAULT_CONFIG;
	if (a->pull && !a->check)
		return err_usage(err, "--pull needs --check");
	agent.path = a->config;
	ret = agent_config_read(&agent.config, a->config, err);
	if (ret < 0)
		return ret;
	if (a->check) {
		ret = check(global, a, agent.config, err);
		agent_config_unref(agent.config);
		return ret;
	}
	agent_log_use(agent.config);
	return run_agent(&agent, err);
}

#define ARG(member) offsetof(struct agent_args, member)
static const struct opt agent_opts[] = {
	{ 'c', "config", "FILE", OPT_TEXT, ARG(config), "the configuration (" DEFAULT_CONFIG ")",
	  NULL, "file" },
	{ 0, "check", NULL, OPT_FLAG, ARG(check),
	  "read the configuration, report the first mistake and leave; the kernel is not asked" },
	{ 0, "pull", NULL, OPT_FLAG, ARG(pull),
	  "with --check: also get each image, and check it with its parameters" },
	{ 0, "schema", NULL, OPT_FLAG, ARG(schema),
	  "print the JSON Schema of the configuration and leave" },
	{ 0 },
};

const struct command cmd_agent = {
	.name = "agent",
	.usage = "",
	.summary = "run the programs of a configuration file",
	.about = "agent runs many programs in one process, with one HTTP server and one set of "
		 "exporters, until a signal ends it. It retries a program that fails while the "
		 "others go on. SIGHUP and a change of the file reload the configuration: "
		 "programs that did not change stay attached, and a file with a mistake changes "
		 "nothing. agent tells systemd about readiness, reloads and the watchdog, and "
		 "takes a socket from it.",
	.examples = "bombus agent -c bombus.yaml\n"
		    "bombus agent -c bombus.yaml --check --pull\n"
		    "bombus agent --schema > bombus.schema.json",
	.opts = agent_opts,
	.args_bytes = sizeof(struct agent_args),
	.max_words = 0,
	.run = run_command,
};
