// The page that sends a finished file: asks the server for a session and a ticket, then sends by tus, over broken
// connections and reloads. A file that is chosen again is known by its name and length in the server's own list.
import { isVideo, HEAD_BYTES } from "./file-kind";
import { fetchHtml } from "./replace";
import { Sending, type Permission } from "./sending";

class UploadCard {
  private readonly file: HTMLInputElement;
  private readonly run: HTMLElement;
  private readonly bar: HTMLProgressElement;
  private readonly text: HTMLElement;
  private readonly pause: HTMLButtonElement;
  private readonly goOn: HTMLButtonElement;
  private readonly anew: HTMLButtonElement;
  private readonly another: HTMLButtonElement;
  private readonly session: HTMLAnchorElement;
  private sending: Sending | undefined;
  /** Asked again with the same key, the server answers with the same session. */
  private key = newKey();

  constructor(
    private readonly card: HTMLElement,
    private readonly form: HTMLFormElement,
  ) {
    this.file = this.need("[data-file]");
    this.run = this.need("[data-upload-run]");
    this.bar = this.need("[data-run-progress]");
    this.text = this.need("[data-run-text]");
    this.pause = this.need("[data-pause]");
    this.goOn = this.need("[data-go-on]");
    this.anew = this.need("[data-anew]");
    this.another = this.need("[data-another]");
    this.session = this.need("[data-run-session]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.begin();
    });
    this.file.addEventListener("change", () => void this.chosen());
    this.pause.addEventListener("click", () => void this.sending?.pause());
    this.another.addEventListener("click", () => this.reset());
    this.anew.addEventListener("click", () => this.show("form"));
    this.takeDrops();
  }

  private takeDrops(): void {
    const drop = this.need<HTMLElement>("[data-drop]");
    for (const name of ["dragenter", "dragover"]) {
      this.card.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add("is-over");
      });
    }
    for (const name of ["dragleave", "drop"]) this.card.addEventListener(name, () => drop.classList.remove("is-over"));
    this.card.addEventListener("drop", (event) => {
      event.preventDefault();
      const files = event.dataTransfer?.files;
      if (!files?.length || this.sending) return;
      if (files.length > 1) return this.complain("One file at a time: each is a session of its own.");
      this.file.files = files;
      void this.chosen();
    });
  }

  /** A file was chosen: says at once when it cannot be taken, or when it was begun before. */
  private async chosen(): Promise<void> {
    this.key = newKey();
    this.complain("");
    const file = this.file.files?.[0];
    if (!file || !(await this.isGood(file))) return;
    const begun = this.begun(file);
    if (begun) return this.offer(file, begun);
    const time = this.form.elements.namedItem("recorded_at");
    if (time instanceof HTMLInputElement && time.value === "") time.value = localTime(file.lastModified, this.card.dataset["timezone"] ?? "UTC");
  }

  private async isGood(file: File): Promise<boolean> {
    let problem = "";
    if (file.size === 0) problem = "This file is empty.";
    else if (file.size > Number(this.card.dataset["limit"])) problem = `This file is too large: at most ${this.card.dataset["limitShown"]} are taken.`;
    else {
      try {
        const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
        if (!isVideo(head)) problem = "This is no video that can be taken. MP4, MOV, WebM, Matroska, AVI and MPEG-TS can.";
      } catch {
        problem = "The file cannot be read. Is the card or the drive still there?";
      }
    }
    if (problem) {
      this.file.value = "";
      this.complain(problem);
    }
    return problem === "";
  }

  /** The unfinished upload of a file of this name and length. */
  private begun(file: File): HTMLElement | undefined {
    const rows = document.querySelectorAll<HTMLElement>("[data-unfinished] [data-bytes]");
    return [...rows].find((row) => row.dataset["name"] === file.name && Number(row.dataset["bytes"]) === file.size);
  }

  private offer(file: File, row: HTMLElement): void {
    this.show("run");
    this.name(file.name);
    this.bar.value = row.querySelector("progress")?.value ?? 0;
    this.say(`This file was begun before: ${row.querySelector("a")?.textContent ?? ""}. Go on where it was?`);
    this.buttons(this.goOn, this.anew);
    this.goOn.onclick = () => {
      const url = `/settings/upload/${row.dataset["session"]}/ticket`;
      void this.permitted(file, post(url, this.fields()));
    };
  }

  private async begin(): Promise<void> {
    const file = this.file.files?.[0];
    this.complain("");
    if (!file) return this.complain("Choose a file first.");
    if (this.sending || !(await this.isGood(file))) return;
    const fields = this.fields();
    fields.set("bytes", String(file.size));
    fields.set("key", this.key);
    await this.permitted(file, post(this.form.action, fields));
  }

  private async permitted(file: File, asked: Promise<Permission>): Promise<void> {
    try {
      this.send(file, await asked);
    } catch (error) {
      this.complain(error instanceof Refused ? error.message : "The server cannot be reached. Try again in a moment.");
    }
  }

  private send(file: File, permission: Permission): void {
    this.show("run");
    this.name(`${file.name} → ${permission.session_name}`);
    this.session.href = permission.session_url;
    const renew = () => post<Permission>(`/settings/upload/${permission.session_id}/ticket`, this.fields());
    const began = performance.now();
    let from: number | undefined;
    this.sending = new Sending(file, permission, renew, {
      sent: (bytes) => {
        from ??= bytes;
        this.bar.value = (bytes / file.size) * 100;
        const rate = (bytes - from) / ((performance.now() - began) / 1000);
        const left = rate > 0 && bytes > from ? `, ${span((file.size - bytes) / rate)} left` : "";
        this.say(`${size(bytes)} of ${size(file.size)} sent${left}`, false);
        this.buttons(this.pause);
      },
      waiting: (why) => this.say(why),
      paused: () => {
        this.say("Paused. What was sent is kept.");
        this.buttons(this.goOn);
        this.goOn.onclick = () => {
          this.say("Going on…");
          this.buttons(this.pause);
          this.sending?.goOn();
        };
      },
      done: () => {
        this.sending = undefined;
        this.bar.value = 100;
        this.say("Everything has arrived. The session is being processed.");
        this.buttons(this.session, this.another);
        void refreshList();
      },
      failed: (why) => {
        this.complain(why);
        this.say("The upload has stopped. What was sent is kept.");
        this.buttons(this.goOn, this.another);
        this.goOn.onclick = () => {
          this.complain("");
          this.buttons(this.pause);
          this.sending?.goOn();
        };
      },
    });
    this.say("Beginning…");
    this.buttons(this.pause);
    this.sending.goOn();
  }

  private reset(): void {
    void this.sending?.pause();
    this.sending = undefined;
    this.form.reset();
    this.key = newKey();
    this.complain("");
    this.show("form");
    void refreshList();
  }

  private show(what: "form" | "run"): void {
    this.form.hidden = what !== "form";
    this.run.hidden = what !== "run";
  }

  private buttons(...shown: HTMLElement[]): void {
    for (const button of [this.pause, this.goOn, this.anew, this.another, this.session]) button.hidden = !shown.includes(button);
  }

  private name(text: string): void {
    this.need<HTMLElement>("[data-run-name]").textContent = text;
  }

  /** Shows a line, and tells a screen reader where it is news. */
  private say(text: string, aloud = true): void {
    this.text.textContent = text;
    if (aloud) this.need<HTMLElement>("[data-upload-said]").textContent = text;
  }

  private complain(text: string): void {
    const place = this.need<HTMLElement>("[data-upload-problem]");
    place.textContent = text;
    place.hidden = text === "";
  }

  private fields(): URLSearchParams {
    const fields = new URLSearchParams();
    new FormData(this.form).forEach((value, name) => typeof value === "string" && fields.set(name, value));
    return fields;
  }

  private need<T extends Element>(selector: string): T {
    const found = this.card.querySelector<T>(selector);
    if (!found) throw new Error(`${selector} is missing`);
    return found;
  }
}

/** The server said no, in words for people. */
class Refused extends Error {
  override name = "Refused";
}

async function post<T = Permission>(url: string, fields: URLSearchParams): Promise<T> {
  const answer = await fetch(url, { method: "POST", body: fields, headers: { Accept: "application/json" }, redirect: "manual" });
  if (answer.type === "opaqueredirect") throw new Refused("You have been signed out. Sign in, in another tab if you like, and try again.");
  if (answer.ok) return (await answer.json()) as T;
  const isProblem = answer.headers.get("Content-Type")?.includes("problem+json");
  const detail = isProblem ? ((await answer.json()) as { detail: string }).detail : `The server answered with an error (${answer.status}). Try again in a moment.`;
  throw new Refused(detail.charAt(0).toUpperCase() + detail.slice(1) + (/[.)]$/.test(detail) ? "" : "."));
}

async function refreshList(): Promise<void> {
  const fresh = (await fetchHtml(location.href))?.querySelector("[data-unfinished]");
  if (fresh) document.querySelector("[data-unfinished]")?.replaceWith(fresh);
}

/** A UUID; `crypto.randomUUID` is there in secure contexts only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** An instant as a field for date and time takes it, in another timezone than the browser's. */
function localTime(at: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).formatToParts(at);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 999.5 && unit + 1 < units.length) {
    bytes /= 1000;
    unit += 1;
  }
  return `${bytes.toFixed(unit >= 3 && bytes < 99.95 ? 1 : 0)} ${units[unit]}`;
}

function span(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const card = document.querySelector<HTMLElement>("[data-upload]");
const form = card?.querySelector<HTMLFormElement>("[data-upload-form]");
if (card && form) new UploadCard(card, form);
