// SPDX-License-Identifier: GPL-2.0-only
"use strict";
// The token stays in the page's memory: not in storage, not in a cookie.
const $ = (id) => document.getElementById(id);

async function api(method, path, token, body) {
	const headers = { Authorization: "Bearer " + token };
	if (body)
		headers["Content-Type"] = "application/json";
	const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
	const type = answer.headers.get("Content-Type") || "";
	const data = type.includes("json") ? await answer.json() : await answer.text();
	if (!answer.ok)
		throw new Error(data.detail || "HTTP " + answer.status);
	return data;
}

// Runs an action of a form or button: its error is shown, and it cannot be started twice.
function act(element, event, error, action) {
	element.addEventListener(event, async (e) => {
		e.preventDefault();
		const buttons = element.tagName === "FORM" ? element.querySelectorAll("button") : [element];
		buttons.forEach((b) => { b.disabled = true; });
		error.textContent = "";
		try {
			await action();
		} catch (problem) {
			error.textContent = problem.message;
		}
		buttons.forEach((b) => { b.disabled = false; });
	});
}

function cell(row, text, className) {
	const td = row.insertCell();
	td.textContent = text;
	td.className = className || "";
	return td;
}
