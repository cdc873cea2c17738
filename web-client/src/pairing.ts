// The pairing page: counts down, and turns by itself once the device is paired or the code is void.
import { fetchHtml } from "./replace";

/** Milliseconds between two looks at the server. */
const LOOK_EVERY = 2000;

export function startPairing(): void {
  const card = document.querySelector<HTMLElement>("[data-pairing]");
  if (card?.dataset["state"] !== "open") return;
  const url = card.dataset["look"] ?? "";
  const waiting = card.querySelector<HTMLElement>("[data-waiting]");
  const usual = waiting?.textContent ?? "";
  let looking = false;

  const look = async () => {
    if (looking || document.hidden) return;
    looking = true;
    const page = await fetchHtml(url);
    looking = false;
    if (waiting) waiting.textContent = page === undefined ? "The server does not answer. Trying again…" : usual;
    const fresh = page?.querySelector<HTMLElement>("[data-pairing]");
    if (!fresh || fresh.dataset["state"] === "open") return;
    clearInterval(looks);
    stopCounting();
    card.replaceWith(fresh);
    const said = document.querySelector("[data-announce]");
    if (said) said.textContent = fresh.querySelector("h2")?.textContent ?? "";
  };
  const looks = setInterval(() => void look(), LOOK_EVERY);
  document.addEventListener("visibilitychange", () => void look());
  const stopCounting = countDown(card, () => void look());
}

/** Shows the seconds that are left. The browser's clock may be wrong, so only the span counts. */
function countDown(card: HTMLElement, over: () => void): () => void {
  const place = card.querySelector<HTMLElement>("[data-countdown]");
  const end = Date.now() + Number(place?.dataset["countdown"] ?? "0") * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (place) place.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) return;
    clearInterval(timer);
    over();
  };
  const timer = setInterval(tick, 500);
  return () => clearInterval(timer);
}
