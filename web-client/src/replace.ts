// Fetches HTML of this server and puts it in the place of what is shown, without taking the focus away.

/** What stands in the answer; `null` when it is gone (404), `undefined` when it cannot be had now. */
export async function fetchHtml(url: string): Promise<Document | null | undefined> {
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" }, redirect: "manual" });
    if (response.status === 404) return null;
    if (!response.ok || response.status === 204) return undefined;
    const text = await response.text();
    // A row of a table is parsed as such only inside of a table.
    const html = text.trimStart().startsWith("<tr") ? `<table><tbody>${text}</tbody></table>` : text;
    return new DOMParser().parseFromString(html, "text/html");
  } catch {
    return undefined;
  }
}

/** Replaces `old` by `fresh`; a link or button that had the focus has it again. */
export function replaceKeepingFocus(old: HTMLElement, fresh: HTMLElement): void {
  const focused = document.activeElement;
  const held = focused instanceof HTMLElement && old.contains(focused) ? focused : undefined;
  const focusable = "a[href], button";
  const place = held ? [...old.querySelectorAll(focusable)].indexOf(held) : -1;
  const href = held?.getAttribute("href");
  old.replaceWith(fresh);
  if (!held) return;
  const same = href ? fresh.querySelector<HTMLElement>(`a[href="${CSS.escape(href)}"]`) : null;
  (same ?? fresh.querySelectorAll<HTMLElement>(focusable)[place])?.focus({ preventScroll: true });
}
