// SPDX-License-Identifier: Apache-2.0
// The page: tabs, tools, keys. Data comes from model.js.
import { Grid } from "./table.js";
import { Model } from "./model.js";
import { compile } from "./filter.js";
import { forgetColors } from "./charts.js";
import { cell, short, visible } from "./format.js";
import { Flame, Heat, Histogram, Overview, Trend, Waterfall, details, el } from "./views.js";

const $ = (id) => document.getElementById(id);
const SORT_MS = 400; // the least time between two orders of the rows
const KEYS = [["1…9", "show a map by its number"], ["n p", "the next map, the previous one"], ["o", "overview of all maps"], ["j k, arrows", "move; PgUp PgDn, g and G go far"],
	["h l", "choose a column"], ["s", "sort by it; again: reverse"], ["/", "filter: a text, or an expression as for --where"], ["v", "the next view"],
	["Enter", "all fields of the row"], ["Space", "hold what is shown, or go on"], ["F", "back to the newest"], ["y", "copy the row as JSON"],
	["t", "dark, light, or as the system"], ["Esc", "close, clear the filter"], ["?", "this help"]];
const VIEWS = [
	{ name: "Table", fits: () => true },
	{ name: "Trend", fits: () => true, make: Trend },
	{ name: "Histogram", fits: (m) => m.heat, make: Histogram },
	{ name: "Heat map", fits: (m) => m.heat, make: Heat },
	{ name: "Waterfall", fits: (m) => m.kind === "spans", make: Waterfall },
	{ name: "Flame graph", fits: (m) => m.stacks?.length, make: Flame },
];

const PROGRAMS = { id: "programs", name: "programs", programs: true, stream: false, columns: [
	["program", (r) => r.of], ["name", (r) => r.name], ["type", (r) => r.type], ["hook", (r) => r.hook], ["state", (r) => r.state],
	["runs/s", (r) => r.rate, { right: true, rate: true }], ["avg/run", (r) => r.average, { right: true, rate: true, unit: "ns" }],
	["cpu %", (r) => r.cpu === undefined ? undefined : +r.cpu.toFixed(2), { right: true }], ["missed", (r) => r.misses, { right: true }],
	["runs", (r) => r.runs, { right: true }], ["reason", (r) => r.reason],
].map(([title, get, more]) => ({ title, path: title.replace("/", "_per_").replace(" %", ""), get, ...more })) };
const LOSSES = { id: "losses", name: "losses", programs: true, stream: false, columns: [
	["program", (r) => r.of], ["map", (r) => r.map], ["read", (r) => r.read, { right: true }], ["lost", (r) => r.lost === null ? "?" : r.lost, { right: true }],
	["dropped", (r) => r.dropped, { right: true }], ["filtered", (r) => r.filtered, { right: true }], ["malformed", (r) => r.malformed, { right: true }],
	["entries", (r) => r.entries, { right: true }], ["overflow", (r) => r.overflow, { right: true }],
	["sweep", (r) => r.sweep_ns, { right: true, unit: "ns" }],
].map(([title, get, more]) => ({ title, path: title, get, ...more })) };
const OVERVIEW = { id: "overview", name: "overview", overview: true };

const page = {
	map: OVERVIEW, view: null, viewName: "Table", match: null, held: false, opened: null,
	state: new Map(), // by map: { sort, filter, view }
	grid: null, list: [], listed: 0,
	shown: () => page.list,
	chosen: () => page.opened && !page.opened.note ? page.opened : null,
	current: () => page.grid?.current() ?? page.opened,
	open: (row) => open(row),
};
const model = new Model(changed);

// --- what is shown ---

const textOf = (map) => (row) => row.note ?? map.columns.map((c) => c.trend ? "" : cell(c.get(row), c)).join(" ");

function stateOf(map) {
	if (!page.state.has(map.id)) page.state.set(map.id, { sort: null, filter: "", view: "Table" });
	const state = page.state.get(map.id);
	// Series begin with the busiest, or the largest.
	if (!state.sort && map.rows) {
		const column = map.columns.find((c) => c.rate) ?? map.columns.find((c) => c.family === 0);
		if (column) state.sort = { column, down: true };
	}
	if (state.sort && !map.columns.includes(state.sort.column))
		state.sort.column = map.columns.find((c) => c.title === state.sort.column.title) ?? map.columns[0];
	return state;
}

function compare(a, b) {
	if (a === b) return 0;
	if (a === undefined || a === null) return -1;
	if (b === undefined || b === null) return 1;
	if (typeof a === "object" || typeof b === "object") { a = String(a); b = String(b); }
	return a < b ? -1 : a > b ? 1 : 0;
}

// Rows of equal values stand in the order of their keys.
function byKey(a, b) {
	for (let i = 0; i < (a.order?.length ?? 0); i++) {
		const ret = compare(a.order[i], b.order[i]);
		if (ret) return ret;
	}
	return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function rowsOf(map) {
	if (map === PROGRAMS)
		return model.programs.flatMap((p) => p.progs.map((prog) => ({ ...prog, ...model.states.get(p.program)?.progs.find((s) => s.name === prog.name),
			of: p.program, id: p.program + "/" + prog.name })));
	if (map === LOSSES)
		return [...model.states.values()].flatMap((s) => s.maps.map((m) => ({ ...m, of: s.program, id: s.program + "/" + m.map })));
	return map.list();
}

function makeList() {
	const { map } = page, state = stateOf(map);
	// Sorting is faster on the rows of the last time, which are nearly in order.
	let rows = state.of === map && state.shape === map.shape ? state.rows : rowsOf(map);
	if (map.rows) Object.assign(state, { rows, of: map, shape: map.shape });
	if (state.sort) {
		const { column, down } = state.sort, sign = down ? -1 : 1;
		rows = rows === map.events ? rows.slice() : rows;
		for (const row of rows) row.value = row.note ? undefined : column.get(row);
		rows.sort((a, b) => (typeof a.value === "number" && typeof b.value === "number" ? a.value - b.value : compare(a.value, b.value)) * sign ||
			(map.stream ? b.id - a.id : byKey(a, b)));
	}
	if (page.match) rows = rows.filter((row) => row.note ? true : page.match(row));
	if (map.stream && !state.sort) rows = rows.slice().reverse();
	page.list = rows;
	page.listed = performance.now();
}

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }

function drawTop() {
	const words = { live: page.held ? "held" : "live", connecting: "connecting", reconnecting: "bombus does not answer; trying again", ended: "bombus has ended" };
	setText($("status"), words[model.status] + (model.skipped ? ` · ${short(model.skipped)} lines skipped: the page was too slow` : ""));
	$("status").className = model.status;
	const lost = model.lost();
	setText($("losses"), lost ? `${lost} lost` : model.unknownLoss() ? "lost ?" : "0 lost");
	$("losses").classList.toggle("some", lost > 0);
	const why = model.ready && !model.ready.ready ? `not ready: ${visible(model.ready.why)}` : "";
	const cut = page.map.cut ? `${page.map.cut} more rows are not shown` : "";
	if (!$("filter").classList.contains("wrong")) problem(why || cut);
}

function problem(text) {
	setText($("problem"), text);
	$("problem").hidden = !text;
}

function drawCount() {
	const all = page.map.programs ? page.list.length : page.map.size;
	const word = (page.map.stream ? "event" : "row") + (all === 1 ? "" : "s");
	setText($("count"), page.map.overview ? "" : page.list.length === all ? `${all} ${word}` : `${page.list.length} of ${all} ${word}`);
}

function draw(force) {
	drawTop();
	drawTabs();
	if (page.held && !force) return;
	if (page.map.overview) { page.view?.draw(); return; }
	const version = page.map.programs ? model.stamp : page.map.version, moved = performance.now() - page.listed >= SORT_MS;
	if (force || (version !== page.version && moved)) {
		page.version = version;
		makeList();
		drawCount();
		page.grid?.setRows(page.list, page.map.stream && !stateOf(page.map).sort);
		page.view?.draw();
		if (page.opened && !page.map.stream) showDetail();
	}
}

let due = false;
function changed(what) {
	model.stamp = (model.stamp ?? 0) + 1;
	if (what === "programs" || what === "begun") renewTabs();
	if (due) return;
	due = true;
	requestAnimationFrame(() => { due = false; draw(false); });
}
setInterval(() => draw(false), 500);

// --- tabs ---

const tabs = () => [OVERVIEW, ...model.maps, PROGRAMS, LOSSES];

function renewTabs() {
	const nav = $("tabs");
	nav.replaceChildren(...tabs().map((map) => {
		const n = el("span", { className: "n" });
		const tab = el("button", { type: "button", role: "tab", onclick: () => show(map) },
			model.several && map.program ? el("span", { className: "of" }, visible(map.program) + " · ") : null, visible(map.name), n);
		tab.map = map;
		tab.n = n;
		return tab;
	}));
	const still = tabs().find((m) => m.id === page.map.id);
	if (still !== page.map || !page.started) { page.started = true; show(still ?? OVERVIEW); }
	drawTabs();
}

function drawTabs() {
	for (const tab of $("tabs").children) {
		const { map } = tab, bad = map === PROGRAMS && rowsOf(PROGRAMS).some((r) => ["wanted", "refused", "detached"].includes(r.state));
		tab.setAttribute("aria-selected", map === page.map);
		setText(tab.n, map === PROGRAMS || map === LOSSES || map.overview ? (bad ? "!" : "") : short(map.size) + (map.lost ? " !" : ""));
		tab.n.classList.toggle("bad", bad || map.lost > 0);
	}
}

function show(map) {
	close();
	page.map = map;
	const state = map.overview ? null : stateOf(map);
	$("filter").value = state?.filter ?? "";
	$("tools").hidden = !!map.overview;
	const program = model.programs.find((p) => p.program === map.program);
	$("about").replaceChildren(...(map.overview ? [el("b", {}, model.programs.map((p) => visible(p.image)).join(", ") || "no program"), el("span", {}, model.version ? `bombus ${model.version}` : "")]
		: map.programs ? [el("span", {}, map === PROGRAMS ? "eBPF programs in the kernel, and their cost" : "what was read, and what was lost")]
			: [el("b", {}, map.kind), el("span", {}, [map.help, visible(program?.image ?? ""), program?.recorded ? "recorded" : null].filter(Boolean).map(visible).join(" · "))]));
	setFilter(state?.filter ?? "");
	setView(state?.view ?? "Table");
	for (const tab of $("tabs").children) if (tab.map === map) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
	drawTabs();
	location.replace("#" + encodeURI(map.id));
}

function setView(name) {
	const { map } = page;
	page.grid?.remove();
	page.view?.remove();
	page.grid = page.view = null;
	$("view").className = "";
	$("view").replaceChildren();
	if (map.overview) {
		page.view = new Overview($("view"), model, show);
	} else {
		const state = stateOf(map), fit = map.programs ? VIEWS.slice(0, 1) : VIEWS.filter((v) => v.fits(map));
		const view = fit.find((v) => v.name === name) ?? fit[0];
		state.view = view.name;
		$("views").replaceChildren(...(fit.length < 2 ? [] : fit.map((v) => el("button", { type: "button", role: "radio", "aria-checked": String(v === view), onclick: () => setView(v.name) }, v.name))));
		makeList();
		if (view.make) {
			page.view = new view.make($("view"), page);
		} else {
			page.grid = new Grid($("view"), { open, sort, moved: (row) => { if (page.opened && row) open(row); } });
			page.grid.setColumns(map.columns, state.sort);
			page.grid.setRows(page.list);
			if (matchMedia("(pointer: fine)").matches && document.activeElement !== $("filter")) page.grid.root.focus({ preventScroll: true });
		}
	}
	draw(true);
}

function sort(column) {
	const state = stateOf(page.map);
	if (column.trend) return;
	if (state.sort?.column !== column) state.sort = { column, down: !!column.right };
	else if (page.map.stream && state.sort.down === !column.right) state.sort = null;
	else state.sort = { column, down: !state.sort.down };
	page.grid.sort = state.sort;
	page.grid.drawHead();
	draw(true);
}

function setFilter(text) {
	if (page.map.overview) return;
	const state = stateOf(page.map);
	try {
		page.match = compile(text, page.map.columns, textOf(page.map));
		state.filter = text;
		$("filter").classList.remove("wrong");
		problem("");
	} catch (e) {
		$("filter").classList.add("wrong");
		problem(e.message);
		return;
	}
}

// --- details ---

function showDetail() {
	const pane = $("detail");
	pane.hidden = false;
	const { map } = page;
	if (map.programs) {
		pane.replaceChildren(el("h2", {}, visible(page.opened.name ?? page.opened.map), el("button", { type: "button", onclick: close }, "Close")),
			el("dl", {}, ...map.columns.flatMap((c) => { const v = c.get(page.opened); return v === undefined || v === null ? [] : [el("dt", {}, c.title), el("dd", {}, cell(v, c))]; })));
		return;
	}
	pane.replaceChildren(...details(page.opened, page.opened.map ?? map, close));
}
function open(row) {
	if (!row) return;
	page.opened = row;
	showDetail();
	page.view?.draw();
}
function close() {
	page.opened = null;
	$("detail").hidden = true;
	$("detail").replaceChildren();
}

// --- keys and buttons ---

function hold() {
	page.held = !page.held;
	$("pause").setAttribute("aria-pressed", page.held);
	setText($("pause"), page.held ? "Go on" : "Pause");
	// Copies the rows that are shown, since the model goes on changing them.
	if (page.held && page.map.rows) {
		page.list = page.list.map((row) => {
			const rates = row.rates?.map((rate, i) => row.rate(i)), trend = row.trend(120), copy = Object.assign(Object.create(Object.getPrototypeOf(row)), row);
			return Object.assign(copy, { rate: (i) => rates?.[i] ?? 0, trend: (n) => trend.slice(-n) });
		});
		page.grid?.setRows(page.list);
	}
	draw(!page.held);
}
function theme() {
	const order = ["", "dark", "light"], now = document.documentElement.dataset.theme ?? "", next = order[(order.indexOf(now) + 1) % 3];
	if (next) document.documentElement.dataset.theme = next; else delete document.documentElement.dataset.theme;
	try { localStorage.setItem("theme", next); } catch (e) { /* not kept */ }
	forgetColors();
	draw(true);
}
function copy() {
	const row = page.current();
	if (!row?.line) return;
	const text = JSON.stringify(row.line, (k, v) => typeof v === "bigint" ? Number(v) : v);
	navigator.clipboard?.writeText(text).then(() => problem(""), () => problem("the browser does not allow copying here"));
}
function nextTab(step) {
	const all = tabs();
	show(all[(all.indexOf(page.map) + step + all.length) % all.length]);
}
function nextView() {
	const all = [...$("views").children], at = all.findIndex((b) => b.getAttribute("aria-checked") === "true");
	if (all.length) setView(all[(at + 1) % all.length].textContent);
}

const actions = {
	"/": () => { $("filter").focus(); $("filter").select(); }, " ": hold, v: nextView, t: theme, y: copy, "?": () => $("help").showModal(),
	o: () => show(OVERVIEW), F: () => { if (page.held) hold(); if (page.grid) { page.grid.move(page.map.stream ? 0 : page.grid.cursor); page.grid.root.scrollTop = 0; } },
	n: () => nextTab(1), p: () => nextTab(-1),
	Escape: () => { if (page.opened) { close(); draw(true); page.grid?.root.focus(); } else if ($("filter").value) { $("filter").value = ""; setFilter(""); draw(true); } },
};

addEventListener("keydown", (e) => {
	if (e.ctrlKey || e.metaKey || e.altKey || $("help").open) return;
	if (e.target === $("filter")) {
		if (e.key === "Escape" || e.key === "Enter" || e.key === "ArrowDown") { if (e.key === "Escape") { $("filter").value = ""; setFilter(""); draw(true); } page.grid?.root.focus(); if (!page.grid) $("filter").blur(); e.preventDefault(); }
		return;
	}
	if ((e.key === "Enter" || e.key === " ") && e.target.matches("button")) return;
	if (/^[1-9]$/.test(e.key)) { const map = tabs()[Number(e.key)]; if (map) show(map); } else if (actions[e.key]) actions[e.key]();
	else if (!page.grid?.key(e.key)) return;
	e.preventDefault();
});
$("filter").addEventListener("input", () => { setFilter($("filter").value); draw(true); });
// A wheel that turns goes through the tabs, which have no scroll bar.
$("tabs").addEventListener("wheel", (e) => { if (!e.deltaX) $("tabs").scrollLeft += e.deltaY; }, { passive: true });
$("pause").addEventListener("click", hold);
$("theme").addEventListener("click", theme);
$("help-button").addEventListener("click", () => $("help").showModal());
$("help").addEventListener("click", () => $("help").close());
$("help").replaceChildren(el("h2", {}, "Keys"), el("dl", {}, ...KEYS.flatMap(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])));
$("hints").replaceChildren(...[["/", "filter"], ["s", "sort"], ["v", "view"], ["⏎", "details"], ["Space", "hold"], ["1…9", "map"], ["o", "overview"], ["?", "all keys"]]
	.map(([key, does]) => el("span", {}, el("kbd", {}, key), " " + does)));
try { const kept = localStorage.getItem("theme"); if (kept) document.documentElement.dataset.theme = kept; } catch (e) { /* none */ }
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { forgetColors(); draw(true); });

try { if (location.hash.length > 1) page.map = { ...OVERVIEW, id: decodeURI(location.hash.slice(1)) }; } catch (e) { /* not an address of this page */ }
page.model = model;
globalThis.bombus = { page, model }; // for tests, and for the curious
model.connect("live/events");
