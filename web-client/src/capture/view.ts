// Draws the model: shows one screen, fills in the words, switches what is there and what is not.
import { cannotStart, screenOf, totals, type Model, type Screen } from "./model";
import { needsConsent } from "./notices";
import { drawTasks } from "./tasks";
import { clock, words } from "./words";

const all = <T extends Element = HTMLElement>(selector: string) => [...document.querySelectorAll<T>(selector)];

/** Draws everything; what has not changed is not touched, so that screen readers stay quiet. */
export function draw(model: Model): Screen {
  const screen = screenOf(model);
  for (const section of all("[data-screen]")) show(section, section.dataset["screen"] === screen);
  const said = words(model);
  for (const place of all("[data-text]")) setText(place, said[place.dataset["text"] ?? ""] ?? "");
  const seen = conditions(model);
  for (const place of all("[data-show]")) show(place, seen[place.dataset["show"] ?? ""] ?? false);
  for (const place of all("[data-notice], [data-trouble]")) show(place, place.textContent !== "");
  const net = document.querySelector<HTMLElement>("[data-net]");
  if (net) net.dataset["net"] = model.network;
  const state = document.querySelector<HTMLElement>("[data-recording-state]");
  if (state) state.dataset["recordingState"] = model.trouble ? "trouble" : (model.session?.current?.state ?? "");
  const remove = document.querySelector<HTMLElement>("[data-do=delete]");
  if (remove) remove.dataset["armed"] = String(model.deleteArmed);
  const start = document.querySelector<HTMLButtonElement>("[data-do=start]");
  if (start) start.disabled = cannotStart(model);
  drawChecks(model);
  const chooser = document.querySelector<HTMLSelectElement>("[data-task]");
  if (chooser) drawTasks(chooser, model.tasks, model.task);
  const progress = document.querySelector<HTMLProgressElement>("[data-progress]");
  const { bytes, sent, sessions } = totals(model);
  if (progress) progress.value = sessions === 0 ? 1 : sent / Math.max(1, sent + bytes);
  return screen;
}

/** The elapsed time and the level, several times a second. */
export function drawLive(model: Model, level: number | undefined): void {
  const time = clock(model.session?.elapsed ?? 0);
  for (const place of all("[data-text=elapsed]")) setText(place, time);
  for (const meter of all<HTMLMeterElement>("[data-level]")) meter.value = level ?? 0;
}

function conditions(model: Model): Record<string, boolean> {
  const state = model.session?.current?.state;
  return {
    scanning: model.scanning,
    typing: !model.scanning,
    "can-scan": model.canScan,
    "can-keep": Boolean(model.newCode && model.pairing && !model.revoked),
    "camera-denied": model.noCamera === "denied",
    "no-preview": !model.stream,
    "can-pause": state === "recording",
    "can-resume": state === "paused",
    "can-stop": state !== undefined,
    "can-listen": model.canListen,
    "has-tasks": model.tasks.length > 0,
    notice: Boolean(model.notices?.recording),
    "needs-consent": needsConsent(model.notices),
  };
}

function drawChecks(model: Model): void {
  const list = document.querySelector("[data-checks]");
  if (!list) return;
  const drawn = JSON.stringify(model.checks);
  if (list.getAttribute("data-checks") === drawn) return;
  list.setAttribute("data-checks", drawn);
  list.replaceChildren(...model.checks.map(({ name, state, text }) => {
    const line = document.createElement("li");
    line.dataset["state"] = state;
    line.append(icon(state), span("check-name", name), span("check-text", text), span("sr-only", state === "bad" || state === "warn" ? "(look at this)" : ""));
    return line;
  }));
}

function icon(name: string): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

function span(kind: string, text: string): HTMLElement {
  const place = document.createElement("span");
  place.className = kind;
  place.textContent = text;
  return place;
}

function show(place: HTMLElement, seen: boolean): void {
  if (place.hidden === seen) place.hidden = !seen;
}

function setText(place: Element, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}
