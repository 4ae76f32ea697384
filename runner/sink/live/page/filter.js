// SPDX-License-Identifier: Apache-2.0
// The filter language of --where, on the values that are shown. Any other text is searched for.
//
//	expr := and { "||" and } ; and := not { "&&" not } ; not := "!" not | "(" expr ")" | test
//	test := FIELD [ op value ] | FIELD in ( value, ... )
import { nsIn } from "./format.js";

const TOKEN = /\s*(?:(&&|\|\||!~|!=|<=|>=|==|[=<>~!(),])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s&|!=<>~(),"']+))/y;
const TIMES = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const SIZES = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

function tokens(text) {
	const all = [];
	TOKEN.lastIndex = 0;
	while (TOKEN.lastIndex < text.length) {
		const at = TOKEN.lastIndex, m = TOKEN.exec(text);
		if (!m) {
			if (!text.slice(at).trim()) break;
			throw new Error(`'${text.slice(at).trim()}' cannot be read`);
		}
		const quoted = m[2] ?? m[3];
		all.push(m[1] ? { op: m[1] } : quoted !== undefined
			? { text: quoted.replace(/\\(["'\\])/g, "$1"), quoted: true } : { text: m[4] });
	}
	return all;
}

// A number, in the unit of the column.
function number(text, column) {
	const time = /^(-?[\d.]+)(ns|us|µs|ms|s|m|h)$/.exec(text), size = /^(-?[\d.]+)([KMGT])i?B?$/.exec(text);
	if (time && nsIn(column.unit)) return Number(time[1]) * TIMES[time[2]] / nsIn(column.unit);
	if (size) return Number(size[1]) * SIZES[size[2]];
	return text.trim() === "" ? NaN : Number(text);
}

function ip4(text) {
	const m = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
	return m ? m.slice(1).reduce((n, byte) => n * 256 + Number(byte), 0) : null;
}

function equals(value, text, column) {
	if (typeof value === "number" || typeof value === "bigint") return Number(value) === number(text, column);
	if (typeof value === "boolean") return String(value) === text || Number(value) === Number(text);
	const prefix = /^([\d.]+)\/(\d+)$/.exec(text);
	if (prefix && ip4(prefix[1]) !== null) {
		const address = ip4(String(value).replace(/^::ffff:/, "")), size = 2 ** (32 - Number(prefix[2]));
		return address !== null && Math.floor(address / size) === Math.floor(ip4(prefix[1]) / size);
	}
	return String(value) === text;
}

function compare(op, value, text, pattern, column) {
	if (Array.isArray(value)) return value.some((v) => compare(op, v, text, pattern, column));
	switch (op) {
	case "==": case "=": return equals(value, text, column);
	case "~": return pattern.test(String(value ?? ""));
	}
	const a = Number(value), b = number(text, column);
	return op === "<" ? a < b : op === "<=" ? a <= b : op === ">" ? a > b : a >= b;
}

function parser(all, columns) {
	let at = 0;
	const peek = () => all[at]?.op, next = () => all[at++];
	const expect = (op) => { if (next()?.op !== op) throw new Error(`'${op}' is missing`); };
	const value = () => {
		const t = next();
		if (!t || t.op) throw new Error("a value is missing");
		return t.text;
	};
	function find(name) {
		const found = columns.find((c) => c.path === name) ?? columns.find((c) => c.path?.replaceAll(".", "_") === name)
			?? columns.find((c) => c.path?.toLowerCase() === name.toLowerCase());
		if (!found) throw new Error(`no field '${name}': ${columns.map((c) => c.path).filter(Boolean).join(", ")}`);
		return found;
	}
	function test() {
		const t = next();
		if (!t || t.op) throw new Error("a field is missing");
		const column = find(t.text), op = peek();
		if (all[at]?.text === "in") {
			at++;
			const list = [];
			if (peek() === "(") {
				at++;
				do list.push(value()); while (peek() === "," && ++at);
				expect(")");
			} else list.push(value());
			return (row) => list.some((v) => compare("==", column.get(row), v, null, column));
		}
		if (!op || !/^(==?|!=|<=?|>=?|!?~)$/.test(op))
			return (row) => { const v = column.get(row); return !!v && v !== "0" && v.length !== 0; };
		at++;
		const text = value(), no = op === "!=" || op === "!~", same = no ? (op === "!=" ? "==" : "~") : op;
		let pattern = null;
		if (same === "~") {
			try { pattern = new RegExp(text); } catch (e) { throw new Error(`'${text}' is not a valid pattern`); }
		} else if (/[<>]/.test(same) && Number.isNaN(number(text, column))) {
			throw new Error(`'${text}' is not a number`);
		}
		return (row) => compare(same, column.get(row), text, pattern, column) !== no;
	}
	function not() {
		if (peek() === "!") { at++; const f = not(); return (row) => !f(row); }
		if (peek() === "(") { at++; const f = or(); expect(")"); return f; }
		return test();
	}
	function and() {
		const list = [not()];
		while (peek() === "&&") { at++; list.push(not()); }
		return list.length === 1 ? list[0] : (row) => list.every((f) => f(row));
	}
	function or() {
		const list = [and()];
		while (peek() === "||") { at++; list.push(and()); }
		return list.length === 1 ? list[0] : (row) => list.some((f) => f(row));
	}
	const f = or();
	if (at < all.length) throw new Error("there is text after the end of the expression");
	return f;
}

// A function that says whether a row matches, or null for no filter. Throws an error that says what is wrong.
export function compile(text, columns, textOf) {
	if (!text.trim()) return null;
	const all = tokens(text);
	if (all.some((t) => t.op) || all[1]?.text === "in") return parser(all, columns);
	const words = all.map((t) => t.text.toLowerCase());
	return (row) => { const has = textOf(row).toLowerCase(); return words.every((w) => has.includes(w)); };
}
