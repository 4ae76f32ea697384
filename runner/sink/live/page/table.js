// SPDX-License-Identifier: Apache-2.0
// A table of any number of rows, of which only those in sight are elements.
import { cell } from "./format.js";
import { spark } from "./charts.js";

const ROW = 26, HEAD = 31, EXTRA = 6, MAX_CHARS = 60, MIN_CHARS = 4, TREND_CHARS = 22;

export class Grid {
	// on: { open(row), sort(column), moved(row) }
	constructor(parent, on) {
		this.on = on;
		this.rows = [];
		this.cursor = 0;
		this.at = 0; // the column of the cursor
		this.root = document.createElement("div");
		this.root.className = "grid";
		this.root.tabIndex = 0;
		this.root.setAttribute("role", "grid");
		this.space = document.createElement("div");
		this.space.className = "space";
		this.head = document.createElement("div");
		this.head.className = "head";
		this.head.setAttribute("role", "row");
		this.root.append(this.head, this.space);
		this.pool = [];
		this.widths = [];
		this.root.addEventListener("scroll", () => this.draw(), { passive: true });
		this.space.addEventListener("click", (e) => {
			const shown = e.target.closest(".row");
			if (!shown) return;
			this.cursor = Number(shown.dataset.index);
			this.chosen = this.rows[this.cursor]?.id;
			this.draw(true);
			this.on.open(this.rows[this.cursor]);
		});
		parent.append(this.root);
		this.watch = new ResizeObserver(() => this.draw());
		this.watch.observe(this.root);
	}
	remove() { this.watch.disconnect(); this.root.remove(); }

	setColumns(columns, sort) {
		this.columns = columns;
		this.sort = sort;
		this.widths = columns.map((c) => Math.max(c.title.length + 2, c.trend ? TREND_CHARS : MIN_CHARS));
		this.at = Math.min(this.at, columns.length - 1);
		this.head.replaceChildren(...columns.map((column, i) => {
			const title = document.createElement("button");
			title.type = "button";
			title.tabIndex = -1;
			title.setAttribute("role", "columnheader");
			title.textContent = column.title;
			title.title = [column.help, column.unit && `in ${column.unit}`].filter(Boolean).join(", ") || column.title;
			title.classList.toggle("right", !!column.right);
			title.addEventListener("click", () => { this.at = i; this.on.sort(column); this.root.focus({ preventScroll: true }); });
			return title;
		}));
		for (const shown of this.pool) shown.remove();
		this.pool = [];
		this.root.setAttribute("aria-colcount", columns.length);
		this.drawHead();
	}
	drawHead() {
		[...this.head.children].forEach((title, i) => {
			const column = this.columns[i], sorted = this.sort && this.sort.column === column;
			title.classList.toggle("sorted", !!sorted);
			title.classList.toggle("at", i === this.at);
			title.textContent = (sorted ? (this.sort.down ? "▼ " : "▲ ") : "") + column.title;
			title.setAttribute("aria-sort", sorted ? (this.sort.down ? "descending" : "ascending") : "none");
		});
	}
	setRows(rows, anchored) {
		const before = this.rows;
		this.rows = rows;
		// The newest rows come on top: those in sight stay where they are.
		if (anchored && this.root.scrollTop > ROW && before.length && rows.length) {
			const first = Math.floor(this.root.scrollTop / ROW), id = before[first]?.id;
			const now = id === undefined ? -1 : rows.findIndex((r) => r.id === id);
			if (now > first) { this.space.style.height = rows.length * ROW + "px"; this.root.scrollTop += (now - first) * ROW; }
		}
		if (this.chosen !== undefined && anchored) {
			const now = rows.findIndex((r) => r.id === this.chosen);
			if (now >= 0) this.cursor = now;
		}
		this.cursor = Math.max(0, Math.min(this.cursor, rows.length - 1));
		this.root.setAttribute("aria-rowcount", rows.length);
		this.draw(true);
	}
	// A column is as wide as the widest cell that it has shown.
	measure(rows) {
		let wider = false;
		this.columns.forEach((column, i) => {
			if (column.trend) return;
			let most = this.widths[i];
			for (const row of rows) {
				if (row.note) continue;
				most = Math.max(most, Math.min(cell(column.get(row), column).length + 1, column.id ? 14 : MAX_CHARS));
			}
			if (most > this.widths[i]) { this.widths[i] = most; wider = true; }
		});
		if (!wider && this.template) return;
		this.template = this.widths.map((n) => n + "ch").join(" ");
		this.head.style.gridTemplateColumns = this.template;
		for (const shown of this.pool) shown.style.gridTemplateColumns = this.template;
	}
	draw(changed) {
		if (!this.columns) return;
		const height = this.root.clientHeight - HEAD, top = this.root.scrollTop;
		const first = Math.max(0, Math.floor(top / ROW) - EXTRA), n = Math.min(this.rows.length - first, Math.ceil(height / ROW) + 2 * EXTRA);
		if (changed) {
			this.space.style.height = this.rows.length * ROW + "px";
			this.version = (this.version ?? 0) + 1;
		}
		this.measure(this.rows.slice(first, first + Math.max(n, 0)));
		while (this.pool.length < n) this.pool.push(this.makeRow());
		// A row keeps its element while it is in sight: the element of index i is i modulo their number.
		const count = this.pool.length;
		for (let i = 0; i < count; i++) {
			const index = first + ((i - first % count) + count) % count, shown = this.pool[i];
			if (index >= first + n) { if (!shown.hidden) shown.hidden = true; continue; }
			this.fill(shown, index);
		}
		this.space.style.width = this.head.scrollWidth + "px";
	}
	makeRow() {
		const shown = document.createElement("div");
		shown.className = "row";
		shown.setAttribute("role", "row");
		shown.style.gridTemplateColumns = this.template;
		shown.cells = this.columns.map((column) => {
			const at = document.createElement("div");
			at.setAttribute("role", "gridcell");
			if (column.right) at.className = "right";
			if (column.trend) at.append(document.createElement("canvas"));
			shown.append(at);
			return at;
		});
		this.space.append(shown);
		return shown;
	}
	fill(shown, index) {
		const row = this.rows[index], cursor = index === this.cursor;
		if (shown.hidden) shown.hidden = false;
		if (shown.index !== index) {
			shown.index = index;
			shown.dataset.index = index;
			shown.style.transform = `translateY(${index * ROW}px)`;
			shown.setAttribute("aria-rowindex", index + 1);
		}
		if (shown.cursor !== cursor || shown.row !== row) {
			shown.className = "row" + (index % 2 ? " odd" : "") + (cursor ? " cursor" : "") + (row.note ? " note" : "");
			shown.setAttribute("aria-selected", cursor);
			shown.cursor = cursor;
		}
		if (shown.row === row && shown.version === this.version) return;
		shown.row = row;
		shown.version = this.version;
		this.columns.forEach((column, i) => {
			const at = shown.cells[i];
			if (column.trend) { spark(at.firstChild, row.trend(60)); return; }
			const value = row.note ? (i === 0 ? row.line.time : i === 1 ? row.note : undefined) : column.get(row);
			if (at.value === value && at.filled) return;
			at.value = value;
			at.filled = true;
			at.textContent = row.note && i === 1 ? value : cell(value, column);
			at.title = value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
			at.classList.toggle("zero", value === 0 && (column.rate || column.family !== undefined));
			at.classList.toggle("error", column.path === "status" && value === "error");
		});
	}
	current() { return this.rows[this.cursor]; }
	move(to) {
		this.cursor = Math.max(0, Math.min(to, this.rows.length - 1));
		this.chosen = this.rows[this.cursor]?.id;
		const top = this.cursor * ROW, height = this.root.clientHeight - HEAD;
		if (top < this.root.scrollTop) this.root.scrollTop = top;
		else if (top + ROW > this.root.scrollTop + height) this.root.scrollTop = top + ROW - height;
		this.draw();
		this.on.moved(this.current());
	}
	key(key) {
		const page = Math.max(1, Math.floor((this.root.clientHeight - HEAD) / ROW) - 1);
		const steps = { j: 1, ArrowDown: 1, J: 1, k: -1, ArrowUp: -1, K: -1, PageDown: page, PageUp: -page, g: -1e9, Home: -1e9, G: 1e9, End: 1e9 };
		if (key in steps) { this.move(this.cursor + steps[key]); return true; }
		const sideways = { h: -1, ArrowLeft: -1, l: 1, ArrowRight: 1 };
		if (key in sideways) {
			this.at = Math.max(0, Math.min(this.at + sideways[key], this.columns.length - 1));
			this.drawHead();
			this.head.children[this.at].scrollIntoView({ block: "nearest", inline: "nearest" });
			return true;
		}
		if (key === "s") { this.on.sort(this.columns[this.at]); return true; }
		if (key === "Enter") { this.chosen = this.current()?.id; this.on.open(this.current()); return true; }
		return false;
	}
}
