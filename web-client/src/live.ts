// Live updates: the server names a session that changed, the browser fetches what it shows of it and puts it in place.
import { listen, notice } from "./events";
import { isWatched, offerNewer } from "./newer";
import { startPlayers } from "./player";
import { fetchHtml, replaceKeepingFocus } from "./replace";

/** The list: rows change in place, new sessions appear on the first page. */
export function followSessions(): void {
  const list = document.querySelector<HTMLElement>("[data-live-sessions]");
  if (!list) return;

  const put = (row: HTMLElement) => {
    const old = document.getElementById(row.id);
    if (old) {
      announce(old, row);
      if (!old.isEqualNode(row)) replaceKeepingFocus(old, row);
    } else if (belongs(list, row)) {
      if (list.querySelector("[data-rows]")) insert(list, row);
      else void refill();
    }
  };
  // The list was empty: it has no table yet.
  const refill = async () => {
    const page = await fetchHtml(location.href);
    const fresh = page?.querySelector("[data-live-sessions]");
    if (fresh) list.replaceChildren(...fresh.childNodes);
  };
  const update = once(async (id: string) => {
    const known = document.getElementById(`session-${id}`);
    if (!known && list.dataset["first"] !== "true") return;
    const fragment = await fetchHtml(`/sessions/${encodeURIComponent(id)}/row`);
    const row = fragment?.querySelector<HTMLElement>("tr[data-session]");
    if (row) put(row);
    else if (fragment === null) known?.remove(); // erased
  });
  const refresh = async () => {
    const page = await fetchHtml(location.href);
    page?.querySelectorAll<HTMLElement>("tr[data-session]").forEach(put);
  };
  listen(list.dataset["liveSessions"] ?? "", update, refresh);
}

/** The page of one session: each part changes in place, and a player that plays is left alone. */
export function followSession(): void {
  const page = document.querySelector<HTMLElement>("[data-live-session]");
  if (!page) return;

  const update = once(async () => {
    const parts = await fetchHtml(page.dataset["partsUrl"] ?? "");
    if (parts === null) return notice("This session has been erased.");
    for (const part of parts?.querySelectorAll<HTMLElement>("[data-part]") ?? []) {
      const old = page.querySelector<HTMLElement>(`[data-part="${part.dataset["part"]}"]`);
      const keeps = part.dataset["keep"] !== undefined && part.dataset["keep"] === old?.dataset["keep"];
      if (!old) page.append(part);
      else if (keeps) continue;
      else if (isWatched(old)) offerNewer(old, part);
      else if (!old.isEqualNode(part)) {
        announce(old, part);
        replaceKeepingFocus(old, part);
      }
    }
    startPlayers(page);
  });
  const changed = async (id: string) => {
    if (id === page.dataset["session"]) await update(id);
  };
  listen(page.dataset["liveSession"] ?? "", changed, () => update(""));
}

/** One run at a time per session; what comes in meanwhile leads to one more run. */
function once(run: (id: string) => Promise<void>): (id: string) => Promise<void> {
  const waiting = new Map<string, boolean>();
  return async (id) => {
    if (waiting.has(id)) return void waiting.set(id, true);
    waiting.set(id, false);
    try {
      do {
        waiting.set(id, false);
        await run(id);
      } while (waiting.get(id));
    } finally {
      waiting.delete(id);
    }
  };
}

function belongs(list: HTMLElement, row: HTMLElement): boolean {
  const { status, role } = list.dataset;
  return list.dataset["first"] === "true" && (!status || status === row.dataset["status"]) && (!role || role === row.dataset["role"]);
}

/** Puts a new row where its start belongs, newest first; older than the whole page, it is on another page. */
function insert(list: HTMLElement, row: HTMLElement): void {
  const started = Number(row.dataset["started"]);
  const after = [...list.querySelectorAll<HTMLElement>("tr[data-session]")].find((r) => Number(r.dataset["started"]) < started);
  if (!after) return;
  row.classList.add("is-new");
  after.before(row);
}

/** Tells a screen reader that a session got another status; progress would be too much. */
function announce(old: HTMLElement, fresh: HTMLElement): void {
  if (!fresh.dataset["status"] || old.dataset["status"] === fresh.dataset["status"]) return;
  const name = fresh.querySelector("h1, .row-link")?.textContent ?? "";
  const status = fresh.querySelector(".badge[class*='status-']")?.textContent ?? "";
  const region = document.querySelector("[data-announce]");
  if (region) region.textContent = `${name}: ${status}`;
}
