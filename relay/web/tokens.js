// SPDX-License-Identifier: GPL-2.0-only
"use strict";
let token = "";

function limits(t) {
	const parts = [];
	if (t.max_peers !== null)
		parts.push(t.max_peers + " peers");
	if (t.max_ipv4 !== null)
		parts.push(t.max_ipv4 + " IPv4");
	return parts.join(", ") || "none";
}

function show(t) {
	const row = $("list").insertRow();
	cell(row, t.name || "(no name)");
	cell(row, t.scopes);
	cell(row, limits(t));
	cell(row, t.created_at ? t.created_at.slice(0, 10) : "");
	if (t.revoked_at) {
		cell(row, "revoked " + t.revoked_at.slice(0, 10));
		return;
	}
	const button = document.createElement("button");
	button.textContent = "Revoke";
	button.className = "danger";
	button.setAttribute("aria-label", "Revoke " + t.name);
	cell(row, "").append(button);
	// Two clicks: its peers stop at once.
	let sure = false;
	act(button, "click", $("error"), async () => {
		if (!sure) {
			sure = true;
			button.textContent = "Really revoke";
			return;
		}
		await api("DELETE", "/v1/admin/tokens", token, { id: t.id });
		await list();
	});
}

async function list() {
	const tokens = await api("GET", "/v1/admin/tokens", token);
	$("list").replaceChildren();
	tokens.forEach(show);
	$("account").hidden = false;
}

act($("open"), "submit", $("error"), async () => {
	token = $("token").value.trim();
	await list();
});

act($("make"), "submit", $("make_error"), async () => {
	const body = { name: $("name").value, scopes: $("scopes").value };
	if ($("max_peers").value)
		body.max_peers = Number($("max_peers").value);
	const made = await api("POST", "/v1/admin/tokens", token, body);
	$("secret").textContent = made.token;
	$("made").hidden = false;
	$("make").reset();
	await list();
});
