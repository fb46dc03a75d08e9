// What the page knows, kept up to date by server-sent events.
import { useEffect, useState } from "preact/hooks";
import { get } from "/api.js";

export const state = {
  ready: false,
  connected: false,
  me: "",
  users: new Map(),
  people: [],
  channels: new Map(),
  commands: [],
  usergroups: [],
  bot: { name: "" },
  team: { name: "" },
  views: [],
  home: null,
  thread: null, // {channel, ts, messages: Map}
  read: {}, // ts of the last message read, by channel
};

const listeners = new Set();
let scheduled = false;

export function changed() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    for (const listener of listeners) listener();
  });
}

// useStore draws the component again whenever something changed.
export function useStore() {
  const [, tick] = useState(0);
  useEffect(() => {
    const listener = () => tick((n) => n + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return state;
}

const byTS = (a, b) => (a.ts.length - b.ts.length) || (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0);

export function sorted(messages) {
  return [...messages.values()].sort(byTS);
}

let source = null;
let openFor = "";

// open follows the workspace as one person sees it.
export function open(user) {
  if (openFor === user) return;
  openFor = user;
  source?.close();
  state.ready = false;
  state.thread = null;
  changed();
  source = new EventSource(`/page/events?user=${encodeURIComponent(user)}`);
  const mine = source;
  source.onmessage = (event) => mine === source && receive(JSON.parse(event.data));
  source.onerror = () => {
    if (mine !== source) return;
    state.connected = false;
    changed();
  };
}

function receive(event) {
  switch (event.type) {
    case "hello":
      state.connected = true;
      load();
      break;
    case "message":
      place(event.channel, event.message);
      break;
    case "deleted":
      state.channels.get(event.channel)?.messages.delete(event.ts);
      state.channels.get(event.channel)?.replies.delete(event.ts);
      if (state.thread?.channel === event.channel) state.thread.messages.delete(event.ts);
      break;
    case "views":
      loadViews();
      break;
    default:
      load();
  }
  changed();
}

function place(id, message) {
  const channel = state.channels.get(id);
  if (!channel) {
    load();
    return;
  }
  const reply = message.thread_ts && message.thread_ts !== message.ts;
  if (!reply || message.subtype === "thread_broadcast") channel.messages.set(message.ts, message);
  if (reply) channel.replies.set(message.ts, message);
  if (state.thread?.channel === id && (message.thread_ts || message.ts) === state.thread.ts) state.thread.messages.set(message.ts, message);
}

let loading = 0;

export async function load() {
  const turn = ++loading;
  const user = openFor;
  let fresh;
  try {
    fresh = await get("/page/state", { user });
  } catch {
    state.connected = false;
    changed();
    return;
  }
  if (turn !== loading || user !== openFor) return;
  state.me = fresh.me;
  state.users = new Map(fresh.users.map((u) => [u.id, u]));
  state.people = fresh.users.filter((u) => !u.is_bot);
  const replies = (id) => (state.channels.get(id)?.replies ?? new Map());
  const kept = state.ready ? replies : () => new Map();
  state.channels = new Map(fresh.channels.map((c) => [c.id, { ...c, messages: new Map(c.messages.map((m) => [m.ts, m])), replies: kept(c.id) }]));
  Object.assign(state, { commands: fresh.commands, usergroups: fresh.usergroups ?? [], bot: fresh.bot, team: fresh.team, views: fresh.views, home: fresh.home ?? null });
  state.read = remembered(fresh.me);
  state.ready = true;
  if (state.thread) openThread(state.thread.channel, state.thread.ts);
  changed();
}

async function loadViews() {
  const user = openFor;
  const fresh = await get("/page/views", { user });
  if (user !== openFor) return;
  state.views = fresh.views;
  state.home = fresh.home ?? null;
  changed();
}

// loadAll fetches the whole channel, past what the page starts with.
export async function loadAll(id) {
  const fresh = await get("/control/messages", { channel: id, user: state.me });
  const channel = state.channels.get(id);
  for (const m of fresh.messages) channel.messages.set(m.ts, m);
  channel.has_more = false;
  changed();
}

export async function openThread(channel, ts) {
  if (state.thread?.channel !== channel || state.thread.ts !== ts) state.thread = { channel, ts, messages: new Map() };
  const thread = state.thread;
  changed();
  const fresh = await get("/control/messages", { channel, user: state.me, thread_ts: ts });
  for (const m of fresh.messages) thread.messages.set(m.ts, m);
  changed();
}

export function closeThread() {
  state.thread = null;
  changed();
}

function remembered(me) {
  try {
    return JSON.parse(localStorage.getItem(`read:${me}`)) ?? {};
  } catch {
    return {};
  }
}

// markRead says that everything in the channel was seen.
export function markRead(id) {
  const channel = state.channels.get(id);
  if (!channel) return;
  let last = state.read[id] ?? "0";
  for (const m of [...channel.messages.values(), ...channel.replies.values()]) if (m.ts > last) last = m.ts;
  if (last === state.read[id]) return;
  state.read = { ...state.read, [id]: last };
  try {
    localStorage.setItem(`read:${state.me}`, JSON.stringify(state.read));
  } catch {
    // Private windows may have no storage; the marks then last until reload.
  }
  changed();
}

// unread counts what the person has not seen, and what of it names them.
export function unread(channel) {
  const last = state.read[channel.id] ?? "0";
  let count = 0;
  let mentions = 0;
  const look = (m) => {
    if (m.ts <= last || m.user === state.me) return;
    count++;
    if (channel.is_im || names(m)) mentions++;
  };
  for (const m of channel.messages.values()) look(m);
  for (const m of channel.replies.values()) if (m.subtype !== "thread_broadcast") look(m);
  return { count, mentions };
}

function names(message) {
  const words = (message.text ?? "") + JSON.stringify(message.blocks ?? "");
  return words.includes(`<@${state.me}`) || words.includes(`"user_id":"${state.me}"`) || /<!(here|channel|everyone)/.test(words);
}
