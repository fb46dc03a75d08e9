// The left: who you are, and where you can go.
import { html } from "/html.js";
import { Avatar, author } from "/avatar.js";
import { state, unread } from "/store.js";
import { go } from "/route.js";

function Me({ place }) {
  const me = state.users.get(state.me);
  return html`<section class="account" aria-label="Account">
    <div class="accounts" role="group" aria-label="Act as">
      ${state.people.filter((u) => !u.deleted).map((u) => html`<button key=${u.id} aria-pressed=${u.id === state.me} title=${`Act as ${u.real_name}`} onClick=${() => go(u.name, place)}>
        <${Avatar} of=${author({ user: u.id })} /><span>${u.name}</span></button>`)}
    </div>
    <p>You are <b>${me.name}</b>${me.profile.title && html`<span class="role">${me.profile.title}</span>`}
      ${me.is_ultra_restricted ? html`<span class="badge">SINGLE-CHANNEL GUEST</span>` : me.is_restricted && html`<span class="badge">GUEST</span>`}</p>
  </section>`;
}

function Place({ channel, here, onGo }) {
  const { count, mentions } = unread(channel);
  const me = state.users.get(state.me).name;
  const place = channel.is_im ? channel.id : channel.name;
  return html`<li><a href=${`#/${me}/${place}`} class=${count ? "unread" : ""} aria-current=${here ? "page" : undefined} onClick=${onGo}>
    ${channel.is_im ? html`<${Avatar} of=${{ kind: "bot" }} size="small" />` : html`<span class="hash" aria-hidden="true">${channel.is_private ? "🔒" : "#"}</span>`}
    <span class="label">${channel.is_im ? state.bot.name : channel.name}</span>
    ${mentions > 0 ? html`<span class="count" aria-label=${`${mentions} mentions`}>${mentions}</span>` : count > 0 && html`<span class="dot" aria-label="unread"></span>`}
  </a></li>`;
}

export function Rail({ current, place, open, onGo }) {
  const all = [...state.channels.values()];
  const me = state.users.get(state.me).name;
  const direct = all.filter((c) => c.is_im);
  return html`<nav class=${`rail ${open ? "open" : ""}`} aria-label="Workspace">
    <div class="workspace"><b>${state.team.name}</b><span class=${`status ${state.connected ? "on" : ""}`} role="status">${state.connected ? "live" : "reconnecting…"}</span></div>
    <${Me} place=${place === "home" || current?.is_im ? "" : place} />
    <h2>Channels</h2>
    <ul>${all.filter((c) => !c.is_im).map((c) => html`<${Place} key=${c.id} channel=${c} here=${c === current && place !== "home"} onGo=${onGo} />`)}</ul>
    <h2>Apps</h2>
    <ul>
      ${direct.map((c) => html`<${Place} key=${c.id} channel=${c} here=${c === current} onGo=${onGo} />`)}
      ${direct.length === 0 && html`<li><a href=${`#/${me}/home`} aria-current=${place === "home" ? "page" : undefined} onClick=${onGo}><${Avatar} of=${{ kind: "bot" }} size="small" /><span class="label">${state.bot.name}</span></a></li>`}
    </ul>
    <p class="fine">A local workspace for trying things out. <a href="/control/calls" target="_blank">Calls</a> · <a href="/control/coverage" target="_blank">Coverage</a></p>
  </nav>`;
}
