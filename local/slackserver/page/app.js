// The page: which person, which channel, which thread, and the form on top.
import { useEffect, useState } from "preact/hooks";
import { html, render } from "/html.js";
import { Channel } from "/channel.js";
import { Modal } from "/modal.js";
import { Rail } from "/rail.js";
import { Thread } from "/thread.js";
import { go, useRoute } from "/route.js";
import { closeThread, open, openThread, unread, useStore } from "/store.js";

function App() {
  const state = useStore();
  const route = useRoute();
  const [menu, setMenu] = useState(false);
  useEffect(() => open(route.user || "ana"), [route.user]);
  const all = [...state.channels.values()];
  const im = all.find((c) => c.is_im);
  const current = route.place === "home" ? im : all.find((c) => c.id === route.place || c.name === route.place) ?? all.find((c) => !c.is_im);
  useEffect(() => {
    if (!state.ready || !current) return;
    if (route.thread) openThread(current.id, route.thread);
    else if (state.thread) closeThread();
  }, [state.ready, state.me, current?.id, route.thread]);
  useEffect(() => setMenu(false), [route.place, route.user]);
  const waiting = all.reduce((n, c) => n + unread(c).mentions, 0);
  useEffect(() => {
    if (state.ready) document.title = `${waiting ? `(${waiting}) ` : ""}${current?.name ? `#${current.name}` : state.bot.name} · ${state.team.name}`;
  });
  useEffect(() => {
    const key = (e) => {
      if (!e.altKey || !["ArrowUp", "ArrowDown"].includes(e.key) || !current) return;
      e.preventDefault();
      const places = all.filter((c) => !c.is_im);
      const next = places[(places.indexOf(current) + (e.key === "ArrowDown" ? 1 : places.length - 1)) % places.length];
      go(me, next.name);
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  });
  if (!state.ready || !current) {
    return html`<div class="loading" role="status">${state.ready ? (route.place === "home" ? html`<${OpenHome} />` : "You are in no channel.") : "Opening the workspace…"}</div>`;
  }
  const me = state.users.get(state.me).name;
  const place = current.is_im ? current.id : current.name;
  const top = state.views.at(-1);
  return html`<div class=${`app ${state.thread ? "with-thread" : ""}`}>
    <${Rail} current=${current} place=${route.place} open=${menu} onGo=${() => setMenu(false)} />
    ${menu && html`<div class="shade" onClick=${() => setMenu(false)}></div>`}
    <${Channel} channel=${current} tab=${route.place === "home" ? "home" : ""} onMenu=${() => setMenu(!menu)} />
    ${state.thread && state.channels.get(state.thread.channel) && html`<${Thread} thread=${state.thread} channel=${state.channels.get(state.thread.channel)} onClose=${() => go(me, place)} />`}
    ${top && html`<${Modal} key=${top.id} view=${top} depth=${state.views.length} />`}
    ${!state.connected && html`<div class="offline" role="status">The server cannot be reached. Trying again…</div>`}
  </div>`;
}

// OpenHome opens the app's conversation for a person who has none yet.
function OpenHome() {
  const route = useRoute();
  useEffect(() => {
    fetch("/control/home", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ user: route.user || "ana" }) });
  }, []);
  return "Opening…";
}

render(html`<${App} />`, document.getElementById("app"));
