// SPDX-License-Identifier: Apache-2.0
/*
 * The script of a flame graph: a click on a frame zooms to it, "reset zoom" and Escape go back,
 * "search" and Ctrl-F mark the frames that a regular expression matches. data-l, data-t and data-d
 * of a frame are its left edge and width in values and its depth.
 */
'use strict';
(function () {
const margin = 10, letter = 7.1;
const byId = id => document.getElementById(id);
const width = document.documentElement.viewBox.baseVal.width - 2 * margin;
const frames = [...byId('frames').children].map(g => {
	const title = g.querySelector('title').textContent, rect = g.querySelector('rect');
	return {g, rect, text: g.querySelector('text'), name: title.slice(0, title.lastIndexOf(' (')),
		title, left: +g.dataset.l, total: +g.dataset.t, depth: +g.dataset.d,
		fill: rect.getAttribute('fill')};
});
const all = frames[0];
const told = byId('told').textContent;
let focus = all, pattern = null;

function place(f, x, w) {
	const room = w > 2 * letter + 6 ? Math.floor((w - 6) / letter) : 0;
	f.g.style.display = w < 0.1 ? 'none' : '';
	f.rect.setAttribute('x', x);
	f.rect.setAttribute('width', w);
	f.text.setAttribute('x', x + 3);
	f.text.textContent = f.name.length <= room ? f.name :
		room < 3 ? '' : f.name.slice(0, room - 2) + '..';
}

function zoom(to) {
	const end = to.left + to.total, slack = all.total * 1e-9;
	focus = to;
	for (const f of frames) {
		const around = f.depth <= to.depth && f.left <= to.left + slack && f.left + f.total >= end - slack;
		f.g.classList.toggle('far', around && f.depth < to.depth);
		if (around)
			place(f, margin, width);
		else if (f.depth > to.depth && f.left >= to.left - slack && f.left + f.total <= end + slack)
			place(f, margin + (f.left - to.left) / to.total * width, f.total / to.total * width);
		else
			f.g.style.display = 'none';
	}
	byId('zoom').textContent = to === all ? '' : 'reset zoom';
	mark();
}

function mark() {
	const end = focus.left + focus.total, hits = [];
	for (const f of frames) {
		const hit = pattern && f !== all && pattern.test(f.name);
		f.rect.setAttribute('fill', hit ? '#d040f0' : f.fill);
		if (hit && f.left < end && f.left + f.total > focus.left)
			hits.push([Math.max(f.left, focus.left), Math.min(f.left + f.total, end)]);
	}
	hits.sort((a, b) => a[0] - b[0]);
	let sum = 0, until = -1;
	for (const [from, to] of hits) {
		sum += Math.max(0, to - Math.max(from, until));
		until = Math.max(until, to);
	}
	byId('search').textContent = pattern ? 'clear' : 'search';
	byId('hits').textContent = pattern ? 'matched: ' + (100 * sum / focus.total).toFixed(2) + '%' : '';
}

function search() {
	const text = pattern ? '' : prompt('Regular expression:', '');
	try {
		pattern = text ? new RegExp(text) : null;
	} catch (e) {
		alert(e.message);
	}
	mark();
}

if (all) {
	for (const f of frames) {
		f.g.addEventListener('click', () => zoom(f));
		f.g.addEventListener('mouseover', () => byId('told').textContent = f.title);
		f.g.addEventListener('mouseout', () => byId('told').textContent = told);
	}
	byId('zoom').addEventListener('click', () => zoom(all));
	byId('search').addEventListener('click', search);
	document.addEventListener('keydown', e => {
		if ((e.ctrlKey || e.metaKey) && e.key === 'f') {
			e.preventDefault();
			search();
		} else if (e.key === 'Escape') {
			pattern = null;
			zoom(all);
		}
	});
	mark();
}
})();
