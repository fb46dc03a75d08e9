// Dialogs and menus, by the browser's own means: focus stays inside, Escape leaves.
import { useEffect, useRef } from "preact/hooks";
import { html } from "/html.js";
import { Text } from "/mrkdwn.js";

export function Dialog({ label, onClose, children, kind = "" }) {
  const ref = useRef(null);
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog.open) dialog.showModal();
    return () => dialog.close();
  }, []);
  const cancel = (e) => {
    e.preventDefault();
    onClose();
  };
  return html`<dialog ref=${ref} class=${kind} aria-label=${label} onCancel=${cancel} onMouseDown=${(e) => e.target === ref.current && onClose()}>${children}</dialog>`;
}

// Confirm asks as an element's confirm object says.
export function Confirm({ of, onYes, onNo }) {
  return html`<${Dialog} label=${of.title.text} onClose=${onNo} kind="confirm">
    <h2><${Text} of=${of.title} /></h2>
    <div class="confirm-text"><${Text} of=${of.text} /></div>
    <div class="buttons end">
      <button class="button" onClick=${onNo}>${of.deny ? html`<${Text} of=${of.deny} />` : "Cancel"}</button>
      <button class=${`button ${of.style === "danger" ? "danger" : "primary"}`} autofocus onClick=${onYes}>${of.confirm ? html`<${Text} of=${of.confirm} />` : "Yes"}</button>
    </div>
  </${Dialog}>`;
}

// Menu is a list of choices below its button.
export function Menu({ items, onPick, onClose, label }) {
  const ref = useRef(null);
  useEffect(() => {
    ref.current.querySelector("button")?.focus();
    const outside = (e) => ref.current && !ref.current.contains(e.target) && onClose();
    addEventListener("mousedown", outside);
    return () => removeEventListener("mousedown", outside);
  }, []);
  const keys = (e) => {
    const all = [...ref.current.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    if (e.key === "Escape") {
      e.stopPropagation();
      onClose();
    }
    if (e.key === "ArrowDown") all[(at + 1) % all.length].focus();
    if (e.key === "ArrowUp") all[(at - 1 + all.length) % all.length].focus();
    if (["ArrowDown", "ArrowUp"].includes(e.key)) e.preventDefault();
  };
  return html`<div ref=${ref} class="menu" role="menu" aria-label=${label} onKeyDown=${keys}>
    ${items.map((item, i) => html`<button role="menuitem" key=${i} onClick=${() => onPick(item)}>${item.node}${item.note && html`<small>${item.note}</small>`}</button>`)}
  </div>`;
}
