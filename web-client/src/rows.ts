// A whole row of the list leads to its session. The link covers it; what lies above the link, for its tooltip, passes clicks on.

export function startRows(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.closest("a, button")) return;
    const link = event.target.closest("tr[data-session]")?.querySelector("a");
    link?.dispatchEvent(new MouseEvent("click", event));
  });
}
