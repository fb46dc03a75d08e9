// Faces: coloured initials for people, a mark for the app and for Slackbot.
import { html } from "/html.js";
import { state } from "/store.js";

export function author(message) {
  if (message.user === "USLACKBOT") return { id: "USLACKBOT", name: "Slackbot", initials: "S", kind: "slackbot" };
  const user = state.users.get(message.user);
  if (message.bot_id) return { id: message.user, name: message.username || message.bot_profile?.name || user?.real_name || "App", initials: "", kind: "bot" };
  const name = user?.real_name ?? message.user ?? "Someone";
  return { id: message.user, name, initials: initials(name), kind: `tone-${tone(message.user ?? "")}` };
}

export const initials = (name) => name.split(/\s+/).map((w) => w[0]).slice(0, 2).join("").toUpperCase();

// tone is a colour by place among the people, so that neighbours differ.
export function tone(id) {
  return Math.max(0, state.people.findIndex((u) => u.id === id)) % 6;
}

export function Avatar({ of, size = "" }) {
  if (of.kind === "bot") {
    return html`<span class=${`avatar bot ${size}`} aria-hidden="true"><svg viewBox="0 0 24 24"><path d="M4 17 20 9M5 21v-4.5M12 21v-8M19 21V9.5" /></svg></span>`;
  }
  return html`<span class=${`avatar ${of.kind} ${size}`} aria-hidden="true">${of.initials}</span>`;
}
