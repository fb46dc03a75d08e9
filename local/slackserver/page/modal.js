// Forms that the app opened. Values stay while block_id and action_id do.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "/html.js";
import { post } from "/api.js";
import { Blocks } from "/blocks.js";
import { Dialog } from "/dialog.js";
import { Text } from "/mrkdwn.js";
import { state } from "/store.js";

// useForm keeps what was entered, by block and action.
function useForm() {
  const values = useRef({});
  const [, tick] = useState(0);
  return {
    get: (block, action) => values.current[block]?.[action],
    set: (block, action, value) => {
      values.current[block] = { [action]: value };
      tick((n) => n + 1);
    },
    values,
  };
}

// entered keeps the values of the blocks that the view still has.
function entered(view, values) {
  const out = {};
  const look = (block) => {
    if (values[block.block_id]) out[block.block_id] = values[block.block_id];
    for (const child of block.child_blocks ?? []) look(child);
  };
  view.blocks.forEach(look);
  return out;
}

export function Modal({ view, depth }) {
  const form = useForm();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const [errors, setErrors] = useState({});
  const alive = useRef(true);
  useEffect(() => () => (alive.current = false), []);
  useEffect(() => setErrors({}), [view.hash]);
  const close = () => post("/control/close", { user: state.me, view_id: view.id }).catch((failed) => setError(failed.message));
  const submit = async (e) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    setError("");
    setErrors({});
    try {
      const answer = await post("/control/submit", { user: state.me, view_id: view.id, values: entered(view, form.values.current) });
      if (alive.current && answer.errors) setErrors(answer.errors);
    } catch (failed) {
      if (alive.current) failed.body?.errors ? setErrors(failed.body.errors) : setError(failed.message);
    }
    if (alive.current) setBusy(false);
  };
  return html`<${Dialog} label=${view.title?.text} onClose=${close} kind="modal">
    <form onSubmit=${submit} novalidate>
      <header><h2>${depth > 1 && html`<span class="hash" aria-hidden="true">‹ </span>`}<${Text} of=${view.title} /></h2><button type="button" class="close" aria-label="Close" onClick=${close}>✕</button></header>
      <div class="modal-body"><${Blocks} of=${view.blocks} where=${{ view_id: view.id }} form=${form} errors=${errors} /></div>
      <footer>
        ${error && html`<div class="inline-error" role="alert">${error}</div>`}
        <button type="button" class="button" onClick=${close}>${view.close ? html`<${Text} of=${view.close} />` : "Cancel"}</button>
        ${view.submit && html`<button class="button primary" disabled=${busy} aria-busy=${busy}>${busy && html`<span class="spinner"></span>`}<${Text} of=${view.submit} /></button>`}
      </footer>
    </form>
  </${Dialog}>`;
}
