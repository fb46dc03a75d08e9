// The pane on the right: one thread.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { html } from "/html.js";
import { MessageList } from "/channel.js";
import { Composer } from "/composer.js";
import { sorted, state } from "/store.js";

export function Thread({ thread, channel, onClose }) {
  const messages = sorted(thread.messages);
  const replies = Math.max(0, messages.length - 1);
  const scroll = useRef(null);
  const pane = useRef(null);
  useLayoutEffect(() => {
    scroll.current.scrollTop = scroll.current.scrollHeight;
  }, [thread.ts, messages.length]);
  useEffect(() => {
    const key = (e) => e.key === "Escape" && !document.querySelector("dialog[open], .menu") && onClose();
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  const count = html`<div class="replies"><span>${replies} ${replies === 1 ? "reply" : "replies"}</span></div>`;
  return html`<aside class="thread" aria-label="Thread" ref=${pane}>
    <header class="top"><h2>Thread</h2><span class="topic">${channel.is_im ? state.bot.name : `# ${channel.name}`}</span>
      <button class="close" aria-label="Close thread" onClick=${onClose}>✕</button></header>
    <div class="scroll" ref=${scroll}>
      <div class="messages" role="log" aria-label="Thread">
        <${MessageList} messages=${messages} channel=${channel} inThread=${true} first=${replies > 0 && count} />
        ${messages.length === 0 && html`<p class="nothing">This thread is gone.</p>`}
      </div>
    </div>
    <${Composer} key=${thread.ts} channel=${channel} threadTS=${thread.ts} placeholder="Reply…" />
  </aside>`;
}
