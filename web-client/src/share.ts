// Copy buttons: put the value of a field on the clipboard and say so, to eyes and to screen readers.

export function startCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
    const field = document.getElementById(button.dataset["copy"] ?? "");
    if (field instanceof HTMLInputElement) button.addEventListener("click", () => void copy(button, field));
  }
}

async function copy(button: HTMLButtonElement, field: HTMLInputElement): Promise<void> {
  const label = button.querySelector("[data-copy-label]");
  const state = document.querySelector("[data-copy-state]");
  let said = button.dataset["copied"] ?? "Link copied";
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Not allowed (or no secure context): leave it selected, ready to be copied by hand.
    field.focus();
    field.select();
    said = "Press Ctrl+C to copy";
  }
  if (state) state.textContent = said;
  if (!label) return;
  const before = label.getAttribute("data-before") ?? label.textContent ?? "";
  label.setAttribute("data-before", before);
  label.textContent = said;
  setTimeout(() => {
    label.textContent = before;
    if (state) state.textContent = "";
  }, 4000);
}
