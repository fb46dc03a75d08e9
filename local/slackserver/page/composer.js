// The box to write in: messages, slash commands, mentions, and what was typed before.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "/html.js";
import { post } from "/api.js";
import { Avatar, author } from "/avatar.js";
import { state } from "/store.js";

const history = new Map(); // by person: what was sent, newest last

function past() {
  if (!history.has(state.me)) history.set(state.me, []);
  return history.get(state.me);
}

// suggestions for the word at the caret.
function suggestions(text, caret) {
  const before = text.slice(0, caret);
  const command = /^\/\S*$/.exec(before);
  if (command) {
    return state.commands.filter((c) => c.name.startsWith(command[0])).map((c) => ({ insert: c.name + " ", from: 0, title: c.name, hint: c.usage_hint, note: c.description }));
  }
  const word = /(?:^|[\s(])([@#])([\w.-]*)$/.exec(before);
  if (!word) return [];
  const from = before.length - word[2].length - 1;
  const start = word[2].toLowerCase();
  if (word[1] === "#") {
    return [...state.channels.values()].filter((c) => !c.is_im && c.name.startsWith(start)).map((c) => ({ insert: `#${c.name} `, from, title: `#${c.name}`, note: c.topic?.value }));
  }
  return [...state.users.values()]
    .filter((u) => !u.deleted && (u.name.startsWith(start) || u.real_name.toLowerCase().startsWith(start)))
    .map((u) => ({ insert: `@${u.is_bot ? u.real_name : u.name} `, from, title: u.real_name, note: `@${u.name}`, who: author({ user: u.id, bot_id: u.is_bot ? "B" : "" }) }));
}

async function send(channel, threadTS, text) {
  const command = /^(\/[\w-]+)(?:\s+([\s\S]*))?$/.exec(text);
  const about = { user: state.me, channel: channel.id, ...(threadTS ? { thread_ts: threadTS } : {}) };
  if (command) return post("/control/command", { ...about, command: command[1], text: (command[2] ?? "").trim() });
  return post("/control/message", { ...about, text });
}

// told are errors that the server has already shown as a message.
const told = (failed) => !!failed.body?.message && !["invalid_arguments"].includes(failed.code);

export function Composer({ channel, threadTS, placeholder, draft }) {
  const box = useRef(null);
  const [text, setText] = useState("");
  const [caret, setCaret] = useState(0);
  const [picked, setPicked] = useState(0);
  const [hidden, setHidden] = useState(false);
  const [busy, setBusy] = useState(0);
  const [error, setError] = useState("");
  const at = useRef(-1);

  const put = (value, position = value.length) => {
    setText(value);
    setCaret(position);
    setHidden(false);
    setPicked(0);
    queueMicrotask(() => {
      box.current?.focus();
      box.current?.setSelectionRange(position, position);
    });
  };
  useEffect(() => {
    if (draft) put(draft.text);
  }, [draft]);
  useEffect(() => {
    if (matchMedia("(min-width: 760px)").matches) box.current?.focus();
  }, []);
  useLayoutEffect(() => {
    box.current.style.height = "auto";
    box.current.style.height = `${Math.min(box.current.scrollHeight, 240)}px`;
  }, [text]);

  const list = hidden ? [] : suggestions(text, caret);
  const exact = state.commands.find((c) => text.startsWith(c.name + " ") || text === c.name);

  const choose = (one) => put(text.slice(0, one.from) + one.insert + text.slice(caret), one.from + one.insert.length);
  const submit = async () => {
    const words = text.trim();
    if (!words) return;
    past().push(words);
    at.current = -1;
    setText("");
    setError("");
    setBusy((n) => n + 1);
    try {
      await send(channel, threadTS, words);
    } catch (failed) {
      if (!told(failed)) setError(failed.message);
      if (failed.code !== "unknown_command" && !told(failed)) setText((now) => now || words);
    }
    setBusy((n) => n - 1);
  };
  const recall = (step) => {
    const all = past();
    const next = Math.min(Math.max((at.current < 0 ? all.length : at.current) + step, 0), all.length);
    at.current = next === all.length ? -1 : next;
    put(all[next] ?? "");
    setHidden(true);
  };
  const keys = (e) => {
    if (e.isComposing) return;
    if (list.length && ["ArrowDown", "ArrowUp"].includes(e.key)) {
      e.preventDefault();
      setPicked((picked + (e.key === "ArrowDown" ? 1 : list.length - 1)) % list.length);
    } else if (list.length && (e.key === "Tab" || (e.key === "Enter" && !(list[picked].from === 0 && list[picked].insert.trim() === text.trim())))) {
      e.preventDefault();
      choose(list[picked]);
    } else if (list.length && e.key === "Escape") {
      e.stopPropagation();
      setHidden(true);
    } else if (e.key === "Enter" && !e.shiftKey) {
      e.preventDefault();
      submit();
    } else if (e.key === "ArrowUp" && (text === "" || at.current >= 0) && past().length) {
      e.preventDefault();
      recall(-1);
    } else if (e.key === "ArrowDown" && at.current >= 0) {
      e.preventDefault();
      recall(1);
    }
  };
  const input = (e) => {
    setText(e.target.value);
    setCaret(e.target.selectionStart);
    setHidden(false);
    setPicked(0);
    at.current = -1;
  };
  const id = threadTS ? "reply" : "compose";
  return html`<footer class="composer">
    ${list.length > 0 && html`<div class="completions" role="listbox" id=${`${id}-list`} aria-label="Suggestions">
      ${list.map((one, i) => html`<div role="option" key=${one.insert} class=${i === picked ? "picked" : ""} aria-selected=${i === picked} onMouseDown=${(e) => (e.preventDefault(), choose(one))}>
        ${one.who && html`<${Avatar} of=${one.who} size="small" />`}<b>${one.title}</b>${one.hint && html`<code>${one.hint}</code>`}<small>${one.note}</small></div>`)}
      <div class="keys"><kbd>↑</kbd><kbd>↓</kbd> to choose · <kbd>Tab</kbd> to take · <kbd>Esc</kbd> to hide</div>
    </div>`}
    ${error && html`<div class="inline-error" role="alert">${error} <button onClick=${() => setError("")} aria-label="Dismiss">✕</button></div>`}
    <div class="box">
      <textarea ref=${box} rows="1" value=${text} placeholder=${placeholder} aria-label=${placeholder} aria-controls=${`${id}-list`} disabled=${channel.is_archived}
        onInput=${input} onKeyDown=${keys} onSelect=${(e) => setCaret(e.target.selectionStart)}></textarea>
      <button class="send" aria-label="Send" disabled=${!text.trim()} onClick=${submit}><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 4l17 8-17 8 3-8zM7 12h8" /></svg></button>
    </div>
    <div class="below" aria-live="polite">
      ${busy > 0 ? html`<span class="dots">Waiting for the app</span>` : exact && !list.length ? html`<code>${exact.name} ${exact.usage_hint}</code>` : html`<span><kbd>Enter</kbd> sends · <kbd>Shift</kbd>+<kbd>Enter</kbd> new line · <kbd>↑</kbd> what you typed before</span>`}
    </div>
  </footer>`;
}
