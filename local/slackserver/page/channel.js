// The middle: one conversation and its composer.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { html, Fragment } from "/html.js";
import { Composer } from "/composer.js";
import { Message } from "/message.js";
import { Avatar } from "/avatar.js";
import { Blocks } from "/blocks.js";
import { post } from "/api.js";
import { dayOf } from "/time.js";
import { loadAll, markRead, sorted, state } from "/store.js";
import { go } from "/route.js";

// joins says whether b follows a closely enough to need no byline of its own.
const joins = (a, b) => a && a.user === b.user && a.bot_id === b.bot_id && !a.ephemeral === !b.ephemeral && !b.ephemeral && !b.blocks && !a.reply_count && Number(b.ts) - Number(a.ts) < 300;

export function MessageList({ messages, channel, since, onThread, inThread, first }) {
  let last = null;
  let marked = false;
  return html`${messages.map((m) => {
    const day = dayOf(m.ts);
    const newDay = !inThread && (!last || dayOf(last.ts) !== day);
    const fresh = !marked && since && m.ts > since && m.user !== state.me && last;
    if (fresh) marked = true;
    const compact = !newDay && !fresh && joins(last, m);
    last = m;
    return html`<${Fragment} key=${m.ts}>
      ${newDay && html`<div class="day"><span>${day}</span></div>`}
      ${fresh && html`<div class="fresh"><span>New</span></div>`}
      <${Message} message=${m} channel=${channel.id} compact=${compact} inThread=${inThread} onThread=${onThread && (() => onThread(m))} />
      ${first && m === messages[0] && first}
    </${Fragment}>`;
  })}`;
}

function Beginning({ channel, onTry }) {
  return html`<div class="beginning">
    <h2>${channel.is_im ? state.bot.name : `# ${channel.name}`}</h2>
    <p>${channel.is_im ? `This is your conversation with ${state.bot.name}.` : "This is the very beginning of the channel."} Commands you can type:</p>
    <ul>${state.commands.map((c) => html`<li><button onClick=${() => onTry(c.name + " ")}><code>${c.name}</code></button> ${c.description}</li>`)}</ul>
  </div>`;
}

// useBottom keeps the list at its end while the reader is there.
function useBottom(key, version) {
  const ref = useRef(null);
  const stuck = useRef(true);
  const [away, setAway] = useState(false);
  const down = () => {
    ref.current.scrollTop = ref.current.scrollHeight;
    stuck.current = true;
    setAway(false);
  };
  useLayoutEffect(() => {
    stuck.current = true;
    down();
  }, [key]);
  useLayoutEffect(() => {
    if (stuck.current) down();
    else setAway(true);
  }, [version]);
  useEffect(() => {
    const grows = new ResizeObserver(() => stuck.current && ref.current && (ref.current.scrollTop = ref.current.scrollHeight));
    grows.observe(ref.current.firstElementChild);
    return () => grows.disconnect();
  }, [key]);
  const onScroll = () => {
    const el = ref.current;
    stuck.current = el.scrollHeight - el.scrollTop - el.clientHeight < 60;
    if (stuck.current) setAway(false);
  };
  return { ref, onScroll, away, down, stuck };
}

function HomeTab() {
  const [failed, setFailed] = useState("");
  useEffect(() => {
    post("/control/home", { user: state.me }).catch((e) => setFailed(e.message));
  }, [state.me]);
  if (!state.home) return html`<div class="home empty"><p>${failed || `${state.bot.name} has not published a Home view yet.`}</p></div>`;
  return html`<div class="home"><${Blocks} of=${state.home.blocks} where=${{ view_id: state.home.id }} /></div>`;
}

function Conversation({ channel }) {
  const messages = sorted(channel.messages);
  const newest = messages.at(-1)?.ts ?? "";
  const [since, setSince] = useState(state.read[channel.id]);
  const [draft, setDraft] = useState(null);
  const { ref, onScroll, away, down, stuck } = useBottom(channel.id + state.me, newest);
  const me = state.users.get(state.me).name;
  useEffect(() => setSince(state.read[channel.id]), [channel.id, state.me]);
  useEffect(() => {
    const seen = () => !document.hidden && stuck.current && markRead(channel.id);
    seen();
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [channel.id, newest, channel.replies.size, state.me]);
  return html`
    <div class="scroll" ref=${ref} onScroll=${onScroll}>
      <div class="messages" role="log" aria-label=${`Messages in ${channel.name ?? state.bot.name}`}>
        ${channel.has_more ? html`<button class="earlier" onClick=${() => loadAll(channel.id)}>Show earlier messages</button>` : html`<${Beginning} channel=${channel} onTry=${(text) => setDraft({ text })} />`}
        <${MessageList} messages=${messages} channel=${channel} since=${since} onThread=${(m) => go(me, channel.is_im ? channel.id : channel.name, m.thread_ts ?? m.ts)} />
      </div>
    </div>
    ${away && html`<button class="down" onClick=${down}>↓ New messages</button>`}
    <${Composer} key=${channel.id + state.me} channel=${channel} draft=${draft} placeholder=${channel.is_im ? `Message ${state.bot.name}` : `Message #${channel.name} as ${me}, or type /`} />`;
}

export function Channel({ channel, tab, onMenu }) {
  const me = state.users.get(state.me).name;
  const people = [...state.users.values()].filter((u) => !u.is_bot && !u.deleted).length;
  return html`<main class="channel">
    <header class="top">
      <button class="menu-button" aria-label="Channels" onClick=${onMenu}>☰</button>
      ${channel.is_im ? html`<${Avatar} of=${{ kind: "bot" }} size="small" /><h1>${state.bot.name}</h1>` : html`<h1><span class="hash">#</span>${channel.name}</h1>`}
      ${channel.is_ext_shared && html`<span class="badge warn" title="Shared with another organisation">EXTERNAL</span>`}
      ${channel.is_archived && html`<span class="badge">ARCHIVED</span>`}
      <span class="topic">${channel.topic?.value}</span>
      ${channel.is_im
        ? html`<nav class="tabs" aria-label="App"><button aria-pressed=${tab !== "home"} onClick=${() => go(me, channel.id)}>Messages</button><button aria-pressed=${tab === "home"} onClick=${() => go(me, "home")}>Home</button></nav>`
        : html`<span class="people" title="People in this workspace">👤 ${people}</span>`}
    </header>
    ${tab === "home" ? html`<${HomeTab} />` : html`<${Conversation} channel=${channel} />`}
  </main>`;
}
