// The stream of events: comes back after a lost connection with a small notice, and rests while nobody looks.

/**
 * Calls `changed` with the id of every session that changed, and `missed` when events may have been lost.
 * While the tab is hidden the connection is closed: a browser has few of them for one server.
 */
export function listen(url: string, changed: (id: string) => unknown, missed: () => unknown): void {
  let source: EventSource | undefined;
  let wasOpen = false;
  let attempt = 0;
  let timer = 0;

  const open = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(url);
    source.addEventListener("open", () => {
      attempt = 0;
      notice("");
      // What changed between the drawing of the page and now was not heard; only what still runs can have changed.
      if (wasOpen || document.querySelector('[data-status="in_progress"]')) void missed();
      wasOpen = true;
    });
    source.addEventListener("session", (event) => void changed((event as MessageEvent<string>).data.trim()));
    source.addEventListener("error", () => {
      attempt += 1;
      if (attempt > 1) notice("Reconnecting. What you see may be out of date.");
      // A refused connection is closed for good: try again later and later.
      if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, Math.min(1000 * 2 ** attempt, 60_000));
    });
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && open());
  if (!document.hidden) open();
}

/** The small line that says what is wrong with the live updates; empty takes it away. */
export function notice(text: string): void {
  const place = document.querySelector<HTMLElement>("[data-live-state]");
  if (!place) return;
  place.textContent = text;
  place.hidden = text === "";
}
